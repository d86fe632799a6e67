"""Every form in which a table can be written."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from reports.errors import ReportError
from reports.tables.data import to_csv, to_json, to_parquet
from reports.tables.html import to_html_document
from reports.tables.latex import LatexForm, to_latex
from reports.tables.markdown import to_markdown
from reports.tables.spec import TableSpec
from reports.tables.text import to_text

__all__ = ["Format", "format_of", "write_table"]


class Format(StrEnum):
    """A form of a table, by the ending of its file."""

    TEXT = "text"
    MARKDOWN = "md"
    LATEX = "latex"
    HTML = "html"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


_ENDINGS = {"txt": Format.TEXT, "tex": Format.LATEX}


def format_of(ending: str) -> Format | None:
    """Tell a format by the ending of a file.

    Args:
        ending: With or without its point.

    Returns:
        The format; None where the ending is no table's.
    """
    bare = ending.lower().removeprefix(".")
    return _ENDINGS.get(bare) or next((one for one in Format if one == bare), None)


def write_table(
    table: TableSpec, form: Format, latex: LatexForm | None = None
) -> bytes:
    """Write a table.

    Args:
        table: The table.
        form: In which form.
        latex: How much of a document, in LaTeX.

    Returns:
        The content of a file.

    Raises:
        ReportError: LaTeX's options with another form.
    """
    if latex is not None and form is not Format.LATEX:
        msg = "--fragment, --standalone and --siunitx are for --format latex"
        raise ReportError(msg)
    if form is Format.LATEX:
        return to_latex(table, form=latex).encode("ascii")
    return _WRITERS[form](table)


def _page(table: TableSpec) -> bytes:
    return to_html_document(table).encode()


def _terminal(table: TableSpec) -> bytes:
    return f"{to_text(table)}\n".encode()


_WRITERS: Final[Mapping[Format, Callable[[TableSpec], bytes]]] = {
    Format.TEXT: _terminal,
    Format.MARKDOWN: lambda table: to_markdown(table).encode(),
    Format.HTML: _page,
    Format.CSV: lambda table: to_csv(table).encode(),
    Format.JSON: lambda table: to_json(table).encode(),
    Format.PARQUET: to_parquet,
}
