"""A table specification as GitHub's Markdown."""

import re
from collections.abc import Sequence

from reports.tables.spec import Cell, TableSpec

__all__ = ["to_markdown"]

_SPECIAL = re.compile(r"([\\`*_\[\]<>|&#~])")


def to_markdown(table: TableSpec) -> str:
    """Write a table in GitHub's Markdown.

    Args:
        table: The table.

    Returns:
        A caption, the table and its notes, with a line break at the end.
    """
    n_empty = len(table.columns) - 1
    rules = ["---:" if column.is_number else ":---" for column in table.columns]
    lines = [
        f"**{_escaped(table.caption)}**",
        "",
        _markdown_row([_escaped(column.heading) for column in table.columns]),
        _markdown_row(rules),
    ]
    for section in table.sections:
        if section.heading:
            lines.append(
                _markdown_row([f"**{_escaped(section.heading)}**", *[""] * n_empty])
            )
        indent = "&emsp;" if section.heading else ""
        for first, *others in section.lines:
            texts = [indent + _marked(first), *map(_marked, others)]
            lines.append(_markdown_row(texts))
    notes = [f"- {_escaped(note)}" for note in table.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes, ""])


def _markdown_row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _marked(cell: Cell) -> str:
    return f"**{_escaped(cell.text)}**" if cell.is_bold else _escaped(cell.text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
