"""Table 1 of Abbas & Abdulmunim 2023: parameters of networks that could serve as an encoder (section 3.1)."""

from reproduce.recipe import assumed
from reproduce.table import SIZE, Metric, Row, Table

TABLE = Table(
    id="encoders",
    title="Parameters of encoders (Abbas & Abdulmunim 2023, Table 1)",
    paper="abbas2023",
    published=("table1",),
    classes=(),
    rows=[
        Row("EfficientNet-B0", "classifier", {"architecture": "EfficientNetB0"}),
        Row("ResNet-152", "classifier", {"architecture": "ResNet152"}),
        Row("DenseNet-264", "classifier", {"architecture": "DenseNet264"}),
        Row("Inception-v3", "classifier", {"architecture": "InceptionV3"}),
        Row("Xception", "classifier", {"architecture": "Xception"}),
        Row("Inception-resnet-v2", "classifier", {"architecture": "InceptionResNetV2"}),
    ],
    metrics=[
        Metric("parameters", "parameters, million", SIZE, "parameters", 1e-6, 2),
        Metric("parameter_bytes", "weights MB", SIZE, None, 1e-6, 1),
    ],
    recipe={"outputs": assumed(1000, "Table 1 is on networks trained on ImageNet: with the head of its 1000 classes")},
    presets={"paper": {}, "quick": {}, "smoke": {}},
    figure="first_metric",
    task="sizes",
)

if __name__ == "__main__":
    import sys

    from reproduce.cli import main

    main(["run", TABLE.id, *sys.argv[1:]])
