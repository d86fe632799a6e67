r"""A table specification as LaTeX that needs booktabs and array, in plain ASCII.

Every venue's template accepts both. Letters beyond ASCII become commands, so that
the file compiles whatever input encoding and font the template sets.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reports.tables.spec import Cell, TableSpec

__all__ = ["LatexForm", "escape", "to_latex"]

_SPECIAL: Final = {
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "[": "{[}",  # after a line break a bare one would be read as an option
    ":=": "$:=$",
    "±": r"$\pm$",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "²": "$^2$",
    "≈": r"$\approx$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "→": r"$\rightarrow$",
    "∞": r"$\infty$",
    "▼": r"$\downarrow$",
    "▲": r"$\uparrow$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "§": r"\S{}",
    "¶": r"\P{}",
    "—": "---",
    "–": "--",
    "…": r"\ldots{}",
    "\u2018": "`",
    "\u2019": "'",
    "“": "``",
    "”": "''",
    "ß": r"{\ss}",
    "ø": r"{\o}",
    "æ": r"{\ae}",
}
_ACCENTS: Final = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0308": '"',
    "\u030a": "r",
    "\u030c": "v",
    "\u0327": "c",
}
_CAPITALS: Final = frozenset(
    {"GAMMA", "DELTA", "THETA", "LAMDA", "XI", "PI", "SIGMA"}
    | {"UPSILON", "PHI", "PSI", "OMEGA"}
)


# Hooks of \\input would stand between its rows and a rule, where TeX allows nothing.
_INPUT: Final = (
    r"% Within a tabular: \csname @@input\endcsname FILE",
    r"% and not \input{FILE}, after which no rule may follow.",
)
_NUMBER: Final = re.compile(r"(?P<sign>[+−]?)(?P<whole>\d+)(?:\.(?P<part>\d+))?")
_SISETUP: Final = r"\sisetup{detect-weight, mode=text, retain-explicit-plus}"


def escape(text: str) -> str:
    """Write text so that LaTeX prints it.

    Args:
        text: Any text, on one line.

    Returns:
        ASCII; a character that has no command is given by its code point.
    """
    line = " ".join(text.split())
    return re.sub(":=|.", lambda match: _token(match[0]), line)


@dataclass(frozen=True, kw_only=True)
class LatexForm:
    r"""How much of a document is written, and with which packages.

    Attributes:
        is_fragment: Rows alone, for ``\input`` within a tabular of one's own.
        is_standalone: A whole document, which compiles as it is.
        has_siunitx: Numbers stand in S columns of siunitx.
    """

    is_fragment: bool = False
    is_standalone: bool = False
    has_siunitx: bool = False


def to_latex(table: TableSpec, label: str = "", form: LatexForm | None = None) -> str:
    r"""Write a table.

    Args:
        table: The table.
        label: What ``\ref`` calls it; empty is made from its name.
        form: How much of a document; None is a float.

    Returns:
        ASCII text with a line break at the end.
    """
    form = form or LatexForm()
    table = table.in_words()
    layout = _Layout(table, form)
    comments = _comments(table, layout)
    if form.is_fragment:
        return "\n".join([*comments, *_INPUT, *layout.rows(), ""])
    label = label or f"tab:{'-'.join(filter(None, [table.name, table.kind]))}"
    lines = [
        *comments,
        *_opening(form),
        r"\begin{table}[tbp]",
        r"\centering",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape(table.caption)}.}}",
        rf"\label{{{_label(label)}}}",
        rf"\begin{{tabular}}{{@{{}}{layout.alignment}@{{}}}}",
        r"\toprule",
        layout.heading(),
        r"\midrule",
        *layout.rows(),
        r"\bottomrule",
        r"\end{tabular}",
        *_notes(table),
        r"\end{table}",
        *([r"\end{document}"] if form.is_standalone else []),
    ]
    return "\n".join([*lines, ""])


class _Layout:
    """A table's columns in LaTeX: what stands beside a number is a column more."""

    def __init__(self, table: TableSpec, form: LatexForm) -> None:
        self._table = table
        self._form = form
        by_column = [[line[i] for line in table.lines] for i in range(self._n)]
        self._is_wide = [any(cell.beside for cell in cells) for cells in by_column]
        self._is_s = [
            form.has_siunitx and column.is_number and _are_numbers(cells)
            for column, cells in zip(table.columns, by_column, strict=True)
        ]
        self._parts = [self._alignment(i, cells) for i, cells in enumerate(by_column)]

    @property
    def _n(self) -> int:
        return len(self._table.columns)

    @property
    def alignment(self) -> str:
        """What tabular takes."""
        return "".join(self._parts)

    @property
    def packages(self) -> list[str]:
        """What the preamble has to load."""
        more = ["siunitx"] if any(self._is_s) else []
        return ["booktabs", *(["array"] if any(self._is_wide) else []), *more]

    def heading(self) -> str:
        """Write the row of headings.

        Returns:
            A line.
        """
        texts = []
        for i, column in enumerate(self._table.columns):
            text = escape(_shorter(column.heading, column.short))
            if self._is_wide[i]:
                text = rf"\multicolumn{{2}}{{l}}{{{text}}}"
            elif self._is_s[i]:
                text = f"{{{text}}}"
            texts.append(text)
        return _row(texts)

    def rows(self) -> list[str]:
        """Write the rows, under their headings.

        Returns:
            Lines.
        """
        width = self._n + sum(self._is_wide)
        lines = []
        for section in self._table.sections:
            lines += _heading(section.heading, width)
            for cells in section.lines:
                texts = [part for i in range(self._n) for part in self._cell(i, cells)]
                lines.append(_row(texts, indent=bool(section.heading)))
        return lines

    def _alignment(self, i: int, cells: Sequence[Cell]) -> str:
        main = "r" if self._table.columns[i].is_number else "l"
        if self._is_s[i]:
            main = f"S[{_format(cells)}]"
        return main + (r"@{\,}>{\scriptsize}l" if self._is_wide[i] else "")

    def _cell(self, i: int, cells: Sequence[Cell]) -> list[str]:
        cell = cells[i]
        text = _shorter(cell.text, cell.short)
        main = self._number(text, cell) if self._is_s[i] else _styled(text, cell)
        return [main, escape(cell.beside)] if self._is_wide[i] else [main]

    @staticmethod
    def _number(text: str, cell: Cell) -> str:
        if not _NUMBER.fullmatch(text):
            return f"{{{_styled(text, cell)}}}"
        if cell.is_underlined:
            return f"{{{_styled(text, cell)}}}"
        plain = text.replace("−", "-")
        return rf"\bfseries {plain}" if cell.is_bold else plain


def _comments(table: TableSpec, layout: _Layout) -> list[str]:
    source = table.source
    command = source.command or f"film report {table.name}"
    loads = " ".join(rf"\usepackage{{{name}}}" for name in layout.packages)
    lines = [f"% Made by: {_comment(command)}", f"% Needs: {loads}"]
    if layout.packages[-1] == "siunitx":
        lines.append(f"% and: {_SISETUP}")
    if source.trials:
        n = len(source.trials)
        lines.append(f"% Study {_comment(source.study)}, {n} runs: {source.digest}")
    lines.append(f"% Columns: {layout.alignment}")
    return lines


def _opening(form: LatexForm) -> list[str]:
    if not form.is_standalone:
        return []
    return [
        r"\documentclass{article}",
        r"\usepackage[margin=1in]{geometry}",
        r"\usepackage{booktabs}",
        r"\usepackage{array}",
        *([r"\usepackage{siunitx}", _SISETUP] if form.has_siunitx else []),
        r"\begin{document}",
    ]


def _notes(table: TableSpec) -> list[str]:
    notes = " ".join(escape(note) for note in (*table.notes, table.key) if note)
    return [rf"\par\medskip{{\raggedright {notes}\par}}"] if notes else []


# A label may hold what prints, but for what TeX reads itself.
def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9:.-]+", "-", text)


# A comment ends with its line, and holds no letters beyond ASCII.
def _comment(text: str) -> str:
    return escape(text) if not text.isascii() else " ".join(text.split())


def _are_numbers(cells: Sequence[Cell]) -> bool:
    return any(_NUMBER.fullmatch(cell.text) for cell in cells)


def _format(cells: Sequence[Cell]) -> str:
    numbers = [m for cell in cells if (m := _NUMBER.fullmatch(cell.text))]
    whole = max(len(number["whole"]) for number in numbers)
    part = max(len(number["part"] or "") for number in numbers)
    signs = {number["sign"] for number in numbers} - {""}
    sign = "+" if "+" in signs else "-" if signs else ""
    return (
        f"table-format={sign}{whole}.{part}"
        if part
        else (f"table-format={sign}{whole}")
    )


def _heading(text: str, n_columns: int) -> list[str]:
    if not text:
        return []
    span = rf"\multicolumn{{{n_columns}}}{{@{{}}l}}{{\itshape {escape(text)}}} \\"
    return [r"\addlinespace", span]


def _row(texts: Sequence[str], *, indent: bool = False) -> str:
    return ("\\quad " if indent else "") + " & ".join(texts) + r" \\"


def _styled(text: str, cell: Cell) -> str:
    written = escape(text)
    if cell.is_underlined and written:
        written = rf"\underline{{{written}}}"
    return rf"\textbf{{{written}}}" if cell.is_bold and written else written


def _shorter(text: str, short: str | None) -> str:
    return text if short is None else short


def _token(token: str) -> str:
    if token in _SPECIAL:
        return _SPECIAL[token]
    if token.isascii():
        return token
    return _greek(token) or _accented(token) or _code_point(token)


def _greek(letter: str) -> str:
    match unicodedata.name(letter, "").split():
        case ["GREEK", "SMALL", "LETTER", name] if name != "OMICRON":
            return rf"$\{name.replace('LAMDA', 'LAMBDA').lower()}$"
        case ["GREEK", "CAPITAL", "LETTER", name] if name in _CAPITALS:
            return rf"$\{name.replace('LAMDA', 'LAMBDA').capitalize()}$"
    return ""  # LaTeX takes the others from Latin


def _accented(character: str) -> str:
    letter, *marks = list(unicodedata.normalize("NFKD", character))
    if not letter.isascii() or len(marks) > 1 or not set(marks) <= set(_ACCENTS):
        return ""
    return rf"\{_ACCENTS[marks[0]]}{{{letter}}}" if marks else letter


def _code_point(character: str) -> str:
    return f"{{[}}U+{ord(character):04X}]"
