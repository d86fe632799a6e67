"""P(a run of a row beats a run of the baseline): practical odds, beside the mean.

References:
    Bouthillier et al., *Accounting for variance in machine learning benchmarks*,
    MLSys 2021: a difference is meaningful where this is .75 or may be.
    Newcombe, *Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic, part 2*, Statistics in Medicine 25, 2006, method 5.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

__all__ = ["Odds", "OddsRule", "odds_of_beating"]

_RUNS_FOR_INTERVAL: Final = 10
_BESIDE: Final = 1e-9
_MEANINGFUL: Final = 0.75  # Bouthillier et al., 2021


class OddsRule(StrEnum):
    """What the interval of the odds says of a row, from ten runs on."""

    NONE = ""  # too few runs for an interval
    UNSETTLED = "not shown to differ"  # even odds are inside
    SMALL = "differs, by less than is meaningful"
    MEANINGFUL = "differs, and may be meaningful"


@dataclass(frozen=True)
class Odds:
    """The probability that one run beats another, and its 95 % interval.

    Attributes:
        value: Share of pairs of runs in which it does; ties count half.
        lower: NaN under ten runs on either side: below that a bound is not to be
            trusted, and the number alone is shown.
        upper: Likewise.
    """

    value: float
    lower: float = math.nan
    upper: float = math.nan

    @property
    def rule(self) -> OddsRule:
        """What may be said by it, whichever of the two is the better one."""
        if math.isnan(self.lower):
            return OddsRule.NONE
        if self.lower <= 1 / 2 <= self.upper:
            return OddsRule.UNSETTLED
        most = self.upper if self.lower > 1 / 2 else 1 - self.lower
        return OddsRule.MEANINGFUL if most >= _MEANINGFUL else OddsRule.SMALL


def odds_of_beating(
    row: npt.NDArray[np.float64], baseline: npt.NDArray[np.float64]
) -> Odds:
    """Estimate how often a run of a row beats a run of the baseline.

    Args:
        row: Accuracies of the row's runs.
        baseline: Accuracies of the baseline's runs.

    Returns:
        The odds; NaN where either has no run.
    """
    m, n = len(row), len(baseline)
    if not m or not n:
        return Odds(math.nan)
    difference = np.subtract.outer(row, baseline)
    value = float(((difference > 0) + (difference == 0) / 2).mean())
    if min(m, n) < _RUNS_FOR_INTERVAL:
        return Odds(value)
    return Odds(value, *_interval(value, m, n))


# Like Wilson's for a share: the values that are no farther from the estimate than their
# own standard error allows, so that 0 and 1 have an interval too.
def _interval(value: float, m: int, n: int) -> tuple[float, float]:
    z = float(ndtri(0.975))
    weight = (m + n) / 2 - 1

    def excess(true: float) -> float:
        pairs = 1 + weight * ((1 - true) / (2 - true) + true / (1 + true))
        return (value - true) ** 2 - z**2 * true * (1 - true) * pairs / (m * n)

    from scipy.optimize import brentq  # noqa: PLC0415 - takes half a second

    # Just beside the estimate, for at 0 and 1 the excess is none in itself.
    lower = 0.0 if value <= 0 else float(brentq(excess, 0, value - _BESIDE))
    upper = 1.0 if value >= 1 else float(brentq(excess, value + _BESIDE, 1))
    return lower, upper
