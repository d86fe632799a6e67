"""What many tests of one table ask of each of them; NaN is no test.

References:
    Holm, *A simple sequentially rejective multiple test procedure*, 1979: over rows, so
    that the chance of any false verdict in a table is held.
    Benjamini and Hochberg, *Controlling the false discovery rate*, 1995: over cells, of
    which there are many, so that the share of false ones among those found is.
"""

import math
from typing import Final, Literal

import pandas as pd

__all__ = ["ALPHA", "benjamini_hochberg", "holm"]

ALPHA: Final = 0.05
"""The chance of a false alarm that every test and every family of tests is held to."""


def holm(p: pd.Series) -> pd.Series:
    """Correct p values over a family in which no false alarm is wanted.

    Args:
        p: One p per test; NaN where nothing was tested.

    Returns:
        Corrected values, in the same places.
    """
    return _corrected(p, "holm")


def benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Correct p values over a family of which a twentieth may be false alarms.

    Args:
        p: One p per test; NaN where nothing was tested.

    Returns:
        Corrected values, in the same places.
    """
    return _corrected(p, "fdr_bh")


def _corrected(p: pd.Series, method: Literal["holm", "fdr_bh"]) -> pd.Series:
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415 - takes .6 s

    corrected = pd.Series(math.nan, index=p.index)
    tested = p.notna()
    if tested.any():
        corrected[tested] = multipletests(p[tested], method=method)[1]
    return corrected
