"""Every row on every type of question: accuracy, and difference to the baseline.

A type is a part of the questions, and each cell is estimated as a row is, over runs and
over the scenes that have such questions. There are many cells, of which some are to be
found: the share of false ones among them is held (Benjamini and Hochberg), not the
chance of any.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.results import Results
from reports.statistics.corrections import benjamini_hochberg
from reports.statistics.intervals import NOTHING, Estimate
from reports.statistics.rows import mean_and_sd
from reports.statistics.scoring import Scored, compare, other_questions, score_types
from reports.statistics.verdicts import RUNS_FOR_VERDICT

__all__ = ["accuracy_by_type", "estimate_cells"]

_PREFIX: Final = "val_accuracy_"


def accuracy_by_type(results: Results) -> pd.DataFrame:
    """Average every row's accuracy on each type of question over its finished runs.

    Args:
        results: What was recorded.

    Returns:
        One row per row of the study and question type: ``row``, ``group``, ``type``,
        ``n_runs``, ``accuracy``, ``sd`` (over runs) and ``n_questions``.
    """
    columns = [name for name in map(str, results.trials) if name.startswith(_PREFIX)]
    counts = _questions_by_type(results)
    cells = []
    for (row, group), trials in results.trials.groupby(["row", "group"], sort=False):
        for column in columns:
            values = trials[column].dropna().to_numpy(float)
            name = column.removeprefix(_PREFIX)
            cells.append(
                {
                    "row": row,
                    "group": group,
                    "type": name,
                    "n_runs": len(values),
                    **mean_and_sd(values),
                    "n_questions": counts.get(name),
                }
            )
    names = ["row", "group", "type", "n_runs", "accuracy", "sd", "n_questions"]
    return pd.DataFrame(cells, columns=names)


def estimate_cells(results: Results) -> pd.DataFrame:
    """Compare every row with the baseline on each type of question.

    Args:
        results: What was recorded.

    Returns:
        What ``accuracy_by_type`` gives, and ``is_baseline``, ``delta``, ``se``, ``df``,
        ``lower`` and ``upper`` (95 %), ``basis``, ``p`` (from three runs on, of the row
        and of the baseline) and ``p_bh``, corrected over all tested cells.
    """
    cells = accuracy_by_type(results)
    compared = _compared(results, cells)
    frame = pd.concat([cells, pd.DataFrame(compared, columns=_COLUMNS)], axis=1)
    frame["p_bh"] = benjamini_hochberg(frame["p"])
    return frame


_COLUMNS: Final = [
    "is_baseline",
    "delta",
    "se",
    "df",
    "lower",
    "upper",
    "basis",
    "p",
]


def _compared(results: Results, cells: pd.DataFrame) -> list[dict[str, Any]]:
    trials = results.trials
    rows = trials.drop_duplicates("row")[["row", "is_baseline"]].reset_index(drop=True)
    baseline = next(iter(rows.loc[rows["is_baseline"], "row"]), None)
    others = dict(zip(rows["row"], other_questions(rows, results), strict=True))
    scores = {row: score_types(results, row) for row in rows["row"]}
    runs = _runs(trials)
    found = []
    for row, kind in zip(cells["row"], cells["type"], strict=True):
        estimate = NOTHING
        if baseline is not None and row != baseline and not others[row]:
            both = {one: runs[one, kind] for one in (row, baseline)}
            estimate = _compare(scores, both, kind)
        found.append(
            {"is_baseline": row == baseline, **estimate.numbers(), "p": estimate.p}
        )
        fewest = min(len(runs[one, kind]) for one in (row, baseline or row))
        if fewest < RUNS_FOR_VERDICT:
            found[-1]["p"] = math.nan
    return found


# Accuracies of finished runs, by row and type of question.
def _runs(trials: pd.DataFrame) -> dict[tuple[str, str], npt.NDArray[np.float64]]:
    kinds = [name for name in map(str, trials) if name.startswith(_PREFIX)]
    return {
        (str(row), kind.removeprefix(_PREFIX)): mine[kind].dropna().to_numpy(float)
        for row, mine in trials.groupby("row", sort=False)
        for kind in kinds
    }


def _compare(
    scores: Mapping[str, Mapping[str, Scored]],
    runs: Mapping[str, npt.NDArray[np.float64]],
    kind: str,
) -> Estimate:
    row, baseline = runs
    scored = scores[row].get(kind), scores[baseline].get(kind)
    return compare(scored, (runs[row], runs[baseline]))


def _questions_by_type(results: Results) -> dict[str, int]:
    questions = {
        one.questions.digest: one.questions for one in results.answers.values()
    }
    if len(questions) != 1:
        return {}
    names, counts = np.unique(next(iter(questions.values())).types, return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}
