r"""A table specification as LaTeX that needs booktabs alone, in plain ASCII.

Every venue's template accepts booktabs. Letters beyond ASCII become commands, so that
the file compiles whatever input encoding and font the template sets.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from reports.tables.spec import Cell, TableSpec

__all__ = ["escape", "to_latex"]

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


def escape(text: str) -> str:
    """Write text so that LaTeX prints it.

    Args:
        text: Any text, on one line.

    Returns:
        ASCII; a character that has no command is given by its code point.
    """
    line = " ".join(text.split())
    return re.sub(":=|.", lambda match: _token(match[0]), line)


def to_latex(table: TableSpec, label: str) -> str:
    r"""Write a table as a floating environment.

    Args:
        table: The table.
        label: What ``\ref`` calls it.

    Returns:
        ASCII text with a line break at the end.
    """
    alignment = "".join("r" if column.is_number else "l" for column in table.columns)
    lines = [
        rf"% Made by `film report {table.name}`. Needs \usepackage{{booktabs}}.",
        r"\begin{table}[tbp]",
        r"\centering",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape(table.caption)}.}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{@{{}}{alignment}@{{}}}}",
        r"\toprule",
        _row([escape(_shorter(c.heading, c.short)) for c in table.columns]),
        r"\midrule",
    ]
    for section in table.sections:
        lines += _heading(section.heading, len(table.columns))
        lines += [
            _row([_cell(cell) for cell in cells], indent=bool(section.heading))
            for cells in section.lines
        ]
    lines += [r"\bottomrule", r"\end{tabular}"]
    notes = " ".join(escape(note) for note in (*table.notes, table.key) if note)
    if notes:
        lines += [rf"\par\medskip{{\raggedright {notes}\par}}"]
    return "\n".join([*lines, r"\end{table}", ""])


def _heading(text: str, n_columns: int) -> list[str]:
    if not text:
        return []
    span = rf"\multicolumn{{{n_columns}}}{{@{{}}l}}{{\itshape {escape(text)}}} \\"
    return [r"\addlinespace", span]


def _row(texts: Sequence[str], *, indent: bool = False) -> str:
    return ("\\quad " if indent else "") + " & ".join(texts) + r" \\"


def _cell(cell: Cell) -> str:
    text = escape(_shorter(cell.text, cell.short))
    return rf"\textbf{{{text}}}" if cell.is_bold else text


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
