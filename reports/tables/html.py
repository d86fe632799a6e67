"""A table specification as a fragment of HTML, for a page that has its styles."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.tables.spec import TableSpec

__all__ = ["to_html_table"]

_TEMPLATES: Final = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


def to_html_table(table: TableSpec) -> str:
    """Write a table as a fragment of HTML.

    Args:
        table: The table.

    Returns:
        A table element and its notes.
    """
    return _TEMPLATES.get_template("table.html").render(table=table)
