"""A table specification as plain text, for a terminal."""

import textwrap
from collections.abc import Sequence
from typing import Final

from reports.tables.spec import Cell, Column, TableSpec

__all__ = ["to_text"]

_GAP: Final = "  "
_NOTE_WIDTH: Final = 80
_BOLD_NOTE: Final = "* stands for bold."
_UNDERLINE_NOTE: Final = "_ stands for underlined."


def to_text(table: TableSpec) -> str:
    """Write a table for a terminal, in aligned columns.

    Args:
        table: The table.

    Returns:
        Lines of text, without a line break at the end.
    """
    table = table.in_words()
    lines = [_line(cells) for cells in table.lines]
    by_column = [[line[i] for line in lines] for i in range(len(table.columns))]
    columns = [
        _Aligned(column, cells)
        for column, cells in zip(table.columns, by_column, strict=True)
    ]
    rule = "─" * (sum(one.width for one in columns) + len(_GAP) * (len(columns) - 1))
    heading = _GAP.join(one.heading() for one in columns).rstrip()
    written = [table.caption, rule, heading, rule]
    rows = iter(range(len(lines)))
    for section in table.sections:
        written += [section.heading] if section.heading else []
        for _ in section.lines:
            at = next(rows)
            written.append(_GAP.join(one.cell(at) for one in columns).rstrip())
    width = max(len(rule), _NOTE_WIDTH)
    notes = [*table.notes, *_signs(table)]
    notes = [textwrap.fill(note, width, subsequent_indent=_GAP) for note in notes]
    return "\n".join([*written, rule, *notes])


class _Aligned:
    """A column: texts to one side, and what stands beside them in line."""

    def __init__(self, column: Column, cells: Sequence[tuple[str, str]]) -> None:
        self._column = column
        self._cells = cells
        self._text = max((len(text) for text, _ in cells), default=0)
        self._beside = max((len(beside) for _, beside in cells), default=0)
        self.width = max(len(column.heading), self._inner)

    @property
    def _inner(self) -> int:
        return self._text + (1 + self._beside if self._beside else 0)

    def heading(self) -> str:
        return self._placed(self._column.heading)

    def cell(self, at: int) -> str:
        text, beside = self._cells[at]
        text = text.rjust(self._text) if self._column.is_number else text
        if self._beside:
            text = f"{text.ljust(self._text)} {beside.ljust(self._beside)}"
        return self._placed(text)

    def _placed(self, text: str) -> str:
        is_number = self._column.is_number
        return text.rjust(self.width) if is_number else text.ljust(self.width)


def _line(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    first, *others = cells
    return [
        (f"{_GAP}{first.full}", ""),
        *((_signed(one), one.beside) for one in others),
    ]


def _signed(cell: Cell) -> str:
    if cell.is_underlined:
        return f"_{cell.text}"
    return f"*{cell.text}" if cell.is_bold else cell.text


def _signs(table: TableSpec) -> list[str]:
    cells = [cell for line in table.lines for cell in line]
    return [
        *([_BOLD_NOTE] if any(cell.is_bold for cell in cells) else []),
        *([_UNDERLINE_NOTE] if any(cell.is_underlined for cell in cells) else []),
    ]
