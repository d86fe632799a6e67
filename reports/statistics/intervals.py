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
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

__all__ = [
    "NOTHING",
    "Basis",
    "Estimate",
    "SceneScores",
    "Spread",
    "crossed",
    "one_level",
    "own_spread",
    "prediction_interval",
    "satterthwaite",
    "scene_variance",
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
class Spread:
    """How much the runs of a row differ.

    Attributes:
        variance: Of one run's accuracy.
        df: Degrees of freedom that it is known with.
        most_df: Of any sum of such variances: rows that borrow from each other know
            together no more than all runs do.
    """

    variance: float
    df: float
    most_df: float = math.inf


@dataclass(frozen=True)
class Estimate:
    """An estimated number, with what is needed for intervals and tests.

    Attributes:
        value: The number.
        se: Its standard error.
        df: Degrees of freedom of that.
        basis: What both generalise over.
        run_part: Variance that more runs would lessen.
        scene_part: Variance that more scenes would lessen; what is particular to a run
            in a scene is in both.
    """

    value: float
    se: float
    df: float
    basis: Basis
    run_part: float = math.nan
    scene_part: float = math.nan

    @property
    def share_runs(self) -> float:
        """Share of the variance that comes from runs; NaN where one is unknown."""
        whole = self.run_part + self.scene_part
        return self.run_part / whole if whole > 0 else math.nan

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Give the two-sided t interval.

        Args:
            confidence: Probability that such intervals cover the truth.

        Returns:
            Lower and upper end.
        """
        half = float(stdtrit(self.df, 0.5 + confidence / 2)) * self.se
        return self.value - half, self.value + half

    def numbers(self, value: str = "delta") -> dict[str, float | str]:
        """Give what a table holds of the estimate.

        Args:
            value: What its value is called there.

        Returns:
            That, ``se``, ``df``, ``lower`` and ``upper`` (95 %), and ``basis``.
        """
        lower, upper = self.interval()
        return {
            value: self.value,
            "se": self.se,
            "df": self.df,
            "lower": lower,
            "upper": upper,
            "basis": str(self.basis),
        }

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
        return float(stdtr(self.df, -distance / self.se))


NOTHING: Final = Estimate(math.nan, math.nan, math.nan, Basis.NONE)
"""What is estimated where nothing can be compared."""


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
        return scene_variance(rest, self.asked) / ((self.n_runs - 1) * self.n_runs)


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


def own_spread(accuracies: _Floats) -> Spread:
    """Estimate how much runs differ from these runs alone.

    Args:
        accuracies: Of at least two runs.

    Returns:
        Their variance.
    """
    return Spread(float(accuracies.var(ddof=1)), len(accuracies) - 1.0)


def crossed(
    row: SceneScores,
    baseline: SceneScores,
    spreads: tuple[Spread, Spread] | None = None,
) -> Estimate:
    """Estimate the difference in accuracy over training runs and scenes.

    With a single run on either side nothing can be said about runs: the interval is
    then over scenes alone and describes the checkpoints at hand.

    Args:
        row: Runs of the variation.
        baseline: Runs of the baseline, on the same questions.
        spreads: How much the runs of either differ, where more than they tells.

    Returns:
        Accuracy of the row minus that of the baseline.
    """
    delta = float(row.accuracies.mean() - baseline.accuracies.mean())
    # Linearised: scenes differ in size, so accuracy is a ratio of scene totals.
    rest = row.right.mean(0) - baseline.right.mean(0) - delta * row.asked
    return _combine(delta, scene_variance(rest, row.asked), (row, baseline), spreads)


def one_level(row: SceneScores, spread: Spread | None = None) -> Estimate:
    """Estimate one row's own accuracy over training runs and scenes.

    Args:
        row: Its runs.
        spread: How much they differ, where more than they tells.

    Returns:
        The mean accuracy.
    """
    mean = float(row.accuracies.mean())
    rest = row.right.mean(0) - mean * row.asked
    spreads = None if spread is None else (spread,)
    return _combine(mean, scene_variance(rest, row.asked), (row,), spreads)


def welch(
    row: _Floats, baseline: _Floats, spreads: tuple[Spread, Spread] | None = None
) -> Estimate:
    """Estimate the difference of mean accuracies from the runs' accuracies alone.

    This is what is left without answers to the same questions (Welch, 1947).

    Args:
        row: Accuracies of the variation's runs.
        baseline: Accuracies of the baseline's runs.
        spreads: How much the runs of either differ, where more than they tells.

    Returns:
        The difference; without error where either has a single run.
    """
    delta = float(row.mean() - baseline.mean())
    if min(len(row), len(baseline)) < 2:  # noqa: PLR2004 - a variance needs two
        return Estimate(delta, math.nan, math.nan, Basis.NONE)
    known = spreads or (own_spread(row), own_spread(baseline))
    variance, df = _of_runs(known, (len(row), len(baseline)))
    return Estimate(delta, math.sqrt(variance), df, Basis.RUN_MEANS, variance)


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
    t = float(stdtrit(k - 1.0, 0.5 + confidence / 2))
    half = t * float(accuracies.std(ddof=1)) * math.sqrt(1 + 1 / k)
    mean = float(accuracies.mean())
    return mean - half, mean + half


def _combine(
    value: float,
    scenes: float,
    sides: tuple[SceneScores, ...],
    spreads: tuple[Spread, ...] | None,
) -> Estimate:
    scene_df = sides[0].n_scenes - 1.0
    if min(side.n_runs for side in sides) == 1:
        se = math.sqrt(scenes)
        return Estimate(value, se, scene_df, Basis.CHECKPOINTS, scene_part=scenes)
    known = spreads or tuple(own_spread(side.accuracies) for side in sides)
    runs, run_df = _of_runs(known, tuple(side.n_runs for side in sides))
    twice = sum(side.interaction() for side in sides)
    variance = max(runs + scenes - twice, runs, scenes)
    df = satterthwaite(variance, [(runs, run_df), (scenes, scene_df)])
    return Estimate(value, math.sqrt(variance), df, Basis.CROSSED, runs, scenes)


# The variance of a sum or difference of means over runs, from the runs.
def _of_runs(spreads: tuple[Spread, ...], n_runs: tuple[int, ...]) -> _Component:
    parts = [(s.variance / k, s.df) for s, k in zip(spreads, n_runs, strict=True)]
    variance = sum(part for part, _ in parts)
    most = min(spread.most_df for spread in spreads)
    return variance, min(satterthwaite(variance, parts), most)


def scene_variance(rest: _Floats, asked: _Floats) -> float:
    """Estimate the variance of an accuracy that comes from the choice of scenes.

    Args:
        rest: Each scene's right answers beyond what the accuracy expects there.
        asked: Number of questions in each scene.

    Returns:
        The variance; scenes may differ in size, for the rest sums to nothing.
    """
    n = len(asked)
    return n / (n - 1) * float((rest**2).sum()) / float(asked.sum()) ** 2


def satterthwaite(variance: float, parts: Sequence[_Component]) -> float:
    """Work out the degrees of freedom of a sum of variances.

    Args:
        variance: The sum, or what was made of it.
        parts: Each variance and its degrees of freedom.

    Returns:
        The degrees of freedom; the least of the parts' where none varies.
    """
    spread = sum(part**2 / df for part, df in parts)
    return variance**2 / spread if spread > 0 else min(df for _, df in parts)
