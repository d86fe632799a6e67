"""Intervals for accuracies and their differences, over training runs and scenes.

Two things vary when an accuracy is measured: the training run and the choice of
validation scenes. A statement about a design has to generalise over both. Here both
are random effects, crossed with each other, in closed form: the variances of run means
and of scene totals are added, what both contain (run × scene) is taken off once, and
Satterthwaite's degrees of freedom give the t interval. Radiology calls the design
multi-reader multi-case: runs are readers, scenes are cases.

References:
    Satterthwaite, *An approximate distribution of estimates of variance components*,
    Biometrics 2(6), 1946. Runs are taken as unpaired: equal seeds of different
    architectures share nothing that would correlate their errors.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = [
    "Basis",
    "Estimate",
    "SceneScores",
    "crossed",
    "one_level",
    "prediction_interval",
    "score_scenes",
    "welch",
]

_Floats = npt.NDArray[np.float64]
_Component = tuple[float, float]  # a variance and its degrees of freedom


class Basis(StrEnum):
    """What an interval generalises over."""

    CROSSED = "runs × scenes"
    RUN_MEANS = "run means"  # without answers to the same questions
    CHECKPOINTS = "these checkpoints"  # one run: over scenes alone
    NONE = "none"


@dataclass(frozen=True)
class Estimate:
    """An estimated number, with what is needed for intervals and tests."""

    value: float
    se: float
    df: float
    basis: Basis

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Give the two-sided t interval.

        Args:
            confidence: Probability that such intervals cover the truth.

        Returns:
            Lower and upper end.
        """
        half = float(stats.t.ppf(0.5 + confidence / 2, self.df)) * self.se
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """Two-sided p of no difference; NaN where runs are not generalised over."""
        if self.basis not in {Basis.CROSSED, Basis.RUN_MEANS}:
            return math.nan
        return min(1.0, 2 * self._tail(abs(self.value)))

    def p_equivalent(self, margin: float) -> float:
        """Test that the value lies within ±margin (two one-sided t tests).

        Args:
            margin: Smallest difference that matters, in the unit of the value.

        Returns:
            The larger of both one-sided p; NaN where runs are not generalised over.
        """
        if self.basis not in {Basis.CROSSED, Basis.RUN_MEANS}:
            return math.nan
        return max(self._tail(margin + self.value), self._tail(margin - self.value))

    def _tail(self, distance: float) -> float:
        if self.se == 0:
            return 0.0 if distance > 0 else 1.0
        return float(stats.t.sf(distance / self.se, self.df))


@dataclass(frozen=True, eq=False)
class SceneScores:
    """Right answers of every run in every scene.

    Attributes:
        right: Number of right answers, runs × scenes.
        asked: Number of questions in each scene; scenes may differ in size.
    """

    right: _Floats
    asked: _Floats

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.right)

    @property
    def n_scenes(self) -> int:
        """Number of scenes."""
        return len(self.asked)

    @property
    def accuracies(self) -> _Floats:
        """Accuracy of each run."""
        accuracies: _Floats = self.right.sum(axis=1) / self.asked.sum()
        return accuracies

    def run_variance(self) -> float:
        """Estimate the variance of the mean over runs that comes from the runs.

        Returns:
            Variance of the run means, divided by their number.
        """
        return float(self.accuracies.var(ddof=1)) / self.n_runs

    def interaction(self) -> float:
        """Estimate the run × scene part, which runs and scenes both contain.

        Returns:
            Its share in the variance of the mean over runs.
        """
        accuracies = self.accuracies
        rest = (
            self.right
            - self.right.mean(axis=0)
            - np.outer(accuracies - accuracies.mean(), self.asked)
        )
        return _scene_variance(rest, self.asked) / ((self.n_runs - 1) * self.n_runs)


def score_scenes(
    correct: npt.NDArray[np.bool_], scenes: npt.NDArray[np.int64]
) -> SceneScores:
    """Count right answers by scene.

    Args:
        correct: Whether each answer is right, runs × questions.
        scenes: Scene of each question; the labels mean nothing.

    Returns:
        The counts, runs × scenes.
    """
    labels, index = np.unique(scenes, return_inverse=True)
    right = [np.bincount(index, run.astype(float), len(labels)) for run in correct]
    return SceneScores(np.stack(right), np.bincount(index).astype(float))


def crossed(row: SceneScores, baseline: SceneScores) -> Estimate:
    """Estimate the difference in accuracy over training runs and scenes.

    With a single run on either side nothing can be said about runs: the interval is
    then over scenes alone and describes the checkpoints at hand.

    Args:
        row: Runs of the variation.
        baseline: Runs of the baseline, on the same questions.

    Returns:
        Accuracy of the row minus that of the baseline.
    """
    delta = float(row.accuracies.mean() - baseline.accuracies.mean())
    # Linearised: scenes differ in size, so accuracy is a ratio of scene totals.
    rest = row.right.mean(0) - baseline.right.mean(0) - delta * row.asked
    return _combine(delta, _scene_variance(rest, row.asked), (row, baseline))


def one_level(row: SceneScores) -> Estimate:
    """Estimate one row's own accuracy over training runs and scenes.

    Args:
        row: Its runs.

    Returns:
        The mean accuracy.
    """
    mean = float(row.accuracies.mean())
    rest = row.right.mean(0) - mean * row.asked
    return _combine(mean, _scene_variance(rest, row.asked), (row,))


def welch(row: _Floats, baseline: _Floats) -> Estimate:
    """Estimate the difference of mean accuracies from the runs' accuracies alone.

    This is what is left without answers to the same questions (Welch, 1947).

    Args:
        row: Accuracies of the variation's runs.
        baseline: Accuracies of the baseline's runs.

    Returns:
        The difference; without error where either has a single run.
    """
    delta = float(row.mean() - baseline.mean())
    if min(len(row), len(baseline)) < 2:  # noqa: PLR2004 - a variance needs two
        return Estimate(delta, math.nan, math.nan, Basis.NONE)
    parts = [(float(x.var(ddof=1)) / len(x), len(x) - 1.0) for x in (row, baseline)]
    variance = sum(part for part, _ in parts)
    df = _satterthwaite(variance, parts)
    return Estimate(delta, math.sqrt(variance), df, Basis.RUN_MEANS)


def prediction_interval(
    accuracies: _Floats, confidence: float = 0.95
) -> tuple[float, float]:
    """Say where one more run of the same design would fall.

    Args:
        accuracies: Accuracies of at least two runs.
        confidence: Probability that one more run falls inside.

    Returns:
        Lower and upper end, ``m ± t·s·√(1 + 1/k)``.
    """
    k = len(accuracies)
    t = float(stats.t.ppf(0.5 + confidence / 2, k - 1))
    half = t * float(accuracies.std(ddof=1)) * math.sqrt(1 + 1 / k)
    mean = float(accuracies.mean())
    return mean - half, mean + half


def _combine(value: float, scenes: float, sides: tuple[SceneScores, ...]) -> Estimate:
    n_scenes = sides[0].n_scenes
    if min(side.n_runs for side in sides) == 1:
        return Estimate(value, math.sqrt(scenes), n_scenes - 1.0, Basis.CHECKPOINTS)
    parts = [(side.run_variance(), side.n_runs - 1.0) for side in sides]
    runs = sum(part for part, _ in parts)
    twice = sum(side.interaction() for side in sides)
    variance = max(runs + scenes - twice, runs, scenes)
    df = _satterthwaite(variance, [*parts, (scenes, n_scenes - 1.0)])
    return Estimate(value, math.sqrt(variance), df, Basis.CROSSED)


def _scene_variance(rest: _Floats, asked: _Floats) -> float:
    n = len(asked)
    return n / (n - 1) * float((rest**2).sum()) / float(asked.sum()) ** 2


def _satterthwaite(variance: float, parts: list[_Component]) -> float:
    spread = sum(part**2 / df for part, df in parts)
    return variance**2 / spread if spread > 0 else min(df for _, df in parts)
