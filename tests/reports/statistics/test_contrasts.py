"""A weighted sum of rows has the errors of what it is a sum of."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from reports.statistics.contrasts import Runs, Scale, contrast, run_df
from reports.statistics.intervals import (
    Basis,
    SceneScores,
    crossed,
    one_level,
    score_scenes,
)

SCENES = np.repeat(np.arange(50), [8, 12] * 25)


def make(accuracy: float, n_runs: int, seed: int) -> SceneScores:
    rng = np.random.default_rng(seed)
    ease = np.random.default_rng(1).normal(size=50)[SCENES]
    level = math.log(accuracy / (1 - accuracy)) + 0.2 * rng.normal(size=(n_runs, 1))
    right = rng.random((n_runs, len(SCENES))) < 1 / (1 + np.exp(-level - ease))
    return score_scenes(right, SCENES)


def runs(scores: SceneScores) -> Runs:
    return Runs(scores.accuracies, scores)


def values(*given: float) -> Runs:
    return Runs(np.array(given))


def test_a_difference_of_two_rows_is_the_crossed_one() -> None:
    one, other = make(0.8, 3, 2), make(0.7, 4, 3)
    found, known = contrast((runs(one), runs(other)), (1, -1)), crossed(one, other)
    assert found.value == pytest.approx(known.value)
    assert found.se == pytest.approx(known.se)
    assert found.basis == known.basis == Basis.CROSSED


def test_one_row_is_that_row() -> None:
    scores = make(0.8, 3, 2)
    found, known = contrast((runs(scores),), (1,)), one_level(scores)
    assert found.interval() == pytest.approx(known.interval())


def test_without_answers_it_is_that_of_welch() -> None:
    one, other = values(0.80, 0.82, 0.87), values(0.7, 0.71, 0.70, 0.74)
    found = contrast((one, other), (1, -1))
    test = CompareMeans(DescrStatsW(one.values), DescrStatsW(other.values))
    assert found.interval() == pytest.approx(test.tconfint_diff(usevar="unequal"))
    assert found.basis == Basis.RUN_MEANS


def test_a_row_without_answers_takes_them_from_all() -> None:
    found = contrast((runs(make(0.8, 3, 2)), values(0.7, 0.72)), (1, -1))
    assert found.basis == Basis.RUN_MEANS


def test_a_single_run_borrows_the_variance_of_the_others() -> None:
    cells = (values(0.80, 0.82), values(0.70), values(0.6, 0.64))
    found = contrast(cells, (1, -0.5, -0.5))
    pooled = (2 * 0.01**2 + 2 * 0.02**2) / 2
    expected = math.sqrt(pooled * (1 / 2 + 0.25 / 1 + 0.25 / 2))
    assert found.se == pytest.approx(expected)
    assert (found.df, run_df(cells)) == (2, 2)
    assert found.basis == Basis.RUN_MEANS


def test_single_runs_everywhere_tell_of_these_checkpoints_alone() -> None:
    one, other = make(0.8, 1, 2), make(0.7, 1, 3)
    found = contrast((runs(one), runs(other)), (1, -1))
    assert found.se == pytest.approx(crossed(one, other).se)
    assert found.basis == Basis.CHECKPOINTS
    assert math.isnan(found.p)
    nothing = contrast((values(0.8), values(0.7)), (1, -1))
    assert nothing.basis == Basis.NONE
    assert math.isnan(nothing.se)


def test_its_interval_covers_what_four_rows_are_made_of() -> None:
    rng = np.random.default_rng(0)
    truth, covered = (0.2, -0.1, 0.1, 0.4), 0
    weights = (0.5, -0.5, -0.5, 0.5)
    for _ in range(300):
        ease = 0.5 * rng.normal(size=100)
        cells = [_draw(rng, level, ease) for level in truth]
        lower, upper = contrast(cells, weights).interval()
        expected = sum(w * level for w, level in zip(weights, truth, strict=True))
        covered += lower <= expected <= upper
    assert 0.91 <= covered / 300 <= 0.99


# Sums by scene that vary by run and by scene, on any scale.
def _draw(
    rng: np.random.Generator, level: float, ease: npt.NDArray[np.float64]
) -> Runs:
    by_run = 0.05 * rng.normal(size=(3, 1))
    own = ease + 0.3 * rng.normal(size=100)
    noise = 0.5 * rng.normal(size=(3, 100))
    scores = SceneScores(10 * (level + by_run + own + noise), np.full(100, 10.0))
    return Runs(scores.accuracies, scores)


class TestLogits:
    def test_the_mean_is_that_of_the_runs_logits(self) -> None:
        scores = make(0.8, 3, 2)
        n = len(SCENES)
        held = (scores.accuracies * n + 0.5) / (n + 1)
        found = runs(scores).on(Scale.LOGIT)
        assert found.values == pytest.approx(np.log(held / (1 - held)))
        assert found.mean == pytest.approx(contrast((found,), (1,)).value)

    def test_errors_are_those_of_the_delta_method(self) -> None:
        scores = make(0.8, 3, 2)
        plain = contrast((runs(scores),), (1,))
        logit = contrast((runs(scores).on(Scale.LOGIT),), (1,))
        slope = 1 / (plain.value * (1 - plain.value))
        assert logit.se == pytest.approx(slope * plain.se, rel=0.02)

    def test_runs_that_are_always_right_stay_finite(self) -> None:
        perfect = score_scenes(np.ones((2, len(SCENES)), dtype=bool), SCENES)
        assert np.isfinite(runs(perfect).on(Scale.LOGIT).values).all()
        assert np.isfinite(values(1.0, 0.0).on(Scale.LOGIT).values).all()
        assert values(0.5, 0.6).on(Scale.ACCURACY).values[0] == 0.5
