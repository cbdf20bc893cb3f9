"""Reader: the public archive of Fluorescent Neuronal Cells, the data of Morelli et al. 2021 (section 2).

`all_images/images/` and, under the same names, `all_masks/masks/` hold PNG files; a mask is 0 on the background and 255
on cells.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from skimage.measure import label

from nodes_unet.data.images import image_files, image_size, read_image, read_mask
from nodes_unet.data.source import KINDS, Sample, Source
from nodes_unet.data.tables import read_table
from nodes_unet.errors import InputError

CLASSES = ("background", "cell")
IMAGES, MASKS = Path("all_images", "images"), Path("all_masks", "masks")
TEST_IMAGES = 60  # section 4.1
AUTHORS_TEST = Path(__file__).with_name("fluocells_test.txt")  # 010_split_data.py of robomorelli/cell_counting_yellow
PAPERS_IMAGES, ARCHIVES_IMAGES = 273, 283  # section 2, and as published afterwards
SIZE = 1200, 1600  # section 2
_ARCHIVE = {
    "name": "fluocells",
    "origin": "Fluorescent Neuronal Cells, AMS Acta 6706, University of Bologna; Hitrec et al. 2019",
    "licence": "as stated at amsacta.unibo.it/id/eprint/6706",
}


def fluocells_source(
    folder: str | Path,
    seed: int | None = None,
    test_list: str | Path | None = None,
    kinds: str | Path | None = None,
    *,
    name: str | None = None,
    origin: str = "not stated",
    licence: str = "not stated",
) -> Source:
    """Reads images and masks; counts are those of the masks' components (8 neighbours).

    Args:
        folder: the unpacked archive.
        seed: of 60 test images by chance; of fewer images than the archive has a fifth. By default the test images are
            the 70 that the authors' code names, or those of seed 0 where one of these is missing.
        test_list: a text file that names the test images instead, one a line, with or without `.png`.
        kinds: a CSV file with the columns `id` and `kind` (`manual` or `artefact`) of images that were not labelled
            semi-automatically, which the archive does not name.
        name: of other images than the archive's, which have theirs; by default the folder's.
        origin, licence: of other images, where they come from and under which terms.

    Returns:
        A source; its role is `paper` where the number of images, their sizes and the names that the authors' code has
        are the archive's, else `proxy`.

    Raises:
        InputError: a folder, a mask or an image of a list is missing, there are fewer than two images, or (while the
            source is read) a mask has another size than its image or other values than 0 and 255.
    """
    folder = Path(folder)
    names = _names(folder)
    held_out, split = _test_images(names, seed, test_list)
    kind_of = {} if kinds is None else _kinds(Path(kinds), names)
    is_archive = (
        len(names) in (PAPERS_IMAGES, ARCHIVES_IMAGES)
        and _authors_test() < set(names)
        and all(image_size(folder / IMAGES / f"{name}.png") == SIZE for name in names)
    )

    def samples(chosen: Sequence[str]) -> Iterator[Sample]:
        for name in chosen:
            image, mask = read_image(folder / IMAGES / f"{name}.png"), _cells(folder / MASKS / f"{name}.png")
            if mask.shape != image.shape[:2]:
                raise InputError(
                    f"{folder / MASKS / name}.png has {mask.shape[1]} x {mask.shape[0]} pixels, but its image has "
                    f"{image.shape[1]} x {image.shape[0]}: take both from the same version of the archive"
                )
            yield Sample(name, name, image, mask, (int(label(mask).max()),), kind_of.get(name, ""))

    own = {"name": name or folder.resolve().name, "origin": origin, "licence": licence}
    return Source(
        **(_ARCHIVE if is_archive else own),
        classes=CLASSES,
        role="paper" if is_archive else "proxy",
        splits={
            "train": lambda: samples([name for name in names if name not in held_out]),
            "test": lambda: samples([name for name in names if name in held_out]),
        },
        rules={"split": split, "images": f"{len(names)}; the paper has {PAPERS_IMAGES}, the archive grew afterwards"},
    )


def _names(folder: Path) -> list[str]:
    for part in (IMAGES, MASKS):
        if not (folder / part).is_dir():
            raise InputError(f"{folder / part} does not exist: unpack the archive's {part.parts[0]}.zip there")
        for path in image_files(folder / part):
            if path.suffix != ".png":
                raise InputError(f"{path} is no .png file, as all of the archive's are: convert it, or take it out")
    names = [path.stem for path in image_files(folder / IMAGES)]
    if len(names) < 2:
        raise InputError(f"{folder / IMAGES} holds {len(names)} PNG file: at least 2 are needed for train and test")
    for name in names:
        if not (folder / MASKS / f"{name}.png").is_file():
            raise InputError(f"{folder / IMAGES / name}.png has no mask {folder / MASKS / name}.png: add it")
    return names


def _test_images(names: Sequence[str], seed: int | None, test_list: str | Path | None) -> tuple[set[str], str]:
    """The test images and the rule that chose them."""
    if test_list is not None:
        return _listed(Path(test_list), names), f"from {Path(test_list).name}"
    authors = _authors_test()
    if seed is None and authors < set(names):
        return authors, f"the {len(authors)} test images of the authors' code; the paper has {TEST_IMAGES}"
    seed = seed or 0
    drawn = _drawn(names, seed)
    return drawn, f"{len(drawn)} test images by chance, seed {seed}"


def _authors_test() -> set[str]:
    return set(AUTHORS_TEST.read_text(encoding="utf-8").split())


def _drawn(names: Sequence[str], seed: int) -> set[str]:
    number = TEST_IMAGES if len(names) >= PAPERS_IMAGES else max(1, len(names) // 5)
    return set(np.random.default_rng(seed).permutation(names)[:number].tolist())


def _listed(path: Path, names: Sequence[str]) -> set[str]:
    if not path.is_file():
        raise InputError(f"{path} does not exist: name a text file with one test image a line")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8: save it as such") from error
    listed = {line.strip().removesuffix(".png"): number for number, line in enumerate(lines, 1) if line.strip()}
    for name, number in listed.items():
        if name not in names:
            raise InputError(f"{path}, line {number}: there is no image {name}: correct the line or drop it")
    if not 0 < len(listed) < len(names):
        raise InputError(f"{path} names {len(listed)} of {len(names)} images: leave some for training and for the test")
    return set(listed)


def _kinds(path: Path, names: Sequence[str]) -> dict[str, str]:
    table = read_table(path, ("id", "kind"), "give one with the columns id and kind")
    table["id"] = table["id"].str.removesuffix(".png")
    for number, name, kind in table[["id", "kind"]].itertuples(name=None):
        if name not in names:
            raise InputError(f"{path}, line {number}: there is no image {name}: correct the line or drop it")
        if (table["id"] == name).sum() > 1:
            raise InputError(f"{path}, line {number}: {name} is there more than once: give an image one kind")
        if kind not in KINDS:
            raise InputError(f"{path}, line {number}: the kind {kind!r} is none of {', '.join(KINDS)}")
    return dict(zip(table["id"], table["kind"], strict=True))


def _cells(path: Path) -> np.ndarray:
    mask = read_mask(path)
    if others := set(np.unique(mask).tolist()) - {0, 255}:
        raise InputError(f"{path} holds the value {min(others)}: a mask is 0 on the background and 255 on cells")
    return (mask > 0).astype(np.uint8)
