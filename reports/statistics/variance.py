"""Where the spread between a row's runs comes from, and which run stands apart.

Runs of one row differ because training differs, and because each makes its mistakes on
other questions of a finite set: the second would vanish on endless questions, the first
would not. The variance of a run's accuracy is the sum of both.

References:
    Jordan, *On the variance of neural network training with respect to test sets and
    distributions*, ICLR 2024, which splits it so.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, ndtr, stdtrit

from reports.statistics.intervals import SceneScores

__all__ = ["COLLAPSED", "Parts", "collapsed", "split", "suspects"]

COLLAPSED: Final = 0.20
"""How far under the baseline, or the best row, a row no longer learns its task."""

_Runs = Sequence[float] | npt.NDArray[np.float64]  # their accuracies
_FEWEST_SIBLINGS: Final = 2
_FEWEST_ROWS: Final = 3  # whose spread tells what is usual
_ROUNDING: Final = 1e-9
_TAIL: Final = float(ndtr(-3.0))  # beyond 3 s.d. of a normal distribution, on one side


@dataclass(frozen=True)
class Parts:
    """The standard deviation of a row's runs in its two parts; NaN under two runs.

    Attributes:
        genuine: That of accuracies on endless questions.
        noise: What the finite set of questions adds.
    """

    genuine: float
    noise: float


def split(scores: SceneScores) -> Parts:
    """Split what runs differ by into training and the choice of questions.

    Args:
        scores: A row's runs.

    Returns:
        Both standard deviations; their squares sum to that of the runs, unless the
        noise alone exceeds it, and the genuine part is then none.
    """
    if scores.n_runs < 2:  # noqa: PLR2004 - a variance needs two
        return Parts(math.nan, math.nan)
    noise = scores.interaction() * scores.n_runs
    whole = float(scores.accuracies.var(ddof=1))
    return Parts(math.sqrt(max(whole - noise, 0.0)), math.sqrt(noise))


def collapsed(rows: Mapping[str, _Runs], baseline: str | None) -> set[str]:
    """Find the rows that lost more than 20 points, if only in one run.

    Their runs differ in whether and when training failed, not as those of other rows
    do, so that nothing is told of those by them.

    Args:
        rows: Accuracies of every row's runs.
        baseline: The row to lose points to; None or without runs for the median row.

    Returns:
        Their names.
    """
    means = {row: float(np.mean(runs)) for row, runs in rows.items() if len(runs)}
    if not means:
        return set()
    usual = means.get(baseline or "", float(np.median(list(means.values()))))
    found = {row for row in means if min(rows[row]) < usual - COLLAPSED}
    return found - {baseline}


def suspects(rows: Mapping[str, _Runs], left_out: set[str]) -> dict[str, list[int]]:
    """Find runs that stand farther from the others of their row than chance explains.

    A run takes part in its row's own s.d., so that with few runs none can be 3 of those
    from the mean (of three runs, 1.15 at most). Each is therefore compared with its
    siblings alone. Two or three siblings hardly know their s.d. either (of three equal
    runs, one in five is 3 s.d. of the other two away), so that what is usual in the
    table's other rows counts too: the larger of both s.d. is taken, so that neither
    three runs that happen to agree nor a row that is noisier than others cry wolf. The
    bound is as improbable as 3 s.d. of a normal distribution is, by Student's t with
    the degrees of freedom of that s.d. Of two runs neither is the odd one.

    Args:
        rows: Accuracies of every row's runs.
        left_out: Rows that do not tell what is usual in others.

    Returns:
        Positions of such runs, by row; rows without any are not named.
    """
    spreads = {
        row: (float(np.var(runs, ddof=1)), len(runs) - 1.0)
        for row, runs in rows.items()
        if row not in left_out and len(runs) > 1
    }
    found = {}
    for row, runs in rows.items():
        usual = _usual([its for other, its in spreads.items() if other != row])
        far = [i for i in range(len(runs)) if _stands_apart(runs, i, usual)]
        if far:
            found[row] = far
    return found


# The s.d. of runs that most rows have, and its degrees of freedom. A median, for a row
# with a run that went astray would raise a mean; it knows about half as much.
def _usual(spreads: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    if len(spreads) < _FEWEST_ROWS:
        return None
    variances, df = np.array(spreads).T
    median = float(np.median(variances * df / chdtri(df, 0.5)))
    return math.sqrt(median), float(df.sum()) / 2


def _stands_apart(runs: _Runs, i: int, usual: tuple[float, float] | None) -> bool:
    siblings = np.delete(np.array(runs, dtype=float), i)
    n = len(siblings)
    if n < _FEWEST_SIBLINGS:
        return False
    sd, df = float(siblings.std(ddof=1)), n - 1.0
    if usual is not None:
        sd, df = max(sd, usual[0]), max(df, usual[1])
    bound = -float(stdtrit(df, _TAIL)) * sd * math.sqrt(1 + 1 / n)
    return bool(abs(runs[i] - siblings.mean()) > bound + _ROUNDING)
