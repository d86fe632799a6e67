"""Rows that are alike share what they know of their spread; no others do."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.statistics.intervals import Spread, own_spread, welch
from reports.statistics.shared import moderate


def spreads(
    variances: "np.ndarray[tuple[int], np.dtype[np.float64]]", df: float
) -> list[Spread]:
    return [Spread(float(variance), df) for variance in variances]


def test_the_prior_that_variances_were_drawn_from_is_recovered() -> None:
    rng = np.random.default_rng(0)
    true = 4.0 * 10 / rng.chisquare(10, 20_000)  # a prior of 10 degrees of freedom
    own = true * rng.chisquare(20, 20_000) / 20
    drawn = moderate(spreads(own, 20))
    # A variance v is drawn to (10 · 4 + 20 · v) / (10 + 20).
    slope, offset = np.polyfit(own, [one.variance for one in drawn], 1)
    assert slope == pytest.approx(20 / 30, rel=0.03)
    assert offset == pytest.approx(40 / 30, rel=0.05)
    assert drawn[0].df == pytest.approx(30, rel=0.03)


def test_rows_that_differ_by_chance_alone_have_one_variance() -> None:
    # Quantiles of χ² spread less than χ² itself: no row differs from any other.
    own = stats.chi2.ppf(np.linspace(0.2, 0.8, 9), 2)
    drawn = moderate(spreads(own, 2))
    assert [one.variance for one in drawn] == pytest.approx([own.mean()] * 9)
    assert {one.df for one in drawn} == {18.0}


def test_variances_are_drawn_towards_each_other_in_order() -> None:
    own = np.array([1e-6, 0.1, 1.0, 30.0, 400.0])
    drawn = moderate(spreads(own, 4))
    moved = [one.variance for one in drawn]
    assert moved == sorted(moved)
    assert moved[0] > own[0]
    assert moved[-1] < own[-1]
    assert all(4 < one.df <= 20 for one in drawn)


def test_too_few_rows_or_no_spread_at_all_borrow_nothing() -> None:
    for own in (np.array([1.0, 2.0]), np.zeros(5)):
        assert moderate(spreads(own, 2)) == spreads(own, 2)


def test_a_row_whose_runs_agree_exactly_borrows_too() -> None:
    drawn = moderate(spreads(np.array([0.0, 1.0, 1.2, 0.8]), 2))
    assert drawn[0].variance > 0
    assert math.isfinite(drawn[0].df)


def test_a_difference_of_rows_with_one_variance_is_student_s_with_all_runs() -> None:
    # Three rows of the same spread: what is left is one pooled variance, whose 6
    # degrees of freedom no sum of two such variances exceeds.
    rows = [np.array([-1.0, 0.0, 1.0]) + shift for shift in (0, 5, 9)]
    mine, its, _ = moderate([own_spread(runs) for runs in rows])
    estimate = welch(rows[0], rows[1], (mine, its))
    assert estimate.df == pytest.approx(6)
    assert estimate.se == pytest.approx(math.sqrt(2 / 3))
