"""Power is that of the t test, and promises no more than the runs can bear."""

import math

import pytest
from statsmodels.stats.power import TTestIndPower

from reports.statistics.power import Power, RunSpread, detectable, pooled_sd

PAPER = RunSpread(0.004, "assumed")


def power(k: int, n_rows: int = 18, sd: float = 0.004) -> Power:
    return Power(n_runs=k, n_rows=n_rows, spread=RunSpread(sd, "assumed"))


@pytest.mark.parametrize("k", [3, 4, 5, 10])
@pytest.mark.parametrize("distance", [1.5, 2.5, 3.5])
def test_power_equals_statsmodels_s(k: int, distance: float) -> None:
    ours = power(k, sd=0.01 / distance)
    for found, alpha in ((ours.per_row, 0.05), (ours.first_step, 0.05 / 17)):
        expected = TTestIndPower().power(distance, k, alpha)
        # Theirs counts differences that are found in the wrong direction, too.
        assert found == pytest.approx(expected, abs=1e-3)


def test_five_runs_find_a_point_as_the_handbook_says() -> None:
    assert power(5).sentence == (
        "5 runs × 18 rows find 1 point with probability .93 per row "
        "(.47 at Holm's first step), if runs vary by .4 points (assumed)"
    )


@pytest.mark.parametrize("k", [1, 2])
def test_one_or_two_runs_find_nothing(k: int) -> None:
    assert "give no verdict on any row" in power(k).sentence
    assert power(k).per_row == 0
    assert power(k).detectable == math.inf


def test_a_single_row_is_compared_with_nothing() -> None:
    assert power(5, n_rows=1).sentence == "5 runs × 1 row: nothing is compared"


@pytest.mark.parametrize("sd", [0.0, 1e-9, 1e-4])
def test_nothing_is_promised_for_certain(sd: float) -> None:
    assert power(5, sd=sd).per_row == pytest.approx(1)
    assert "with probability over .99" in power(5, sd=sd).sentence


def test_a_main_effect_is_told_by_all_rows_of_its_factorial() -> None:
    spread = RunSpread(0.01, "assumed")
    crossed = Power(n_runs=3, n_rows=8, spread=spread, n_crossed=8, n_effects=7)
    # As of 12 runs against 12, but for the degrees of freedom: 16 and not 22.
    alone, first = (TTestIndPower().power(1, 12, alpha) for alpha in (0.05, 0.05 / 7))
    assert crossed.main_effect == pytest.approx(alone, abs=0.02)
    assert crossed.main_effect_first_step == pytest.approx(first, abs=0.04)
    assert (
        "with probability .16 per row (.03 at Holm's first step) and .63 as a "
        "component's main effect (.30 at Holm's first step over 7 effects), if runs "
        "vary by 1 point ("
    ) in crossed.sentence


def test_two_runs_of_a_factorial_tell_of_effects_and_of_no_row() -> None:
    crossed = Power(n_runs=2, n_rows=8, spread=PAPER, n_crossed=8, n_effects=7)
    assert crossed.sentence.startswith("2 runs × 8 rows find 1 point with probability ")
    assert "as a component's main effect" in crossed.sentence
    assert crossed.sentence.endswith(
        "; they give no verdict on any row: at least 3 runs do"
    )
    assert crossed.per_row == 0
    small = Power(n_runs=1, n_rows=8, spread=PAPER, n_crossed=8, n_effects=7)
    assert small.main_effect == 0
    assert small.sentence.endswith("give no verdict on any row: at least 3 runs do")


def test_an_unknown_spread_promises_nothing() -> None:
    assert math.isnan(power(5, sd=math.nan).per_row)


@pytest.mark.parametrize(("k", "points"), [(3, 1.2), (4, 0.95), (12, 0.48)])
def test_a_detectable_difference_is_found_four_times_in_five(
    k: int, points: float
) -> None:
    least = power(k).detectable
    assert least == pytest.approx(points / 100, abs=5e-4)
    exactly = Power(n_runs=k, n_rows=18, spread=PAPER, difference=least)
    assert exactly.per_row == pytest.approx(0.8, abs=1e-6)


def test_what_is_detectable_grows_with_the_error_and_the_correction() -> None:
    assert detectable(0.02, 8) == pytest.approx(2 * detectable(0.01, 8))
    assert detectable(0.01, 2) > detectable(0.01, 8) > detectable(0.01, 100)
    assert detectable(0.01, 8, 0.05 / 17) > detectable(0.01, 8)
    assert detectable(0.0, 8) == 0
    assert math.isnan(detectable(math.nan, math.nan))


def test_a_pooled_spread_is_that_of_all_rows_together() -> None:
    sd, df = pooled_sd([(1.0, 3.0), (5.0, 5.0, 8.0), (7.0,)])
    assert (sd, df) == (pytest.approx(math.sqrt((2 + 6) / 3)), 3)
    assert pooled_sd([(1.0,)]) == (pytest.approx(math.nan, nan_ok=True), 0)
