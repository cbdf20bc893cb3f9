"""Table 2 of Abbas & Abdulmunim 2023: the stages of the encoder (section 3.4)."""

from reproduce.recipe import paper
from reproduce.table import SIZE, Metric, Row, Table

_STAGES = ("Conv", "MBConv1", *6 * ("MBConv6",), "Conv")

TABLE = Table(
    id="encoder-stages",
    title="Stages of EfficientNet-B0 as the encoder (Abbas & Abdulmunim 2023, Table 2)",
    paper="abbas2023",
    published=("table2",),
    classes=(),
    rows=[
        Row(f"{number} {kind}", "attention_unet", {"encoder": "efficientnetb0"}, published=str(number))
        for number, kind in enumerate(_STAGES, 1)
    ],
    metrics=[
        Metric("layers", "layers", SIZE, "layers", 1, 0),
        Metric("size", "size px", SIZE, "size", 1, 0),
        Metric("kernel", "kernel px", SIZE, "kernel", 1, 0),
    ],
    recipe={"image_size": paper([256, 256], "section 3: the input's size")},
    presets={"paper": {}, "quick": {}, "smoke": {}},
    figure="first_metric",
    notes=("EfficientNet-B0 has 16 MBConv blocks: the printed 32, of section 3.4 too, are twice as many",),
    task="stages",
)

if __name__ == "__main__":
    import sys

    from reproduce.cli import main

    main(["run", TABLE.id, *sys.argv[1:]])
