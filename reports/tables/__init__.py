"""Tables: one specification, from which every format is written."""

from reports.tables.accuracy import accuracy_table, decimals_for
from reports.tables.changes import change_table
from reports.tables.html import to_html_table
from reports.tables.latex import to_latex
from reports.tables.markdown import to_markdown
from reports.tables.marks import CONFOUND_MARK, VERDICT_MARKS
from reports.tables.spec import Cell, Column, Section, TableSpec
from reports.tables.text import to_text
from reports.tables.types import type_table

__all__ = [
    "CONFOUND_MARK",
    "VERDICT_MARKS",
    "Cell",
    "Column",
    "Section",
    "TableSpec",
    "accuracy_table",
    "change_table",
    "decimals_for",
    "to_html_table",
    "to_latex",
    "to_markdown",
    "to_text",
    "type_table",
]
