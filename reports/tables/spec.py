"""The model of a table, independent of the format it will be written in.

A specification holds text as people read it, in Unicode. Its numbers are written
beside it at full precision; the text is never parsed back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Column", "Section", "TableSpec", "grouped"]


@dataclass(frozen=True)
class Column:
    """A column: its heading, and whether its cells stand to the right."""

    heading: str
    is_number: bool = False
    short: str | None = None  # the heading where the page is narrow


@dataclass(frozen=True)
class Cell:
    """A cell's text."""

    text: str
    is_bold: bool = False
    short: str | None = None  # the text where the page is narrow


@dataclass(frozen=True)
class Section:
    """Rows under a common heading; an empty heading is not shown."""

    heading: str
    lines: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class TableSpec:
    """A table, independent of the format it will be written in."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    key: str = ""  # explains the short texts


def grouped(lines: Sequence[tuple[str, tuple[Cell, ...]]]) -> tuple[Section, ...]:
    """Put lines of the same group under one heading.

    Args:
        lines: Each with the group that it is in, which may be empty.

    Returns:
        Groups in the order of their first lines.
    """
    headings = dict.fromkeys(group for group, _ in lines)
    return tuple(
        Section(heading, tuple(cells for group, cells in lines if group == heading))
        for heading in headings
    )
