"""Weights that several sets of questions judge stand in one line."""

import math
from dataclasses import replace

import pytest

from reports.figures import study_figures
from reports.findings import findings
from reports.material import Material, material_of
from reports.results import records
from reports.tables import to_text
from reports.tables.evaluations import evaluation_table
from reports.tables.forms import Format, write_table
from studies.catalogue import find_study
from studies.study import Study
from tests.reports.tuned import results_of

LEARNT = {
    "baseline": {"A": 0.95, "B": 0.75},
    "100 samples of B": {"A": 0.95, "B": 0.80},
    "300 samples of B": {"A": 0.90, "B": 0.86},
    "3,000 samples of B": {"A": 0.81, "B": 0.93},
}


@pytest.fixture(scope="module")
def study() -> Study:
    return find_study("cogent-embedded")


@pytest.fixture(scope="module")
def made(study: Study) -> Material:
    return material_of(study, results_of(study, LEARNT))


def test_the_sets_of_questions_stand_side_by_side(made: Material) -> None:
    table = made.tables["evaluations"]
    assert [column.heading for column in table.columns] == [
        "Variation",
        "A",
        "Δ A",
        "B",
        "Δ B",
    ]
    rows = {row["row"]: row for row in records(made.estimates)}
    line = next(line for line in table.lines if line[0].text == "3,000 samples of B")
    for at, name in ((1, "A"), (3, "B")):
        its = rows[f"3,000 samples of B → {name}"]
        assert line[at].text == f"{100 * its['accuracy']:.1f}"
        assert line[at + 1].text.startswith("−1" if name == "A" else "+1")
    assert line[2].text.endswith("▼")
    assert line[4].text.endswith("▲")
    first = table.lines[0]
    assert first[0].text == "baseline"
    assert first[2].text == first[4].text == "—"


def test_its_frame_names_rows_and_evaluations(made: Material) -> None:
    frame = made.tables["evaluations"].frame
    assert set(frame["evaluation"]) == {"A", "B"}
    own = frame.set_index(["row", "evaluation"]).loc[("300 samples of B", "A")]
    assert own["delta"] == pytest.approx(-0.05, abs=0.01)
    assert math.isnan(own["published"])


def test_published_numbers_stand_beside_those_that_have_them() -> None:
    study = find_study("humans")
    learnt = {
        row.label: {"A": 0.9, "B": 0.8} for row in study.rows if not row.evaluation
    }
    renamed = replace(
        study,
        rows=tuple(
            replace(
                row, evaluation={"Humans": "B", "CLEVR": "A", "": ""}[row.evaluation]
            )
            for row in study.rows
        ),
    )
    results = results_of(renamed, learnt)
    table = material_of(study, results).tables["evaluations"]
    headings = [column.heading for column in table.columns]
    assert headings == [
        *("Variation", "Humans", "Δ Humans", "Humans published", "CLEVR", "Δ CLEVR")
    ]
    assert table.lines[0][3].text == "56.6"
    assert table.lines[1][3].text == "75.9"


@pytest.mark.parametrize("form", list(Format))
def test_every_format_takes_it(made: Material, form: Format) -> None:
    assert write_table(made.tables["evaluations"], form)


def test_one_set_of_questions_needs_no_such_table(study: Study, made: Material) -> None:
    kept = made.estimates[made.estimates["evaluation"] != "B"]
    assert evaluation_table(study, kept) is None
    assert (
        "evaluations"
        not in material_of(
            find_study("quick"),
            replace(made.results, trials=made.results.trials.head(3)),
        ).tables
    )


def test_a_stage_s_own_line_says_where_it_is_compared(made: Material) -> None:
    text = to_text(made.tables["table"])
    (line,) = [
        line
        for line in text.splitlines()
        if line.strip().startswith("300 samples of B ") and "→ B  " not in line[:30]
    ][:1]
    assert "≠ see 300 samples of B → B" in line
    assert "(valB, after 3,000), which are not those" in " ".join(text.split())
    said = " ".join(findings(made.estimates, 1.0))
    assert "Judged on other questions" not in said
    assert "300 samples of B → B raises accuracy" in said


def test_types_are_tested_against_the_baseline_on_the_same_questions(
    made: Material,
) -> None:
    cells = made.cells.set_index(["row", "type"])
    for kind in ("count", "exist"):
        on_b = cells.loc[("3,000 samples of B → B", kind)]
        before = cells.loc[("baseline → B", kind)]
        assert on_b["delta"] == pytest.approx(on_b["accuracy"] - before["accuracy"])
        assert on_b["p_bh"] < 0.05
        assert bool(before["is_baseline"])
        own = cells.loc[("3,000 samples of B", kind)]
        assert math.isnan(own["delta"])
    tested = made.cells["p_bh"].notna().sum()
    assert tested == 2 * 3 * 5  # two sets, three rows that finished, five types


def test_figures_leave_out_what_is_compared_further_down(
    study: Study, made: Material
) -> None:
    drawn = study_figures(study, made.results, (made.estimates, made.cells))
    for stem in ("forest", "type-differences"):
        rows = set(drawn[stem].numbers["row"])
        assert "300 samples of B" not in rows
        assert "300 samples of B → B" in rows


def test_single_runs_are_drawn_against_the_baseline_of_their_questions(
    study: Study, made: Material
) -> None:
    figure = study_figures(study, made.results, (made.estimates, made.cells))["forest"]
    numbers = figure.numbers.set_index("row")
    (axes, *_) = figure.figure.axes
    ticks = [
        x
        for one in axes.collections
        if hasattr(one, "get_segments")
        for segment in one.get_segments()
        if len(segment) and abs(abs(segment[0][1] - segment[1][1]) - 0.25) < 1e-6
        for x in {segment[0][0]}
    ]
    row = numbers.loc["3,000 samples of B → B"]
    before = numbers.loc["baseline → B", "accuracy"]
    wanted = [100 * (run - before) for run in row["runs"]]
    for x in wanted:
        assert min(abs(tick - x) for tick in ticks) < 1e-6
