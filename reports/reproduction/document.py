"""A reproduction as a document: in words, tables, a figure, and every number."""

import base64
import json
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.figures.of_study import Drawing
from reports.results import records
from reports.tables.html import table_style, to_html_table
from reports.tables.markdown import to_markdown
from reports.tables.spec import TableSpec
from reports.tables.text import to_text

__all__ = ["Document", "Form", "image_within", "write_document"]

_SCHEMA: Final = "film-reproduction/1"
_WIDTH: Final = 100  # of a terminal's lines
_TEMPLATES: Final = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


class Form(StrEnum):
    """A form of the document, by the ending of its file."""

    TEXT = "text"
    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"


@dataclass(frozen=True, eq=False)
class Document:
    """What was found.

    Attributes:
        title: What it is about.
        paragraphs: What was found, in words.
        tables: By heading.
        command: What makes it again.
        drawing: Of it; None where there is nothing to draw.
        head: What a program has to know beside the tables.
    """

    title: str
    paragraphs: tuple[str, ...]
    tables: Mapping[str, TableSpec]
    command: str
    drawing: Drawing | None = None
    head: Mapping[str, Any] = field(default_factory=dict)


def write_document(document: Document, form: Form, image: str = "") -> str:
    """Write the document.

    Args:
        document: The document.
        form: In which form.
        image: Where its figure is, for a page to show it: an address relative to the
            page, or the bytes of a PNG as a ``data:`` address.

    Returns:
        The content of a file, with a line break at the end.
    """
    match form:
        case Form.TEXT:
            return _text(document)
        case Form.MARKDOWN:
            return _markdown(document, image)
        case Form.HTML:
            return _html(document, image)
        case Form.JSON:
            return _json(document)


def image_within(path: Path) -> str:
    """Take a figure into a page.

    Args:
        path: A PNG file.

    Returns:
        Its bytes as an address.
    """
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _text(document: Document) -> str:
    said = [textwrap.fill(one, _WIDTH) for one in document.paragraphs]
    parts = [document.title, *said]
    parts += [to_text(table) for table in document.tables.values()]
    return "\n\n".join(parts) + "\n"


def _markdown(document: Document, image: str) -> str:
    parts = [f"# {document.title}", *document.paragraphs]
    parts += _figure(document.drawing, image) if document.drawing and image else []
    for heading, table in document.tables.items():
        parts += [f"## {heading}", to_markdown(table).rstrip("\n")]
    parts.append(f"Made by `{document.command}`.")
    return "\n\n".join(parts) + "\n"


def _figure(drawing: Drawing, image: str) -> list[str]:
    words = drawing.words.replace("[", "(").replace("]", ")")
    return [f"![{words}]({image})", *([drawing.caption] if drawing.caption else [])]


def _html(document: Document, image: str) -> str:
    tables = {
        heading: Markup(to_html_table(table))  # noqa: S704 - escaped by its own template
        for heading, table in document.tables.items()
    }
    return _TEMPLATES.get_template("reproduction.html").render(
        document=document,
        tables=tables,
        style=Markup(table_style()),  # noqa: S704 - our own
        image=image,
    )


def _json(document: Document) -> str:
    content = {
        "schema": _SCHEMA,
        "title": document.title,
        "units": "accuracies and differences are fractions; intervals are 95 %",
        "findings": list(document.paragraphs),
        **{name: _plain(value) for name, value in document.head.items()},
        **{
            table.kind: [_plain(row) for row in records(table.frame)]
            for table in document.tables.values()
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a frame holds
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return str(value) if isinstance(value, StrEnum) else value
