"""Tables of papers as the suite knows them: rows, metrics, recipe, presets, and where the published numbers stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nodes_unet.errors import InputError
from reproduce.recipe import Recipe, override

DATA, SIZE, TIME, NFE = "data", "size", "time", "nfe"


@dataclass(frozen=True)
class Row:
    """One system of a table.

    Attributes:
        name: as printed in the paper, without hyphenation.
        network: name in `nodes_unet.models`; empty for a system that cannot be run.
        arguments: the network's own, beyond what the recipe sets.
        changes: what the row changes in the recipe.
        published: the row's name in the published numbers, where it differs.
        not_run: why a row without a network cannot be run.
        by_name_in: presets under which the row is run only where it is named: it takes long there, or repeats another.
    """

    name: str
    network: str = ""
    arguments: Mapping = field(default_factory=dict)
    changes: Recipe = field(default_factory=dict)
    published: str | None = None
    not_run: str = ""
    by_name_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metric:
    """One column of a table.

    Attributes:
        name: in run records, protocol included, such as `miou.pooled`.
        title: column heading with the unit.
        depends_on: `data` (a quality on test images), `size` (a number that needs no data), `time` or `nfe`.
        published: the metric's name in the published numbers, where the paper has it.
        scale: factor from record to heading's unit (100 for per cent).
        digits: decimals shown.
        relative_to: the row by whose mean the values are divided.
        margin: of a quality, the largest difference from the published number that does not matter, in the heading's
            unit; the published number is one training's, and trainings differ.
        margin_reason: why so much.
        step: of what is chosen from a list, the difference between neighbours in `smoke`: runs that chose differently
            are at least so far apart, also where all of the reference chose alike.
    """

    name: str
    title: str
    depends_on: str = DATA
    published: str | None = None
    scale: float = 1
    digits: int = 2
    relative_to: str | None = None
    margin: float | None = None
    margin_reason: str = ""
    step: float = 0

    @property
    def label(self) -> str:
        """What tells the column from the others in files."""
        return f"{self.name}/{self.relative_to}" if self.relative_to else self.name


@dataclass(frozen=True)
class Table:
    """A table of a paper.

    Attributes:
        id: as the command line names it.
        title: what it is, in one line.
        paper, published: file and tables of the published numbers; none where the paper only says it in words.
        classes: class names in the order of the mask's values; empty for the background and one class of any name.
        rows, metrics: in the paper's order.
        recipe: as published.
        presets: by name, what each changes in the recipe; `paper` changes nothing.
        figure: name of the drawing function in `reproduce.figures.tables`.
        pairs: names of rows that are compared image by image, first minus second.
        per_image: columns of `per_image.csv` that are compared so, with their titles.
        ranked_by: the column of `per_image.csv` by which example images are chosen.
        artefact_rows: names of rows that are drawn side by side in images with artefacts.
        drawn: metrics of the figure `by_row`.
        notes: what a reader of the table has to know.
        synthetic: which synthetic images stand in where no dataset is named, of `nodes_unet.data.synthetic.SOURCES`.
        task: what is done with a row, a module of `reproduce.tasks`.
    """

    id: str
    title: str
    paper: str
    published: tuple[str, ...]
    classes: tuple[str, ...]
    rows: Sequence[Row]
    metrics: Sequence[Metric]
    recipe: Recipe
    presets: Mapping[str, Recipe]
    figure: str
    pairs: Sequence[tuple[str, str]] = ()
    per_image: Mapping[str, str] = field(default_factory=lambda: {"pa": "PA", "miou": "MIoU"})
    ranked_by: str = "miou"
    artefact_rows: tuple[str, ...] = ()
    drawn: Sequence[str] = ("miou.pooled", "seconds_20.batch1", "nfe")
    notes: Sequence[str] = ()
    synthetic: str = "smears"
    task: str = "segmentation"

    @property
    def needs_data(self) -> bool:
        """Whether rows see images."""
        return self.task not in ("sizes", "stages")

    @property
    def rows_in_pairs(self) -> list[str]:
        """Names of the rows that are compared image by image, in the order of the table."""
        return [row.name for row in self.rows if any(row.name in pair for pair in self.pairs)]

    def runnable(self, preset: str) -> list[Row]:
        """The rows that are run under a preset where none are named."""
        return [row for row in self.rows if row.network and preset not in row.by_name_in]

    def row(self, name: str) -> Row:
        """The row of a name, or else of a printed one.

        Raises:
            InputError: there is none, or it cannot be run.
        """
        printed = {row.published.lower(): row for row in self.rows if row.published}
        row = (printed | {row.name.lower(): row for row in self.rows}).get(name.lower())
        if row is None:
            raise InputError(f"{self.id} has no row {name!r}: choose from {', '.join(row.name for row in self.rows)}")
        if not row.network:
            raise InputError(f"{self.id}, row {row.name}, cannot be run: {row.not_run}")
        return row

    def settings(self, preset: str, row: Row | None = None) -> Recipe:
        """The recipe under a preset, for one row or for the table.

        Raises:
            InputError: the preset is unknown.
        """
        if preset not in self.presets:
            raise InputError(f"{self.id} has no preset {preset!r}: choose from {', '.join(self.presets)}")
        return override(self.recipe, self.presets[preset], row.changes if row else {})
