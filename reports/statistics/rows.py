"""From recorded trials to what can be said of every row: frames to frames.

The unit of evidence is the training run. A row is compared with the baseline over runs
and scenes (``intervals.py``), p values are corrected over the rows of the table
(``corrections.py``), and the words depend on how many runs there are
(``verdicts.py``).

References:
    Schuirmann, *A comparison of the two one-sided tests procedure and the power
    approach*, 1987: equivalence.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.results import Results, RunState, records
from reports.statistics.corrections import ALPHA, holm
from reports.statistics.intervals import (
    NOTHING,
    Estimate,
    Spread,
    one_level,
    own_spread,
    prediction_interval,
)
from reports.statistics.power import detectable
from reports.statistics.probability import odds_of_beating
from reports.statistics.scoring import Scored, compare, other_questions, score_row
from reports.statistics.shared import moderate
from reports.statistics.variance import COLLAPSED, collapsed, split, suspects
from reports.statistics.verdicts import (
    RUNS_FOR_EQUIVALENCE,
    RUNS_FOR_VERDICT,
    RUNS_IF_SHARED,
    Variance,
    verdict_on,
)

__all__ = ["estimate_rows", "mean_and_sd"]

_Floats = npt.NDArray[np.float64]
_POINTS: Final = 100.0


def estimate_rows(
    results: Results,
    *,
    margin: float | None = None,
    variance: Variance | Literal["separate", "shared"] = Variance.SEPARATE,
) -> pd.DataFrame:
    """Estimate every row's accuracy and its difference to the baseline.

    Accuracies and differences are fractions. Intervals are 95 %; those named
    ``simultaneous`` hold for all tested rows of the table together (Bonferroni). A
    row is tested from three runs on, of the row and of the baseline; where rows share
    their variances, from two. A row that was judged on other validation questions than
    the baseline is not compared at all.

    Args:
        results: What was recorded.
        margin: Smallest difference that matters, in percentage points; without one no
            row is called equivalent.
        variance: Whether a row's variance between runs is its own, or is drawn towards
            that of all rows but the collapsed ones.

    Returns:
        One row per row of the study, in its order, whether finished or not. Beside
        accuracy and difference: ``sd_genuine`` and ``sd_noise`` (``variance.py``),
        ``share_runs`` (of the variance of ``delta``, what comes from runs), ``p_beats``
        and ``beats_rule`` (``probability.py``), ``detectable`` and ``detectable_holm``
        (found with probability .8 by the row's test, alone and at Holm's first step),
        ``suspect_runs`` (seeds), ``is_collapsed`` and ``variance``.
    """
    frame = _summarise(results.trials)
    table = _Table.of(frame, results, Variance(variance))
    frame["is_collapsed"] = [row in table.collapsed for row in frame["row"]]
    frame["variance"] = [
        str(Variance.SHARED if row in table.spreads else Variance.SEPARATE)
        for row in frame["row"]
    ]
    frame["has_other_questions"] = table.others
    baseline_runs = int(frame.loc[frame["is_baseline"], "n_runs"].sum())
    frame["n_compared"] = frame["n_runs"].clip(upper=baseline_runs)
    own = pd.DataFrame([{**table.own(row), **table.odds(row)} for row in frame["row"]])
    estimates = [table.against_baseline(row) for row in frame["row"]]
    differences = _differences(frame, estimates, margin)
    frame = pd.concat([frame, own, differences], axis=1)
    frame["verdict"] = [verdict_on(row) for row in records(frame)]
    frame["baseline_range"] = _baseline_range(frame)
    frame["suspect_runs"] = _suspects(frame)
    frame["is_best"] = _not_worse_than_best(frame, table)
    return frame


def mean_and_sd(values: _Floats) -> dict[str, float]:
    """Average accuracies of runs.

    Args:
        values: One per run.

    Returns:
        ``accuracy``, NaN without a run, and ``sd``, NaN under two.
    """
    return {
        "accuracy": float(values.mean()) if len(values) else math.nan,
        "sd": float(values.std(ddof=1)) if len(values) > 1 else math.nan,
    }


def _summarise(trials: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (row, group), mine in trials.groupby(["row", "group"], sort=False):
        finished = mine[mine["val_accuracy"].notna()]
        values = finished["val_accuracy"].to_numpy(float)
        states = mine["state"].value_counts()
        rows.append(
            {
                "row": row,
                "group": group,
                "is_baseline": bool(mine["is_baseline"].all()),
                "n_wanted": len(mine),
                "n_runs": len(values),
                **mean_and_sd(values),
                "runs": tuple(float(value) for value in values),
                "seeds": tuple(int(seed) for seed in finished["seed"]),
                **{f"n_{s.lower()}": int(states.get(s, 0)) for s in RunState},
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """All rows' runs, to be compared with each other."""

    runs: Mapping[str, _Floats]
    scores: Mapping[str, Scored | None]
    baseline: str | None
    others: Sequence[bool]  # by row, in order: judged on other questions
    collapsed: set[str]
    spreads: Mapping[str, Spread]  # of rows that borrowed from others

    @classmethod
    def of(cls, frame: pd.DataFrame, results: Results, variance: Variance) -> "_Table":
        runs = {row["row"]: np.array(row["runs"]) for row in records(frame)}
        baseline = next(iter(frame.loc[frame["is_baseline"], "row"]), None)
        lost = collapsed(runs, baseline)
        return cls(
            runs=runs,
            scores={row: score_row(results, row) for row in runs},
            baseline=baseline,
            others=other_questions(frame, results),
            collapsed=lost,
            spreads=_borrowed(runs, lost) if variance is Variance.SHARED else {},
        )

    def against_baseline(self, row: str) -> Estimate:
        is_other = dict(zip(self.runs, self.others, strict=True))[row]
        if self.baseline is None or row == self.baseline or is_other:
            return NOTHING
        return self.compare(row, self.baseline)

    def compare(self, row: str, other: str) -> Estimate:
        return compare(
            (self.scores[row], self.scores[other]),
            (self.runs[row], self.runs[other]),
            self._spreads(row, other),
        )

    def own(self, row: str) -> dict[str, float]:
        scored = self.scores[row]
        if scored is None:
            return dict.fromkeys(_OWN_COLUMNS, math.nan)
        scores = scored.scores
        spread = self.spreads.get(row) if scores.n_runs > 1 else None
        ends = one_level(scores, spread).interval()
        parts = split(scores)
        sizes = float(scores.asked.sum()), float(scores.n_scenes)
        numbers = (*ends, *sizes, parts.genuine, parts.noise)
        return dict(zip(_OWN_COLUMNS, numbers, strict=True))

    def odds(self, row: str) -> dict[str, Any]:
        is_other = dict(zip(self.runs, self.others, strict=True))[row]
        is_compared = self.baseline not in {None, row} and not is_other
        its = self.runs[self.baseline or ""] if is_compared else np.array([])
        odds = odds_of_beating(self.runs[row], its)
        return {
            "p_beats": odds.value,
            "p_beats_lower": odds.lower,
            "p_beats_upper": odds.upper,
            "beats_rule": str(odds.rule),
        }

    def _spreads(self, row: str, other: str) -> tuple[Spread, Spread] | None:
        if row not in self.spreads and other not in self.spreads:
            return None
        if min(len(self.runs[row]), len(self.runs[other])) < RUNS_IF_SHARED:
            return None
        mine, its = (
            self.spreads.get(one, own_spread(self.runs[one])) for one in (row, other)
        )
        return mine, its


_OWN_COLUMNS: Final = (
    "accuracy_lower",
    "accuracy_upper",
    "n_questions",
    "n_scenes",
    "sd_genuine",
    "sd_noise",
)


def _borrowed(runs: Mapping[str, _Floats], lost: set[str]) -> dict[str, Spread]:
    rows = [row for row in runs if row not in lost and len(runs[row]) > 1]
    own = [own_spread(runs[row]) for row in rows]
    moderated = moderate(own)
    return {} if moderated == own else dict(zip(rows, moderated, strict=True))


def _differences(
    frame: pd.DataFrame, estimates: Sequence[Estimate], margin: float | None
) -> pd.DataFrame:
    shared = frame["variance"] == Variance.SHARED
    fewest = shared.map({True: RUNS_IF_SHARED, False: RUNS_FOR_VERDICT})
    p = pd.Series([estimate.p for estimate in estimates], dtype=float)
    p = p.where(frame["n_compared"] >= fewest)
    n_tests = int(p.count())
    found = pd.DataFrame(
        [
            _difference(estimate, n_tests, is_tested=not math.isnan(its))
            for estimate, its in zip(estimates, p, strict=True)
        ]
    )
    equal = [
        math.nan if margin is None else e.p_equivalent(margin / _POINTS)
        for e in estimates
    ]
    found["p_equivalent"] = pd.Series(equal, dtype=float).where(
        frame["n_compared"] >= RUNS_FOR_EQUIVALENCE
    )
    found["p"] = p
    found["p_holm"] = holm(p)
    found["p_equivalent_holm"] = holm(found["p_equivalent"])
    return found


def _difference(estimate: Estimate, n_tests: int, *, is_tested: bool) -> dict[str, Any]:
    together = least = math.nan, math.nan
    if is_tested:
        together = estimate.interval(1 - ALPHA / n_tests)
        plain = detectable(estimate.se, estimate.df)
        least = plain, detectable(estimate.se, estimate.df, ALPHA / n_tests)
    numbers = estimate.numbers()
    basis = numbers.pop("basis")
    return {
        **numbers,
        "simultaneous_lower": together[0],
        "simultaneous_upper": together[1],
        "basis": basis,
        "share_runs": estimate.share_runs,
        "detectable": least[0],
        "detectable_holm": least[1],
        "n_tests": n_tests,
    }


# Of rows with one run: would one more run of the baseline fall there?
def _baseline_range(frame: pd.DataFrame) -> list[str]:
    baseline = [
        run for row in records(frame) if row["is_baseline"] for run in row["runs"]
    ]
    if len(baseline) < RUNS_FOR_VERDICT:
        return [""] * len(frame)
    lower, upper = prediction_interval(np.array(baseline))
    return [
        ""
        if row["is_baseline"] or row["n_runs"] != 1 or row["has_other_questions"]
        else ("inside" if lower <= row["accuracy"] <= upper else "outside")
        for row in records(frame)
    ]


def _suspects(frame: pd.DataFrame) -> list[tuple[int, ...]]:
    left_out = set(frame.loc[frame["is_collapsed"], "row"])
    found = suspects(dict(zip(frame["row"], frame["runs"], strict=True)), left_out)
    return [
        tuple(row["seeds"][i] for i in found.get(row["row"], []))
        for row in records(frame)
    ]


def _not_worse_than_best(frame: pd.DataFrame, table: _Table) -> list[bool]:
    accuracies = {
        str(row["row"]): float(row["accuracy"])
        for row in records(frame)
        if row["n_runs"] >= RUNS_FOR_VERDICT and not row["has_other_questions"]
    }
    if len(accuracies) < 2:  # noqa: PLR2004 - a choice needs two
        return [False] * len(frame)
    best = max(accuracies, key=lambda row: accuracies[row])
    p = {row: table.compare(row, best).p for row in accuracies if row != best}
    worse = holm(pd.Series(p)) < ALPHA
    far = {row for row in accuracies if accuracies[row] < accuracies[best] - COLLAPSED}
    return [
        row in accuracies and row not in far and not worse.get(row, False)
        for row in frame["row"]
    ]
