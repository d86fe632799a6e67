"""Where a published number would fall, if nothing differed.

One more run of ours falls within ``m ± t·s·√(1 + 1/k)``; the mean of n published ones
within ``m ± t·s·√(1/n + 1/k)``. What printing rounded off widens it.

References:
    Patil, Peng and Leek, *What should researchers expect when they replicate studies?*,
    Perspectives on Psychological Science 11(4), 2016.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from scipy.special import stdtrit

from reports.published import PublishedTable
from reports.statistics.corrections import ALPHA
from reports.statistics.intervals import satterthwaite

__all__ = ["NOWHERE", "of_accuracy", "of_difference"]

_POINTS: Final = 100.0
_PLACES: Final = 9  # of a fraction: what lies beyond is of the arithmetic
NOWHERE: Final[Mapping[str, Any]] = {
    "predicted_lower": math.nan,
    "predicted_upper": math.nan,
    "is_inside": False,
}
"""Of a row of which nothing can be predicted."""


# Variance of one run and its degrees of freedom: a row's own; of a single run, that of
# the baseline's runs.
def _spread(
    row: Mapping[str, Any], baseline: Mapping[str, Any] | None
) -> tuple[float, float] | None:
    for one in (row, baseline):
        if one is not None and one["n_runs"] > 1:
            return one["sd"] ** 2, one["n_runs"] - 1.0
    return None


def of_accuracy(
    row: Mapping[str, Any], baseline: Mapping[str, Any] | None, table: PublishedTable
) -> Mapping[str, Any]:
    """Say where the published accuracy of a row would fall.

    Args:
        row: Its estimates.
        baseline: Those of the baseline, where there is one.
        table: Published, with that row.

    Returns:
        ``predicted_lower``, ``predicted_upper`` and whether the published value
        ``is_inside``.
    """
    spread = _spread(row, baseline)
    if row["n_runs"] == 0 or spread is None or row["has_other_questions"]:
        return NOWHERE
    published = table.rows[row["row"]]
    parts = [_part(spread, published.n_runs, row["n_runs"])]
    value = published.accuracy / _POINTS
    return _predicted(row["accuracy"], parts, value, table.rounding / _POINTS)


def of_difference(
    row: Mapping[str, Any], baseline: Mapping[str, Any] | None, table: PublishedTable
) -> Mapping[str, Any]:
    """Say where the published difference of a row would fall.

    Args:
        row: Its estimates.
        baseline: Those of the baseline, where there is one.
        table: Published, with that row.

    Returns:
        ``predicted_lower``, ``predicted_upper`` and whether the published value
        ``is_inside``.
    """
    spread = _spread(row, baseline)
    difference = table.difference(row["row"])
    if baseline is None or spread is None or math.isnan(row["delta"] + difference):
        return NOWHERE
    its = _spread(baseline, row)
    if its is None:
        return NOWHERE
    published = table.rows[row["row"]]
    parts = [
        _part(spread, published.n_runs, row["n_runs"]),
        _part(its, table.rows[published.against].n_runs, baseline["n_runs"]),
    ]
    value = difference / _POINTS
    return _predicted(row["delta"], parts, value, 2 * table.rounding / _POINTS)


def _part(spread: tuple[float, float], n: int, k: int) -> tuple[float, float]:
    return spread[0] * (1 / n + 1 / k), spread[1]


def _predicted(
    middle: float,
    parts: Sequence[tuple[float, float]],
    published: float,
    rounding: float,
) -> Mapping[str, Any]:
    variance = sum(part for part, _ in parts)
    t = float(stdtrit(satterthwaite(variance, parts), 1 - ALPHA / 2))
    half = t * math.sqrt(variance) + rounding
    return {
        "predicted_lower": middle - half,
        "predicted_upper": middle + half,
        "is_inside": abs(round(published - middle, _PLACES)) <= half,
    }
