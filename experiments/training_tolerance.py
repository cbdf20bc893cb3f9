"""Section 4.2 of Li et al. 2021 in numbers: is a better network learned with a smaller tolerance in training?"""

from dataclasses import replace

from experiments.ode_position import TABLE as ODE_POSITION
from reproduce.recipe import assumed
from reproduce.table import Row, Table

_REASON = "section 4.2: with a smaller error tolerance in training a better neural network can be learned"

TABLE = Table(
    id="training-tolerance",
    title="ODE-block's tolerance in training (Li et al. 2021, section 4.2: no numbers)",
    paper="li2021",
    published=None,
    classes=ODE_POSITION.classes,
    rows=[
        Row(name, "ode_unet", {"position": 5}, changes={"tolerance": assumed(tolerance, _REASON)})
        for name, tolerance in (("1e-2", 1e-2), ("1e-3", 1e-3), ("1e-4", 1e-4))
    ],
    metrics=[replace(metric, published=None) for metric in ODE_POSITION.metrics],
    recipe=ODE_POSITION.recipe,
    presets=ODE_POSITION.presets,
    figure="by_row",
)

if __name__ == "__main__":
    import sys

    from reproduce.cli import main

    main(["run", TABLE.id, *sys.argv[1:]])
