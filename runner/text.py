"""Text for a terminal: aligned columns, numbers with their nouns."""

from collections.abc import Sequence
from typing import Final
from unicodedata import combining, east_asian_width

__all__ = ["aligned", "count", "percent"]

_GAP: Final = "  "


def aligned(rows: Sequence[Sequence[str]], *, numbers_from: int | None = None) -> str:
    """Lay out rows in columns.

    Args:
        rows: Cells, as many in each row.
        numbers_from: The first column that is aligned to the right.

    Returns:
        Lines, without trailing blanks.
    """
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blanks = " " * (width - _width(cell))
            is_right = numbers_from is not None and number >= numbers_from
            cells.append(blanks + cell if is_right else cell + blanks)
        lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines)


def count(number: int, noun: str) -> str:
    """Write how many.

    Args:
        number: Of things.
        noun: What one of them is called.

    Returns:
        ``1 trial``, ``2 trials``.
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def percent(fraction: float | None) -> str:
    """Write an accuracy.

    Args:
        fraction: The accuracy; None where there is none.

    Returns:
        ``97.6 %``, or a dash.
    """
    return "–" if fraction is None else f"{100 * fraction:.1f} %"


def _width(text: str) -> int:
    return sum(
        0 if combining(sign) else 1 + (east_asian_width(sign) in "WF") for sign in text
    )
