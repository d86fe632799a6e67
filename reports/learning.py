"""Learning curves as numbers: accuracies by epoch, averaged over runs."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from reports.results import records
from reports.tables.numbers import percent

__all__ = ["curves_by_row", "curves_by_type", "curves_in_words"]

_ROWS_IN_ONE_PANEL: Final = 6  # beside the baseline
_RUNS_FOR_BAND: Final = (
    3  # with two, the interval is nine times as wide as they are apart
)
_COLUMNS: Final = (
    "panel",
    "label",
    "is_reference",
    "measure",
    "epoch",
    "mean",
    "lower",
    "upper",
    "runs",
)
_TRAINING: Final = "Training"
_VALIDATION: Final = "Validation"
_BY_TYPE: Final = "val_accuracy_"


def curves_by_row(curves: pd.DataFrame) -> pd.DataFrame:
    """Average accuracies over the runs of each row.

    Rows stand in one panel where they are few, and otherwise in one per group of the
    study, each with the baseline.

    Args:
        curves: One row per finished run and epoch, as in ``Results``.

    Returns:
        One row per panel, label, measure and epoch: ``mean`` (missing beyond the
        epoch that all runs reached), ``lower`` and ``upper`` (its 95 % t interval over
        runs, from three runs on) and ``runs`` (missing where a run had ended).
    """
    varied = curves.loc[~curves["is_baseline"]].drop_duplicates("row")
    panels = list(dict.fromkeys(varied["group"]))
    if len(varied) <= _ROWS_IN_ONE_PANEL:
        panels = [""]
    lines: list[dict[str, object]] = []
    for panel in panels:
        mine = curves
        if panel:
            mine = curves[curves["is_baseline"] | (curves["group"] == panel)]
        for row, of_row in mine.groupby("row", sort=False):
            fixed = {
                "panel": panel,
                "label": str(row),
                "is_reference": bool(of_row["is_baseline"].all()),
            }
            for measure, column in (
                (_TRAINING, "train_accuracy"),
                (_VALIDATION, "val_accuracy"),
            ):
                lines += _epochs(of_row, column, {**fixed, "measure": measure})
    return pd.DataFrame(lines, columns=list(_COLUMNS))


def curves_by_type(curves: pd.DataFrame, row: str) -> pd.DataFrame:
    """Average a row's accuracies on each type of question over its runs.

    Args:
        curves: One row per finished run and epoch, as in ``Results``.
        row: Which row.

    Returns:
        As ``curves_by_row``, with the types as labels, and all questions first; empty
        where no type was recorded.
    """
    mine = curves[curves["row"] == row] if len(curves) else curves
    names = [name for name in map(str, curves) if name.startswith(_BY_TYPE)]
    lines: list[dict[str, object]] = []
    for column in ["val_accuracy", *names] if names and len(mine) else []:
        name = column.removeprefix(_BY_TYPE).replace("_", " ")
        is_all = column == "val_accuracy"
        fixed = {
            "panel": "",
            "label": "all questions" if is_all else name,
            "is_reference": is_all,
            "measure": _VALIDATION,
        }
        lines += _epochs(mine, column, fixed)
    return pd.DataFrame(lines, columns=list(_COLUMNS))


def curves_in_words(numbers: pd.DataFrame) -> str:
    """Say where validation curves begin and end.

    Args:
        numbers: As ``curves_by_row`` gives them.

    Returns:
        For instance ``baseline: 60.1 % after epoch 1, 93.0 % after epoch 4``.
    """
    known = numbers[(numbers["measure"] == _VALIDATION) & numbers["mean"].notna()]
    parts = []
    for label, points in known.drop_duplicates(["label", "epoch"]).groupby(
        "label", sort=False
    ):
        ends = records(points.iloc[[0, -1]].drop_duplicates("epoch"))
        said = [f"{percent(end['mean'])} % after epoch {end['epoch']}" for end in ends]
        parts.append(f"{label}: {', '.join(said)}")
    return "; ".join(parts)


def _epochs(
    curves: pd.DataFrame, column: str, fixed: dict[str, object]
) -> Iterator[dict[str, object]]:
    table = curves.pivot_table(index="epoch", columns="seed", values=column)
    for epoch, runs in zip(table.index, table.to_numpy(float), strict=True):
        yield {**fixed, "epoch": int(epoch), **_spread(runs)}


def _spread(runs: npt.NDArray[np.float64]) -> dict[str, object]:
    values: Sequence[float] = tuple(float(run) for run in runs)
    mean = float(runs.mean())  # missing where one is
    half = math.nan
    if len(runs) >= _RUNS_FOR_BAND:
        half = float(_t(len(runs) - 1) * runs.std(ddof=1) / math.sqrt(len(runs)))
    return {"mean": mean, "lower": mean - half, "upper": mean + half, "runs": values}


@cache
def _t(df: int) -> float:
    return float(stdtrit(df, 0.975))
