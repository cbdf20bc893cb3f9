"""Layer `records`: whether what records of runs say fits together, and whether printed tables are what they give."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from nodes_unet.errors import InputError
from nodes_unet.files import HISTORY
from reproduce.audit import as_markdown, audit
from reproduce.comparison.compare import compare, groups
from reproduce.evaluation.count_errors import count_metrics
from reproduce.evaluation.objects import summarised
from reproduce.records import COMPLETE, COUNTS, PER_IMAGE, file_digest, find_records, read_csv
from reproduce.regression.number import Number
from reproduce.report import render, report_folder
from reproduce.table import Table

LAYER, AUDIT = "records", "audit.md"
TOLERANCE = 1e-9
COUNT_TOLERANCE = 1e-6  # cells: a network's counts are float32, and decimal in their table
LOSS_TOLERANCE = 1e-5  # of the loss: evaluated in the same batches with the same weights
_PREPROCESSING = ("image_size", "clahe_clip", "clahe_grid", "scaling", "encoder", "encoder_weights")
_PARTS = {"key", "network", "started", "recipe", "versions", "git"}
_PARTS_OF_COMPLETE, _PARTS_SINCE_2 = {"metrics", "timings"}, {"files"}


def check(tables: Iterable[Table], store: Path, *, committed: bool) -> Iterator[Number]:
    """Checks all records of a run store, and its printed tables.

    Args:
        tables: whose runs are looked for.
        store: the run store.
        committed: whether the store is committed, so that each record has to come from a clean ancestor of HEAD.

    Raises:
        InputError: a record is damaged or of another schema.
    """
    for table in tables:
        sound = []
        for record in find_records(store, table.id):
            subject, lacking = str(record["folder"]), _lacking(record)
            yield Number(LAYER, subject, "missing parts", "none", ", ".join(lacking) or "none")
            if lacking:
                continue
            sound.append(record)
            if committed:
                yield from _origin(subject, record)
            if record["status"] == COMPLETE:
                yield from _files(subject, record)
                yield from _training(subject, record)
                yield from _evaluations(subject, record)
                yield from _recomputed(subject, record)
                yield from _counted(subject, record)
        yield from _inputs(sound)
        if committed:
            yield from _tables(table, sound, store)
    if committed:
        yield _text(store / AUDIT, as_markdown(audit()), "reproduce audit --markdown")


def _lacking(record: dict) -> list[str]:
    parts = _PARTS | (_PARTS_OF_COMPLETE if record["status"] == COMPLETE else set())
    parts |= _PARTS_SINCE_2 if record["schema"] > 1 else set()
    return sorted(parts - record.keys())


def _origin(subject: str, record: dict) -> Iterator[Number]:
    state = record["git"]
    yield Number(LAYER, subject, "uncommitted changes", "none", "some" if state.get("dirty") else "none")
    revision = str(state.get("revision"))
    command = ["git", "-C", str(Path(__file__).parent), "merge-base", "--is-ancestor", revision, "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise InputError(f"git is needed for the origin of committed records, and cannot be run ({error})") from error
    known = "other" if found.returncode else "ancestor"
    note = "in a shallow clone, `git fetch --unshallow` gets the history" if found.returncode else ""
    yield Number(LAYER, subject, f"commit {revision[:12]}", "ancestor", known, note=note)


def _files(subject: str, record: dict) -> Iterator[Number]:
    """Every file that is still there, and the CSV files, which have to be."""
    for name, digest in record.get("files", {}).items():
        path = record["folder"] / name
        if path.exists() or path.suffix == ".csv":
            yield Number(LAYER, subject, name, digest, file_digest(path) if path.exists() else None)


def _training(subject: str, record: dict) -> Iterator[Number]:
    metrics, path = record["metrics"], record["folder"] / HISTORY
    if not record["dataset"]["classes"]:
        return  # networks as built
    yield _there(subject, path)
    if path.exists() and record["schema"] > 1:
        lowest = float(read_csv(path)["val_loss"].min())
        tolerance = LOSS_TOLERANCE * max(1, abs(lowest))
        yield Number(LAYER, subject, "val_loss of best.h5", lowest, metrics.get("val_loss.recomputed"), tolerance)


def _inputs(records: Iterable[dict]) -> Iterator[Number]:
    """Whether the same preprocessing of the same images gave networks the same inputs."""
    first = {}
    for record in (each for each in records if each.get("inputs")):
        settings = [record["recipe"].get(name, {}).get("value") for name in _PREPROCESSING]
        known = first.setdefault((record["dataset"]["digest"], json.dumps(settings)), record["inputs"])
        for name, value in record["inputs"].items():
            yield Number(LAYER, str(record["folder"]), f"inputs.{name}", known.get(name), value, TOLERANCE)


def _evaluations(subject: str, record: dict) -> Iterator[Number]:
    blocks = record.get("solver", {}).values()
    if blocks:
        total = float(sum(block["nfe_mean"] for block in blocks))
        yield Number(LAYER, subject, "nfe of all blocks", total, float(record["metrics"]["nfe"]), TOLERANCE)
    for name, block in record.get("solver", {}).items():
        ordered = block["nfe_min"] <= block["nfe_mean"] <= block["nfe_max"]
        yield Number(LAYER, subject, f"{name}: least, mean and most nfe", "in order", "in order" if ordered else "not")


def _recomputed(subject: str, record: dict) -> Iterator[Number]:
    """Metrics from the lines of the images."""
    path = record["folder"] / PER_IMAGE
    if not record["dataset"]["classes"]:
        return  # networks as built
    yield _there(subject, path)
    if not path.exists():
        return
    images = read_csv(path)
    if "lengths" in record:
        expected = summarised(images.assign(kind=images.kind.fillna("")))
    else:
        expected = _means(images)
        if record["schema"] > 1:
            expected |= _pooled(images, record["dataset"]["classes"])
        if "resized_truth" in images:
            expected |= _overlaps(images, record["recipe"]["batch_size"]["value"])
    for name, value in expected.items():
        if name in record["metrics"]:
            wanted = None if value != value else float(value)
            note = f"expected from {PER_IMAGE}"
            yield Number(LAYER, subject, name, wanted, record["metrics"][name], TOLERANCE, note)


def _counted(subject: str, record: dict) -> Iterator[Number]:
    """Errors of counts from the lines of images and classes."""
    path = record["folder"] / COUNTS
    if not record.get("counting"):
        return
    yield _there(subject, path)
    if path.exists():
        for name, error in count_metrics(read_csv(path)).items():
            note = f"expected from {COUNTS}"
            yield Number(LAYER, subject, name, float(error), record["metrics"].get(name), COUNT_TOLERANCE, note)


def _there(subject: str, path: Path) -> Number:
    """Whether a file of a run is there."""
    return Number(LAYER, subject, path.name, "there", "there" if path.exists() else None)


def _means(images: pd.DataFrame) -> dict[str, float]:
    """Means over images, by the names of records."""
    rates = images.select_dtypes("number").filter(regex="^(pa|miou|cpa_|iou_)")
    return {name + ("_per_image" if "." in name else ".per_image"): mean for name, mean in rates.mean().items()}


def _pooled(images: pd.DataFrame, classes: list[str]) -> Mapping[str, float]:
    """Pooled metrics by their definitions (Li et al. 2021, section 3.3), written a second time for this check.

    All are NaN where the images' lines lack their confusion matrices.
    """
    names = [f"pixels_{true}_as_{predicted}" for true in classes for predicted in classes]
    pixels = images.reindex(columns=names).sum(skipna=False).to_numpy(float).reshape(len(classes), len(classes))
    hits, true, predicted = np.diagonal(pixels), pixels.sum(axis=1), pixels.sum(axis=0)
    with np.errstate(invalid="ignore"):
        overlap = hits / (true + predicted - hits)
        shares = {"cpa_{}.recall": hits / true, "cpa_{}.precision": hits / predicted, "iou_{}.pooled": overlap}
    return {
        "pa.pooled": hits.sum() / pixels.sum(),
        "miou.pooled": pd.Series(overlap).mean(),
        **{form.format(name): share[i] for form, share in shares.items() for i, name in enumerate(classes)},
    }


def _overlaps(images: pd.DataFrame, batch_size: int) -> dict[str, float]:
    """IoU and Dice by their definitions (Abbas & Abdulmunim 2023, section 4.3), a second time for this check."""
    batches, found = images.select_dtypes("number").groupby(np.arange(len(images)) // batch_size).sum(), {}
    for part, of_part in (("own", ""), ("resized", ".resized")):
        for lines, kind, smoothing, protocol in (
            (images, "hard", 0, "per_image"),
            (images.select_dtypes("number").sum().to_frame().T, "hard", 0, "pooled"),
            (images, "soft", 0, "soft"),
            (batches, "soft", 1, "batch"),
        ):
            both, either = lines[f"{part}_{kind}_both"], lines[f"{part}_truth"] + lines[f"{part}_{kind}"]
            found[f"iou.{protocol}{of_part}"] = ((both + smoothing) / (either - both + smoothing)).mean()
            found[f"dice.{protocol}{of_part}"] = ((2 * both + smoothing) / (either + smoothing)).mean()
    return found


def _tables(table: Table, records: list[dict], store: Path) -> Iterator[Number]:
    """Whether the printed tables are what the records give today."""
    for data, preset in groups(records):
        comparison = compare(table, records, data, preset)
        for form in ("csv", "json", "md"):
            path = report_folder(comparison, store) / f"table.{form}"
            try:
                expected = render(comparison, form)
            except InputError as error:  # a file of a run is gone: its line says so too
                yield Number(LAYER, str(path), "content", "as written", "unknown", note=str(error))
                continue
            yield _text(path, expected, f"reproduce compare {table.id} --out {store}")


def _text(path: Path, expected: str, command: str) -> Number:
    """Whether a file is what a command writes."""
    same = path.exists() and path.read_text(encoding="utf-8") == expected
    found, note = ("as written", "") if same else ("differs", f"`{command}` writes it again from the records")
    return Number(LAYER, str(path), "content", "as written", found, note=note)
