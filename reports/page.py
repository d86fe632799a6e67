"""One static page: no script, nothing from the network, nothing beside it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.provenance import RunLine
from reports.tables.html import table_style, to_html_table
from reports.tables.spec import TableSpec

__all__ = ["Chapter", "Download", "Page", "Picture", "to_html"]

_TEMPLATES: Final = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TYPES: Final = {
    "csv": "text/csv",
    "json": "application/json",
    "md": "text/markdown",
    "pdf": "application/pdf",
    "tex": "application/x-tex",
}


@dataclass(frozen=True)
class Picture:
    """A figure of a page.

    Attributes:
        heading: What stands above it.
        svg: The figure itself.
        text: The same in words, for those who cannot see it.
        caption: How to read it; empty where the figure says so itself.
    """

    heading: str
    svg: bytes
    text: str
    caption: str = ""

    @property
    def address(self) -> str:
        """The figure as an address that holds it."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg).decode()}"


@dataclass(frozen=True)
class Download:
    """A file that the page holds.

    Attributes:
        name: Under which it is saved.
        content: What is in it.
    """

    name: str
    content: bytes

    @property
    def address(self) -> str:
        """The file as an address that holds it."""
        kind = _TYPES[self.name.rpartition(".")[2]]
        return f"data:{kind};base64,{base64.b64encode(self.content).decode()}"

    @property
    def size(self) -> str:
        """How large it is, in words."""
        return f"{max(1, round(len(self.content) / 1024)):,} KiB"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One kind of look at what the model learned.

    Attributes:
        heading: What stands above it.
        sentences: What was found, in words.
        pictures: Its figures.
        tables: Its tables.
    """

    heading: str
    sentences: Sequence[str]
    pictures: Sequence[Picture]
    tables: Sequence[TableSpec]


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the page of a study shows.

    Attributes:
        title: The study's name.
        question: What it asks.
        design: What it varies, in a sentence or two.
        summary: How much was measured, in a sentence.
        table: The main table.
        findings: What that says, in sentences.
        pictures: Figures, the main one first.
        more_tables: Further tables by heading.
        facts: How it was run, name and value.
        runs: Every run.
        downloads: Files that the page holds.
        learnt: What analyses of the runs found.
    """

    title: str
    question: str
    design: str
    summary: str
    table: TableSpec
    findings: Sequence[str]
    pictures: Sequence[Picture]
    more_tables: Mapping[str, TableSpec]
    facts: Sequence[tuple[str, str]]
    runs: Sequence[RunLine]
    downloads: Sequence[Download]
    learnt: Sequence[Chapter] = ()


def to_html(page: Page) -> str:
    """Write the page.

    Args:
        page: What it shows.

    Returns:
        A whole HTML document.
    """
    tables = {"": replace(page.table, notes=()), **page.more_tables}
    made = [(heading, Markup(to_html_table(one))) for heading, one in tables.items()]  # noqa: S704 - escaped by its own template
    return _TEMPLATES.get_template("page.html").render(
        page=page,
        table=made[0][1],
        more_tables=made[1:],
        chapters=[
            (one, [Markup(to_html_table(table)) for table in one.tables])  # noqa: S704 - as above
            for one in page.learnt
        ],
        table_style=Markup(table_style()),  # noqa: S704 - our own file
        is_on_server=any(run.page for run in page.runs),
        is_recorded=any(run.run_id for run in page.runs),
    )
