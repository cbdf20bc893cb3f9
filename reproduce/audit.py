"""The published numbers against themselves: what each paper's own numbers say of one another, with the arithmetic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np

from reproduce.published import ABBAS, LI, MORELLI, PAPERS, find, published_numbers

_INTRODUCTION = """# The published numbers against one another

No run and no image is needed for this: each line takes numbers that a paper prints and asks whether they fit together,
to the printed digits or as loosely as the paper words it. A line that does not hold says that one of its numbers is
defined otherwise than it reads, or mistaken, or that the reading which the line tries is not the paper's; it does not
say which. `reproduce audit --markdown` writes this page.
"""


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        paper: as in the published numbers.
        question: what is checked.
        arithmetic: how, in numbers.
        holds: whether the numbers agree to the printed digits, or as loosely as the paper words it.
    """

    paper: str
    question: str
    arithmetic: str
    holds: bool


def audit() -> list[Check]:
    """All checks."""
    return [
        *_stated_gains(),
        *_one_system_in_two_tables(),
        *_accuracy_from_recalls(),
        _times_and_operations(),
        *_memory_of_readings(),
        *_dice_and_iou(),
        *_dice_of_both_classes(),
        _dice_of_all_pixels(),
        *_operations_and_parameters(),
        *_storage_and_parameters(),
        _encoder_blocks(),
        *_stated_ratios(),
        _one_error_in_two_places(),
    ]


def as_markdown(checks: Sequence[Check]) -> str:
    """A document with a table for each paper."""
    parts = [_INTRODUCTION]
    for paper in dict.fromkeys(check.paper for check in checks):
        parts.append(f"\n## {PAPERS[paper]}\n\n| question | arithmetic | holds |\n|---|---|---|\n")
        parts += [
            f"| {check.question} | {check.arithmetic} | {'yes' if check.holds else '**no**'} |\n"
            for check in checks
            if check.paper == paper
        ]
    return "".join(parts)


def _printed(paper: str, table: str, row: str, metric: str) -> Decimal:
    return Decimal(find(paper, (table,), row, metric).value)


def _rows(paper: str, table: str, metric: str) -> list[str]:
    return [number.row for number in published_numbers(paper) if (number.table, number.metric) == (table, metric)]


def _stated_gains() -> Iterator[Check]:
    for number in published_numbers(LI):
        if number.table == "text" and " - " in number.row:
            better, worse = (_printed(LI, "table2", row, number.metric) for row in number.row.split(" - "))
            yield Check(
                LI,
                f"gain of {number.metric.upper()}, {number.row}: text against Table 2",
                f"{better} - {worse} = {better - worse}; stated {number.value}",
                better - worse == Decimal(number.value),
            )


def _one_system_in_two_tables() -> Iterator[Check]:
    for metric in ("pa", "miou"):
        first, second = (_printed(LI, table, "U-Net", metric) for table in ("table1", "table2"))
        yield Check(
            LI,
            f"{metric.upper()} of the U-Net: Table 1 against Table 2",
            f"{first} and {second}: apart by {abs(first - second)}",
            first == second,
        )


_CLASSES = ("cpa_background", "cpa_red", "cpa_white")


def _recalls(table: str, row: str) -> list[float]:
    return [float(_printed(LI, table, row, metric)) for metric in _CLASSES]


def class_shares() -> np.ndarray:
    """Shares of background, red and white in the test set of Li et al., by least squares on the ten rows of Table 1."""
    rows = _rows(LI, "table1", "pa")
    accuracies = [float(_printed(LI, "table1", row, "pa")) for row in rows]
    return np.linalg.lstsq(np.array([_recalls("table1", row) for row in rows]), np.array(accuracies))[0]


def _accuracy_from_recalls() -> Iterator[Check]:
    shares = class_shares()
    for table, of_table in (("table1", "Table 1"), ("table2", "Table 2")):
        rows = _rows(LI, table, "pa")
        printed = np.array([float(_printed(LI, table, row, "pa")) for row in rows])
        expected = np.array([_recalls(table, row) for row in rows]) @ shares
        worst = int(np.abs(expected - printed).argmax())
        yield Check(
            LI,
            f"PA of {of_table} from its CPA, which are recalls weighted with the shares of the classes",
            f"shares {', '.join(f'{share:.4f}' for share in shares)} (background, red, white; fitted to Table 1); "
            f"farthest off: {rows[worst]}, {expected[worst]:.2f} for {printed[worst]:.2f}",
            bool(np.abs(expected - printed).max() < 0.01),
        )


def _times_and_operations() -> Check:
    times = [_printed(LI, "table1", f"ODE-UNet{position}", "seconds_20") for position in (9, 8, 7, 6, 5)]
    ratios = [float(deeper / shallower) for shallower, deeper in pairwise(times)]
    return Check(
        LI,
        "time for 20 images by position, 9 to 5, against operations: a 3x3 convolution costs the same at every level",
        f"{', '.join(map(str, times))} s: each level takes {', '.join(f'{ratio:.2f}' for ratio in ratios)} of the one "
        "above, as memory does",
        all(ratio > 0.9 for ratio in ratios),
    )


_WIDTHS = {1: 32, 2: 64, 3: 128, 4: 256, 5: 512, 6: 256, 7: 128, 8: 64, 9: 32}
_U_NET = 7_760_163  # of half width, with 2x2 convolutions after upsampling
_RESIDUAL = {2: 3, 3: 4, 4: 6, 5: 3}  # residual blocks of D-LinkNet's encoder, by stage


def _ode_block(width: int) -> int:
    return 2 * (9 * (width + 1) * width + width)


def _residual_block(width: int) -> int:
    return 2 * (9 * width * width + width)


def _memory_of_readings() -> Iterator[Check]:
    printed = _printed(LI, "text", "NODEs-UNet / ResNet", "parameter_bytes")
    resnet = _U_NET + sum(number * _residual_block(_WIDTHS[stage]) for stage, number in _RESIDUAL.items())
    for positions in ((4, 5, 6), (3, 4, 5)):
        nodes = _U_NET + sum(_ode_block(_WIDTHS[position]) for position in positions)
        share = 100 * nodes / resnet
        yield Check(
            LI,
            f"parameter memory of NODEs-UNet to ResNet's, ODE-blocks added at positions {positions}",
            f"{nodes:,} of {resnet:,} parameters are {share:.1f} %; stated {printed} %",
            round(share) == int(printed),
        )


def _dice_and_iou() -> Iterator[Check]:
    for row in _rows(ABBAS, "table4", "iou"):
        iou, dice = _iou_and_dice(row)
        most = _most_dice(iou)
        yield Check(
            ABBAS,
            f"Dice and IoU of {row}, both with a threshold or both soft, pooled or means of images or batches",
            f"Dice is at most 2 x {iou:g} / (100 + {iou:g}) = {most:.2f} %; printed {dice:g}",
            dice <= most + 0.005,
        )


_BEYOND = ("U-Net without AU", "U-Net with AU", "LinkNet with AU")  # rows whose Dice is beyond their IoU


def _dice_of_both_classes() -> Iterator[Check]:
    for row in _BEYOND:
        iou, dice = _iou_and_dice(row)
        most = _most_dice(iou)
        yield Check(
            ABBAS,
            f"Dice of {row} as the mean over cells and background, beside the IoU of cells",
            f"cells have at most {most:.2f} %, so that the background has at least 2 x {dice:g} - {most:.2f} = "
            f"{2 * dice - most:.2f} %",
            2 * dice - most <= 100,
        )


def _dice_of_all_pixels() -> Check:
    share, wrong = {}, {}
    for row in _BEYOND:
        iou, dice = _iou_and_dice(row)
        share[row], wrong[row] = 100 * (100 - dice) / (100 - iou), 100 - dice
    return Check(
        ABBAS,
        "Dice of three rows pooled over cells and background, which is PA, and pooled IoU of cells, on one test set",
        "pixels of cells in truth or prediction are (100 - PA) / (1 - IoU), and true cells at most 100 - PA less: "
        + ", ".join(f"{row} {share[row] - wrong[row]:.1f} to {share[row]:.1f} %" for row in _BEYOND),
        max(share[row] - wrong[row] for row in _BEYOND) <= min(share.values()),
    )


def _iou_and_dice(row: str) -> tuple[float, float]:
    return tuple(float(_printed(ABBAS, "table4", row, metric)) for metric in ("iou", "dice"))


def _most_dice(iou: float) -> float:
    return 200 * iou / (100 + iou)


def _operations_and_parameters() -> Iterator[Check]:
    for row in _rows(ABBAS, "table3", "flops"):
        flops, parameters = (_printed(ABBAS, "table3", row, metric) for metric in ("flops", "parameters"))
        ratio = float(flops / parameters)
        yield Check(
            ABBAS,
            f"FLOPs of {row}: every weight of a convolution is used at every pixel of its output",
            f"{flops} million are {ratio:.2f} for each of {parameters} million parameters; 2 would be one pixel's",
            ratio > 100,
        )


def _storage_and_parameters() -> Iterator[Check]:
    for row in _rows(ABBAS, "table3", "storage"):
        storage, parameters = (_printed(ABBAS, "table3", row, metric) for metric in ("storage", "parameters"))
        size = float(storage / parameters)
        yield Check(
            ABBAS,
            f"storage of {row}: 4 bytes a parameter",
            f"{storage} MB are {size:.1f} bytes for each of {parameters} million parameters: "
            "12 with Adam's two moments",
            3.9 < size < 4.4,
        )


def _encoder_blocks() -> Check:
    blocks = [int(_printed(ABBAS, "table2", str(stage), "layers")) for stage in range(2, 9)]
    real = (1, 2, 2, 3, 3, 4, 1)
    return Check(
        ABBAS,
        "MBConv blocks of Table 2 against EfficientNet-B0 (Tan & Le 2019, Table 1)",
        f"{' + '.join(map(str, blocks))} = {sum(blocks)}; "
        f"EfficientNet-B0 has {' + '.join(map(str, real))} = {sum(real)}",
        sum(blocks) == sum(real),
    )


def _stated_ratios() -> Iterator[Check]:
    plain, unet, linknet = (
        _printed(ABBAS, "table3", f"{row} AU", "parameters") for row in ("U-Net without", "U-Net with", "LinkNet with")
    )
    times = _printed(ABBAS, "text", "U-Net without AU / LinkNet with AU", "parameters")
    yield Check(
        ABBAS,
        f"`about {times} times` fewer parameters than U-Net without AU",
        f"{plain} / {linknet} = {float(plain / linknet):.2f}",
        round(plain / linknet) == times,
    )
    fewer = _printed(ABBAS, "text", "LinkNet with AU / U-Net with AU", "parameters_fewer")
    share = 100 * (1 - float(linknet / unet))
    yield Check(
        ABBAS,
        f"`about {fewer} %` fewer parameters than U-Net with AU",
        f"1 - {linknet} / {unet} = {share:.1f} %",
        round(share) == int(fewer),
    )


def _one_error_in_two_places() -> Check:
    table, abstract = (_printed(MORELLI, place, "c-ResUnet", "mae") for place in ("table1", "text"))
    return Check(
        MORELLI,
        "mean absolute error: Table 1 against the abstract",
        f"{table} and {abstract}: the first rounds to 0.9 or, cut off, is 0.8",
        table == abstract,
    )
