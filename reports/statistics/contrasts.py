"""Weighted sums of several rows' accuracies, with errors over runs and scenes.

An effect of a factorial is such a sum: every row that has the component counts +, every
row that has it not counts −. The variance is built as for the difference of two rows
(``reports.statistics.intervals``): from the runs of every row, from the scenes, which
all rows share, and less what both contain.

Effects add up on a scale that has ends only in its middle. Where accuracies come near
guessing or near 100 %, their logarithmic odds (logits) are the better scale; the same
sums are taken of them, linearised about each run's accuracy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from reports.statistics.intervals import (
    Basis,
    Estimate,
    SceneScores,
    satterthwaite,
    scene_variance,
)

__all__ = ["Runs", "Scale", "contrast", "run_df"]

_Floats = npt.NDArray[np.float64]
_NEVER_WRONG: Final = 1e-4  # of an accuracy whose questions are unknown


class Scale(StrEnum):
    """What effects are differences of."""

    ACCURACY = "accuracy"
    LOGIT = "logit"


@dataclass(frozen=True, eq=False)
class Runs:
    """The finished runs of a row.

    Attributes:
        values: Accuracy of each run, or its logit.
        scores: The same by scene, where every answer was recorded.
    """

    values: _Floats
    scores: SceneScores | None = None

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.values)

    @cached_property
    def mean(self) -> float:
        """Mean over the runs."""
        return float(self.values.mean())

    @cached_property
    def run_variance(self) -> float:
        """Variance of that mean, from the runs; two at least."""
        return float(self.values.var(ddof=1)) / self.n_runs

    @cached_property
    def right(self) -> _Floats:
        """Right answers by scene, mean over the runs; none where unknown."""
        return np.zeros(0) if self.scores is None else self.scores.right.mean(0)

    @cached_property
    def interaction(self) -> float:
        """What runs and scenes both contain in the variance of the mean."""
        return math.nan if self.scores is None else self.scores.interaction()

    def on(self, scale: Scale) -> "Runs":
        """Change accuracies into what effects are differences of.

        Args:
            scale: Accuracies, which these are, or logits.

        Returns:
            The runs on that scale.
        """
        match scale:
            case Scale.ACCURACY:
                return self
            case Scale.LOGIT if self.scores is None:
                held = np.clip(self.values, _NEVER_WRONG, 1 - _NEVER_WRONG)
                return Runs(np.log(held / (1 - held)))
            case Scale.LOGIT:
                scores = _logits(self.scores)
                return Runs(scores.accuracies, scores)


def contrast(cells: Sequence[Runs], weights: Sequence[float]) -> Estimate:
    """Estimate a weighted sum of rows over training runs, and scenes where known.

    Rows keep their own variance over runs. Where some have a single run, these borrow
    the mean variance of the others, and the sum rests on run means; where all have a
    single run, nothing can be said about runs.

    Args:
        cells: The rows, judged on the same questions.
        weights: Of each; they add up to 0 in a comparison, to 1 in a mean.

    Returns:
        The sum.
    """
    factors = np.array(weights)
    value = float(factors @ [cell.mean for cell in cells])
    fewest = min(cell.n_runs for cell in cells)
    if fewest == 1 and run_df(cells) > 0:
        return _pooled(value, cells, factors)
    scenes, scene_df = _from_scenes(value, cells, factors)
    if fewest == 1:
        basis = Basis.NONE if math.isnan(scenes) else Basis.CHECKPOINTS
        return Estimate(value, math.sqrt(scenes), scene_df, basis, scene_part=scenes)
    own = zip(cells, weights, strict=True)
    parts = [(w**2 * cell.run_variance, cell.n_runs - 1.0) for cell, w in own]
    runs = sum(part for part, _ in parts)
    if math.isnan(scenes):
        se, df = math.sqrt(runs), satterthwaite(runs, parts)
        return Estimate(value, se, df, Basis.RUN_MEANS, run_part=runs)
    twice = float(factors**2 @ [cell.interaction for cell in cells])
    variance = max(runs + scenes - twice, runs, scenes)
    df = satterthwaite(variance, [*parts, (scenes, scene_df)])
    return Estimate(value, math.sqrt(variance), df, Basis.CROSSED, runs, scenes)


def run_df(cells: Sequence[Runs]) -> int:
    """Count the degrees of freedom that runs give.

    Args:
        cells: The rows of a sum.

    Returns:
        One less than the runs of each row, added up.
    """
    return sum(cell.n_runs - 1 for cell in cells)


# The scenes' variance and its degrees of freedom, where every answer is known.
def _from_scenes(
    value: float, cells: Sequence[Runs], weights: _Floats
) -> tuple[float, float]:
    scores = [cell.scores for cell in cells if cell.scores is not None]
    if len(scores) < len(cells):
        return math.nan, math.nan
    asked = scores[0].asked
    right = weights @ np.stack([cell.right for cell in cells])
    return scene_variance(right - value * asked, asked), len(asked) - 1.0


# As least squares does: one variance for all rows.
def _pooled(value: float, cells: Sequence[Runs], weights: _Floats) -> Estimate:
    df = run_df(cells)
    squares = sum(float(((cell.values - cell.mean) ** 2).sum()) for cell in cells)
    spread = sum(w**2 / cell.n_runs for w, cell in zip(weights, cells, strict=True))
    variance = float(spread) * squares / df
    se = math.sqrt(variance)
    return Estimate(value, se, float(df), Basis.RUN_MEANS, run_part=variance)


# Counts whose accuracies are the logits of these, and whose scenes deviate from them as
# the linearised logit does. Half an answer either way keeps a perfect run finite.
def _logits(scores: SceneScores) -> SceneScores:
    n = float(scores.asked.sum())
    raw = scores.accuracies[:, None]
    held = (raw * n + 0.5) / (n + 1)
    deviation = (scores.right - raw * scores.asked) / (held * (1 - held))
    logits = np.log(held / (1 - held))
    return SceneScores(logits * scores.asked + deviation, scores.asked)
