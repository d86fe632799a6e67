"""Every .tex is ASCII, balanced, has the same cells in every row, and compiles."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.material import Material
from reports.results import RunState
from reports.tables.forms import Format, write_table
from reports.tables.latex import LatexForm
from reports.tables.spec import TableSpec

Make = Callable[..., Material]
SPECIAL = {
    "1 block": (0.80, RunState.DIVERGED, 0.82),
    "2 blocks": (0.9,),
    "12 blocks": (0.95, 0.951, 0.952),
}
STEMS = ["table", "types", "pivot", "changes"]


@pytest.fixture(scope="module")
def tables(make_tables: Make) -> Material:
    return make_tables(SPECIAL, pivot=("row", "seed"), second_best=True)


def latex(table: TableSpec, **form: bool) -> str:
    return write_table(table, Format.LATEX, LatexForm(**form)).decode("ascii")


def cells_of(line: str) -> int:
    spans = [int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line)]
    return len(re.findall(r"(?<!\\)&", line)) + 1 + sum(spans)


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("has_siunitx", [False, True])
def test_rows_have_as_many_cells_as_there_are_columns(
    tables: Material, stem: str, *, has_siunitx: bool
) -> None:
    text = latex(tables.tables[stem], has_siunitx=has_siunitx)
    begun = re.findall(r"\\begin\{(\w+)\}", text)
    assert begun == re.findall(r"\\end\{(\w+)\}", text)[::-1] == ["table", "tabular"]
    (given,) = re.findall(r"\\begin\{tabular\}\{@\{\}(.*)@\{\}\}$", text, re.MULTILINE)
    plain = re.sub(r"@\{\\,\}>\{\\scriptsize\}|\[[^\]]*\]", "", given)
    assert re.fullmatch("[lrS]+", plain)
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert {cells_of(row) for row in rows} == {len(plain)}
    assert text.count("{") == text.count("}")


def test_numbers_are_plain_in_columns_of_siunitx(tables: Material) -> None:
    text = latex(tables.tables["table"], has_siunitx=True)
    assert "S[table-format=2.1]@{\\,}>{\\scriptsize}l" in text
    (row,) = [line for line in text.splitlines() if line.startswith(r"\quad 12 blocks")]
    assert r"& 3 & \bfseries 95.1 & $\pm$ 0.1 & +" in row
    assert "{2/3}" in text
    assert r"\sisetup{detect-weight" in text


def test_a_fragment_is_rows_alone(tables: Material) -> None:
    whole = latex(tables.tables["table"])
    part = latex(tables.tables["table"], is_fragment=True)
    rows = [line for line in part.splitlines() if not line.startswith("%")]
    assert "\n".join(rows) in whole
    assert "tabular}" not in part
    assert rows[0].startswith("baseline & 3 &")


def test_a_comment_says_what_is_needed_and_what_it_is_of(tables: Material) -> None:
    first, second, third, *_ = latex(tables.tables["table"]).splitlines()
    assert first == "% Made by: film report depth"
    assert second == r"% Needs: \usepackage{booktabs} \usepackage{array}"
    digest = tables.tables["table"].source.digest
    assert third == f"% Study depth, 25 runs: {digest}"


@pytest.mark.parametrize("stem", STEMS)
def test_no_negative_zero_stands_in_any_form(make_tables: Make, stem: str) -> None:
    same = {f"{n} blocks": (0.9, 0.91, 0.92) for n in (2, 3, 5, 6, 7, 8, 12)}
    same |= {"1 block": (0.9, 0.91, 0.92), "baseline": (0.9, 0.91, 0.92)}
    table = make_tables(same, pivot=("row", "seed")).tables[stem]
    for form in Format:
        if form is Format.PARQUET:
            continue
        text = write_table(table, form).decode()
        assert not re.search(r"(?:[−-]|\$-\$)0\.0+(?![\d.])", text), form


@pytest.mark.parametrize("has_siunitx", [False, True])
def test_standalone_documents_compile(
    tables: Material, tmp_path: Path, *, has_siunitx: bool
) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed (texlive-latex-recommended has all)")
    if has_siunitx and not _has("siunitx.sty"):
        pytest.skip("siunitx is not installed (texlive-science has it)")
    for stem, table in tables.tables.items():
        text = latex(table, is_standalone=True, has_siunitx=has_siunitx)
        (tmp_path / f"{stem}.tex").write_text(text, encoding="ascii")
        _compile(tmp_path, stem)


def test_a_fragment_compiles_within_a_tabular(tables: Material, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed (texlive-latex-recommended has all)")
    part = latex(tables.tables["table"], is_fragment=True)
    (tmp_path / "rows.tex").write_text(part, encoding="ascii")
    (columns,) = re.findall("^% Columns: (.*)$", part, re.MULTILINE)
    lines = [
        r"\documentclass{article}\usepackage{booktabs}\usepackage{array}",
        rf"\begin{{document}}\begin{{tabular}}{{{columns}}}\toprule",
        r"\csname @@input\endcsname rows.tex",
        r"\bottomrule\end{tabular}\end{document}",
    ]
    (tmp_path / "paper.tex").write_text("\n".join(lines), encoding="ascii")
    _compile(tmp_path, "paper")


def _has(file: str) -> bool:
    done = subprocess.run(["kpsewhich", file], capture_output=True, check=False)
    return done.returncode == 0


def _compile(folder: Path, stem: str) -> None:
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{stem}.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
