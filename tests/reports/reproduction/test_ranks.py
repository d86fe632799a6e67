"""τ-b is scipy's, and its ceiling is what two tables of the same truth score."""

import numpy as np
import pytest
from scipy import stats

from reports.reproduction.ranks import ceiling, kendall, unrelated
from tests.reports.reproduction.drawn import SD, TRUTH

DELTAS = [value for row, value in TRUTH.items() if row != "baseline"]


@pytest.mark.parametrize("seed", range(5))
def test_tau_is_that_of_scipy_with_ties_on_both_sides(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, (2, 12)).astype(float)
    assert float(kendall(x, y)) == pytest.approx(stats.kendalltau(x, y).statistic)


def test_tau_of_a_list_without_an_order_is_unknown() -> None:
    assert np.isnan(kendall(np.ones(5), np.arange(5.0)))


# As in a note on this project's statistics, simulated independently.
@pytest.mark.parametrize(("k", "expected"), [(1, 0.74), (3, 0.79), (5, 0.81)])
def test_a_perfect_reproduction_of_table_2_has_a_ceiling(
    k: int, expected: float
) -> None:
    found = ceiling(DELTAS, [np.full(17, SD), np.full(17, SD / np.sqrt(k))])
    assert found.mean == pytest.approx(expected, abs=0.015)
    assert found.lower == pytest.approx({1: 0.59, 3: 0.67, 5: 0.68}[k], abs=0.02)
    assert found.upper == pytest.approx({1: 0.87, 3: 0.90, 5: 0.91}[k], abs=0.02)


def test_an_unrelated_table_rarely_scores_more_than_a_third() -> None:
    found = unrelated(DELTAS)
    assert found.mean == pytest.approx(0, abs=0.02)
    assert found.upper == pytest.approx(0.36, abs=0.03)


def test_the_same_table_has_the_same_ceiling() -> None:
    sds = [np.full(17, SD), np.full(17, SD)]
    assert ceiling(DELTAS, sds) == ceiling(DELTAS, sds)


def test_a_table_of_hundreds_of_rows_is_simulated_in_parts() -> None:
    found = ceiling(list(np.linspace(0, 1, 150)), [np.full(150, 0.1)] * 2)
    assert 0.7 < found.mean < 0.9
