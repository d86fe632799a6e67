"""What a table of rows says, in sentences."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from reports.results import records
from reports.statistics import Verdict
from reports.tables.numbers import (
    count,
    interval,
    p_value,
    percent,
    points,
    signed,
)

__all__ = ["findings"]

_UNSETTLED: Final = {
    Verdict.INCONCLUSIVE: "Not settled, which is not to say without effect",
    Verdict.TWO_RUNS: "No verdict on rows of two runs",
    Verdict.ONE_RUN: "No verdict on rows of one run",
    Verdict.OTHER_QUESTIONS: "Judged on other questions, and not compared",
    Verdict.NO_RESULT: "No finished run",
}


def findings(estimates: pd.DataFrame, margin: float | None) -> list[str]:
    """Say of every row what its numbers allow to say.

    Args:
        estimates: One row per row of the study.
        margin: Percentage points that would matter.

    Returns:
        A sentence for each row that has a verdict, the largest difference first, then
        one for the others of a kind.
    """
    rows = records(estimates)
    settled = [row for row in rows if row["verdict"] in _SENTENCES]
    settled.sort(key=lambda row: -abs(row["delta"]))
    said = [_SENTENCES[row["verdict"]](row, margin) for row in settled]
    for verdict, words in _UNSETTLED.items():
        names = [
            _named(row)
            for row in rows
            if row["verdict"] == verdict and not row.get("compared_as", "")
        ]
        said += [f"{words}: {'; '.join(names)}."] if names else []
    return said


def _changed(row: Mapping[str, Any], _margin: float | None) -> str:
    is_worse = row["verdict"] == Verdict.WORSE
    ends = sorted(abs(row[end]) for end in ("lower", "upper"))
    return (
        f"{row['row']} {'lowers' if is_worse else 'raises'} accuracy by "
        f"{percent(abs(row['delta']))} points (95 % interval {percent(ends[0])} to "
        f"{percent(ends[1])}, Holm's {_p(row['p_holm'])}, {_runs(row)})."
    )


def _equivalent(row: Mapping[str, Any], margin: float | None) -> str:
    brackets = interval(row["lower"], row["upper"])
    return (
        f"{row['row']} makes no difference larger than {points(margin or 0.0)} "
        f"({signed(row['delta'])} {brackets}, two one-sided tests, Holm's "
        f"{_p(row['p_equivalent_holm'])}, {_runs(row)})."
    )


_SENTENCES: Final = {
    Verdict.WORSE: _changed,
    Verdict.BETTER: _changed,
    Verdict.EQUIVALENT: _equivalent,
}


def _named(row: Mapping[str, Any]) -> str:
    brackets = interval(row["lower"], row["upper"])
    return (
        f"{row['row']} ({signed(row['delta'])} {brackets})" if brackets else row["row"]
    )


def _runs(row: Mapping[str, Any]) -> str:
    return count(row["n_runs"], "run")


def _p(p: float) -> str:
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"
