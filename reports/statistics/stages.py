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

__all__ = ["estimate_each", "estimate_stages", "name_evaluations"]


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
        As `estimate_each` does.
    """
    named = replace(results, trials=name_evaluations(study, results.trials))
    return estimate_each(named, margin=margin, variance=variance)


def name_evaluations(study: Study, trials: pd.DataFrame) -> pd.DataFrame:
    """Say by which evaluation of the study each trial was judged.

    Args:
        study: What was asked.
        trials: As in ``Results``.

    Returns:
        The same with ``evaluation``, which is empty where a row was judged as it was
        trained, and with ``is_baseline`` of the baseline's weights in each of them; as
        it was, where the study has no evaluations.
    """
    names = {row.label: row.evaluation for row in study.rows}
    if not any(names.values()):
        return trials
    first = study.baseline.label
    judged = {r.label for r in study.rows if r.evaluation and r.parent == first}
    return trials.assign(
        evaluation=[names[row] for row in trials["row"]],
        is_baseline=trials["row"].isin({first, *judged}),
    )


def estimate_each(
    results: Results,
    *,
    margin: float | None = None,
    variance: Variance = Variance.SEPARATE,
) -> pd.DataFrame:
    """Estimate the rows of every evaluation by themselves.

    Args:
        results: What was recorded, as ``name_evaluations`` names it.
        margin: Percentage points that would matter.
        variance: Whether rows share their variances.

    Returns:
        What `estimate_rows` gives, one evaluation after the other, with the name of
        each; without names all rows are of one.
    """
    trials = results.trials
    if "evaluation" not in trials:
        return estimate_rows(results, margin=margin, variance=variance)
    frames = []
    for name, mine in _parts(trials):
        part = replace(results, trials=mine.reset_index(drop=True))
        found = estimate_rows(part, margin=margin, variance=variance)
        found.insert(list(found).index("is_baseline"), "evaluation", name)
        frames.append(found)
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


# In the order of the study. Rows of one's own may have been judged by none of them.
def _parts(trials: pd.DataFrame) -> Sequence[tuple[str, pd.DataFrame]]:
    names = trials["evaluation"].fillna("")
    return [(str(name), trials[names == name]) for name in dict.fromkeys(names)]
