"""The odds of beating a baseline run, with an interval where ten runs give one."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.statistics.probability import Odds, OddsRule, odds_of_beating

ORDERED = np.arange(10.0)


def test_odds_are_the_share_of_pairs_won_with_ties_half() -> None:
    a, b = np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0])
    assert odds_of_beating(a, b).value == pytest.approx(4.5 / 6)
    u = stats.mannwhitneyu(a, b).statistic
    assert odds_of_beating(a, b).value == pytest.approx(u / 6)
    assert odds_of_beating(b, a).value == pytest.approx(1.5 / 6)
    assert math.isnan(odds_of_beating(a, np.array([])).value)


def test_only_ten_runs_on_both_sides_give_an_interval() -> None:
    few = odds_of_beating(ORDERED[:9], ORDERED)
    assert math.isnan(few.lower)
    assert math.isnan(few.upper)
    assert few.rule is OddsRule.NONE
    many = odds_of_beating(ORDERED, ORDERED)
    assert many.lower < many.value == 0.5 < many.upper
    assert many.lower == pytest.approx(1 - many.upper)


def test_odds_of_none_and_of_all_have_an_interval_too() -> None:
    sure = odds_of_beating(ORDERED + 20, ORDERED)
    assert (sure.value, sure.upper) == (1.0, 1.0)
    assert 0.7 < sure.lower < 0.95
    never = odds_of_beating(ORDERED - 20, ORDERED)
    assert (never.value, never.lower) == (0.0, 0.0)
    assert never.upper == pytest.approx(1 - sure.lower)


@pytest.mark.parametrize("shift", [0.0, 0.95, 2.5])
def test_the_interval_holds_the_truth_nineteen_times_in_twenty(shift: float) -> None:
    rng = np.random.default_rng(0)
    truth = stats.norm.cdf(shift / math.sqrt(2))
    found = [
        odds_of_beating(rng.normal(shift, 1, 10), rng.normal(0, 1, 10))
        for _ in range(400)
    ]
    assert np.mean([one.lower <= truth <= one.upper for one in found]) >= 0.92


@pytest.mark.parametrize(
    ("ends", "rule"),
    [
        ((0.40, 0.80), OddsRule.UNSETTLED),
        ((0.55, 0.70), OddsRule.SMALL),
        ((0.55, 0.90), OddsRule.MEANINGFUL),
        ((0.30, 0.45), OddsRule.SMALL),
        ((0.10, 0.45), OddsRule.MEANINGFUL),
    ],
)
def test_three_quarters_is_what_may_be_meaningful(
    ends: tuple[float, float], rule: OddsRule
) -> None:
    assert Odds(sum(ends) / 2, *ends).rule is rule
