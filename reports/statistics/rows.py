"""From recorded trials to what can be said of every row: frames to frames.

The unit of evidence is the training run. A row is compared with the baseline over runs
and scenes (``intervals.py``), p values are corrected over the rows of the table
(Holm), and the words depend on how many runs there are: one run describes a checkpoint
and gets no verdict, nor do two, and neither enters the correction; three or more can be
worse or better, five or more can also be equivalent, if the study states a margin.

References:
    Holm, *A simple sequentially rejective multiple test procedure*, 1979.
    Schuirmann, two one-sided tests for equivalence, 1987.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.stats.multitest import multipletests

from reports.results import Results, RunState, records
from reports.statistics.intervals import (
    Basis,
    Estimate,
    SceneScores,
    crossed,
    one_level,
    prediction_interval,
    score_scenes,
    welch,
)

__all__ = ["Verdict", "accuracy_by_type", "estimate_rows"]

_ALPHA: Final = 0.05
_RUNS_FOR_VERDICT: Final = 3
_RUNS_FOR_EQUIVALENCE: Final = 5
_POINTS: Final = 100.0
_NOTHING: Final = Estimate(math.nan, math.nan, math.nan, Basis.NONE)
_OWN_COLUMNS: Final = "accuracy_lower", "accuracy_upper", "n_questions", "n_scenes"


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


def estimate_rows(results: Results, *, margin: float | None = None) -> pd.DataFrame:
    """Estimate every row's accuracy and its difference to the baseline.

    Accuracies and differences are fractions. Intervals are 95 %; those named
    ``simultaneous`` hold for all tested rows of the table together (Bonferroni). A
    row is tested from three runs on, of the row and of the baseline. A row that was
    judged on other validation questions than the baseline is not compared at all.

    Args:
        results: What was recorded.
        margin: Smallest difference that matters, in percentage points; without one no
            row is called equivalent.

    Returns:
        One row per row of the study, in its order, whether finished or not.
    """
    rows = _summarise(results.trials)
    scores = {row: _scores(results, row) for row in rows["row"]}
    rows["has_other_questions"] = _has_other_questions(rows, results)
    estimates = [_against_baseline(rows, scores, row) for row in rows["row"]]
    baseline_runs = int(rows.loc[rows["is_baseline"], "n_runs"].sum())
    rows["n_compared"] = rows["n_runs"].clip(upper=baseline_runs)
    enough = rows["n_compared"] >= _RUNS_FOR_VERDICT
    p = pd.Series([estimate.p for estimate in estimates]).where(enough)
    own = pd.DataFrame([_own(scores[row]) for row in rows["row"]])
    difference = pd.DataFrame(
        [
            _difference(estimate, margin, int(p.count()), is_tested=not math.isnan(its))
            for estimate, its in zip(estimates, p, strict=True)
        ]
    )
    frame = pd.concat([rows, own, difference], axis=1)
    frame["p"] = p
    few = frame["n_compared"] < _RUNS_FOR_EQUIVALENCE
    frame["p_equivalent"] = frame["p_equivalent"].mask(few)
    frame["p_holm"] = _holm(frame["p"])
    frame["p_equivalent_holm"] = _holm(frame["p_equivalent"])
    frame["verdict"] = [_verdict(row) for row in records(frame)]
    frame["baseline_range"] = _baseline_range(rows)
    frame["is_best"] = _not_worse_than_best(rows, scores)
    return frame


def accuracy_by_type(results: Results) -> pd.DataFrame:
    """Average every row's accuracy on each type of question over its finished runs.

    Args:
        results: What was recorded.

    Returns:
        One row per row of the study and question type: ``row``, ``group``, ``type``,
        ``n_runs``, ``accuracy``, ``sd`` (over runs) and ``n_questions``.
    """
    prefix = "val_accuracy_"
    types = [name for name in map(str, results.trials) if name.startswith(prefix)]
    counts = _questions_by_type(results)
    cells = []
    for (row, group), trials in results.trials.groupby(["row", "group"], sort=False):
        for column in types:
            values = trials[column].dropna().to_numpy(float)
            name = column.removeprefix(prefix)
            cells.append(
                {
                    "row": row,
                    "group": group,
                    "type": name,
                    "n_runs": len(values),
                    **_mean_and_sd(values),
                    "n_questions": counts.get(name),
                }
            )
    names = ["row", "group", "type", "n_runs", "accuracy", "sd", "n_questions"]
    return pd.DataFrame(cells, columns=names)


def _questions_by_type(results: Results) -> dict[str, int]:
    questions = {
        one.questions.digest: one.questions for one in results.answers.values()
    }
    if len(questions) != 1:
        return {}
    names, counts = np.unique(next(iter(questions.values())).types, return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}


def _mean_and_sd(values: npt.NDArray[np.float64]) -> dict[str, float]:
    return {
        "accuracy": float(values.mean()) if len(values) else math.nan,
        "sd": float(values.std(ddof=1)) if len(values) > 1 else math.nan,
    }


def _summarise(trials: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (row, group), mine in trials.groupby(["row", "group"], sort=False):
        values = mine["val_accuracy"].dropna().to_numpy(float)
        states = mine["state"].value_counts()
        rows.append(
            {
                "row": row,
                "group": group,
                "is_baseline": bool(mine["is_baseline"].all()),
                "n_wanted": len(mine),
                "n_runs": len(values),
                **_mean_and_sd(values),
                "runs": tuple(float(value) for value in values),
                **{f"n_{s.lower()}": int(states.get(s, 0)) for s in RunState},
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class _Scored:
    """A row's answers by scene, and which questions they answer."""

    scores: SceneScores
    digest: str


def _scores(results: Results, row: str) -> _Scored | None:
    trials = results.trials
    finished = trials[(trials["row"] == row) & trials["val_accuracy"].notna()]
    answers = [results.answers.get(key) for key in finished["trial_id"]]
    known = [answer for answer in answers if answer is not None]
    digests = {answer.questions.digest for answer in known}
    if len(known) < len(answers) or len(digests) != 1:
        return None
    questions = known[0].questions
    if questions.n_scenes < 2:  # noqa: PLR2004 - a variance needs two
        return None
    correct = np.stack([answer.correct for answer in known])
    return _Scored(score_scenes(correct, questions.scenes), questions.digest)


# Where the runs of a row, or those of the baseline, do not answer one set of questions.
def _has_other_questions(rows: pd.DataFrame, results: Results) -> list[bool]:
    asked = {row: _asked(results, row) for row in rows["row"]}
    of_baseline = {
        digest for row in rows.loc[rows["is_baseline"], "row"] for digest in asked[row]
    }
    reference = of_baseline or next(filter(None, asked.values()), set())
    return [len(asked[row]) > 0 and len(asked[row] | reference) > 1 for row in asked]


def _asked(results: Results, row: str) -> set[str]:
    trials = results.trials
    finished = trials[(trials["row"] == row) & trials["val_accuracy"].notna()]
    found = (results.answers.get(key) for key in finished["trial_id"])
    return {one.questions.digest for one in found if one is not None}


def _against_baseline(
    rows: pd.DataFrame, scores: Mapping[str, _Scored | None], row: str
) -> Estimate:
    baselines = list(rows.loc[rows["is_baseline"], "row"])
    others = list(rows.loc[rows["has_other_questions"], "row"])
    if not baselines or row in (*baselines, *others):
        return _NOTHING
    return _compare(rows, scores, row, baselines[0])


def _compare(
    rows: pd.DataFrame, scores: Mapping[str, _Scored | None], row: str, other: str
) -> Estimate:
    mine, its = scores[row], scores[other]
    if mine and its and mine.digest == its.digest:
        return crossed(mine.scores, its.scores)
    runs = rows.set_index("row")["runs"]
    if not runs[row] or not runs[other]:
        return _NOTHING
    return welch(np.array(runs[row]), np.array(runs[other]))


def _own(scored: _Scored | None) -> dict[str, float]:
    if scored is None:
        return dict.fromkeys(_OWN_COLUMNS, math.nan)
    ends = one_level(scored.scores).interval()
    sizes = float(scored.scores.asked.sum()), float(scored.scores.n_scenes)
    return dict(zip(_OWN_COLUMNS, (*ends, *sizes), strict=True))


def _difference(
    estimate: Estimate, margin: float | None, n_tests: int, *, is_tested: bool
) -> dict[str, Any]:
    lower, upper = estimate.interval()
    together = math.nan, math.nan
    if is_tested:
        together = estimate.interval(1 - _ALPHA / n_tests)
    return {
        "delta": estimate.value,
        "se": estimate.se,
        "df": estimate.df,
        "lower": lower,
        "upper": upper,
        "simultaneous_lower": together[0],
        "simultaneous_upper": together[1],
        "basis": str(estimate.basis),
        "n_tests": n_tests,
        "p_equivalent": math.nan
        if margin is None
        else estimate.p_equivalent(margin / _POINTS),
    }


def _holm(p: pd.Series) -> pd.Series:
    corrected = pd.Series(math.nan, index=p.index)
    tested = p.notna()
    if tested.any():
        corrected[tested] = multipletests(p[tested], method="holm")[1]
    return corrected


def _verdict(row: Mapping[str, Any]) -> Verdict:
    if row["is_baseline"]:
        return Verdict.BASELINE
    if row["n_runs"] == 0:
        return Verdict.NO_RESULT
    if row["has_other_questions"]:
        return Verdict.OTHER_QUESTIONS
    if math.isnan(row["delta"]):
        return Verdict.NO_BASELINE
    if row["n_compared"] < _RUNS_FOR_VERDICT:
        return Verdict.ONE_RUN if row["n_compared"] == 1 else Verdict.TWO_RUNS
    return _tested(row)


def _tested(row: Mapping[str, Any]) -> Verdict:
    if row["p_holm"] < _ALPHA:
        return Verdict.WORSE if row["delta"] < 0 else Verdict.BETTER
    if row["p_equivalent_holm"] < _ALPHA:
        return Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE


def _baseline_range(rows: pd.DataFrame) -> list[str]:
    # Of rows with one run: would one more run of the baseline fall there?
    baseline = [
        run for row in records(rows) if row["is_baseline"] for run in row["runs"]
    ]
    if len(baseline) < _RUNS_FOR_VERDICT:
        return [""] * len(rows)
    lower, upper = prediction_interval(np.array(baseline))
    return [
        ""
        if row["is_baseline"] or row["n_runs"] != 1 or row["has_other_questions"]
        else ("inside" if lower <= row["accuracy"] <= upper else "outside")
        for row in records(rows)
    ]


def _not_worse_than_best(
    rows: pd.DataFrame, scores: Mapping[str, _Scored | None]
) -> list[bool]:
    accuracies = {
        str(row["row"]): float(row["accuracy"])
        for row in records(rows)
        if row["n_runs"] >= _RUNS_FOR_VERDICT and not row["has_other_questions"]
    }
    if len(accuracies) < 2:  # noqa: PLR2004 - a choice needs two
        return [False] * len(rows)
    best = max(accuracies, key=lambda row: accuracies[row])
    p = {row: _compare(rows, scores, row, best).p for row in accuracies if row != best}
    worse = _holm(pd.Series(p)) < _ALPHA
    return [row in accuracies and not worse.get(row, False) for row in rows["row"]]
