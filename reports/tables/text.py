"""A table specification as plain text, for a terminal."""

import textwrap
from collections.abc import Sequence

from reports.tables.spec import Cell, Column, TableSpec

__all__ = ["to_text"]

_GAP = "  "
_NOTE_WIDTH = 80
_BOLD_NOTE = "* stands for bold."


def to_text(table: TableSpec) -> str:
    """Write a table for a terminal, in aligned columns.

    Args:
        table: The table.

    Returns:
        Lines of text, without a line break at the end.
    """
    rows = [cells for section in table.sections for cells in section.lines]
    shown = [[f"{_GAP}{first.text}", *map(_starred, others)] for first, *others in rows]
    headings = [column.heading for column in table.columns]
    widths = [max(map(len, column)) for column in zip(headings, *shown, strict=True)]
    rule = "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    lines = [table.caption, rule, _aligned(headings, widths, table.columns), rule]
    texts = iter(shown)
    for section in table.sections:
        lines += [section.heading] if section.heading else []
        for _ in section.lines:
            lines.append(_aligned(next(texts), widths, table.columns))
    width = max(len(rule), _NOTE_WIDTH)
    has_bold = any(cell.is_bold for cells in rows for cell in cells)
    notes = [*table.notes, *([_BOLD_NOTE] if has_bold else [])]
    notes = [textwrap.fill(note, width, subsequent_indent=_GAP) for note in notes]
    return "\n".join([*lines, rule, *notes])


def _aligned(
    texts: Sequence[str], widths: Sequence[int], columns: Sequence[Column]
) -> str:
    padded = [
        text.rjust(width) if column.is_number else text.ljust(width)
        for text, width, column in zip(texts, widths, columns, strict=True)
    ]
    return _GAP.join(padded).rstrip()


def _starred(cell: Cell) -> str:
    return f"*{cell.text}" if cell.is_bold else cell.text
