"""A table specification as GitHub's Markdown."""

import re
from collections.abc import Sequence
from typing import Final

from reports.tables.spec import Cell, TableSpec

__all__ = ["to_markdown"]

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|&#~])")


def to_markdown(table: TableSpec) -> str:
    """Write a table in GitHub's Markdown.

    Args:
        table: The table.

    Returns:
        A caption, the table and its notes, with a line break at the end.
    """
    table = table.in_words()
    rules = ["---:" if column.is_number else ":---" for column in table.columns]
    lines = [
        f"**{_escaped(table.caption)}**",
        "",
        _row([_escaped(column.heading) for column in table.columns]),
        _row(rules),
    ]
    for section in table.sections:
        if section.heading:
            empty = [""] * (len(table.columns) - 1)
            lines.append(_row([f"**{_escaped(section.heading)}**", *empty]))
        indent = "&emsp;" if section.heading else ""
        for first, *others in section.lines:
            lines.append(_row([indent + _marked(first), *map(_marked, others)]))
    notes = [f"- {_escaped(note)}" for note in table.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes, ""])


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _marked(cell: Cell) -> str:
    text = _escaped(cell.text)
    if cell.is_bold and text:
        text = f"**{text}**"
    if cell.is_underlined and text:
        text = f"<ins>{text}</ins>"
    return f"{text} {_escaped(cell.beside)}".strip()


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
