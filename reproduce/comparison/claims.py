"""The papers' testable sentences as data, and what runs say of them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.comparison.claim_tests import NOT_TESTED, Above, Alike, Every, Evidence, Near, Quantity, Test
from reproduce.published import ABBAS, LI, MORELLI
from reproduce.records import COMPLETE, best_was_last, find_records


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper.

    Attributes:
        paper, section: where it stands.
        text: the sentence, or its gist where it is long.
        table: whose runs it is tested on.
        test: how; None where it cannot be.
        reason: why it cannot be tested, or what is assumed in the test.
    """

    paper: str
    section: str
    text: str
    table: str = ""
    test: Test | None = None
    reason: str = ""


def _above(first: str, second: str, metric: str) -> Above:
    return Above(Quantity(first, metric), Quantity(second, metric))


def _below(first: str, second: str, metric: str) -> Above:
    return _above(second, first, metric)


MIOU, TWENTY, F1 = "miou.pooled", "seconds_20.batch1", "f1.optimal"
IOU, BEST_EPOCH = "iou.per_image.resized", "best_epoch"
LAST_DIGIT = "up to a unit of the last printed digit of F1"
POSITIONS = [f"ODEUNet{position}" for position in range(1, 10)]

CLAIMS = [
    Claim(
        LI,
        "3.2",
        "After the ODE-block is added, PA and MIoU are improved (at each of nine positions).",
        "ode-position",
        Every([_above(row, "U-Net", metric) for row in POSITIONS for metric in ("pa.pooled", MIOU)]),
    ),
    Claim(
        LI,
        "3.2",
        "The position of the ODE-block does not matter for accuracy.",
        "ode-position",
        Alike([Quantity(row, MIOU) for row in POSITIONS], 0.005),
        "within 0.5 points of MIoU, half of the smallest gain in Table 1",
    ),
    Claim(
        LI,
        "3.3",
        "As the ODE-block goes down the U, the time is shorter.",
        "ode-position",
        Every([_below(f"ODEUNet{place + 1}", f"ODEUNet{place}", TWENTY) for place in range(1, 5)]),
    ),
    Claim(
        LI,
        "abstract",
        "The computational cost is reduced.",
        "ode-position",
        Every([_below(row, "U-Net", TWENTY) for row in POSITIONS]),
        "read as the time for twenty images, against the U-Net",
    ),
    Claim(
        LI,
        "4.2",
        "PA and MIoU are higher with residual blocks than without, and higher still with ODE-blocks.",
        "three-networks",
        Every(
            [
                _above(first, second, metric)
                for first, second in (("ResNet", "U-Net"), ("NODEs-UNet", "ResNet"))
                for metric in ("pa.pooled", MIOU)
            ]
        ),
    ),
    Claim(
        LI,
        "4.2",
        "The parameters of NODEs-UNet take 46 % of the memory of ResNet's.",
        "three-networks",
        Near(Quantity("NODEs-UNet", "parameter_bytes"), Quantity("ResNet", "parameter_bytes"), 0.46, 0.03, exact=True),
    ),
    Claim(
        LI,
        "4.2",
        "With a smaller error tolerance in training a better network is learned.",
        "training-tolerance",
        Every([_above("1e-3", "1e-2", MIOU), _above("1e-4", "1e-3", MIOU)]),
    ),
    Claim(
        LI,
        "4.2",
        "With a larger error tolerance in the test the result comes faster, at little loss.",
        reason="a sweep with one trained network: `reproduce bench tolerance --model best.h5` answers for that network",
    ),
    Claim(
        LI,
        "4.2",
        "Training needs approximately constant memory.",
        reason="no number of a run's record: `reproduce bench memory` measures training steps of the three networks",
    ),
    Claim(
        LI,
        "1",
        "The receptive field adapts to the error tolerance.",
        reason="a sweep with one trained network: `reproduce bench tolerance` tells the reach of its receptive field",
    ),
    Claim(
        ABBAS,
        "5.1",
        "LinkNet has about 40 % fewer parameters than the U-Net.",
        "attention",
        Near(
            Quantity("LinkNet (gates off)", "parameters"),
            Quantity("U-Net (gates off)", "parameters"),
            0.6,
            0.02,
            exact=True,
        ),
        "of the networks with gates off, whose parameters are nearest to the printed ones",
    ),
    Claim(
        ABBAS,
        "5.1",
        "LinkNet has about 6 times fewer parameters than the U-Net without attention.",
        "attention",
        Near(
            Quantity("U-Net without AU", "parameters"),
            Quantity("LinkNet (gates off)", "parameters"),
            6,
            0.5,
            exact=True,
        ),
        "about: to the nearest whole number; LinkNet with the printed number of parameters, which leaves out the gates",
    ),
    Claim(
        ABBAS,
        "1",
        "Attention improves IoU.",
        "attention",
        Every(
            [
                _above("U-Net with AU", "U-Net (gates off)", IOU),
                _above("LinkNet with AU", "LinkNet (gates off)", IOU),
            ]
        ),
        "against the same networks without gates; the paper compares with a U-Net on another encoder",
    ),
    Claim(
        ABBAS,
        "5.2",
        "LinkNet achieves higher results than the U-Net.",
        "attention",
        _above("LinkNet with AU", "U-Net with AU", IOU),
    ),
    Claim(
        ABBAS,
        "5.2",
        "The U-Net without attention needs fewer epochs to converge.",
        "attention",
        _below("U-Net (gates off)", "U-Net with AU", BEST_EPOCH),
        "epochs to the lowest val_loss; the same encoder in both",
    ),
    Claim(
        ABBAS,
        "5.1",
        "Inference with LinkNet is faster.",
        "attention",
        _below("LinkNet with AU", "U-Net with AU", "seconds_per_image.batch1"),
    ),
    Claim(
        ABBAS,
        "3.5",
        "Training LinkNet takes less time than training the U-Net.",
        "attention",
        _below("LinkNet with AU", "U-Net with AU", "seconds_per_epoch.training"),
        "the time of an epoch",
    ),
    Claim(
        ABBAS,
        "5.2",
        "LinkNet is the more stable.",
        "attention",
        _below("LinkNet with AU", "U-Net with AU", "val_loss.mean_rise"),
        "read as what the validation loss rises by from an epoch to the next, on average, a fall being a rise of 0",
    ),
    Claim(
        MORELLI,
        "4.2",
        "Weight maps improve the separation of touching cells.",
        "counting",
        _above("c-ResUnet", "no weight maps", F1),
    ),
    Claim(
        MORELLI,
        "4.4",
        "A further residual unit in the bridge helps.",
        "counting",
        _above("c-ResUnet", "one bridge unit", F1),
    ),
    Claim(MORELLI, "4.4", "5x5 filters in the bridge help.", "counting", _above("c-ResUnet", "3x3 bridge", F1)),
    Claim(MORELLI, "4.4", "A learned colour space helps.", "counting", _above("c-ResUnet", "no colour space", F1)),
    Claim(
        MORELLI,
        "4.4",
        "Dropping the short connections brings no significant improvement.",
        "counting",
        Above(Quantity("c-ResUnet", F1), Quantity("plain units", F1), allowance=0.01),
        LAST_DIGIT,
    ),
    Claim(
        MORELLI,
        "4.4",
        "Dilated convolutions bring no significant improvement.",
        "counting",
        Above(Quantity("c-ResUnet", F1), Quantity("dilated 3x3 bridge", F1), allowance=0.01),
        f"in place of the 5x5 filters of the bridge; {LAST_DIGIT}",
    ),
    Claim(
        MORELLI,
        "4.4",
        "Inception and VGG encoders do not improve the validation loss.",
        "counting",
        Every([_above(row, "c-ResUnet", "val_loss.recomputed") for row in ("Inception-v3 encoder", "VGG-16 encoder")]),
        "those of the paper were pre-trained; of the presets only `paper` and `authors-code` have such weights",
    ),
    Claim(
        MORELLI,
        "4.3",
        "Watershed makes counts more accurate.",
        "counting",
        Above(Quantity("c-ResUnet", "mae.no_watershed"), Quantity("c-ResUnet", "mae")),
    ),
    Claim(
        MORELLI,
        "6",
        "More copies of images with artefacts remove false positives in them.",
        "counting",
        _below("c-ResUnet", "artefacts not oversampled", "false_positives.artefact"),
        "false objects an image with an artefact",
    ),
    Claim(
        MORELLI,
        "6",
        "False positives and false negatives cancel in counts.",
        reason="no training can refute it: a count is wrong by the difference of both numbers, never by more than "
        "their sum; cancelling.png shows how much of it does",
    ),
]


def assessed(store: Path) -> Iterator[tuple[Claim, str, Evidence]]:
    """Each claim on each dataset and preset that the store has runs of, with what they say.

    A claim that cannot be tested, or whose table has no run, comes once.

    Raises:
        InputError: a record is damaged.
    """
    records = {table: find_records(store, table) for table in {claim.table for claim in CLAIMS if claim.table}}
    for claim in CLAIMS:
        groups = _groups(records.get(claim.table, []))
        if claim.test is None:
            yield claim, "", Evidence(NOT_TESTED, claim.reason)
        elif not groups:
            yield claim, "", Evidence(NOT_TESTED, f"no run of {claim.table}: `reproduce run {claim.table}`")
        else:
            for where, of_group in groups.items():
                yield claim, where, claim.test(_values(of_group))


def _groups(records: Sequence[dict]) -> dict[str, list[dict]]:
    """Complete records by dataset and preset, which are never mixed."""
    groups = {}
    for record in records:
        if record["status"] == COMPLETE:
            dataset = record["dataset"]
            where = f"{dataset['name']} ({dataset['role']}, {dataset['digest'][:12]}), {record['preset']}"
            groups.setdefault(where, []).append(record)
    return groups


def _values(records: Sequence[dict]):
    def values(quantity: Quantity) -> dict[int, float]:
        measured = {r["seed"]: _measured(r, quantity.metric) for r in records if r["row"] == quantity.row}
        return {seed: value for seed, value in measured.items() if value is not None}

    return values


def _measured(record: dict, metric: str) -> float | None:
    """A metric of a run; NaN for the best epoch where it is only known not to be an earlier one."""
    return math.nan if metric == BEST_EPOCH and best_was_last(record) else record["metrics"].get(metric)
