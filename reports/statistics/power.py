"""What a number of runs can find: before a launch, and beside a table.

Told by Student's t over training runs. A run's accuracy on a finite set of questions
varies by that too, so that a standard deviation that was observed includes it.

References:
    Cohen, *Statistical power analysis for the behavioral sciences*, 1988.
    Colas et al., *How many random seeds?*, 2018: the standard deviation of a few pilot
    runs is itself uncertain, and so is the power that it tells.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import nctdtr, stdtrit

from reports.statistics.corrections import ALPHA
from reports.statistics.verdicts import DF_FOR_EFFECT, RUNS_FOR_VERDICT

__all__ = [
    "DIFFERENCE",
    "PAPER_RUN_SD",
    "Power",
    "RunSpread",
    "detectable",
    "pooled_sd",
]

PAPER_RUN_SD: Final = 0.004
"""Of the baseline's five runs: Perez et al., AAAI 2018, Table 2 (97.4 ± .4)."""
DIFFERENCE: Final = 0.01
"""What a launch is asked to find, one percentage point."""

_USUALLY: Final = 0.8  # the power at which a difference counts as detectable
_FIRST: Final = "Holm's first step"
_FAR: Final = 2.0**12  # standard errors, more than any bound
_STEPS: Final = 60  # of bisection


@dataclass(frozen=True)
class RunSpread:
    """The standard deviation of runs that power is told by.

    Attributes:
        sd: Of the accuracy of one run.
        source: Where it is from, in words.
        df: Degrees of freedom that it is known with; infinite where it is assumed.
    """

    sd: float
    source: str
    df: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a table will find, if one of its rows truly differs.

    Attributes:
        n_runs: Runs of every row, the baseline among them.
        n_rows: Rows, the baseline among them.
        spread: How much runs of one row differ.
        difference: How much the row differs, as a fraction.
        n_crossed: Rows of a factorial, over which every main effect is taken; 0 where
            no factorial is asked for as a whole.
        n_effects: Effects that it is tested for.
    """

    n_runs: int
    n_rows: int
    spread: RunSpread
    difference: float = DIFFERENCE
    n_crossed: int = 0
    n_effects: int = 0

    @property
    def per_row(self) -> float:
        """Probability that the row is found, in the right direction, taken alone."""
        return self._found(ALPHA)

    @property
    def first_step(self) -> float:
        """Probability that it is found at Holm's first step, the hardest one."""
        return self._found(ALPHA / max(self.n_rows - 1, 1))

    @property
    def main_effect(self) -> float:
        """Probability that such a main effect of a component is found, taken alone."""
        return self._effect_found(ALPHA)

    @property
    def main_effect_first_step(self) -> float:
        """Probability that it is found at Holm's first step."""
        return self._effect_found(ALPHA / max(self.n_effects, 1))

    @property
    def tests_effects(self) -> bool:
        """Whether effects of a factorial are tested at all."""
        return self._effect_df >= DF_FOR_EFFECT

    @property
    def detectable(self) -> float:
        """The difference that is found with probability .8, taken alone."""
        if self.n_runs < RUNS_FOR_VERDICT:
            return math.inf
        return detectable(self._se, self._df)

    @property
    def sentence(self) -> str:
        """The power in words."""
        what = f"{_times(self.n_runs, 'run')} × {_times(self.n_rows, 'row')}"
        if self.n_rows < 2:  # noqa: PLR2004 - a difference needs two
            return f"{what}: nothing is compared"
        no_row = "no verdict on any row: at least 3 runs do"
        is_few = self.n_runs < RUNS_FOR_VERDICT
        if is_few and not self.tests_effects:
            return f"{what} give {no_row}"
        found = " and ".join([*([] if is_few else [self._of_rows]), *self._of_effects])
        return (
            f"{what} find {_points(self.difference)} with probability {found}, "
            f"if runs vary by {_points(self.spread.sd)} ({self.spread.source})"
            f"{f'; they give {no_row}' if is_few else ''}"
        )

    @property
    def _of_rows(self) -> str:
        return f"{_share(self.per_row)} per row ({_share(self.first_step)} at {_FIRST})"

    @property
    def _of_effects(self) -> list[str]:
        if not self.tests_effects:
            return []
        hardest = _share(self.main_effect_first_step)
        said = (
            f"{_share(self.main_effect)} as a component's main effect ({hardest} at "
            f"{_FIRST} over {_times(self.n_effects, 'effect')})"
        )
        return [said]

    @property
    def _se(self) -> float:
        return self.spread.sd * math.sqrt(2 / self.n_runs)

    @property
    def _df(self) -> float:
        return 2.0 * (self.n_runs - 1)

    def _found(self, alpha: float) -> float:
        if self.n_runs < RUNS_FOR_VERDICT:
            return 0.0
        if self._se == 0:
            return 1.0
        return _power(self.difference / self._se, self._df, alpha)

    # One half of the rows against the other, each mean with all runs of its rows.
    @property
    def _effect_se(self) -> float:
        return 2 * self.spread.sd / math.sqrt(self.n_crossed * self.n_runs)

    @property
    def _effect_df(self) -> float:
        return self.n_crossed * (self.n_runs - 1.0)

    def _effect_found(self, alpha: float) -> float:
        if not self.tests_effects:
            return 0.0
        if self._effect_se == 0:
            return 1.0
        return _power(self.difference / self._effect_se, self._effect_df, alpha)


def detectable(se: float, df: float, alpha: float = ALPHA) -> float:
    """Work out the least difference that would usually be found.

    Args:
        se: Standard error of the difference.
        df: Degrees of freedom of that.
        alpha: Level of the two-sided test.

    Returns:
        The true difference that such a test finds with probability .8.
    """
    if not (se >= 0 and df > 0):
        return math.nan
    low, high = 0.0, 1.0
    while _power(high, df, alpha) < _USUALLY and high < _FAR:
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _power(middle, df, alpha) < _USUALLY:
            low = middle
        else:
            high = middle
    return high * se


def pooled_sd(rows: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Pool the standard deviation of runs over rows.

    Args:
        rows: Accuracies of every row's runs; a row of one run tells nothing.

    Returns:
        The standard deviation, NaN where nothing tells, and its degrees of freedom.
    """
    telling = [np.asarray(runs, dtype=float) for runs in rows if len(runs) > 1]
    df = sum(len(runs) - 1.0 for runs in telling)
    if not telling:
        return math.nan, 0.0
    squares = sum(float(((runs - runs.mean()) ** 2).sum()) for runs in telling)
    return math.sqrt(squares / df), df


def _power(distance: float, df: float, alpha: float) -> float:
    if math.isnan(distance):
        return math.nan
    bound = -float(stdtrit(df, alpha / 2))
    missed = float(nctdtr(df, distance, bound))
    return 1.0 if math.isnan(missed) else 1 - missed  # SciPy: too far to be computed


def _times(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _points(fraction: float) -> str:
    number = f"{100 * fraction:.2g}".removeprefix("0")
    return f"{number} point{'' if number == '1' else 's'}"


# As papers print probabilities, and never surer than it is.
def _share(probability: float) -> str:
    if probability > 0.99:  # noqa: PLR2004
        return "over .99"
    if probability < 0.01:  # noqa: PLR2004
        return "under .01"
    return f"{probability:.2f}".removeprefix("0")
