"""One table, written for a terminal, for Markdown, for LaTeX and for a page."""

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from reports.tables.html import to_html_table
from reports.tables.latex import escape, to_latex
from reports.tables.markdown import to_markdown
from reports.tables.spec import Cell, Column, Section, TableSpec
from reports.tables.text import to_text


@pytest.fixture
def table() -> TableSpec:
    columns = (
        Column("Variation"),
        Column("Accuracy (%)", is_number=True),
        Column("95 % interval"),
    )
    line = Cell("β := 0"), Cell("96.9 ± 0.3", is_bold=True), Cell("[−0.9, 0.0]")
    odd = Cell("a_b & <i>c</i> | 50% #1 {x} ~^\\ $5$ é Ж"), Cell("1.0"), Cell("")
    baseline = Cell("baseline"), Cell("97.4"), Cell("")
    return TableSpec(
        "odd-study",
        "Validation accuracy: odd-study",
        columns,
        (Section("", (baseline,)), Section("Restricted γ or β", (line, odd))),
        ("Brackets: Δ × 1, ≈ ±0.5 points — † or ‡.",),
    )


def test_text_is_aligned(table: TableSpec) -> None:
    lines = to_text(table).splitlines()
    rule, baseline, row = lines[1], lines[4], lines[6]
    assert set(rule) == {"─"}
    assert baseline.index("97.4") + len("97.4") == row.index("± 0.3") + len("± 0.3")
    assert "*96.9 ± 0.3" in row
    assert all(line == line.rstrip() for line in lines)


def test_markdown_has_as_many_cells_in_every_row(table: TableSpec) -> None:
    rows = [line for line in to_markdown(table).splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert "| &emsp;β := 0 | **96.9 ± 0.3** |" in rows[4]
    assert "\\<i\\>" in rows[5]


def test_latex_is_ascii_with_balanced_environments(table: TableSpec) -> None:
    text = to_latex(table, "tab:odd")
    assert text.isascii()
    begun = re.findall(r"\\begin\{(\w+)\}", text)
    ended = re.findall(r"\\end\{(\w+)\}", text)
    assert begun == ended[::-1] == ["table", "tabular"]
    body = text[text.index("\\toprule") : text.index("\\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    cells = [len(re.findall(r"(?<!\\)&", r)) for r in rows if "multicolumn" not in r]
    assert cells == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("γ := σ(γ)", r"$\gamma$ $:=$ $\sigma$($\gamma$)"),
        ("1×1 conv", r"1$\times$1 conv"),
        ("−1.2 ± 0.3", r"$-$1.2 $\pm$ 0.3"),
        ("50% of a_b", r"50\% of a\_b"),
        ("é, ç, Å", r"\'{e}, \c{c}, \r{A}"),
        ("Λ λ Δ", r"$\Lambda$ $\lambda$ $\Delta$"),
        ("two\nlines", "two lines"),
        ("Ж", "{[}U+0416]"),
    ],
)
def test_latex_spells_what_ascii_cannot(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_latex_compiles(table: TableSpec, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed (texlive-latex-recommended has all)")
    document = "\n".join(
        [
            r"\documentclass{article}",
            r"\usepackage{booktabs}",
            r"\begin{document}",
            to_latex(table, "tab:odd"),
            r"\end{document}",
        ]
    )
    (tmp_path / "table.tex").write_text(document, encoding="ascii")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_html_escapes_labels_and_keeps_the_cells(table: TableSpec) -> None:
    tree = ET.fromstring(f"<div>{to_html_table(table)}</div>")  # noqa: S314 - our own
    rows = [row for row in tree.iter("tr") if row.get("class") != "group"]
    assert [len(list(row)) for row in rows] == [3, 3, 3, 3]
    assert [bold.text for bold in tree.iter("strong")] == ["96.9 ± 0.3"]
    assert next(tree.iter("i"), None) is None
    assert "a_b & <i>c</i> | 50%" in "".join(tree.itertext())
