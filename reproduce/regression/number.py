"""One number that is checked."""

from dataclasses import dataclass

Value = float | str | None
DIGEST = 64  # characters; shown by the first of them


@dataclass(frozen=True)
class Number:
    """A number, or a text such as a digest, and what it should be.

    Attributes:
        layer: which check this is: `reference`, `checkpoints` or `records`.
        subject: what the number belongs to, such as a run.
        name: of the number.
        expected, found: None where there is none.
        tolerance: largest difference that is none, on both sides; a gain counts as much as a loss.
        note: what the reader has to know.
    """

    layer: str
    subject: str
    name: str
    expected: Value
    found: Value
    tolerance: float = 0.0
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the number is what it should be; NaN never is."""
        if isinstance(self.expected, int | float) and isinstance(self.found, int | float):
            return abs(self.found - self.expected) <= self.tolerance
        return self.expected == self.found

    def __str__(self) -> str:
        band = f" within {self.tolerance:.3g}" if self.tolerance else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.subject}: {self.name} {_shown(self.found)}, expected {_shown(self.expected)}{band}{note}"


def _shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    text = "none" if value is None else str(value)
    return text if len(text) < DIGEST else f"{text[:12]}..."
