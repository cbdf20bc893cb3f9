"""Table 1 of Morelli et al. 2021: cells counted by c-ResUnet, and what the text says of leaving parts of it out."""

from nodes_unet.weight_maps import AUTHORS_CODE as CODES_WEIGHTS
from reproduce.recipe import assumed, authors_code, paper
from reproduce.table import DATA, SIZE, TIME, Metric, Row, Table

AS_PRINTED = paper(
    {"sigma": 25.0, "cell_weight": 1.0, "background_weight": 1.5},
    "section 4.2: sigma is the average cell radius; 1 and 1.5 on cells and background; distances are 0 on cells, as in "
    "the code, though step 4 may mean those from the border inside of them too",
)

RECIPE = {
    "image_size": paper(None, "section 5: whole images at their own size"),
    "crop_size": paper(512, "section 4.1: twelve partially overlapping crops of 512x512"),
    "crop_cell": authors_code(400, "the grid whose cells are grown to 512"),
    "clahe_clip": paper(None, "section 4.5: intensities divided by 255, nothing else"),
    "copies": authors_code(
        {"": 5, "manual": 11},
        "each image, and 4 augmented copies of those labelled semi-automatically, 10 of those labelled by hand",
    ),
    "artefact_copies": assumed(
        12,
        "of images with artefacts, where a kind says so: section 4.1 has more copies of them, the code 128 of each "
        "of twelve listed crops (six in its last version), by numbers of its own files",
    ),
    "oversampling": paper(
        True,
        "section 4.1: more copies of crops with artefacts; here of all crops of an image with one, for nothing says "
        "where it lies",
    ),
    "augmentation": assumed(
        {
            "rotation": 90,
            "scale": 0.0,
            "brightness": 0.2,
            "contrast": 0.0,
            "hue": 0,
            "saturation": 0,
            "noise": 10,
            "blur": 2.0,
            "elastic": 4.0,
        },
        "section 4.1 names rotation, noise, brightness and elastic deformation, the code blur; how much is assumed",
    ),
    "validation_fraction": paper(0.3, "section 4.1: 70 % for training, 30 % for validation"),
    "validation_split": assumed(
        "group", "whole images; section 4.1 divides after augmentation, with copies of a crop on both sides"
    ),
    "filters": authors_code(16, "widths 16, 32, 64 and 128"),
    "batch_norm_momentum": assumed(0.99, "paper and code are silent: that of Keras"),
    "encoder_weights": paper("imagenet", "section 4.4, of the rows with encoders alone"),
    "separate_touching": assumed(
        True, "one pixel of background between instances that touch; in the paper's binary masks cells are apart"
    ),
    "weight_maps": paper(True, "section 4.2"),
    "weight_map": AS_PRINTED,
    "class_weights": assumed(
        {"cell_weight": 1.0, "background_weight": 1.5}, "without weight maps: their factors alone; the paper is silent"
    ),
    "epochs": paper(50, "section 4.5: converged in less than 50 epochs"),
    "loss": paper("binary_cross_entropy", "section 4.5: with weighted maps"),
    "optimizer": paper("adam", "section 4.5"),
    "learning_rate": paper(6e-3, "section 4.5"),
    "early_stopping": assumed(None, "the paper is silent; the code stops after 20 epochs without a lower val_loss"),
    "plateau": paper({"patience": 4, "factor": 0.7}, "section 4.5: 30 % less after 4 epochs without a lower val_loss"),
    "batch_size": authors_code(4, "the default of its command; the paper is silent"),
    "thresholds": authors_code([round(0.5 + 0.025 * step, 3) for step in range(20)], "0.5 to 0.975 by 0.025"),
    "threshold_images": paper("train", "section 5.1: on the training set"),
    "threshold_rule": paper("paper", "section 5.1: by the score"),
    "threshold_by": paper("best F1", "section 5.1, Figure 8"),
    "post_processing": authors_code(
        {"watershed": True, "hole": 600, "smallest": 200, "smoothing": 30, "apart": 40, "marker": 25, "compactness": 1},
        "section 4.3 gives the steps, and sets the watershed by the average cell size; pixels",
    ),
    "match_radius": paper(50, "section 5.1: pixels, the average cell diameter"),
    "cell_radius": paper(25, "section 4.2: pixels, the average cell radius"),
    "scale_lengths": assumed(False, "the lengths are those of the paper's images, whose cells have that radius"),
    "synthetic_options": paper({"shape": [1200, 1600]}, "section 2"),
    "synthetic_train": paper(213, "section 2: 273 images, 60 of them for the test"),
    "synthetic_test": paper(60, "section 4.1"),
}

AUTHORS_CODE = {
    "learning_rate": authors_code(1e-3, "instead of 0.006"),
    "plateau": authors_code({"patience": 5, "factor": 0.7}, "instead of 4 epochs"),
    "epochs": authors_code(200, "with early stopping"),
    "early_stopping": authors_code(20, "epochs without a lower val_loss"),
    "validation_split": authors_code(
        "after augmentation", "files of crops and of their copies are divided, 30 % by default as in the paper"
    ),
    "weight_map": authors_code(
        CODES_WEIGHTS | {"cell_weight": 2.25},
        "1.5 on cells in the maps, and 1.5 again in the loss; near cells only, never below 1, normalised, on cleaned "
        "masks; the code cleans the labels too, here they stay as they are",
    ),
    "class_weights": authors_code(
        {"cell_weight": 1.5, "background_weight": 1.0}, "without weight maps: those of the loss alone"
    ),
    "augmentation": authors_code(
        RECIPE["augmentation"].value
        | {"rotation": 180, "shift": 0.1, "brightness": 0.05, "contrast": [-0.7, 0.0], "noise": 0, "blur": 7.2},
        "the code's extents, its mean filter of 25 pixels as a Gaussian one. Here all are drawn, one after the other; "
        "there a copy has colours, turns and blur, or a deformation, which is mostly affine, or, one in twenty, more "
        "red and green",
    ),
    "threshold_rule": authors_code("authors' code", "prediction by prediction, centres of boxes"),
    "threshold_by": authors_code("knee", "later version: the knee of the curve"),
}

QUICK = {
    "crop_size": assumed(256, "quick: a quarter of the pixels"),
    "crop_cell": assumed(256, "quick: crops overlap only where they must"),
    "filters": assumed(8, "quick: half of the width"),
    "batch_norm_momentum": assumed(0.9, "quick: in a few hundred steps the averages of 0.99 lag behind the weights"),
    "encoder_weights": assumed(None, "nothing is downloaded: encoders start from random weights"),
    "copies": assumed({"": 1}, "quick: minutes a network on two cores"),
    "artefact_copies": assumed(4, "quick: minutes a network on two cores"),
    "weight_map": assumed(
        AS_PRINTED.value | {"at_least": 1.0},
        "the code's floor: as printed, maps are near 0 far from cells, where nothing is learned then",
    ),
    "epochs": assumed(10, "quick: minutes a network on two cores"),
    "learning_rate": assumed(3e-3, "quick: 0.006 is for some 2,800 steps an epoch"),
    "thresholds": assumed([round(0.3 + 0.05 * step, 3) for step in range(14)], "quick: coarser, and lower too"),
    "threshold_images": assumed("val", "images that were not learnt from"),
    "threshold_rule": assumed("optimal", "not at the mercy of an order"),
    "scale_lengths": assumed(True, "section 4.3: by the average cell size, measured on the training masks"),
    "synthetic_options": assumed({"shape": [512, 512]}, "quick: fields with fewer cells of the same size"),
    "synthetic_train": assumed(60, "quick: minutes a network on two cores"),
    "synthetic_test": assumed(120, "quick: enough that some have stripes; a minute for the evaluation"),
}

SMOKE = QUICK | {
    "crop_size": assumed(128, "smoke: seconds a network"),
    "crop_cell": assumed(128, "smoke: seconds a network"),
    "filters": assumed(4, "smoke: seconds a network"),
    "epochs": assumed(14, "smoke: about a minute a network, and enough to find cells"),
    "thresholds": assumed([0.3, 0.5, 0.7], "smoke: seconds a network"),
    "synthetic_options": assumed({"shape": [256, 256]}, "smoke: seconds a network"),
    "synthetic_train": assumed(24, "smoke: few, and enough to find cells"),
    "synthetic_test": assumed(8, "smoke: seconds a network"),
}

NOT_OVERSAMPLED = "artefacts not oversampled"
NO_OVERSAMPLING = {
    "oversampling": assumed(False, "the row: as many copies in all, spread over all images, so that steps are as many")
}
NO_WEIGHT_MAPS = {"weight_maps": assumed(False, "the row: the factors of cells and background alone")}

LAST_DIGIT = "a unit of the last printed digit"

TABLE = Table(
    id="counting",
    title="Cells counted by c-ResUnet (Morelli et al. 2021, Table 1)",
    paper="morelli2021",
    published=("table1", "text"),
    classes=(),
    rows=[
        Row("c-ResUnet", "c_resunet"),
        Row("ResUnet", "resunet", by_name_in=("smoke",)),
        Row("U-Net", "resunet", {"residual": False}),
        Row("no weight maps", "c_resunet", changes=NO_WEIGHT_MAPS),
        Row("maps as printed", "c_resunet", changes={"weight_map": AS_PRINTED}, by_name_in=("paper", "smoke")),
        Row("one bridge unit", "c_resunet", {"bridge_units": 1}, by_name_in=("smoke",)),
        Row("3x3 bridge", "c_resunet", {"bridge_kernel": 3}, by_name_in=("smoke",)),
        Row("dilated 3x3 bridge", "c_resunet", {"bridge_kernel": 3, "bridge_dilation": 2}, by_name_in=("smoke",)),
        Row("no colour space", "c_resunet", {"colour_space": False}, by_name_in=("smoke",)),
        Row("plain units", "c_resunet", {"residual": False}, by_name_in=("smoke",)),
        Row(NOT_OVERSAMPLED, "c_resunet", changes=NO_OVERSAMPLING, by_name_in=("smoke",)),
        Row(
            "Inception-v3 encoder",
            "attention_unet",
            {"encoder": "inceptionv3", "attention": False},
            by_name_in=("smoke",),
        ),
        Row("VGG-16 encoder", "attention_unet", {"encoder": "vgg16", "attention": False}, by_name_in=("smoke",)),
    ],
    metrics=[
        Metric("f1.paper", "F1", DATA, "f1", digits=3, margin=0.01, margin_reason=LAST_DIGIT),
        Metric("f1.authors' code", "F1, code's rule", digits=3),
        Metric("f1.optimal", "F1, optimal", digits=3),
        Metric("f1.optimal.no_watershed", "the same, no watershed", digits=3),
        Metric("f1.optimal.of_labels", "the same, of the labels", digits=3),
        Metric("f1.between_rules", "F1, highest - lowest of the three rules", digits=3),
        Metric("precision.optimal", "precision, optimal", digits=3),
        Metric("recall.optimal", "recall, optimal", digits=3),
        Metric(
            "medae", "MedAE cells", DATA, "medae", margin=0.5, margin_reason="half a cell: the median of whole numbers"
        ),
        Metric("mae", "MAE cells", DATA, "mae", margin=0.05, margin_reason="Table 1 has 0.85 and the abstract 0.8"),
        Metric("mae.no_watershed", "the same, no watershed"),
        Metric("mae.of_labels", "the same, of the labels"),
        Metric("mpe", "MPE %", scale=100, digits=1),
        Metric("iou.per_image", "mean IoU", DATA, "mean_iou", digits=3),
        Metric("ap50.per_image", "AP50", digits=3),
        Metric("pq.per_image", "PQ", digits=3),
        Metric(
            "threshold",
            "threshold",
            DATA,
            "threshold",
            margin=0.025,
            margin_reason="a step of the code's grid",
            step=0.2,
        ),
        Metric("parameters", "parameters", SIZE, None, 1, 0),
        Metric("seconds_per_image.batch1", "time for an image s", TIME),
    ],
    recipe=RECIPE,
    presets={"paper": {}, "authors-code": AUTHORS_CODE, "quick": QUICK, "smoke": SMOKE},
    figure="by_row",
    pairs=[("c-ResUnet", each) for each in ("U-Net", "ResUnet", "no weight maps", NOT_OVERSAMPLED)],
    per_image={"iou": "IoU", "pq": "PQ"},
    ranked_by="pq",
    artefact_rows=("c-ResUnet", NOT_OVERSAMPLED),
    drawn=("f1.paper", "mae", "pq.per_image"),
    notes=[
        "U-Net: the ResUnet without its short connections, and not the U-Net of the authors' code.",
        "Lengths of weight maps, post-processing and matching are the paper's; with scale_lengths, times the mean "
        "radius of the training cells to 25 pixels.",
        "Without watershed: the same predictions at the same threshold. Of the labels: what post-processing makes of "
        "the test images' labels in the place of predictions, which a network could hardly exceed.",
        f"{NOT_OVERSAMPLED}: the additional copies are of all images alike, so that an epoch has as many steps.",
        "The printed numbers are those of the preprint, with 273 images; the article that followed (Scientific Reports "
        "11:22920) has an F1 of 0.81 and a MAE of 3.09.",
        "The paper does not say of what its mean IoU is the mean; here it is that of cells, over images: no verdict.",
        "IoU, AP and PQ of an image without a cell are 1 where none is found, else 0; MPE is of images with cells.",
    ],
    synthetic="slices",
    task="counting",
)

if __name__ == "__main__":
    import sys

    from reproduce.cli import main

    main(["run", TABLE.id, *sys.argv[1:]])
