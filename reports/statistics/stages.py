"""Rows that are judged by several sets of questions, each set by itself.

A study may judge the weights of every row by other questions than those of validation:
accuracies on different questions cannot be compared, so each row is held against the
baseline's weights on the same ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd

from reports.results import Results
from reports.statistics.cells import estimate_cells
from reports.statistics.corrections import benjamini_hochberg
from reports.statistics.rows import estimate_rows
from reports.statistics.verdicts import Variance
from studies.study import Study

__all__ = [
    "estimate_cells_each",
    "estimate_each",
    "estimate_stages",
    "name_evaluations",
]


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
        As `estimate_each` does, and where rows start from others ``judged_by`` (what
        questions a row of a stage is judged by, in words; else empty) and
        ``compared_as`` (the row that judges its weights by the same questions, beside
        those of the baseline; empty where there is none).
    """
    named = replace(results, trials=name_evaluations(study, results.trials))
    frame = estimate_each(named, margin=margin, variance=variance)
    staged = {row.label: row for row in study.rows if row.parent and row.splits.learn}
    if not staged:
        return frame
    shown = set(frame["row"])
    judges = {
        (row.parent, row.splits.judge): row.label
        for row in study.rows
        if row.is_evaluation and row.label in shown
    }
    said = {row: str(staged[row].splits.judge) for row in staged}
    same = {row: judges.get((row, staged[row].splits.judge), "") for row in staged}
    frame["judged_by"] = [said.get(row, "") for row in frame["row"]]
    frame["compared_as"] = [same.get(row, "") for row in frame["row"]]
    return frame


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
    return _joined(
        (name, estimate_rows(part, margin=margin, variance=variance))
        for name, part in _parts(results)
    )


def estimate_cells_each(results: Results) -> pd.DataFrame:
    """Estimate the rows of every evaluation on each type of question.

    Args:
        results: What was recorded, as ``name_evaluations`` names it.

    Returns:
        What `estimate_cells` gives, with the name of each evaluation; ``p_bh`` is
        corrected over the tested cells of all of them.
    """
    if "evaluation" not in results.trials:
        return estimate_cells(results)
    cells = _joined((name, estimate_cells(part)) for name, part in _parts(results))
    cells["p_bh"] = benjamini_hochberg(cells["p"])
    return cells


def _joined(found: Iterable[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    frames = []
    for name, frame in found:
        frame.insert(list(frame).index("is_baseline"), "evaluation", name)
        frames.append(frame)
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


# In the order of the study. Rows of one's own may have been judged by none of them.
def _parts(results: Results) -> Iterator[tuple[str, Results]]:
    trials = results.trials
    names = trials["evaluation"].fillna("")
    for name in dict.fromkeys(names):
        mine = trials[names == name].reset_index(drop=True)
        known = [one for one in mine["trial_id"] if one in results.answers]
        answers = {one: results.answers[one] for one in known}
        yield str(name), replace(results, trials=mine, answers=answers)
