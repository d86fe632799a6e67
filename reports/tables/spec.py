"""The model of a table, independent of the format it will be written in.

A specification holds text as people read it, in Unicode, and beside it the frame of
numbers that the text was made from, with what these were computed from. Text is never
parsed back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final

import pandas as pd

from reports.errors import ReportError
from reports.notes import Note
from reports.tables.source import Source

__all__ = [
    "Cell",
    "Column",
    "Drawing",
    "Section",
    "TableSpec",
    "drawing_scale",
    "grouped",
]

_BEYOND: Final = 0.06  # of what drawings show
_LEAST: Final = 0.01


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: What stands above it.
        is_number: Whether its cells stand to the right.
        short: The heading where the page is narrow.
        name: What it is called by who chooses columns.
        is_drawn: Whether it holds drawings, which text cannot show.
        is_extra: Whether it is left out unless it is asked for.
    """

    heading: str
    is_number: bool = False
    short: str | None = None
    name: str = ""
    is_drawn: bool = False
    is_extra: bool = False


@dataclass(frozen=True)
class Drawing:
    """An interval on the scale that all rows of a table share.

    Attributes:
        value: What was estimated.
        lower: Lower end of its interval.
        upper: Upper end.
        scale: Both ends of what is shown; zero and the margin lie between.
        margin: What would matter, on both sides of zero; 0 for none.
    """

    value: float
    lower: float
    upper: float
    scale: tuple[float, float]
    margin: float = 0.0


def drawing_scale(ends: Sequence[float]) -> tuple[float, float]:
    """Choose the scale that the drawings of a table share.

    Args:
        ends: Of all that they show, and 0.

    Returns:
        Both ends of the scale, a little beyond.
    """
    low, high = min(ends), max(ends)
    beyond = _BEYOND * (high - low) or _LEAST
    return low - beyond, high + beyond


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What stands in it.
        is_bold: Whether that is bold.
        short: The text where the page is narrow.
        beside: What stands behind it, smaller: a standard deviation.
        is_underlined: Whether the text is underlined.
        drawing: What is drawn in it, where drawings can be shown.
        kind: What is said of it, in one word: its colour, where there are colours.
    """

    text: str
    is_bold: bool = False
    short: str | None = None
    beside: str = ""
    is_underlined: bool = False
    drawing: Drawing | None = None
    kind: str = ""

    @property
    def full(self) -> str:
        """The text with what stands beside it."""
        return f"{self.text} {self.beside}".strip()


@dataclass(frozen=True)
class Section:
    """Rows under a common heading; an empty heading is not shown."""

    heading: str
    lines: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class TableSpec:
    """A table, independent of the format it will be written in.

    Attributes:
        name: The study.
        caption: What the table shows.
        columns: Its columns.
        sections: Its rows, in groups.
        notes: What is said under it.
        key: Explains the short texts.
        kind: Which table of the study it is, in one word.
        frame: Its numbers at full precision; accuracies are fractions.
        source: What they were computed from.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    key: str = ""
    kind: str = ""
    frame: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)
    source: Source = field(default_factory=Source)

    @property
    def lines(self) -> list[tuple[Cell, ...]]:
        """The rows of all sections."""
        return [cells for section in self.sections for cells in section.lines]

    def in_words(self) -> "TableSpec":
        """Leave out what only a drawing can show.

        Returns:
            The table, without columns of drawings.
        """
        kept = [i for i, column in enumerate(self.columns) if not column.is_drawn]
        return self._only(kept)

    def chosen(self, patterns: Sequence[str] = ()) -> "TableSpec":
        """Choose columns by their names.

        Args:
            patterns: Names, or patterns of names; none chooses what is shown unasked.

        Returns:
            The table, with its first column and those that are chosen, in the order
            of the patterns, and without what is said of others.

        Raises:
            ReportError: A pattern that fits no column.
        """
        if not patterns:
            kept = [i for i, column in enumerate(self.columns) if not column.is_extra]
            return self._only(kept)
        order = [0]
        for pattern in patterns:
            found = [
                i for i, c in enumerate(self.columns) if fnmatchcase(c.name, pattern)
            ]
            if not found:
                names = ", ".join(column.name for column in self.columns)
                msg = f"--columns {pattern}: no such column; there are {names}"
                raise ReportError(msg)
            order += [i for i in found if i not in order]
        shown = {self.columns[i].name for i in order}
        notes = tuple(note for note in self.notes if _is_about(note, shown))
        key = self.key if _is_about(self.key, shown) else ""
        return replace(self._only(order), notes=notes, key=key)

    def _only(self, kept: Sequence[int]) -> "TableSpec":
        sections = tuple(
            Section(
                s.heading, tuple(tuple(cells[i] for i in kept) for cells in s.lines)
            )
            for s in self.sections
        )
        columns = tuple(self.columns[i] for i in kept)
        return replace(self, columns=columns, sections=sections)


def _is_about(note: str, names: set[str]) -> bool:
    return not isinstance(note, Note) or not names.isdisjoint(note.about)


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
