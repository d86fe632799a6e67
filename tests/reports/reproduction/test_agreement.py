"""A perfect reproduction scores as one, an unrelated table does not."""

import math

import numpy as np
import pytest

from reports.published import Published, PublishedTable
from reports.reproduction.agreement import Agreement, agreement_of
from reports.statistics import estimate_rows
from tests.reports.reproduction.drawn import (
    SD,
    TABLE_2,
    TRUTH,
    draw_runs,
    means_of,
    published_of,
    results_of,
)

COLLAPSED = "no FiLM in ResBlocks 1-4"


def reproduced(seed: int, k: int = 5, *, is_on: bool = False) -> Agreement:
    """Draw a published table and a study of it around one truth."""
    rng = np.random.default_rng(seed)
    drawn = draw_runs(TRUTH, 1, rng)
    drawn["baseline"] = draw_runs({"baseline": TRUTH["baseline"]}, 5, rng)["baseline"]
    table = published_of({row: float(np.mean(runs)) for row, runs in drawn.items()})
    estimates = means_of(draw_runs(TRUTH, k, rng))
    return agreement_of(estimates, table, is_on_published_questions=is_on)


def exact(table: PublishedTable, spread: float, *, is_on: bool = True) -> Agreement:
    runs = {
        row: [one.accuracy / 100 + spread * x for x in (-1, 0, 1)]
        for row, one in table.rows.items()
    }
    return agreement_of(
        estimate_rows(results_of(runs)), table, is_on_published_questions=is_on
    )


@pytest.mark.parametrize("is_on", [False, True])
def test_a_perfect_reproduction_scores_its_ceiling_and_lies_inside(is_on: bool) -> None:
    found = [reproduced(seed, is_on=is_on).summary for seed in range(30)]
    best = found[0].ceiling
    assert best is not None
    assert np.mean([one.tau for one in found]) == pytest.approx(best.mean, abs=0.04)
    within = [best.lower <= one.tau <= best.upper for one in found]
    assert np.mean(within) >= 0.85
    inside = sum(one.n_inside for one in found) / sum(one.n_predicted for one in found)
    assert 0.92 < inside < 0.985


def test_an_unrelated_table_scores_below_the_ceiling_and_no_concordance() -> None:
    rng = np.random.default_rng(0)
    labels = list(TRUTH)[1:]
    best, null, concordances = [], [], []
    for _ in range(12):
        values = rng.permutation([TRUTH[label] for label in labels])
        truth = {
            "baseline": TRUTH["baseline"],
            **dict(zip(labels, values, strict=True)),
        }
        estimates = means_of(draw_runs(truth, 5, rng))
        summary = agreement_of(
            estimates, TABLE_2, is_on_published_questions=False
        ).summary
        assert summary.ceiling is not None
        assert summary.unrelated is not None
        best.append(summary.tau >= summary.ceiling.lower)
        null.append(summary.tau > summary.unrelated.upper)
        concordances.append(summary.concordance)
    assert not any(best)
    assert np.mean(null) <= 0.15
    assert abs(np.mean(concordances)) < 0.25


def test_the_same_numbers_agree_in_everything() -> None:
    found = exact(TABLE_2, SD)
    summary = found.summary
    assert summary.tau == pytest.approx(1)
    assert summary.concordance == pytest.approx(1)
    assert (summary.n_inside, summary.n_predicted) == (18, 18)
    assert (summary.n_same_readable, summary.n_readable) == (7, 7)
    assert (summary.n_same_signed, summary.n_signed) == (17, 17)
    assert summary.bias == pytest.approx(0, abs=1e-12)
    assert summary.level == pytest.approx(0, abs=1e-12)


def test_the_prediction_interval_is_that_of_one_more_run_and_its_rounding() -> None:
    row = exact(TABLE_2, SD).rows.set_index("row").loc["β := 0"]
    t = 4.302653  # of 2 degrees of freedom
    half = t * SD * math.sqrt(1 + 1 / 3) + 0.0005
    assert row["predicted_lower"] == pytest.approx(0.969 - half)
    assert row["predicted_upper"] == pytest.approx(0.969 + half)


def test_on_other_questions_differences_are_compared() -> None:
    runs = {
        row: [value - 0.10 + SD * x for x in (-1, 0, 1)] for row, value in TRUTH.items()
    }
    estimates = estimate_rows(results_of(runs))
    other = agreement_of(estimates, TABLE_2, is_on_published_questions=False)
    assert other.summary.n_inside == other.summary.n_predicted == 17
    assert math.isnan(other.summary.level)
    same = agreement_of(estimates, TABLE_2, is_on_published_questions=True)
    assert same.summary.n_inside == 0
    assert same.summary.level == pytest.approx(-0.10)


def test_a_collapsed_row_is_left_out_of_averages_and_named() -> None:
    runs = {row: [value, value + SD] for row, value in TRUTH.items()}
    runs[COLLAPSED] = [0.30, 0.31]
    estimates = estimate_rows(results_of(runs))
    summary = agreement_of(estimates, TABLE_2, is_on_published_questions=False).summary
    assert summary.collapsed == (COLLAPSED,)
    assert summary.bias == pytest.approx(0, abs=1e-9)
    assert summary.n_rows == 17


def test_bias_and_limits_are_bland_and_altman_s() -> None:
    table = published_of({"baseline": 0.9, "a": 0.8, "b": 0.85, "c": 0.7, "d": 0.88})
    ours = {"baseline": 0.9, "a": 0.81, "b": 0.86, "c": 0.73, "d": 0.87}
    runs = {row: [value - 0.001, value + 0.001] for row, value in ours.items()}
    summary = agreement_of(
        estimate_rows(results_of(runs)), table, is_on_published_questions=False
    ).summary
    apart = np.array([0.01, 0.01, 0.03, -0.01])
    assert summary.bias == pytest.approx(apart.mean())
    assert summary.mean_absolute == pytest.approx(np.abs(apart).mean())
    sd = apart.std(ddof=1)
    assert summary.limits[1] - summary.limits[0] == pytest.approx(2 * 1.96 * sd)


def test_a_row_of_one_run_borrows_the_baseline_s_spread() -> None:
    table = published_of({"baseline": 0.9, "a": 0.8})
    runs = {"baseline": [0.89, 0.90, 0.91], "a": [0.8]}
    rows = agreement_of(
        estimate_rows(results_of(runs)), table, is_on_published_questions=True
    ).rows.set_index("row")
    half = 4.302653 * 0.01 * math.sqrt(2) + 0.0005
    assert rows.loc["a", "predicted_upper"] == pytest.approx(0.8 + half)


def test_with_one_run_everywhere_nothing_is_predicted() -> None:
    table = published_of({"baseline": 0.9, "a": 0.8})
    found = agreement_of(
        estimate_rows(results_of({"baseline": [0.9], "a": [0.8]})),
        table,
        is_on_published_questions=True,
    )
    assert found.summary.n_predicted == 0
    assert math.isnan(found.summary.tau)


def test_rows_that_only_one_side_has_are_named() -> None:
    table = published_of({"baseline": 0.9, "a": 0.8, "theirs": 0.7})
    runs = {"baseline": [0.9, 0.91], "a": [0.8, 0.81], "ours": [0.6, 0.61]}
    found = agreement_of(
        estimate_rows(results_of(runs)), table, is_on_published_questions=False
    )
    assert found.unmatched == ("theirs",)
    assert found.unpublished == ("ours",)


def test_a_published_row_equal_to_the_baseline_has_no_sign() -> None:
    table = PublishedTable(
        "x",
        "x",
        {
            "baseline": Published(97.4, "x", sd=0.4, n_runs=5),
            "5 blocks": Published(97.4, "x"),
            "6 blocks": Published(97.7, "x"),
        },
    )
    summary = exact(table, SD).summary
    assert (summary.n_rows, summary.n_signed) == (2, 1)


def test_without_a_published_sd_no_ceiling_is_told() -> None:
    rows = {row: Published(one.accuracy, "x") for row, one in TABLE_2.rows.items()}
    summary = exact(PublishedTable("x", "x", rows), SD).summary
    assert summary.ceiling is None
    assert summary.n_readable == 0
