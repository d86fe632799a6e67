"""A table says of every row what its number of runs allows, and no more."""

from collections.abc import Callable

import pytest

from reports.errors import ReportError
from reports.material import Material
from reports.results import RunState
from reports.statistics import Verdict
from reports.tables import VERDICT_MARKS, TableSpec, to_text
from reports.tables.latex import escape
from reports.tables.spec import Cell

Make = Callable[..., Material]


def cell(table: TableSpec, row: str, column: str) -> Cell:
    at = [one.name for one in table.columns].index(column)
    return next(cells[at] for cells in table.lines if cells[0].text == row)


def test_every_verdict_has_its_own_sign() -> None:
    assert set(VERDICT_MARKS) == set(Verdict)
    unsigned = {Verdict.BASELINE, Verdict.NO_RESULT, Verdict.NO_BASELINE}
    signs = [m.split()[0] for v, m in VERDICT_MARKS.items() if v not in unsigned]
    assert len(set(signs)) == len(signs)
    assert "‡" not in signs  # it names the interval of run means


def test_latex_knows_every_sign() -> None:
    assert not any("U+" in escape(mark) for mark in VERDICT_MARKS.values())


def test_three_runs_give_a_standard_deviation(make_tables: Make) -> None:
    table = make_tables({"1 block": (0.80, 0.81, 0.82)}).tables["table"]
    assert cell(table, "1 block", "accuracy").full == "81.0 ± 1.0"


def test_two_runs_are_both_printed_and_have_no_standard_deviation(
    make_tables: Make,
) -> None:
    table = make_tables({"1 block": (0.82, 0.80)}).tables["table"]
    assert cell(table, "1 block", "accuracy").full == "81.0 [80.0, 82.0]"
    assert "both runs in brackets where there are two" in " ".join(table.notes)


def test_a_single_run_has_a_dagger_and_no_verdict(make_tables: Make) -> None:
    table = make_tables({"1 block": (0.82,)}).tables["table"]
    assert cell(table, "1 block", "accuracy").full == "82.0"
    assert cell(table, "1 block", "verdict").text.startswith("† one run")


def test_a_sign_is_explained_once(make_tables: Make) -> None:
    runs = {"1 block": (0.82,), "2 blocks": (0.8, 0.81), "12 blocks": (0.5, 0.51, 0.5)}
    table = make_tables(runs).tables["table"]
    assert any(note.startswith("† One training run") for note in table.notes)
    assert "†" not in table.key
    assert "§" not in table.key
    assert "▼ worse" in table.key


def test_missing_and_diverged_runs_are_counted(make_tables: Make) -> None:
    runs = {"1 block": (0.8, RunState.DIVERGED, 0.8), "2 blocks": (RunState.MISSING,)}
    table = make_tables(runs).tables["table"]
    assert cell(table, "1 block", "runs").text == "2/3"
    assert cell(table, "2 blocks", "runs").text == "0/1"
    assert "1 block: 1 diverged; 2 blocks: 1 missing." in " ".join(table.notes)


def test_few_runs_say_what_they_would_miss(make_tables: Make) -> None:
    notes = " ".join(make_tables(n_runs=3).tables["table"].notes)
    assert "With 3 runs a difference under " in notes
    assert "points would usually be missed" in notes


def test_a_row_that_collapsed_leaves_the_others_their_scale(make_tables: Make) -> None:
    table = make_tables({"1 block": (0.2, 0.21, 0.22)}).tables["table"]
    drawing = cell(table, "1 block", "drawing").drawing
    other = cell(table, "2 blocks", "drawing").drawing
    assert drawing is not None
    assert other is not None
    assert drawing.scale == other.scale
    assert drawing.value < drawing.scale[0] < other.lower
    assert cell(table, "1 block", "drawing").kind == "worse"
    assert cell(table, "baseline", "drawing").drawing is None


def test_the_second_best_is_underlined_on_request_alone(make_tables: Make) -> None:
    runs = {
        "12 blocks": (0.97, 0.971, 0.972),
        "1 block": (0.94, 0.941, 0.942),
    }
    plain = make_tables(runs).tables["table"]
    asked = make_tables(runs, second_best=True).tables["table"]
    assert not any(one.is_underlined for line in plain.lines for one in line)
    names = {line[0].text: line[2] for line in asked.lines}
    assert [name for name, one in names.items() if one.is_underlined] == ["1 block"]
    assert [name for name, one in names.items() if one.is_bold] == ["12 blocks"]
    assert "_94.1" in to_text(asked)


@pytest.mark.parametrize(
    ("stem", "chosen"),
    [("types", "exist"), ("pivot", "1"), ("changes", "changes")],
)
def test_columns_of_another_table_are_chosen(
    make_tables: Make, stem: str, chosen: str
) -> None:
    asked = {"columns": (chosen,), "columns_of": stem, "pivot": ("row", "seed")}
    tables = make_tables(**asked).tables
    assert [one.name for one in tables[stem].columns] == ["variation", chosen]
    assert "delta" in [one.name for one in tables["table"].columns]


def test_columns_are_chosen_by_name_and_pattern(make_tables: Make) -> None:
    table = make_tables(columns=("delta", "p*", "runs")).tables["table"]
    names = [column.name for column in table.columns]
    assert names == ["variation", "delta", "p", "runs"]
    assert all(len(line) == len(names) for line in table.lines)


def test_what_is_extra_is_shown_on_request_alone(make_tables: Make) -> None:
    names = {column.name for column in make_tables().tables["table"].columns}
    assert not names & {"p", "beats", "detectable"}


def test_a_column_that_is_not_there_is_refused_with_those_that_are(
    make_tables: Make,
) -> None:
    with pytest.raises(ReportError, match=r"--columns nope: .* variation, runs, acc"):
        make_tables(columns=("nope",))


def test_how_the_epoch_was_chosen_is_said(make_tables: Make) -> None:
    notes = " ".join(make_tables().tables["table"].notes)
    assert "chosen on these same validation questions: optimistic" in notes


def test_cells_of_types_are_marked_where_they_differ(make_tables: Make) -> None:
    table = make_tables({"1 block": (0.5,) * 5}, n_runs=5).tables["types"]
    marks = {line[0].text: {one.beside for one in line[1:]} for line in table.lines}
    assert marks["1 block"] == {"▼"}
    assert marks["baseline"] == {""}
    assert "Benjamini and Hochberg's correction over 40 cells" in table.notes[1]
