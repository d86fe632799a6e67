"""Every row gets the words that its runs can bear, and no row is lost."""

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
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
    assert math.isnan(row["detectable"])
    assert row["upper"] < 0
    assert row["verdict"] == Verdict.TWO_RUNS


ROWS_OF_TWO = {
    "baseline": (0.960, 0.962),
    "a": (0.958, 0.961),
    "b": (0.955, 0.958),
    "bad": (0.900, 0.903),
    "one": (0.9,),
    "collapsed": (0.2, 0.5),
}


def test_two_runs_give_a_verdict_where_variances_are_shared(make_results: Make) -> None:
    results = make_results(ROWS_OF_TWO)
    rows = by_row(estimate_rows(results, variance="shared"))
    assert rows["bad"]["verdict"] == Verdict.WORSE
    assert rows["a"]["verdict"] == Verdict.INCONCLUSIVE
    assert rows["one"]["verdict"] == Verdict.ONE_RUN
    assert rows["bad"]["n_tests"] == 3
    alone = by_row(estimate_rows(results))
    assert rows["bad"]["df"] > alone["bad"]["df"]
    assert rows["bad"]["delta"] == alone["bad"]["delta"]
    assert {row["verdict"] for row in alone.values()} >= {Verdict.TWO_RUNS}
    assert {row["variance"] for row in alone.values()} == {"separate"}


def test_a_collapsed_row_shares_nothing_and_two_runs_of_it_get_no_verdict(
    make_results: Make,
) -> None:
    rows = by_row(estimate_rows(make_results(ROWS_OF_TWO), variance="shared"))
    without = {row: runs for row, runs in ROWS_OF_TWO.items() if row != "collapsed"}
    others = by_row(estimate_rows(make_results(without), variance="shared"))
    assert rows["collapsed"]["is_collapsed"]
    assert rows["collapsed"]["variance"] == "separate"
    assert rows["collapsed"]["verdict"] == Verdict.TWO_RUNS
    assert [rows[row]["se"] for row in others] == pytest.approx(
        [others[row]["se"] for row in others], nan_ok=True
    )


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 9, 10])
def test_every_number_of_runs_says_what_it_can(make_results: Make, k: int) -> None:
    near = tuple(0.96 + 0.0005 * (i % 3) for i in range(k))
    results = make_results(
        {
            "baseline": near,
            "bad": tuple(run - 0.06 for run in near),
            "same": near,
        },
        n_scenes=1000,
    )
    rows = by_row(estimate_rows(results, margin=1.0))
    said = {name: row["verdict"] for name, row in rows.items() if name != "baseline"}
    same = Verdict.EQUIVALENT if k >= 5 else Verdict.INCONCLUSIVE
    match k:
        case 1:
            assert set(said.values()) == {Verdict.ONE_RUN}
        case 2:
            assert set(said.values()) == {Verdict.TWO_RUNS}
        case _:
            assert said == {"bad": Verdict.WORSE, "same": same}
    assert math.isnan(rows["bad"]["p_beats_lower"]) == (k < 10)
    assert rows["bad"]["p_beats"] == 0
    assert math.isnan(rows["bad"]["detectable"]) == (k < 3)
    assert math.isnan(rows["bad"]["sd_genuine"]) == (k < 2)


def test_what_would_usually_be_missed_grows_with_fewer_runs(make_results: Make) -> None:
    def least(k: int) -> float:
        rng = np.random.default_rng(5)
        runs = {name: tuple(rng.normal(0.95, 0.004, 10)[:k]) for name in "abc"}
        frame = estimate_rows(make_results({"baseline": runs.pop("a"), **runs}))
        row = by_row(frame)["b"]
        assert row["detectable_holm"] > row["detectable"]
        return float(row["detectable"])

    assert least(3) > least(5) > least(10)


def test_the_share_of_runs_in_the_variance_falls_with_their_number(
    make_results: Make,
) -> None:
    rng = np.random.default_rng(0)
    runs = {name: tuple(rng.normal(0.95, 0.02, 10)) for name in ("baseline", "a")}
    many = by_row(estimate_rows(make_results(runs)))["a"]["share_runs"]
    few = {name: its[:3] for name, its in runs.items()}
    fewer = by_row(estimate_rows(make_results(few)))["a"]["share_runs"]
    assert 0 < many < fewer < 1


def test_a_run_that_stands_apart_is_named_by_its_seed(make_results: Make) -> None:
    stray = (NEAR[0], NEAR[1], RunState.FAILED, 0.92)
    accuracies = {"baseline": NEAR, "a": NEAR[:3], "b": FAR[:3], "stray": stray}
    rows = by_row(estimate_rows(make_results(accuracies)))
    assert rows["stray"]["suspect_runs"] == (3,)
    assert rows["baseline"]["suspect_runs"] == ()


def test_a_row_twenty_points_behind_is_not_among_the_best_however_it_varies(
    make_results: Make,
) -> None:
    accuracies = {"baseline": NEAR[:3], "wild": (0.2, 0.25, 0.95)}
    rows = by_row(estimate_rows(make_results(accuracies)))
    assert rows["wild"]["p_holm"] > 0.05
    assert not rows["wild"]["is_best"]
    assert rows["baseline"]["is_best"]


def test_scenes_may_differ_in_size_and_questions_be_in_any_order() -> None:
    rng = np.random.default_rng(2)
    scenes = np.repeat(np.arange(60), rng.integers(1, 19, 60))
    types = np.full(len(scenes), "exist")
    right = {
        row: rng.random((3, len(scenes))) < chance
        for row, chance in (("baseline", 0.9), ("a", 0.85))
    }

    def estimate(order: Any, names: Any) -> pd.DataFrame:
        questions = Questions(names[scenes][order], types, "one")
        answers, trials = {}, []
        for row, runs in right.items():
            for seed, run in enumerate(runs):
                key = f"{row}-{seed}"
                answers[key] = Answers(questions, run[order])
                trials.append(
                    {
                        "row": row,
                        "group": "",
                        "is_baseline": row == "baseline",
                        "seed": seed,
                        "trial_id": key,
                        "state": "FINISHED",
                        "val_accuracy": run.mean(),
                    }
                )
        return estimate_rows(Results(pd.DataFrame(trials), answers), margin=1.0)

    whole = np.arange(len(scenes))
    first = estimate(whole, np.arange(60))
    again = estimate(rng.permutation(whole), rng.permutation(1000)[:60])
    pd.testing.assert_frame_equal(first, again)


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


def test_rows_equal_those_of_the_reference(make_results: Make, shared: Path) -> None:
    path = shared / "reference" / "statistics" / "crossed.py"
    spec = importlib.util.spec_from_file_location("table_oracle", path)
    if spec is None or spec.loader is None:
        pytest.skip(f"no oracle at {path}")
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    rng = np.random.default_rng(0)
    means = {"baseline": 0.96, "a": 0.955, "b": 0.96, "c": 0.90, "d": 0.9601}
    results = make_results(
        {name: tuple(rng.normal(mean, 0.002, 6)) for name, mean in means.items()}
    )
    answers = {
        name: np.stack([results.answers[f"{name}-{seed}"].correct for seed in range(6)])
        for name in means
    }
    scenes = results.answers["a-0"].questions.scenes
    groups = [("", name) for name in means if name != "baseline"]
    theirs = oracle.table(answers, scenes, groups, margin=1.0)
    ours = estimate_rows(results, margin=1.0)
    assert list(ours["verdict"]) == list(theirs["verdict"])
    names = {"delta": "delta", "se": "se", "lower": "lo", "upper": "hi"}
    names |= {"accuracy": "acc", "sd": "sd", "accuracy_lower": "acc_lo"}
    for mine, its in names.items():
        expected = theirs[its].to_numpy(float) / 100
        assert ours[mine].to_numpy() == pytest.approx(expected, nan_ok=True)
    names = {"p_holm": "p_holm", "p_equivalent_holm": "p_equiv_holm", "df": "df"}
    names |= {"share_runs": "share_runs", "p_beats": "poi"}
    for mine, its in names.items():
        expected = theirs[its].to_numpy(float)
        assert ours[mine].to_numpy() == pytest.approx(expected, nan_ok=True)


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
