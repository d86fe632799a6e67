"""One static page: no script, nothing from the network, nothing beside it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.tables.html import table_style, to_html_table
from reports.tables.spec import TableSpec

__all__ = ["Page", "Picture", "to_html"]

_TEMPLATES = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Picture:
    """A figure of a page.

    Attributes:
        heading: What stands above it.
        png: The figure itself.
        text: The same in words, for those who cannot see it.
        caption: How to read it; empty where the figure says so itself.
    """

    heading: str
    png: bytes
    text: str
    caption: str = ""

    @property
    def data(self) -> str:
        """The figure as text within the page."""
        return base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True)
class Page:
    """What the page of a study shows.

    Attributes:
        title: The study's name.
        question: What it asks.
        summary: How much was measured, in a sentence.
        table: The main table.
        pictures: Its figures.
        more_tables: Further tables by heading.
        facts: What was measured and how, name and value.
    """

    title: str
    question: str
    summary: str
    table: TableSpec
    pictures: Sequence[Picture]
    more_tables: Mapping[str, TableSpec]
    facts: Sequence[tuple[str, str]]


def to_html(page: Page) -> str:
    """Write the page.

    Args:
        page: What it shows.

    Returns:
        A whole HTML document.
    """
    tables = [page.table, *page.more_tables.values()]
    return _TEMPLATES.get_template("page.html").render(
        title=page.title,
        question=page.question,
        summary=page.summary,
        tables=[Markup(to_html_table(table)) for table in tables],  # noqa: S704 - escaped by its own template
        headings=list(page.more_tables),
        table_style=Markup(table_style()),  # noqa: S704 - our own file
        pictures=page.pictures,
        facts=page.facts,
    )
