"""Weights that are judged by several sets of questions are compared on each of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from reports.results import Results
from reports.statistics import Verdict, estimate_rows
from reports.statistics.stages import estimate_stages
from reports.tables.stages import stage_notes
from studies.study import Study
from studies.study_file import read_study

STUDY = """
study: staged
question: What then?
seeds: 5
stages:
  Tuned on B:
    after: baseline
    learn_from: {split: valB, first: 30}
    judge_by: {split: valB, after: 30}
    rows:
      tuned: {}
evaluate:
  A: val
  B: {split: valB, after: 30}
"""
RUNS = {
    "baseline": (0.90, 0.91, 0.90, 0.91, 0.90),
    "baseline → A": (0.90, 0.91, 0.90, 0.91, 0.90),
    "tuned → A": (0.80, 0.81, 0.80, 0.81, 0.80),
}
ON_B = {
    "tuned": (0.89, 0.88, 0.89, 0.88, 0.89),
    "baseline → B": (0.70, 0.71, 0.70, 0.71, 0.70),
    "tuned → B": (0.89, 0.88, 0.89, 0.88, 0.89),
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return read_study(path)


@pytest.fixture
def results(make_results: Callable[..., Results], study: Study) -> Results:
    on_a, on_b = make_results(RUNS, n_scenes=200), make_results(ON_B, n_scenes=150)
    both = pd.concat([on_a.trials, on_b.trials])
    trials = pd.concat([both[both["row"] == row.label] for row in study.rows])
    return replace(
        on_a,
        trials=trials.reset_index(drop=True),
        answers={**on_a.answers, **on_b.answers},
    )


def test_each_evaluation_has_the_weights_of_the_baseline_for_a_baseline(
    study: Study, results: Results
) -> None:
    rows = estimate_stages(study, results, margin=1.0).set_index("row")
    assert list(rows.index) == [row.label for row in study.rows]
    verdicts = rows["verdict"].to_dict()
    assert verdicts == {
        "baseline": Verdict.BASELINE,
        "tuned": Verdict.OTHER_QUESTIONS,
        "baseline → A": Verdict.BASELINE,
        "tuned → A": Verdict.WORSE,
        "baseline → B": Verdict.BASELINE,
        "tuned → B": Verdict.BETTER,
    }
    assert rows.loc["tuned → A", "delta"] == pytest.approx(-0.1, abs=0.002)
    assert rows.loc["tuned → B", "delta"] == pytest.approx(0.182, abs=0.002)


def test_a_study_without_evaluations_is_estimated_as_ever(
    make_results: Callable[..., Results], study: Study
) -> None:
    plain = replace(study, rows=study.rows[:1])
    results = make_results({"baseline": RUNS["baseline"]})
    pd.testing.assert_frame_equal(
        estimate_stages(plain, results, margin=1.0), estimate_rows(results, margin=1.0)
    )
    assert stage_notes(plain) == []


def test_an_evaluation_that_was_not_asked_for_is_left_out(
    study: Study, results: Results
) -> None:
    some = results.trials[~results.trials["row"].str.endswith("→ B")]
    rows = estimate_stages(study, replace(results, trials=some))
    assert list(rows["row"]) == ["baseline", "tuned", "baseline → A", "tuned → A"]


def test_what_judges_is_said_under_the_table(study: Study) -> None:
    tuned, judged = stage_notes(study)
    assert tuned == (
        "Tuned on B: from the best weights of baseline, on valB, first 30."
    )
    assert "(A is val; B is valB, after 30)" in judged
