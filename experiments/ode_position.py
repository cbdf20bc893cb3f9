"""Table 1 of Li et al. 2021: the ODE-block at nine positions of a U-Net (section 3.2)."""

from reproduce.recipe import assumed, paper
from reproduce.table import DATA, NFE, SIZE, TIME, Metric, Row, Table

RECIPE = {
    "image_size": paper([256, 256], "section 2: crops of 256x256; Figure 5 draws 512x512"),
    "clahe_clip": assumed(2.0, "section 2 names CLAHE on Y without parameters; OpenCV's customary clip limit"),
    "clahe_grid": assumed(8, "section 2 names CLAHE on Y without parameters; OpenCV's default tiles"),
    "copies": paper(10, "section 2: 80 images increased to 800"),
    "augmentation": assumed(
        {"rotation": 15, "scale": 0.1, "brightness": 0.1, "contrast": 0.1, "hue": 5, "saturation": 15},
        "section 2 gives the factor and not the transformations; flips and quarter turns always",
    ),
    "validation_fraction": paper(0.25, "section 2: training to validation 3:1"),
    "validation_split": assumed(
        "group", "whole smears; the paper's order of words divides the augmented copies, which leaks"
    ),
    "filters": paper(32, "section 3.2: half of the original U-Net's"),
    "dropout": assumed(0.1, "Figure 5 draws dropout after each pooling without a rate"),
    "tolerance": paper(1e-3, "section 3.2"),
    "first_step": assumed(
        "interval",
        "TensorFlow 1's odeint, the solver of that stack, tried the whole interval first; where that is rejected, its "
        "last step went past the end, and ours ends there",
    ),
    "max_num_steps": assumed(1000, "the default of TensorFlow 1's odeint"),
    "gradient": assumed(
        "discrete",
        "TensorFlow 1's odeint was differentiated through its steps, and their sizes, which count as constants here; "
        "constant memory (section 3.1) takes the adjoint",
    ),
    "epochs": paper(50, "section 3.2"),
    "loss": paper("categorical_cross_entropy", "section 3.3, the text; equation 7 prints the binary form"),
    "optimizer": assumed("adam", "the paper is silent"),
    "learning_rate": assumed(1e-3, "the paper is silent; Keras' default for Adam"),
    "batch_size": assumed(8, "the paper is silent; two images for each of its four GPUs"),
    "timed_images": paper(20, "section 3.2: the time for twenty images"),
    "timed_passes": assumed(3, "the median of several passes; the paper is silent"),
    "synthetic_train": paper(80, "section 2: 100 crops, 20 of them for the test"),
    "synthetic_test": paper(20, "section 2: 20 crops for the test"),
}

QUICK = {
    "image_size": assumed([128, 128], "quick: a quarter of the pixels"),
    "filters": assumed(16, "quick: half of the paper's width"),
    "epochs": assumed(10, "quick: minutes a network on two cores"),
}

SMOKE = {
    "image_size": assumed([64, 64], "smoke: seconds a network"),
    "filters": assumed(8, "smoke: seconds a network"),
    "copies": assumed(4, "smoke: seconds a network"),
    "epochs": assumed(24, "smoke: seconds a network, and enough to learn the white cells too"),
    "learning_rate": assumed(5e-3, "smoke: some two hundred steps have to do"),
    "timed_passes": assumed(1, "smoke: seconds a network"),
    "synthetic_train": assumed(24, "smoke: seconds a network"),
    "synthetic_test": assumed(6, "smoke: seconds a network"),
}

HALF_A_GAIN = "half of the smallest gain of an ODE-block over the U-Net in Table 1: PA 0.46, MIoU 1.03"

TABLE = Table(
    id="ode-position",
    title="ODE-block at nine positions of a U-Net (Li et al. 2021, Table 1)",
    paper="li2021",
    published=("table1",),
    classes=("background", "white", "red"),
    rows=[
        Row("U-Net", "unet"),
        *(Row(f"ODEUNet{k}", "ode_unet", {"position": k}, published=f"ODE-UNet{k}") for k in range(1, 10)),
    ],
    metrics=[
        Metric("pa.pooled", "PA %", DATA, "pa", 100, margin=0.23, margin_reason=HALF_A_GAIN),
        Metric(
            "cpa_background.recall",
            "CPA background %",
            DATA,
            "cpa_background",
            100,
            margin=0.5,
            margin_reason=HALF_A_GAIN,
        ),
        Metric("cpa_red.recall", "CPA red %", DATA, "cpa_red", 100, margin=0.5, margin_reason=HALF_A_GAIN),
        Metric("cpa_white.recall", "CPA white %", DATA, "cpa_white", 100, margin=0.5, margin_reason=HALF_A_GAIN),
        Metric("miou.pooled", "MIoU %", DATA, "miou", 100, margin=0.5, margin_reason=HALF_A_GAIN),
        Metric("miou.per_image", "MIoU per image %", DATA, None, 100),
        Metric("seconds_20.batch1", "time for 20 images s", TIME, "seconds_20"),
        Metric("seconds_20.batch1", "time to U-Net", TIME, "seconds_20", relative_to="U-Net"),
        Metric("parameters", "parameters", SIZE, None, 1, 0),
        Metric("parameter_bytes", "weights MB", SIZE, None, 1e-6),
        Metric("nfe", "NFE", NFE, None, 1, 1),
    ],
    recipe=RECIPE,
    presets={"paper": {}, "quick": QUICK, "smoke": SMOKE},
    figure="by_position",
)

if __name__ == "__main__":
    import sys

    from reproduce.cli import main

    main(["run", TABLE.id, *sys.argv[1:]])
