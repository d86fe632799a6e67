"""What the statistics of a table say in sentences, for a note under it or a page."""

import math
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from reports.notes import Note
from reports.results import records
from reports.statistics.intervals import Basis
from reports.statistics.probability import OddsRule
from reports.statistics.verdicts import Variance

__all__ = ["statistics_words"]

_OF_SPREAD: Final = "accuracy", "interval", "drawing"  # columns that show it
_MOSTLY: Final = 2 / 3  # of the variance
_SHARED: Final = (
    "Variances are shared: how much the runs of a row differ is told by them and by "
    "the runs of other rows (Smyth's moderated variance), and two runs are tested too. "
    "Where rows truly differ in this, tables have a false verdict more often than one "
    "time in twenty (simulated: one in fourteen to one in eight)."
)
_LARGE_BASELINE: Final = (
    "The baseline has more than twice the runs of some rows: tables of which this is "
    "so have a false verdict more often than one time in twenty (simulated with 10 to "
    "3: one in eight). Runs of rows would help more than its own."
)


def statistics_words(estimates: pd.DataFrame) -> list[str]:
    """Say what the numbers of a table rest on and can show.

    Args:
        estimates: One row per row of the study, as ``estimate_rows`` gives.

    Returns:
        Sentences, one note each; none where no row has two runs.
    """
    of_verdicts = "verdict", "p", "detectable"
    return [
        *_shared_words(estimates),
        *(Note(said, *of_verdicts) for said in _allocation_words(estimates)),
        *(Note(said, *_OF_SPREAD) for said in _narrowing_words(estimates)),
        *(Note(said, *of_verdicts) for said in _detectable_words(estimates)),
        *(Note(said, "beats") for said in _odds_words(estimates)),
        *_suspect_words(estimates),
    ]


# Warn where the baseline has many more runs than the rows that it judges.
def _allocation_words(estimates: pd.DataFrame) -> list[str]:
    runs = estimates.loc[estimates["is_baseline"], "n_runs"]  # one of each evaluation
    baseline = max(runs, default=0)
    tested = estimates.loc[estimates["p"].notna(), "n_runs"]
    return [_LARGE_BASELINE] if (2 * tested < baseline).any() else []


# Say where the spread of runs comes from, and what would narrow the intervals.
def _narrowing_words(estimates: pd.DataFrame) -> list[str]:
    return [*_split_words(estimates), *_share_words(estimates)]


# Say which differences the table would usually miss.
def _detectable_words(estimates: pd.DataFrame) -> list[str]:
    tested = estimates[estimates["p"].notna() & ~estimates["is_collapsed"]]
    return [
        f"With {runs} runs a difference under {_points(rows['detectable'].median())} "
        f"points would usually be missed, and under "
        f"{_points(rows['detectable_holm'].median())} at Holm's first step (found with "
        "probability .8; median of the rows)."
        for runs, rows in tested.groupby("n_compared", sort=True)
    ]


# Say of rows with ten runs how often one of them beats one of the baseline.
def _odds_words(estimates: pd.DataFrame) -> list[str]:
    said = [
        f"{row['row']} {_share(row['p_beats'])} [{_share(row['p_beats_lower'])}, "
        f"{_share(row['p_beats_upper'])}], {row['beats_rule']}"
        for row in records(estimates)
        if row["beats_rule"] != OddsRule.NONE
    ]
    if not said:
        return []
    note = (
        "Probability that a run beats one of the baseline, with its 95 % interval "
        f"(meaningful from .75, or to .25): {'; '.join(said)}."
    )
    return [note]


# Name the runs that stand apart from their siblings.
def _suspect_words(estimates: pd.DataFrame) -> list[str]:
    named = [
        f"{row['row']} (seed {', '.join(map(str, row['suspect_runs']))})"
        for row in records(estimates)
        if row["suspect_runs"]
    ]
    if not named:
        return []
    note = (
        "Look at these runs, more than 3 s.d. from the others of their row: "
        f"{'; '.join(named)}. They are counted like all others; of sound runs fewer "
        "than one in a hundred is as far (simulated)."
    )
    return [note]


# Warn where rows borrowed each other's variance.
def _shared_words(estimates: pd.DataFrame) -> list[str]:
    if not (estimates["variance"] == Variance.SHARED).any():
        return []
    alone = [row["row"] for row in records(estimates) if row["is_collapsed"]]
    if not alone:
        return [_SHARED]
    return [f"{_SHARED} Not shared with, for they collapsed: {'; '.join(alone)}."]


def _split_words(estimates: pd.DataFrame) -> Iterator[str]:
    known = estimates[estimates["sd_noise"].notna() & ~estimates["is_collapsed"]]
    if known.empty:
        return
    observed, noise = (float((known[name] ** 2).mean()) for name in ("sd", "sd_noise"))
    said = f"Runs of a row differ by an s.d. of {_points(math.sqrt(observed))} points"
    if observed <= noise:  # an estimate of a part may exceed the whole
        yield (
            f"{said}, no more than this finite set of questions alone would make them "
            f"differ ({_points(math.sqrt(noise))}): none of it is shown to be genuine "
            "(pooled over rows)."
        )
        return
    yield (
        f"{said}: {_points(math.sqrt(observed - noise))} is genuine and would remain "
        f"on endless questions, {_points(math.sqrt(noise))} is noise of this set of "
        "them (squares add up; pooled over rows)."
    )


def _share_words(estimates: pd.DataFrame) -> Iterator[str]:
    is_known = (estimates["basis"] == Basis.CROSSED) & estimates["share_runs"].notna()
    shares = estimates.loc[is_known & ~estimates["is_collapsed"], "share_runs"]
    if shares.empty:
        return
    share = float(shares.median())
    if share > _MOSTLY:
        what = "more seeds would narrow the intervals, more scenes hardly"
    elif share < 1 - _MOSTLY:
        what = "more scenes would narrow the intervals, more seeds hardly"
    else:
        what = "more seeds and more scenes would both narrow the intervals"
    yield (
        f"Of the variance of Δ {100 * share:.0f} % comes from training runs and "
        f"{100 - round(100 * share)} % from the choice of scenes (median of the rows): "
        f"{what}."
    )


def _points(fraction: Any) -> str:  # noqa: ANN401 - pandas' own number
    return f"{100 * float(fraction):.2f}"


def _share(probability: float) -> str:
    return f"{probability:.2f}".removeprefix("0")
