"""Expected differences are tested as rows are; networks are paired with themselves."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.results import Answers, Results, records
from reports.statistics.contrasts import Runs, contrast
from reports.statistics.expected import Expectation, estimate_expected
from reports.statistics.intervals import Basis
from reports.statistics.scoring import score_row
from studies.contrasts import Contrast, Expected
from studies.study import Study
from studies.study_file import read_study

STUDY = """
study: small
question: What then?
seeds: 3
groups:
  Parts:
    no β: {model.film.beta: zero}
    no γ: {model.film.gamma: one}
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
    "baseline": (0.90, 0.94, 0.92),
    "no β": (0.88, 0.90, 0.86),
    "no γ": (0.60, 0.62, 0.61),
    "baseline → A": (0.90, 0.94, 0.92),
    "tuned → A": (0.85, 0.89, 0.87),
}
ON_B = {"baseline → B": (0.70, 0.74, 0.72), "tuned → B": (0.80, 0.83, 0.82)}

Make = Callable[..., Results]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    path = tmp_path / "small.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return read_study(path)


@pytest.fixture
def results(make_results: Make) -> Results:
    return joined(make_results(RUNS), make_results(ON_B, n_scenes=150))


def joined(one: Results, other: Results) -> Results:
    trials = pd.concat([one.trials, other.trials], ignore_index=True)
    return replace(one, trials=trials, answers={**one.answers, **other.answers})


def expected(
    study: Study, results: Results, *rows: str, expect: str = "lower"
) -> Mapping[str, Any]:
    """Expect the first row to be lower than the mean of the others."""
    one = Contrast(name="it", rows=rows[:1], minus=rows[1:], expected=Expected(expect))
    frame = estimate_expected(replace(study, contrasts=(one,)), results)
    return records(frame)[0]


def test_rows_of_other_networks_are_compared_as_effects_are(
    study: Study, results: Results
) -> None:
    found = expected(study, results, "no γ", "no β", "baseline")
    cells = []
    for row in ("no γ", "no β", "baseline"):
        scored = score_row(results, row)
        assert scored is not None
        cells.append(Runs(scored.scores.accuracies, scored.scores))
    same = contrast(cells, (1, -0.5, -0.5))
    assert not found["is_paired"]
    assert found["basis"] == Basis.CROSSED
    for name, value in (("difference", same.value), ("se", same.se), ("df", same.df)):
        assert found[name] == pytest.approx(value)
    assert found["p"] == found["p_holm"] == pytest.approx(same.p)
    assert found["outcome"] == Expectation.CAME_OUT


def test_networks_are_paired_with_what_was_tuned_from_them(
    study: Study, results: Results
) -> None:
    # Every run loses the same: runs tell nothing apart, though they differ by more.
    found = expected(study, results, "tuned → A", "baseline → A")
    assert found["is_paired"]
    assert found["difference"] == pytest.approx(-0.05)
    unrelated = expected(study, results, "no β", "baseline → A")
    assert found["se"] < unrelated["se"] / 2
    assert found["outcome"] == Expectation.CAME_OUT


def test_scenes_of_other_questions_vary_by_themselves(
    study: Study, results: Results
) -> None:
    found = expected(study, results, "baseline → B", "baseline → A")
    assert found["difference"] == pytest.approx(-0.2)
    scenes = []
    for row in ("baseline → A", "baseline → B"):
        answers = results.answers[f"{row}-0"]
        correct = np.mean([results.answers[f"{row}-{i}"].correct for i in range(3)], 0)
        n_scenes = answers.questions.n_scenes
        scenes.append(correct.reshape(n_scenes, -1).mean(1).var(ddof=1) / n_scenes)
    # All runs differ by .2: what is left is the scenes of both.
    assert found["se"] == pytest.approx(math.sqrt(sum(scenes)), rel=0.02)


def test_three_networks_of_two_rows_weigh_each_seed_once(
    study: Study, results: Results
) -> None:
    found = expected(study, results, "tuned → B", "baseline → B", "tuned → A")
    by_hand = 0.8167 - (0.72 + 0.87) / 2
    assert found["difference"] == pytest.approx(by_hand, abs=0.001)
    assert found["n_runs"] == 3


def test_the_other_sign_is_said_to_be_so(study: Study, results: Results) -> None:
    found = expected(study, results, "no γ", "baseline", expect="higher")
    assert found["outcome"] == Expectation.OPPOSITE


def test_an_interval_that_holds_zero_settles_nothing(
    study: Study, make_results: Make
) -> None:
    results = make_results({"baseline": (0.90, 0.94, 0.92), "no β": (0.91, 0.90, 0.94)})
    found = expected(study, results, "no β", "baseline")
    assert found["lower"] < 0 < found["upper"]
    assert found["outcome"] == Expectation.UNSETTLED


def test_two_runs_give_an_interval_and_no_verdict(
    study: Study, make_results: Make
) -> None:
    results = make_results({"baseline": (0.90, 0.94), "no γ": (0.3, 0.3, 0.31)})
    found = expected(study, results, "no γ", "baseline")
    assert found["n_runs"] == 2
    assert found["upper"] < 0
    assert math.isnan(found["p"])
    assert found["outcome"] == Expectation.FEW_RUNS


def test_one_run_is_described_over_scenes_alone(
    study: Study, make_results: Make
) -> None:
    results = make_results({"baseline": (0.90,), "no γ": (0.3, 0.3, 0.31)})
    found = expected(study, results, "no γ", "baseline")
    assert found["basis"] == Basis.CHECKPOINTS
    assert found["outcome"] == Expectation.FEW_RUNS


def test_without_answers_runs_alone_tell(study: Study, make_results: Make) -> None:
    runs = {"baseline": (0.90, 0.94, 0.92), "no γ": (0.60, 0.62, 0.61)}
    results = make_results(runs, has_answers=False)
    found = expected(study, results, "no γ", "baseline")
    assert found["basis"] == Basis.RUN_MEANS
    assert found["outcome"] == Expectation.CAME_OUT


def test_a_seed_that_one_row_has_not_is_left_out_of_a_pair(
    study: Study, results: Results
) -> None:
    lost = (results.trials["row"] == "tuned → A") & (results.trials["seed"] == 1)
    results.trials.loc[lost, "val_accuracy"] = math.nan
    found = expected(study, results, "tuned → A", "baseline → A")
    assert found["n_runs"] == 2
    assert found["difference"] == pytest.approx(-0.05)


def test_what_was_not_asked_or_did_not_finish_is_named(
    study: Study, make_results: Make
) -> None:
    results = make_results({"baseline": (0.9, 0.9, 0.91), "no β": (math.nan,)})
    assert expected(study, results, "no γ", "baseline")["why"] == "not asked: no γ"
    found = expected(study, results, "no β", "baseline")
    assert found["why"] == "no finished run: no β"
    assert found["outcome"] == Expectation.UNKNOWN


def test_several_contrasts_are_corrected_together(
    study: Study, results: Results
) -> None:
    pairs = [("no γ", "baseline"), ("no β", "baseline"), ("tuned → A", "baseline → A")]
    several = tuple(
        Contrast(name=a, rows=(a,), minus=(b,), expected=Expected.LOWER)
        for a, b in pairs
    )
    frame = estimate_expected(replace(study, contrasts=several), results)
    assert set(frame["n_tests"]) == {3}
    assert frame["p_holm"].min() == pytest.approx(3 * frame["p"].min())
    assert (frame["p_holm"] >= frame["p"]).all()


def test_a_row_of_which_an_answer_is_missing_has_run_means(
    study: Study, results: Results
) -> None:
    answers: dict[str, Answers] = dict(results.answers)
    del answers["no γ-1"]
    found = expected(study, replace(results, answers=answers), "no γ", "baseline")
    assert found["basis"] == Basis.RUN_MEANS
