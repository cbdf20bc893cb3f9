"""`reproduce data`: build dataset files, and look into them."""

import json
import math
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from nodes_unet.data.coco import coco_source
from nodes_unet.data.fluocells import fluocells_source
from nodes_unet.data.folder import folder_source
from nodes_unet.data.misp import misp_source
from nodes_unet.data.sartorius import sartorius_source
from nodes_unet.data.source import Source
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.where import WHEREABOUTS
from nodes_unet.errors import InputError

app = typer.Typer(help="Build dataset files, and look into them.", no_args_is_help=True, rich_markup_mode=None)

READERS = {  # by layout, with the options that it takes
    "folder": (folder_source, ("classes", "name", "origin", "licence", "pixel_size", "stretch", "levels", "instances")),
    "misp": (misp_source, ("seed",)),
    "sartorius": (sartorius_source, ("seed", "first_keeps", "name", "origin", "licence")),
    "coco": (coco_source, ("name", "origin", "licence", "pixel_size")),
    "fluocells": (fluocells_source, ("seed", "test_list", "kinds", "name", "origin", "licence")),
}
Kind = StrEnum("Kind", {name: name for name in ("smears", "neurons", "slices")})
Layout = StrEnum("Layout", {name: name for name in READERS})
File = Annotated[Path, typer.Argument(metavar="FILE", help="A dataset file.")]
Out = Annotated[Path, typer.Option("--out", help="The file to write.")]


@app.command(
    epilog="Examples: reproduce data prepare folder smears/ --classes background,white,red --out smears.h5 | "
    "reproduce data prepare misp MISP/ --out misp.h5 | reproduce data prepare sartorius sartorius/ --out sartorius.h5"
)
def prepare(
    layout: Annotated[
        Layout,
        typer.Argument(
            help="folder: images/, masks/ (label images or LabelMe JSON) and split.csv; "
            "misp: MISP smears with LabelMe files beside them; sartorius: train.csv and train/ of the Kaggle "
            "competition; coco: images/ and annotations/ with polygons, as LIVECell; fluocells: all_images/ and "
            "all_masks/ of Fluorescent Neuronal Cells."
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="Where the files are.")],
    out: Out,
    classes: Annotated[
        str | None, typer.Option(help="folder: class names in the order of the labels, by commas.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="folder, coco, sartorius, fluocells: the dataset's name; by default the folder's."),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(help="folder, coco, sartorius, fluocells: where it comes from, with the reference to cite."),
    ] = None,
    licence: Annotated[str | None, typer.Option(help="folder, coco, sartorius, fluocells: under which terms.")] = None,
    pixel_size: Annotated[float | None, typer.Option(help="folder, coco: in micrometres, to be recorded.")] = None,
    stretch: Annotated[
        str | None, typer.Option(help="folder: percentiles of each image that become black and white, as 1,99.")
    ] = None,
    levels: Annotated[
        str | None, typer.Option(help="folder: values that become black and white, as 0,4095 for 12 bits.")
    ] = None,
    instances: Annotated[
        bool, typer.Option("--instances", help="folder: each number in a mask, or LabelMe shape, is an object.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="misp, sartorius, fluocells: of the test split; by default 0, for fluocells the authors' test images.",
        ),
    ] = None,
    first_keeps: Annotated[
        bool, typer.Option("--first-keeps", help="sartorius: where instances overlap, the first line keeps the pixels.")
    ] = False,
    test_list: Annotated[
        Path | None, typer.Option(help="fluocells: a text file with the names of the test images.")
    ] = None,
    kinds: Annotated[
        Path | None,
        typer.Option(help="fluocells: a CSV file, id,kind, of images labelled by hand (manual) or with artefacts."),
    ] = None,
) -> None:
    """Build a dataset file from a folder of labelled images."""
    given = {
        "classes": classes,
        "name": name,
        "origin": origin,
        "licence": licence,
        "pixel_size": pixel_size,
        "stretch": stretch,
        "levels": levels,
        "instances": instances or None,
        "seed": seed,
        "first_keeps": first_keeps or None,
        "test_list": test_list,
        "kinds": kinds,
    }
    stated = {option: value for option, value in given.items() if value is not None}
    reader, options = READERS[layout]
    for option in stated:
        if option not in options:
            raise InputError(
                f"--{option.replace('_', '-')} does not go with {layout}: "
                "that layout says this by itself, leave the option out"
            )
    if "classes" in options:
        stated["classes"] = _class_names(classes)
    if "stretch" in stated:
        stated["stretch"] = _percentiles(stretch)
    if "levels" in stated:
        stated["levels"] = _pair("--levels", levels, "0,4095")
    _write(out, reader(folder, **stated))


@app.command(
    epilog="Examples: reproduce data synth --train 80 --test 20 --out synthetic.h5 | "
    "reproduce data synth --kind neurons --out neurons.h5"
)
def synth(
    out: Out,
    kind: Annotated[
        Kind,
        typer.Option(
            help="smears: stained blood smears; neurons: neural cells under phase contrast; slices: neurons in "
            "fluorescing brain slices."
        ),
    ] = Kind.smears,
    train: Annotated[int, typer.Option(min=2, help="Images in the training split.")] = 80,
    test: Annotated[int, typer.Option(min=1, help="Images in the test split.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the generator.")] = 0,
    whole: Annotated[
        bool, typer.Option("--whole", help="smears: whole ones of 775x519 instead of crops of 256x256.")
    ] = False,
) -> None:
    """Build a dataset file of synthetic images with exact masks."""
    from nodes_unet.data.synthetic import SOURCES

    if whole and kind != Kind.smears:
        raise InputError(f"--whole does not go with --kind {kind}: its images are whole already, leave it out")
    _write(out, SOURCES[kind](train, test, seed=seed, **({"whole": True} if whole else {})))


@app.command(epilog="Example: reproduce data info smears.h5 --json")
def info(file: File, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is in a dataset file, after checking that it is whole."""
    from nodes_unet.data.summary import summarise

    described = summarise(Dataset(file))
    if as_json:
        print(json.dumps(described, indent=1))
        return
    splits = described.pop("splits")
    for label, value in described.items():
        print(f"{label}: {_plain(value)}")
    for split, contents in splits.items():
        print(f"{split}: {'; '.join(f'{label} {_plain(value)}' for label, value in contents.items())}")


def _plain(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "unknown" if value is None else str(value)


@app.command(epilog="Example: reproduce data preview smears.h5 --out sheet.png --images 8")
def preview(
    file: File,
    out: Out = Path("preview.png"),
    images: Annotated[int, typer.Option(min=1, help="How many images.")] = 6,
) -> None:
    """Draw a contact sheet: images, masks and overlays."""
    from nodes_unet.data.preview import contact_sheet

    if out.suffix.lower() != ".png":
        raise InputError(f"--out {out}: the contact sheet is a PNG file, name it so")
    contact_sheet(Dataset(file), out, images)
    print(out)


@app.command(epilog="Example: reproduce data candidates cells/images --out cells/masks --label neuron --smallest 100")
def candidates(
    images: Annotated[Path, typer.Argument(help="Folder of images of bright objects on a dark ground.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the LabelMe files.")],
    label: Annotated[str, typer.Option(help="Of all candidates.")] = "cell",
    smoothing: Annotated[float, typer.Option(min=0.1, help="Sigma of the filter against noise, pixels.")] = 2.0,
    background: Annotated[float, typer.Option(min=1, help="Radius of the background's median, pixels.")] = 60.0,
    smallest: Annotated[int, typer.Option(min=1, help="Pixels of the smallest object kept.")] = 200,
    levels: Annotated[
        str | None, typer.Option(help="Values that are black and white, as 0,4095; by default the type's.")
    ] = None,
) -> None:
    """Outline bright objects in LabelMe files, for an expert to correct before `prepare` reads them.

    A loose selection: outlines reach beyond their objects, objects a few pixels apart are one, and where there is none
    uneven background may be outlined. Less smoothing parts objects, a smaller radius of the background drops what is
    uneven. Corrected, each polygon is an object for `prepare folder --instances`.
    """
    from nodes_unet.data.candidates import propose

    limits = None if levels is None else _pair("--levels", levels, "0,4095")
    found = propose(images, out, label, limits, smoothing=smoothing, background=background, smallest=smallest)
    for file, number in found.items():
        print(f"{file}: {number} candidates")


@app.command(epilog="Example: reproduce data where")
def where() -> None:
    """Tell where each paper's data is, under which terms, what to expect in it and how to prepare it."""
    for place in WHEREABOUTS:
        print(f"{place.paper}\n  data: {place.data}\n  where: {place.place}\n  terms: {place.terms}")
        print(f"  expect: {place.expect}\n  prepare: {place.prepare}\n")


def _write(out: Path, source: Source) -> None:
    if out.suffix.lower() not in (".h5", ".hdf5"):
        raise InputError(f"--out {out}: a dataset file is HDF5, let its name end in .h5")
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed} images"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"writing {out}")
        write_dataset(out, source, lambda _: progress.advance(task))
    written = Dataset(out)
    counts = ", ".join(f"{len(split)} {name}" for name, split in written.splits.items())
    print(f"{out}: {written.name}, {counts}, role {written.role}, digest {written.digest[:12]}")
    for what, rule in source.rules.items():
        print(f"note: {what}: {rule}", file=sys.stderr)
    for what, number in source.passed_over.items():
        print(f"note: {number} {what}", file=sys.stderr)
    print(f"look at it: reproduce data preview {out}", file=sys.stderr)


def _class_names(text: str | None) -> list[str]:
    if text is None:
        raise InputError(
            "--classes is missing: name the classes in the order of the labels, as background,white,red, or with "
            "--instances background and the objects, as background,cell"
        )
    names = [part.strip() for part in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise InputError(f"--classes {text!r} has an empty or repeated name: write it as background,white,red")
    return names


def _percentiles(text: str) -> tuple[float, float]:
    low, high = _pair("--stretch", text, "1,99")
    if not 0 <= low < high <= 100:
        raise InputError(f"--stretch {text!r}: the percentiles must rise between 0 and 100")
    return low, high


def _pair(option: str, text: str, example: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"{option} {text!r} is no pair of numbers: write it as {example}") from error
    if not -math.inf < low < high < math.inf:
        raise InputError(f"{option} {text!r}: the second number must be the larger one")
    return low, high
