"""What many tests of one table ask of each of them; NaN is no test.

References:
    Holm, *A simple sequentially rejective multiple test procedure*, 1979: over rows, so
    that the chance of any false verdict in a table is held.
    Benjamini and Hochberg, *Controlling the false discovery rate*, 1995: over cells, of
    which there are many, so that the share of false ones among those found is.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["ALPHA", "benjamini_hochberg", "holm"]

_Floats = npt.NDArray[np.float64]

ALPHA: Final = 0.05
"""The chance of a false alarm that every test and every family of tests is held to."""


def holm(p: pd.Series) -> pd.Series:
    """Correct p values over a family in which no false alarm is wanted.

    Args:
        p: One p per test; NaN where nothing was tested.

    Returns:
        Corrected values, in the same places.
    """
    ordered, places = _ordered(p)
    left = len(ordered) - np.arange(len(ordered))  # hypotheses that are not rejected
    return _put_back(np.maximum.accumulate(left * ordered), places, p)


def benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Correct p values over a family of which a twentieth may be false alarms.

    Args:
        p: One p per test; NaN where nothing was tested.

    Returns:
        Corrected values, in the same places.
    """
    ordered, places = _ordered(p)
    shares = ordered * len(ordered) / (1 + np.arange(len(ordered)))
    return _put_back(np.minimum.accumulate(shares[::-1])[::-1], places, p)


# statsmodels has both, and collects garbage at every call: .2 s in a report's process.
def _ordered(p: pd.Series) -> tuple[_Floats, npt.NDArray[np.intp]]:
    values = p.to_numpy(dtype=float)
    places = np.flatnonzero(~np.isnan(values))
    places = places[np.argsort(values[places], kind="stable")]
    return values[places], places


def _put_back(
    corrected: _Floats, places: npt.NDArray[np.intp], p: pd.Series
) -> pd.Series:
    values = np.full(len(p), np.nan)
    values[places] = np.minimum(corrected, 1.0)
    return pd.Series(values, index=p.index)
