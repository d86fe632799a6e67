"""Every row gets the words that its runs can bear, and no row is lost."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from reports.results import Answers, Questions, Results, RunState, records
from reports.statistics import Verdict, accuracy_by_type, estimate_rows
from reports.statistics.intervals import Basis, crossed, score_scenes

Make = Callable[..., Results]
NEAR = (0.960, 0.962, 0.958, 0.961, 0.959)
FAR = (0.900, 0.902, 0.898, 0.901, 0.899)
SAME = (0.9600, 0.9605, 0.9595, 0.9600, 0.9600)


def by_row(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["row"]: row for row in records(frame)}


def test_three_runs_can_be_worse_or_better(make_results: Make) -> None:
    rows = by_row(
        estimate_rows(
            make_results(
                {"baseline": NEAR[:3], "bad": FAR[:3], "good": (0.99, 0.991, 0.989)}
            )
        )
    )
    assert rows["bad"]["verdict"] == Verdict.WORSE
    assert rows["good"]["verdict"] == Verdict.BETTER
    assert rows["bad"]["basis"] == Basis.CROSSED
    assert rows["bad"]["delta"] == pytest.approx(-0.06)


def test_two_runs_give_no_verdict(make_results: Make) -> None:
    estimates = estimate_rows(
        make_results({"baseline": (0.9, 0.9), "collapsed": (0.2, 0.2)}), margin=50.0
    )
    row = by_row(estimates)["collapsed"]
    assert math.isnan(row["p_holm"])
    assert row["upper"] < 0
    assert row["verdict"] == Verdict.TWO_RUNS


def test_rows_too_few_for_a_verdict_do_not_widen_the_family(make_results: Make) -> None:
    three = {"baseline": NEAR[:3], "a": FAR[:3], "b": (0.957, 0.958, 0.952)}
    fewer = {"two": FAR[:2], "too": NEAR[:2], "one": FAR[:1]}
    alone = by_row(estimate_rows(make_results(three)))
    among = by_row(estimate_rows(make_results(three | fewer)))
    assert {row["n_tests"] for row in among.values()} == {2}
    for name in ("a", "b"):
        for key in ("delta", "p_holm", "simultaneous_lower", "simultaneous_upper"):
            assert among[name][key] == alone[name][key]
    assert math.isnan(among["two"]["p"])
    assert math.isnan(among["two"]["simultaneous_lower"])
    assert not math.isnan(among["two"]["lower"])


def test_one_run_gets_an_interval_but_no_verdict(make_results: Make) -> None:
    row = by_row(estimate_rows(make_results({"baseline": NEAR, "bad": FAR[:1]})))["bad"]
    assert row["verdict"] == Verdict.ONE_RUN
    assert row["basis"] == Basis.CHECKPOINTS
    assert row["lower"] < row["delta"] < row["upper"] < 0
    assert math.isnan(row["p"])
    assert math.isnan(row["sd"])
    assert row["baseline_range"] == "outside"


def test_a_baseline_of_one_run_gives_no_verdict_either(make_results: Make) -> None:
    row = by_row(estimate_rows(make_results({"baseline": NEAR[:1], "bad": FAR})))["bad"]
    assert row["verdict"] == Verdict.ONE_RUN
    assert row["baseline_range"] == ""


def test_equivalence_needs_a_margin_and_five_runs(make_results: Make) -> None:
    def verdict(k: int, margin: float | None) -> str:
        results = make_results(
            {"baseline": SAME[:k], "same": SAME[:k]}, n_scenes=1000, per_scene=10
        )
        return str(by_row(estimate_rows(results, margin=margin))["same"]["verdict"])

    assert verdict(5, 1.0) == Verdict.EQUIVALENT
    assert verdict(5, None) == Verdict.INCONCLUSIVE
    assert verdict(4, 1.0) == Verdict.INCONCLUSIVE
    assert verdict(5, 0.01) == Verdict.INCONCLUSIVE


def test_holm_is_taken_over_all_compared_rows(make_results: Make) -> None:
    results = make_results(
        {
            "baseline": NEAR,
            "a": (0.957, 0.958, 0.952, 0.955, 0.954),
            "b": (0.95, 0.951, 0.949, 0.953, 0.955),
            "c": NEAR,
            "absent": (RunState.FAILED,) * 5,
        }
    )
    estimates = estimate_rows(results)
    tested = estimates[estimates["p"].notna()]
    assert list(tested["row"]) == ["a", "b", "c"]
    expected = multipletests(tested["p"], method="holm")[1]
    assert list(tested["p_holm"]) == pytest.approx(list(expected))
    assert set(estimates["n_tests"]) == {3}


def test_simultaneous_intervals_are_bonferroni_s(make_results: Make) -> None:
    results = make_results({"baseline": NEAR, "a": FAR, "b": NEAR[::-1]})
    row = by_row(estimate_rows(results))["a"]
    scores = {}
    for name in ("baseline", "a"):
        answers = [results.answers[f"{name}-{seed}"] for seed in range(5)]
        correct = np.stack([answer.correct for answer in answers])
        scores[name] = score_scenes(correct, answers[0].questions.scenes)
    ends = crossed(scores["a"], scores["baseline"]).interval(1 - 0.05 / 2)
    assert (row["simultaneous_lower"], row["simultaneous_upper"]) == pytest.approx(ends)
    assert row["simultaneous_lower"] < row["lower"]


def test_failed_and_missing_runs_are_counted_not_dropped(make_results: Make) -> None:
    results = make_results(
        {
            "baseline": NEAR,
            "half": (0.9, RunState.FAILED, RunState.DIVERGED),
            "gone": (RunState.MISSING, RunState.MISSING),
        }
    )
    estimates = estimate_rows(results)
    assert list(estimates["row"]) == ["baseline", "half", "gone"]
    rows = by_row(estimates)
    assert (rows["half"]["n_runs"], rows["half"]["n_wanted"]) == (1, 3)
    assert (rows["half"]["n_failed"], rows["half"]["n_diverged"]) == (1, 1)
    assert rows["gone"]["verdict"] == Verdict.NO_RESULT
    assert rows["gone"]["n_missing"] == 2
    assert math.isnan(rows["gone"]["accuracy"])


@pytest.mark.parametrize("baseline", [None, (RunState.FAILED, RunState.MISSING)])
def test_without_a_baseline_accuracies_are_still_given(
    make_results: Make, baseline: tuple[RunState, ...] | None
) -> None:
    accuracies = {"baseline": baseline} if baseline else {}
    estimates = estimate_rows(make_results({**accuracies, "row": FAR}))
    row = by_row(estimates)["row"]
    assert row["verdict"] == Verdict.NO_BASELINE
    assert row["accuracy"] == pytest.approx(0.9)
    assert row["accuracy_lower"] < 0.9 < row["accuracy_upper"]
    assert math.isnan(row["delta"])


def test_every_row_missing_is_a_table_all_the_same(make_results: Make) -> None:
    gone = (RunState.MISSING,) * 2
    estimates = estimate_rows(make_results({"baseline": gone, "a": gone, "b": gone}))
    assert list(estimates["n_runs"]) == [0, 0, 0]
    assert list(estimates["verdict"]) == [
        Verdict.BASELINE,
        Verdict.NO_RESULT,
        Verdict.NO_RESULT,
    ]


def test_without_answers_the_runs_alone_are_compared(make_results: Make) -> None:
    accuracies = {"baseline": NEAR, "bad": FAR}
    estimates = estimate_rows(make_results(accuracies, has_answers=False))
    assert by_row(estimates)["bad"]["basis"] == Basis.RUN_MEANS
    assert by_row(estimates)["bad"]["verdict"] == Verdict.WORSE


def with_other_questions(results: Results, *runs: str) -> Results:
    answers = dict(results.answers)
    for run in runs:
        answer = answers[run]
        other = Questions(answer.questions.scenes, answer.questions.types, "other")
        answers[run] = Answers(other, answer.correct)
    return Results(results.trials, answers)


@pytest.mark.parametrize("n_others", [1, 5])
def test_answers_to_other_questions_are_not_compared(
    make_results: Make, n_others: int
) -> None:
    results = make_results({"baseline": NEAR, "bad": FAR, "fine": FAR})
    others = [f"bad-{seed}" for seed in range(n_others)]
    rows = by_row(estimate_rows(with_other_questions(results, *others)))
    assert rows["bad"]["verdict"] == Verdict.OTHER_QUESTIONS
    assert math.isnan(rows["bad"]["delta"])
    assert math.isnan(rows["bad"]["p"])
    assert not rows["bad"]["is_best"]
    assert rows["bad"]["n_runs"] == 5
    assert rows["fine"]["verdict"] == Verdict.WORSE
    assert rows["fine"]["n_tests"] == 1
    assert rows["baseline"]["is_best"]


def test_a_baseline_of_two_sets_of_questions_is_compared_with_nothing(
    make_results: Make,
) -> None:
    results = make_results({"baseline": NEAR, "bad": FAR})
    rows = by_row(estimate_rows(with_other_questions(results, "baseline-0")))
    assert rows["baseline"]["has_other_questions"]
    assert rows["bad"]["verdict"] == Verdict.OTHER_QUESTIONS
    assert not any(row["is_best"] for row in rows.values())


def test_questions_are_counted_where_all_runs_have_the_same(
    make_results: Make,
) -> None:
    results = make_results({"baseline": NEAR, "bad": FAR})
    assert accuracy_by_type(results)["n_questions"].notna().all()
    mixed = accuracy_by_type(with_other_questions(results, "bad-0"))
    assert mixed["n_questions"].isna().all()


def test_one_run_without_answers_makes_its_row_fall_back(make_results: Make) -> None:
    results = make_results({"baseline": NEAR, "bad": FAR, "fine": FAR})
    answers = {k: v for k, v in results.answers.items() if k != "bad-3"}
    rows = by_row(estimate_rows(Results(results.trials, answers)))
    assert rows["bad"]["basis"] == Basis.RUN_MEANS
    assert rows["bad"]["n_runs"] == 5
    assert rows["fine"]["basis"] == Basis.CROSSED


def test_the_best_rows_are_those_not_shown_to_be_worse(make_results: Make) -> None:
    rows = by_row(
        estimate_rows(
            make_results(
                {
                    "baseline": NEAR,
                    "close": (0.959, 0.961, 0.958, 0.960, 0.957),
                    "bad": FAR,
                    "few": (0.99, 0.99),
                }
            )
        )
    )
    marked = [name for name, row in rows.items() if row["is_best"]]
    assert marked == ["baseline", "close"]


def test_no_row_is_best_where_runs_are_too_few_to_say(make_results: Make) -> None:
    estimates = estimate_rows(make_results({"baseline": NEAR[:2], "bad": FAR[:2]}))
    assert not estimates["is_best"].any()


def test_types_are_averaged_over_finished_runs(make_results: Make) -> None:
    results = make_results({"baseline": (0.9, 0.8, RunState.FAILED)})
    by_type = accuracy_by_type(results).set_index("type")
    trials = results.trials
    assert by_type.loc["count", "accuracy"] == pytest.approx(
        trials["val_accuracy_count"].mean()
    )
    assert by_type.loc["count", "n_runs"] == 2
    assert by_type.loc["count", "n_questions"] == 400
