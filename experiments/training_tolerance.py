"""Section 4.2 of Li et al. 2021 in numbers: is a better network learned with a smaller tolerance in training?"""

from dataclasses import replace

from experiments.ode_position import TABLE as ODE_POSITION
from reproduce.recipe import assumed
from reproduce.table import Row, Table

_TOLERANCES = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}
_REASON = "section 4.2: with a smaller error tolerance in training a better neural network can be learned"
_HAIRER = assumed("hairer", "a first step over the whole interval may meet all three tolerances: then nothing differs")

TABLE = Table(
    id="training-tolerance",
    title="ODE-block's tolerance in training (Li et al. 2021, section 4.2: no numbers)",
    paper="li2021",
    published=(),
    classes=ODE_POSITION.classes,
    rows=[
        Row(
            name + suffix,
            "ode_unet",
            {"position": 5},
            changes={"tolerance": assumed(tolerance, _REASON)} | changes,
            by_name_in=("smoke",) if suffix else (),
        )
        for suffix, changes in (("", {}), (" hairer", {"first_step": _HAIRER}))
        for name, tolerance in _TOLERANCES.items()
    ],
    metrics=[replace(metric, published=None) for metric in ODE_POSITION.metrics if not metric.relative_to],
    recipe=ODE_POSITION.recipe,
    presets=ODE_POSITION.presets,
    figure="by_row",
)

if __name__ == "__main__":
    import sys

    from reproduce.cli import main

    main(["run", TABLE.id, *sys.argv[1:]])
