"""A table specification as HTML: a fragment for a page, or a page of its own.

The fragment needs the styles of ``table_style``, no script and nothing from elsewhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.tables.spec import Cell, Column, Drawing, TableSpec

__all__ = ["table_style", "to_html_document", "to_html_table"]

_TEMPLATES: Final = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
_WIDTH: Final = 120  # of a drawing, in pixels
_ARROW: Final = 7
_DOCUMENT: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 2rem auto; max-width: 68rem; padding: 0 1rem;
  font: 16px/1.5 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }}
.wide {{ overflow-x: auto; }}
{style}</style>
</head>
<body>
<div class="wide">
{table}</div>
</body>
</html>
"""


@dataclass(frozen=True)
class _Shown:
    heading: str
    is_number: bool
    is_wide: bool

    @property
    def classes(self) -> str:
        names = ["number" if self.is_number else "", "main" if self.is_wide else ""]
        return " ".join(filter(None, names))


def table_style() -> str:
    """Give the styles of tables, for light and for dark.

    Returns:
        CSS, which a page has once.
    """
    return _TEMPLATES.get_template("table.css").render()


def to_html_table(table: TableSpec) -> str:
    """Write a table as a fragment of HTML.

    Args:
        table: The table.

    Returns:
        A table element and its notes.
    """
    columns = [
        _shown(column, [line[i] for line in table.lines])
        for i, column in enumerate(table.columns)
    ]
    return _TEMPLATES.get_template("table.html").render(
        table=table,
        columns=columns,
        width=len(columns) + sum(column.is_wide for column in columns),
        draw=_drawn,
    )


def to_html_document(table: TableSpec) -> str:
    """Write a table as a page of its own.

    Args:
        table: The table.

    Returns:
        A whole HTML document, which needs nothing beside it.
    """
    return _DOCUMENT.format(
        title=Markup.escape(table.caption),
        style=table_style(),
        table=to_html_table(table),
    )


def _shown(column: Column, cells: Sequence[Cell]) -> _Shown:
    is_wide = any(cell.beside for cell in cells)
    return _Shown(column.heading, column.is_number, is_wide)


# Numbers stand in the table too: who cannot see the drawing misses nothing.
def _drawn(drawing: Drawing, kind: str) -> Markup:
    low, high = drawing.scale

    def x(value: float) -> float:
        return round(_WIDTH * (value - low) / (high - low), 1) + 0.0

    band = None
    if drawing.margin:
        left = x(max(-drawing.margin, low))
        band = left, round(x(min(drawing.margin, high)) - left, 1)
    is_seen = low <= drawing.value <= high
    line = None
    if is_seen and not math.isnan(drawing.lower):
        line = x(max(drawing.lower, low)), x(min(drawing.upper, high))
    return Markup(  # noqa: S704 - escaped by its own template
        _TEMPLATES.get_template("interval.svg")
        .render(
            width=_WIDTH,
            kind=kind,
            band=band,
            zero=x(0.0),
            line=line,
            dot=x(drawing.value) if is_seen else None,
            arrow="" if is_seen else _arrow(is_left=drawing.value < low),
        )
        .strip()
    )


def _arrow(*, is_left: bool) -> str:
    tip, foot = (0, _ARROW) if is_left else (_WIDTH, _WIDTH - _ARROW)
    return f"M{tip} 8 L{foot} 3.5 L{foot} 12.5 Z"
