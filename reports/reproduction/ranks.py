"""Do two tables order their rows alike, and how well could they at best?

Kendall's τ-b of two lists says little alone: a table of one run per row does not even
agree with itself, run anew. So it stands between a ceiling, what a perfect reproduction
would score, and the null, what an unrelated table would.

References:
    Kendall, *The treatment of ties in ranking problems*, Biometrika 33(3), 1945.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Simulated", "ceiling", "kendall", "unrelated"]

_Floats = npt.NDArray[np.float64]
_DRAWS: Final = 2000
_SEED: Final = 20180  # the same table, the same ceiling
_MIDDLE: Final = 0.025, 0.975
_AT_ONCE: Final = 1_000_000  # pairs of numbers that are held in memory


@dataclass(frozen=True)
class Simulated:
    """What chance makes of τ.

    Attributes:
        mean: On average.
        lower: 2.5 % lie below.
        upper: 2.5 % lie above.
    """

    mean: float
    lower: float
    upper: float


def kendall(x: _Floats, y: _Floats) -> _Floats:
    """Compute τ-b, of many pairs of lists at once.

    Args:
        x: Numbers along the last axis.
        y: As many.

    Returns:
        One τ per pair of lists; NaN where all numbers of a list are equal.
    """
    i, j = np.triu_indices(x.shape[-1], 1)
    mine, its = np.sign(x[..., i] - x[..., j]), np.sign(y[..., i] - y[..., j])
    pairs = np.abs(mine).sum(-1) * np.abs(its).sum(-1)
    with np.errstate(invalid="ignore"):
        tau: _Floats = (mine * its).sum(-1) / np.sqrt(pairs)
    return tau


def ceiling(published: Sequence[float], sds: Sequence[_Floats]) -> Simulated:
    """Simulate what a perfect reproduction would score.

    The published numbers are taken for the truth, and both tables are drawn around it.

    Args:
        published: One number per row.
        sds: Standard deviation of each row's number, of the published and of ours.

    Returns:
        τ of two tables that measure the same.
    """
    rng = np.random.default_rng(_SEED)
    shape = _DRAWS, len(published)
    tables = [np.array(published) + sd * rng.standard_normal(shape) for sd in sds]
    return _summed_up(tables[0], tables[1])


def unrelated(published: Sequence[float]) -> Simulated:
    """Simulate what a table would score that has nothing to do with the published one.

    Args:
        published: One number per row.

    Returns:
        τ of the published numbers with orders by chance.
    """
    rng = np.random.default_rng(_SEED)
    orders = rng.permuted(np.tile(np.arange(len(published)), (_DRAWS, 1)), axis=1)
    return _summed_up(np.tile(published, (_DRAWS, 1)), orders.astype(float))


def _summed_up(x: _Floats, y: _Floats) -> Simulated:
    n_parts = math.ceil(x.size * x.shape[-1] / 2 / _AT_ONCE)
    parts = zip(np.array_split(x, n_parts), np.array_split(y, n_parts), strict=True)
    tau = np.concatenate([kendall(*part) for part in parts])
    lower, upper = np.nanquantile(tau, _MIDDLE)
    return Simulated(float(np.nanmean(tau)), float(lower), float(upper))
