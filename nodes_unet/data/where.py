"""Where each paper's data is, under which terms, what to expect in it, and how to prepare it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Whereabouts:
    """Where to get a paper's data."""

    paper: str
    data: str
    place: str
    terms: str
    expect: str
    prepare: str


WHEREABOUTS = (
    Whereabouts(
        paper="Li et al. 2021 (ode-position)",
        data="MISP blood smears (Sarrafzadeh et al., SPIE Medical Imaging 2014, 90410P)",
        place="Medical Image and Signal Processing research center, Isfahan University of Medical Sciences: "
        "misp.mui.ac.ir, file MISP.rar",
        terms="free for research with the paper cited; no licence text is known, so ask before passing images on",
        expect="148 smear images of 775x519 pixels and no labels: the authors drew theirs with LabelMe and did not "
        "publish them. Label white and red cells with LabelMe and save each JSON file beside its image; 20 to 30 "
        "smears give the paper's 100 crops. The result has the role paper-images: its numbers are never called a "
        "reproduction",
        prepare="reproduce data prepare misp MISP/ --out misp.h5",
    ),
    Whereabouts(
        paper="Abbas & Abdulmunim 2023",
        data="Kaggle competition Sartorius - Cell Instance Segmentation",
        place="kaggle.com/competitions/sartorius-cell-instance-segmentation (account needed)",
        terms="the competition's rules, to be accepted there",
        expect="606 phase-contrast images of 704x520 pixels (the paper prints 704x540) with run-length encoded "
        "instances in train.csv, which may overlap (--first-keeps). The same instrument took LIVECell's images, which "
        "come with COCO polygons (`reproduce data prepare coco`)",
        prepare="reproduce data prepare sartorius sartorius/ --out sartorius.h5",
    ),
    Whereabouts(
        paper="Morelli et al. 2021",
        data="Fluorescent Neuronal Cells",
        place="AMS Acta, University of Bologna: amsacta.unibo.it/id/eprint/6706 (version 2: .../7347)",
        terms="stated on that page; cite the paper",
        expect="283 images of 1600x1200 pixels (the paper: 273) in all_images/images and masks of 0 and 255 in "
        "all_masks/masks; the authors' code names 70 test images (the paper: 60), which are taken unless --seed or "
        "--test-list says otherwise",
        prepare="reproduce data prepare fluocells fluocells/ --out fluocells.h5",
    ),
)
