"""Accuracy by the number of samples that a stage learns from.

References:
    Perez et al., *FiLM*, AAAI 2018, Figure 9: accuracy on both conditions of CoGenT, by
    the number of samples of the second. https://arxiv.org/abs/1709.07871
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from reports.results import records
from reports.statistics.corrections import ALPHA
from reports.statistics.verdicts import RUNS_FOR_VERDICT
from reports.tables.numbers import count, percent
from studies.row import Row
from studies.study import Study

__all__ = ["accuracy_by_samples", "samples_in_words"]

_COLUMNS: Final = (
    "stage", "start", "judged_by", "samples", "row", "n_runs", "accuracy", "lower",
    "upper", "runs", "published",
)  # fmt: skip
_Judges = Mapping[
    tuple[str, str], str
]  # row by the one whose weights it judges, by what


def accuracy_by_samples(study: Study, estimates: pd.DataFrame) -> pd.DataFrame:
    """Take the accuracies of rows that differ in how many samples they learn from.

    Args:
        study: What was asked.
        estimates: Its rows, with what was ``published``.

    Returns:
        One row per stage, row that it starts from, set of questions and number of
        samples: ``stage``, ``start``, ``judged_by`` (its name), ``samples`` (0 for the
        row that is started from), ``row``, ``n_runs``, ``accuracy`` (mean, a fraction),
        ``lower`` and ``upper`` (95 % of the mean over runs, from 3 runs on), ``runs``
        and ``published``; none where no stage has two numbers of samples or more.
    """
    known = {row["row"]: row for row in records(estimates) if row["n_runs"]}
    judges = {(r.parent, r.evaluation): r.label for r in study.rows if r.evaluation}
    lines = [
        line
        for (stage, start), rows in _series(study).items()
        for line in _lines(stage, start, rows, (known, judges))
    ]
    return pd.DataFrame(lines, columns=list(_COLUMNS))


# Rows of a stage by what they start from, where a number of samples tells them apart.
def _series(study: Study) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in study.rows:
        is_stage = row.parent and not row.is_evaluation
        if is_stage and row.config.train.samples is not None:
            found.setdefault((row.group, row.parent), []).append(row)
    return {
        key: sorted(rows, key=_n_samples)
        for key, rows in found.items()
        if len({_n_samples(row) for row in rows}) == len(rows) > 1
    }


def _n_samples(row: Row) -> int:
    return row.config.train.samples or 0


def _lines(
    stage: str,
    start: str,
    rows: Sequence[Row],
    found: tuple[Mapping[str, Mapping[str, Any]], _Judges],
) -> Iterator[dict[str, Any]]:
    known, judges = found
    names = list(dict.fromkeys(name for _, name in judges))
    points = [(0, start), *((_n_samples(row), row.label) for row in rows)]
    for name in names:
        for samples, label in points:
            row = known.get(judges.get((label, name), ""))
            if row is not None:
                yield _line((stage, start, name, samples), row)
    if not names:
        for samples, label in points[1:]:
            if label in known:
                yield _line(
                    (stage, start, str(rows[0].splits.judge), samples), known[label]
                )


def _line(where: tuple[str, str, str, int], row: Mapping[str, Any]) -> dict[str, Any]:
    lower = upper = math.nan
    n = row["n_runs"]
    if n >= RUNS_FOR_VERDICT:
        half = float(stdtrit(n - 1.0, 1 - ALPHA / 2)) * row["sd"] / math.sqrt(n)
        lower = max(row["accuracy"] - half, 0.0)
        upper = min(row["accuracy"] + half, 1.0)
    stage, start, judged_by, samples = where
    return {
        "stage": stage,
        "start": start,
        "judged_by": judged_by,
        "samples": samples,
        "row": row["row"],
        "n_runs": n,
        "accuracy": row["accuracy"],
        "lower": lower,
        "upper": upper,
        "runs": row["runs"],
        "published": row["published"],
    }


def samples_in_words(numbers: pd.DataFrame) -> str:
    """Say what a figure of these accuracies shows.

    Args:
        numbers: Of one stage.

    Returns:
        Sentences.
    """
    said = []
    for name, mine in numbers.groupby("judged_by", sort=False):
        points = ", ".join(_point(row) for row in records(mine))
        said.append(f"On {name}: {points}.")
    return f"Accuracy in percent by number of samples. {' '.join(said)}"


def _point(row: Mapping[str, Any]) -> str:
    published = row["published"]
    beside = "" if np.isnan(published) else f" (published {percent(published)})"
    what = count(row["samples"], "sample") if row["samples"] else "before"
    return f"{what} {percent(row['accuracy'])}{beside}"
