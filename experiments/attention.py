"""Tables 3 and 4 of Abbas & Abdulmunim 2023: U-Net and LinkNet with attention gates (sections 3 to 5)."""

from reproduce.recipe import assumed, paper
from reproduce.table import DATA, SIZE, TIME, Metric, Row, Table

RECIPE = {
    "image_size": paper([256, 256], "section 4.2"),
    "clahe_clip": assumed(None, "the paper names no equalisation"),
    "clahe_grid": assumed(8, "without effect: no equalisation"),
    "scaling": assumed("encoder", "as the encoder's images were scaled on ImageNet; the paper is silent"),
    "target": assumed("filled", "section 3: `its mask containing the cells' borders`; filled masks everywhere else"),
    "threshold": paper(0.5, "section 5.2"),
    "encoder": paper("efficientnetb0", "section 3.4"),
    "encoder_weights": paper("imagenet", "section 1: pre-trained EfficientNet; section 3.1: on ImageNet"),
    "batch_norm_momentum": assumed(0.99, "the paper is silent: that of Keras and of segmentation-models"),
    "copies": assumed(4, "section 4.2 names the augmentation without a factor"),
    "augmentation": assumed(
        {
            "quarter_turns": False,
            "rotation": 0,
            "scale": 0,
            "zoom_out": 0.2,
            "shift": 0.1,
            "brightness": 0,
            "contrast": 0,
            "hue": 0,
            "saturation": 0,
        },
        "section 4.2: zoom-out, horizontal and vertical flips and shifts, without their extent",
    ),
    "monitor": paper("test", "algorithm 1 tests in every epoch, and section 4.2 has no third split to watch"),
    "validation_fraction": assumed(0.2, "where a validation split is made: as large as the test split"),
    "validation_split": assumed("group", "where a validation split is made: whole groups of images"),
    "epochs": assumed(50, "the paper is silent; early stopping ends the training before"),
    "loss": paper("combo", "section 3.6, as its reference defines it; equations 1 and 2 have slips of sign"),
    "loss_options": assumed({"alpha": 0.5, "beta": 0.5}, "section 3.6 names both without values: equal weights"),
    "optimizer": paper("adam", "section 4.1"),
    "learning_rate": paper(1e-3, "section 4.1"),
    "plateau": paper({"patience": 2, "factor": 0.5}, "section 4.1"),
    "early_stopping": paper(3, "section 4.1"),
    "batch_size": assumed(8, "the paper is silent"),
    "timed_images": assumed(20, "Table 3 has the time for an image without saying of how many"),
    "timed_passes": assumed(3, "the median of several passes; the paper is silent"),
    "flops_size": paper([256, 256], "section 3: the input's size"),
    "synthetic_options": assumed({"shape": [520, 704]}, "the competition's images; section 4.2 prints 704x540"),
    "synthetic_train": paper(485, "section 4.2: 80 % of 606 images"),
    "synthetic_test": paper(121, "section 4.2: 20 % of 606 images"),
}

_OFFLINE = assumed(None, "nothing is downloaded: encoders start from random weights")
_VALIDATED = assumed("validation", "test images must not choose the weights that are tested on them")
_RESNET50 = assumed("resnet50", "the U-Net of segmentation-models that has the printed 32 million parameters")

QUICK = {
    "image_size": assumed([128, 128], "quick: a quarter of the pixels"),
    "encoder_weights": _OFFLINE,
    "batch_norm_momentum": assumed(
        0.9,
        "the averages of 0.99 lag behind random weights by some hundred steps: the validation loss then rises at first "
        "and early stopping ends the training there",
    ),
    "copies": assumed(2, "quick: minutes a network on two cores"),
    "monitor": _VALIDATED,
    "epochs": assumed(10, "quick: the largest network in less than ten minutes on two cores"),
    "early_stopping": assumed(
        10,
        "quick: never, in ten epochs. They have an eighth of the paper's steps each, and validation losses that rise "
        "at first ended trainings of LinkNet without gates after four, on synthetic cells",
    ),
    "batch_size": assumed(4, "quick: as many steps as with four copies in batches of 8, in half of the time"),
    "synthetic_train": assumed(80, "quick: minutes a network on two cores"),
    "synthetic_test": assumed(20, "quick: minutes a network on two cores"),
}

SMOKE = {
    "image_size": assumed([64, 64], "smoke: seconds a network"),
    "encoder_weights": _OFFLINE,
    "batch_norm_momentum": QUICK["batch_norm_momentum"],
    "copies": assumed(2, "smoke: seconds a network"),
    "monitor": _VALIDATED,
    "epochs": assumed(3, "smoke: seconds a network"),
    "batch_size": assumed(4, "smoke: more steps, which batch normalisation needs"),
    "timed_passes": assumed(1, "smoke: seconds a network"),
    "synthetic_options": assumed({"shape": [256, 256]}, "smoke: seconds to draw; cells keep their size"),
    "synthetic_train": assumed(16, "smoke: seconds a network"),
    "synthetic_test": assumed(4, "smoke: seconds a network"),
}

HALF_THE_GAIN = "half of the gain of IoU that is ascribed to attention in Table 4, 89.24 - 88.2"

TABLE = Table(
    id="attention",
    title="U-Net and LinkNet with attention gates (Abbas & Abdulmunim 2023, Tables 3 and 4)",
    paper="abbas2023",
    published=("table3", "table4"),
    classes=(),
    rows=[
        Row("U-Net without AU", "attention_unet", {"attention": False}, {"encoder": _RESNET50}, by_name_in=("smoke",)),
        Row("[7]", not_run="the network of another paper, of which this one gives results and no settings"),
        Row("U-Net with AU", "attention_unet"),
        Row(
            "U-Net (gates off)",
            "attention_unet",
            {"attention": False},
            published="U-Net with AU",
            by_name_in=("smoke",),
        ),
        Row("LinkNet with AU", "attention_linknet"),
        Row(
            "LinkNet (gates off)",
            "attention_linknet",
            {"attention": False},
            published="LinkNet with AU",
            by_name_in=("smoke",),
        ),
    ],
    metrics=[
        Metric("parameters", "parameters, million", SIZE, "parameters", 1e-6),
        Metric("flops", "FLOPs, million", SIZE, "flops", 1e-6, 1),
        Metric("flops.initialisers", "2 a kernel weight, million", SIZE, "flops", 1e-6, 1),
        Metric("seconds_per_image.batch1", "time an image, ms", TIME, "milliseconds_per_image", 1000, 0),
        Metric(
            "seconds_per_image.batch1",
            "time to first row",
            TIME,
            "milliseconds_per_image",
            relative_to="U-Net without AU",
        ),
        Metric("stored_bytes.with_optimizer", "file with optimizer, MB", SIZE, "storage", 1e-6, 1),
        Metric("stored_bytes", "file, MB", SIZE, None, 1e-6, 1),
        Metric("iou.per_image.resized", "IoU per image %", DATA, "iou", 100, margin=0.5, margin_reason=HALF_THE_GAIN),
        Metric(
            "dice.per_image.resized", "Dice per image %", DATA, "dice", 100, margin=0.5, margin_reason=HALF_THE_GAIN
        ),
        Metric(
            "loss.above_least",
            "loss above its least",
            DATA,
            "loss",
            1,
            4,
            margin=0.013,
            margin_reason="half of the least difference between printed rows of this paper, 0.08 - 0.054",
        ),
        Metric("loss", "loss", DATA, None, 1, 4),
        Metric("iou.pooled.resized", "IoU pooled %", DATA, None, 100),
        Metric("dice.pooled.resized", "Dice pooled %", DATA, None, 100),
        Metric("iou.soft.resized", "IoU soft %", DATA, None, 100),
        Metric("dice.soft.resized", "Dice soft %", DATA, None, 100),
        Metric("iou.batch.resized", "IoU by batch %", DATA, None, 100),
        Metric("dice.batch.resized", "Dice by batch %", DATA, None, 100),
        Metric("iou.per_image", "IoU per image at full size %", DATA, None, 100),
        Metric("dice.per_image", "Dice per image at full size %", DATA, None, 100),
        Metric("best_epoch", "best epoch", DATA, None, 1, 1),
        Metric("val_loss.mean_rise", "mean rise of val_loss", DATA, None, 1, 4),
        Metric("seconds_per_epoch.training", "s an epoch", TIME, None, 1, 1),
    ],
    recipe=RECIPE,
    presets={"paper": {}, "quick": QUICK, "smoke": SMOKE},
    figure="by_row",
    pairs=[
        ("U-Net with AU", "U-Net (gates off)"),
        ("LinkNet with AU", "LinkNet (gates off)"),
        ("LinkNet with AU", "U-Net with AU"),
        ("LinkNet (gates off)", "U-Net (gates off)"),
        ("U-Net with AU", "U-Net without AU"),
    ],
    per_image={"resized_iou": "IoU", "resized_dice": "Dice"},
    ranked_by="resized_iou",
    drawn=("iou.per_image.resized", "dice.per_image.resized", "seconds_per_image.batch1"),
    notes=(
        "IoU and Dice are counted at the networks' size, to which the paper resizes images and masks, but for the two "
        "columns at full size, for which predictions are brought back to the masks' own",
        "times are for images of the networks' size under the preset; the printed ones are for 256x256",
        "the rows with AU are the networks of the text. The printed parameters leave no room for gates: 6.09 is LinkNet"
        " with gates off, and 32 a U-Net on a ResNet-50, as the row U-Net without AU is here, both cut off after these "
        "digits; no network gives 10.15, the U-Net with gates off, 10.12, comes nearest",
        "the combo loss, as Taghanaki et al. 2019 define it, is alpha - 1 = -0.5 for a perfect mask. The printed "
        "losses are above 0, as its distance from there is: alpha times the cross-entropy + (1 - alpha) (1 - Dice)",
        "FLOPs: multiplications and additions for one image of 256x256. The printed millions are three hundred times "
        "too few and come near two for each weight of a kernel: what TensorFlow's profiler counts of a TensorFlow 1 "
        "graph of unknown batch size, where it skips the convolutions and sees the kernels being initialised",
    ),
    synthetic="neurons",
)

if __name__ == "__main__":
    import sys

    from reproduce.cli import main

    main(["run", TABLE.id, *sys.argv[1:]])
