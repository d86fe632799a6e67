"""Wrong answers in tables and sentences, a line per row, the first row in detail."""

import math

import pytest

from film.errors import AnalysisError
from reports.analyses.errors.summary import hidden_range, summarise_errors
from reports.analyses.runs import AnalysedRun
from reports.tables import to_text
from tests.reports.analyses.errors.wrong_answers import a_run, asked, related

QUESTIONS = asked(
    (0, "count", "2", "2", 0.0),
    (0, "count", "2", "3", 0.1),
    (1, "count", "0", "3", math.nan),
    (1, "exist", "yes", "no", 0.3),
    (2, "query_size", "large", "large", 0.0),
)
PAIRS = related((0, "count and count", True, 0.25), (1, "count and exist", False, 0.0))
SAID = "How many cubes are there? 3 (right: 2); How many things are there? 2"


@pytest.fixture
def runs() -> list[AnalysedRun]:
    return [
        a_run(QUESTIONS, PAIRS, said=[SAID]),
        a_run(QUESTIONS, PAIRS, seed=1),
        a_run(QUESTIONS.assign(answer="0"), PAIRS, row="γ := 1"),
    ]


def test_every_row_has_a_line_and_the_first_its_details(
    runs: list[AnalysedRun],
) -> None:
    learnt = summarise_errors("my-study", runs)
    assert list(learnt.tables) == [
        *("errors", "errors-counting", "errors-occlusion", "errors-consistency")
    ]
    first, other = learnt.tables["errors"].lines
    assert [cell.text for cell in first] == [
        *("baseline (2 runs)", "60.0", "66.7", "50.0", "100.0", "50.0", "12.5")
    ]
    assert other[0].text == "γ := 1 (1 run)"
    for table in learnt.tables.values():
        assert to_text(table)


def test_sentences_stand_beside_the_paper_s(runs: list[AnalysedRun]) -> None:
    near, hidden, pairs, example = summarise_errors("my-study", runs).sentences
    assert "baseline: 50.0 % (" in near
    assert "of the wrong counts are off by one" in near
    assert "96.1 %" in near
    assert "more than half of these errors involve partial occlusion" in hidden
    assert "of 2 pairs and triples" in pairs
    assert "independent errors would give 12.5 %" in pairs
    assert SAID in example


def test_what_there_is_nothing_of_is_left_out() -> None:
    alone = QUESTIONS[QUESTIONS["type"] == "exist"].assign(hidden=math.nan)
    learnt = summarise_errors("my-study", [a_run(alone)])
    assert list(learnt.tables) == ["errors"]
    cells = [cell.text for cell in learnt.tables["errors"].lines[0]]
    assert cells == ["baseline (1 run)", "100.0", *"—————"]
    assert learnt.sentences == ()
    (note,) = learnt.notes
    assert "--source" in note


def test_a_run_that_was_asked_otherwise_is_named(runs: list[AnalysedRun]) -> None:
    fewer = a_run(QUESTIONS.head(2), seed=5)
    learnt = summarise_errors("my-study", [*runs[:2], fewer])
    (note,) = learnt.notes
    assert "baseline · seed 5" in note
    assert fewer not in learnt.runs


def test_a_lost_table_is_said(runs: list[AnalysedRun]) -> None:
    tables = dict(runs[0].analysis.tables)
    del tables["related"]
    with pytest.raises(AnalysisError, match="no table related"):
        summarise_errors(
            "my-study",
            [
                AnalysedRun(
                    row="baseline",
                    seed=0,
                    trial_id="0",
                    analysis=type(runs[0].analysis)(
                        tables=tables, about={"has_scenes": True}
                    ),
                )
            ],
        )


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        ((0.0, 0.02), "less than 2 %"),
        ((0.02, 0.25), "2–25 %"),
        ((0.5, 1.0), "50 % or more"),
    ],
)
def test_ranges_have_names(ends: tuple[float, float], name: str) -> None:
    assert hidden_range(*ends) == name
