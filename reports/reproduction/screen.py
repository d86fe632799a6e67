"""What a published table says by itself, of rows with one run and one s.d. for all.

A row of one run is held against the range in which one more run of the best model would
fall. That is a screen and no test: with five runs of the baseline, rows whose runs vary
more than the baseline's stray from it too often, corrected or not.

References:
    Crawford and Howell, *Comparing an individual's test score against norms derived
    from small samples*, The Clinical Neuropsychologist 12(4), 1998.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from scipy.special import stdtr, stdtrit

from reports.published import Published, PublishedTable
from reports.statistics.corrections import ALPHA, holm
from reports.statistics.intervals import satterthwaite
from studies.trial import BASELINE

__all__ = ["Noise", "noise_of", "screen"]

_POINTS: Final = 100.0
_PLACES: Final = 9  # of a fraction: more would be of the arithmetic, not of the table


@dataclass(frozen=True)
class Noise:
    """How much runs of a published table differ, as the table itself says.

    Attributes:
        sd: Of one run of the baseline, as a fraction.
        n_runs: Runs that it was estimated from.
    """

    sd: float
    n_runs: int

    @property
    def df(self) -> float:
        """Degrees of freedom that the s.d. is known with."""
        return self.n_runs - 1.0

    @property
    def half(self) -> float:
        """Half the range of one more run of the baseline, ``t·s·√(1 + 1/n)``."""
        t = float(stdtrit(self.df, 1 - ALPHA / 2))
        return t * self.sd * math.sqrt(1 + 1 / self.n_runs)


def noise_of(table: PublishedTable) -> Noise | None:
    """Find out how much the runs of a table differ.

    Args:
        table: Published.

    Returns:
        What its baseline says; None where it has no s.d. over two runs or more.
    """
    best = table.baseline
    if not best.sd or best.n_runs < 2:  # noqa: PLR2004 - an s.d. needs two
        return None
    return Noise(best.sd / _POINTS, best.n_runs)


def screen(table: PublishedTable) -> pd.DataFrame:
    """Hold every published row against the baseline's own range.

    Args:
        table: Published.

    Returns:
        One row per published row: ``row``, ``group``, ``is_baseline``, ``n_runs``,
        ``accuracy``, ``sd``, ``delta``, ``lower`` and ``upper`` (what ``delta`` may be
        by chance alone when nothing changed, 95 %), ``p``, ``p_holm`` and
        ``is_inside``. Where the table says no s.d., these four are missing.
    """
    noise = noise_of(table)
    rows = [_row(label, table, noise) for label in table.rows]
    frame = pd.DataFrame(rows)
    frame["p_holm"] = holm(frame["p"])
    frame["is_inside"] = frame["p"] >= ALPHA
    return frame


def _row(label: str, table: PublishedTable, noise: Noise | None) -> Mapping[str, Any]:
    row = table.rows[label]
    is_baseline = label == BASELINE
    delta = round(table.difference(label) / _POINTS, _PLACES)
    error, df = _error(row, noise) if noise and not is_baseline else (math.nan, 1.0)
    half = float(stdtrit(df, 1 - ALPHA / 2)) * error
    return {
        "row": label,
        "group": row.group,
        "is_baseline": is_baseline,
        "n_runs": row.n_runs,
        "accuracy": row.accuracy / _POINTS,
        "sd": math.nan if row.sd is None else row.sd / _POINTS,
        "delta": delta,
        "lower": -half,
        "upper": half,
        "p": 2 * float(stdtr(df, -abs(delta) / error)),
    }


# A row of one run varies as the baseline does; one with an s.d. of its own, by that.
def _error(row: Published, noise: Noise) -> tuple[float, float]:
    its = noise.sd**2 / noise.n_runs
    if not row.sd or row.n_runs < 2:  # noqa: PLR2004 - an s.d. needs two
        return math.sqrt(noise.sd**2 / row.n_runs + its), noise.df
    own = (row.sd / _POINTS) ** 2 / row.n_runs
    df = satterthwaite(own + its, [(own, row.n_runs - 1.0), (its, noise.df)])
    return math.sqrt(own + its), df
