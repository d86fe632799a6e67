"""The notes under a table say what was done, and do not contradict each other."""

from collections.abc import Callable

import pandas as pd
import pytest

from reports.material import Material
from reports.results import Results, RunState
from reports.selection import SelectOn
from reports.statistics import Variance, estimate_rows
from reports.tables.words import accuracy_notes

Make = Callable[..., Results]
MakeTables = Callable[..., Material]
TWO = (0.960, 0.962)
THREE = (0.960, 0.962, 0.958)


def notes_on(estimates: pd.DataFrame, margin: float | None = 1.0) -> str:
    frame = estimates.assign(also_changed="")
    return "\n".join(accuracy_notes(frame, margin))


@pytest.fixture
def two_families(make_results: Make) -> pd.DataFrame:
    """Give the estimates of two evaluations, of two comparisons and of one."""
    rows = {"baseline": THREE, "a": THREE, "b": THREE}
    first = estimate_rows(make_results(rows)).assign(evaluation="")
    second = estimate_rows(make_results({"baseline": THREE, "a": THREE}))
    return pd.concat([first, second.assign(evaluation="A")], ignore_index=True)


def test_every_evaluation_is_a_family_of_its_own(two_families: pd.DataFrame) -> None:
    said = "over 2 and 1 comparisons, of 2 evaluations, each corrected for itself."
    assert said in notes_on(two_families)
    alike = two_families[two_families["row"] != "b"].assign(n_tests=1)
    assert "over 1 comparison in each of 2 evaluations." in notes_on(alike)
    one = two_families[two_families["evaluation"] == ""]
    assert "over 2 comparisons. " in notes_on(one)


@pytest.mark.parametrize("select_on", SelectOn)
def test_rows_that_are_judged_alone_choose_no_epoch(
    two_families: pd.DataFrame, select_on: SelectOn
) -> None:
    said = "; but not the rows that judge the weights of others, which choose no epoch."
    for names, is_said in ((["", "A"], True), ([""], False)):
        frame = two_families[two_families["evaluation"].isin(names)]
        notes = accuracy_notes(frame.assign(also_changed=""), 1.0, select_on)
        assert any(note.endswith(said) for note in notes) is is_said


def test_two_runs_that_share_their_variance_are_enough(make_results: Make) -> None:
    rows = {"baseline": TWO, "a": TWO, "b": TWO}
    notes = notes_on(estimate_rows(make_results(rows), variance=Variance.SHARED))
    assert "Worse or better: from 2 runs on, where" in notes
    assert "too few for a verdict" not in notes


def test_a_row_beside_those_that_share_needs_three(make_results: Make) -> None:
    rows = {"baseline": TWO, "a": TWO, "b": TWO, "lost": (0.2, 0.4)}
    notes = notes_on(estimate_rows(make_results(rows), variance=Variance.SHARED))
    assert "from 2 runs on, or 3 where the variance is not shared, where" in notes
    assert "too few for a verdict where a row's variance is not shared, how" in notes


def test_without_sharing_three_runs_are_needed(make_results: Make) -> None:
    rows = {"baseline": THREE, "a": THREE, "b": TWO}
    notes = notes_on(estimate_rows(make_results(rows)))
    assert "Worse or better: from 3 runs on, where" in notes
    assert "too few for a verdict, however wide" in notes
    assert "put the difference within ±1 point." in notes


def test_nothing_is_said_of_columns_that_are_not_shown(make_tables: MakeTables) -> None:
    runs = {"1 block": (0.80, 0.81, 0.82), "2 blocks": (0.8, RunState.FAILED)}
    every = make_tables(runs).tables["table"]
    some = make_tables(runs, columns=("runs", "p")).tables["table"]
    gone = [note.split()[0] for note in every.notes if note not in some.notes]
    assert {"Accuracy:", "Δ:", "Brackets:", "†", "Bold:"} <= set(gone)
    said = " ".join(some.notes)
    assert "of 26 runs finished. 2 blocks: 1 failed." in said
    assert "Worse or better: " in said
    assert "Each run is scored at its best epoch" in said
    assert (bool(every.key), some.key) == (True, "")
