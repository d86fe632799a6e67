"""Variances that rows borrow from each other, where each has few runs of its own.

With two to four runs a row hardly knows how much its runs differ. If the rows of a
table differ about equally, all of them together know it well: every row's variance is
drawn towards the common one, the more the fewer runs it has and the more alike the
rows are. It is a mode to ask for, not the default: rows that truly differ more than
the others are then called different too often (``docs/calibration.md``).

References:
    Smyth, *Linear models and empirical Bayes methods for assessing differential
    expression in microarray experiments*, Statistical Applications in Genetics and
    Molecular Biology 3(1), 2004, Sections 3 and 6.2.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, polygamma

from reports.statistics.intervals import Spread

__all__ = ["moderate"]

_Floats = npt.NDArray[np.float64]
_FEWEST_ROWS: Final = 3  # that tell how alike rows are
_FLOOR: Final = 1e-5  # of the median variance: the logarithm of none is none
_LEAST_DF, _MOST_DF = 1e-3, 1e6


def moderate(spreads: Sequence[Spread]) -> list[Spread]:
    """Draw the variances of rows towards what they have in common.

    Args:
        spreads: Of rows that may borrow; a collapsed row is none of them.

    Returns:
        The same rows' variances; unchanged where fewer than three rows have any.
    """
    df = np.array([spread.df for spread in spreads])
    own = np.array([spread.variance for spread in spreads])
    if len(spreads) < _FEWEST_ROWS or not np.median(own) > 0:
        return list(spreads)
    floored = np.maximum(own, _FLOOR * float(np.median(own)))
    prior, prior_df = _prior(floored, df)
    most = float(df.sum())
    if math.isinf(prior_df):
        return [Spread(prior, most, most)] * len(spreads)
    drawn = (prior_df * prior + df * own) / (prior_df + df)
    return [
        Spread(float(variance), min(prior_df + each, most), most)
        for variance, each in zip(drawn, df, strict=True)
    ]


# Of the scaled F distribution that variances follow: by the moments of their logarithm.
def _prior(variances: _Floats, df: _Floats) -> tuple[float, float]:
    logs = np.log(variances) - digamma(df / 2) + np.log(df / 2)
    beyond_chance = float(logs.var(ddof=1) - polygamma(1, df / 2).mean())
    if beyond_chance <= float(polygamma(1, _MOST_DF / 2)):
        return float((df * variances).sum() / df.sum()), math.inf
    prior_df = 2 * _trigamma_inverse(beyond_chance)
    half = prior_df / 2
    shift = float(digamma(half)) - math.log(half)
    return math.exp(float(logs.mean()) + shift), prior_df


def _trigamma_inverse(value: float) -> float:
    def above(logarithm: float) -> float:
        return float(polygamma(1, math.exp(logarithm))) - value

    from scipy.optimize import brentq  # noqa: PLC0415 - takes half a second

    ends = math.log(_LEAST_DF / 2), math.log(_MOST_DF / 2)
    return math.exp(float(brentq(above, *ends)))
