"""What may be said of a row, by its number of runs.

========  =============================================================================
runs      verdict
========  =============================================================================
1         none: an interval describes the checkpoint at hand; beside a baseline of three
          runs or more, whether it lies in the range of one more run of that
2         none, unless the table's rows share their variances
3 or 4    worse, better or inconclusive
5 to 9    these, and equivalent, if the study states a margin
10        these, and an interval for the odds of beating a run of the baseline
========  =============================================================================

The number is that of the row or that of the baseline, whichever is smaller. A row that
is not tested does not enter the correction for many tests either.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from reports.statistics.corrections import ALPHA

__all__ = [
    "DF_FOR_EFFECT",
    "RUNS_FOR_EQUIVALENCE",
    "RUNS_FOR_VERDICT",
    "RUNS_IF_SHARED",
    "Variance",
    "Verdict",
    "verdict_on",
]

RUNS_FOR_VERDICT: Final = 3
RUNS_IF_SHARED: Final = 2
RUNS_FOR_EQUIVALENCE: Final = 5
DF_FOR_EFFECT: Final = 4  # of the rows of a design together, as of three runs and three


class Verdict(StrEnum):
    """What may be said of a row against the baseline."""

    BASELINE = "baseline"
    WORSE = "worse"
    BETTER = "better"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    TWO_RUNS = "two runs"
    ONE_RUN = "one run"
    OTHER_QUESTIONS = "other questions"
    NO_RESULT = "no result"
    NO_BASELINE = "no baseline"


class Variance(StrEnum):
    """Whose runs tell how much the runs of a row differ."""

    SEPARATE = "separate"  # its own
    SHARED = "shared"  # and those of other rows (`shared.py`)


def verdict_on(row: Mapping[str, Any]) -> Verdict:
    """Judge a row.

    Args:
        row: Its estimates; ``p_holm`` and ``p_equivalent_holm`` are NaN where its runs
            are too few to be tested.

    Returns:
        What may be said of it.
    """
    if row["is_baseline"]:
        return Verdict.BASELINE
    if row["n_runs"] == 0:
        return Verdict.NO_RESULT
    if row["has_other_questions"]:
        return Verdict.OTHER_QUESTIONS
    if math.isnan(row["delta"]):
        return Verdict.NO_BASELINE
    if math.isnan(row["p_holm"]):
        return Verdict.ONE_RUN if row["n_compared"] == 1 else Verdict.TWO_RUNS
    return _tested(row)


def _tested(row: Mapping[str, Any]) -> Verdict:
    if row["p_holm"] < ALPHA:
        return Verdict.WORSE if row["delta"] < 0 else Verdict.BETTER
    if row["p_equivalent_holm"] < ALPHA:
        return Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE
