"""Runs that were ended early by their own score mark every table of their study."""

from collections.abc import Callable

import pytest

from reports.material import Material
from reports.provenance import facts, run_lines
from reports.published import Published, PublishedTable
from reports.reproduction.making import reproduce
from reports.results import RunState
from reports.tables.text import to_text
from reports.tables.words import measured

MakeTables = Callable[..., Material]
MARK = "SCREENING, no result: "


@pytest.fixture(scope="module")
def screened(make_tables: MakeTables) -> Material:
    runs = {"1 block": (0.80, RunState.SCREENED, RunState.SCREENED)}
    return make_tables(runs, pivot=("row", "seed"))


def test_every_table_of_a_screened_study_says_once_that_it_is_no_result(
    screened: Material,
) -> None:
    assert {"table", "types", "pivot", "changes"} <= set(screened.tables)
    for table in screened.tables.values():
        (note,) = (note for note in table.notes if note.startswith(MARK))
        assert "`--screen` ended 2 of 27 runs early" in note
        assert MARK in to_text(table)
    row = PublishedTable("x", "x", {"baseline": Published(97.0, "x")})
    beside = reproduce(screened.study, screened.results, row)
    for table in beside.tables.values():
        assert table.notes[0].startswith(MARK)


def test_a_study_without_such_runs_says_nothing_of_it(make_tables: MakeTables) -> None:
    killed = make_tables({"1 block": (0.80, RunState.KILLED, 0.81)})
    for table in killed.tables.values():
        assert MARK not in " ".join(table.notes)
    assert "screened" not in measured(killed.estimates)


def test_a_table_without_any_finished_run_says_it_too(make_tables: MakeTables) -> None:
    rows = [row.label for row in make_tables().study.rows]
    runs = dict.fromkeys(rows, (RunState.SCREENED,) * 5)
    notes = make_tables(runs).tables["table"].notes
    assert notes[0].startswith(f"{MARK}`--screen` ended 45 of 45 runs early, ")


def test_the_state_is_a_word_of_its_own(screened: Material) -> None:
    assert "1 block: 2 screened out." in " ".join(screened.notes)
    assert ", 2 screened out (no result)" in measured(screened.estimates)
    assert dict(facts(screened))["Runs"] == "25 finished, 2 screened out"
    states = [line.state for line in run_lines(screened) if line.row == "1 block"]
    assert states == ["finished", "screened out", "screened out"]
