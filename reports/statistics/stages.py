"""Rows that are judged by several sets of questions, each set by itself.

A study may judge the weights of every row by other questions than those of validation:
accuracies on different questions cannot be compared, so each row is held against the
baseline's weights on the same ones.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from reports.results import Results
from reports.statistics.rows import estimate_rows
from reports.statistics.verdicts import Variance
from studies.study import Study

__all__ = ["estimate_stages"]


def estimate_stages(
    study: Study,
    results: Results,
    *,
    margin: float | None = None,
    variance: Variance = Variance.SEPARATE,
) -> pd.DataFrame:
    """Estimate every row, among those that are judged as it is.

    Args:
        study: What was asked.
        results: What was recorded.
        margin: Percentage points that would matter.
        variance: Whether rows share their variances.

    Returns:
        What `estimate_rows` gives, in the study's order; of each evaluation, the
        baseline's weights are the baseline.
    """
    frames = [
        estimate_rows(part, margin=margin, variance=variance)
        for part in _parts(study, results)
    ]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _parts(study: Study, results: Results) -> Sequence[Results]:
    evaluations = list(dict.fromkeys(row.evaluation for row in study.rows))
    if len(evaluations) == 1:
        return [results]
    trials = results.trials
    parts = []
    for name in evaluations:
        rows = [row for row in study.rows if row.evaluation == name]
        mine = trials[trials["row"].isin([row.label for row in rows])]
        if name:
            of_baseline = {r.label for r in rows if r.parent == study.baseline.label}
            mine = mine.assign(is_baseline=mine["row"].isin(of_baseline))
        if len(mine):
            parts.append(replace(results, trials=mine.reset_index(drop=True)))
    return parts
