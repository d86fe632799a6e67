"""Runs with answers that can be counted by hand."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from film.analysis.record import Analysis
from reports.analyses.runs import AnalysedRun

__all__ = ["a_run", "asked", "related"]

TYPES = {"count": "count", "exist": "exist", "query_size": "query_attribute"}

Line = tuple[int, str, str, str, float]


def asked(*lines: Line) -> pd.DataFrame:
    """Ask questions: picture, function, right answer, given answer, hidden share."""
    images, functions, labels, answers, hidden = zip(*lines, strict=True)
    frame = pd.DataFrame(
        {
            "question": np.arange(len(lines), dtype=np.int32),
            "image": np.array(images, np.int64),
            "type": [TYPES[one] for one in functions],
            "function": functions,
            "label": labels,
            "answer": answers,
            "n_objects": [0 if np.isnan(one) else 1 for one in hidden],
            "hidden": hidden,
        }
    )
    frame["correct"] = frame["label"] == frame["answer"]
    frame["typical"] = frame.groupby(["function", "label"])["correct"].transform("mean")
    return frame


def related(*lines: tuple[int, str, bool, float]) -> pd.DataFrame:
    """Relate questions: picture, relation, whether they contradict, chance."""
    columns = ["image", "relation", "contradict", "chance"]
    return pd.DataFrame(list(lines), columns=columns)


def a_run(
    questions: pd.DataFrame,
    pairs: pd.DataFrame | None = None,
    *,
    row: str = "baseline",
    seed: int = 0,
    said: Sequence[str] = (),
) -> AnalysedRun:
    tables = {
        "questions": questions,
        "related": related() if pairs is None else pairs,
        "contradictions": pd.DataFrame({"answers": list(said)}),
    }
    about = {"has_scenes": bool(questions["hidden"].notna().any())}
    analysis = Analysis(tables=tables, about=about)
    return AnalysedRun(row=row, seed=seed, trial_id=f"{row}{seed}", analysis=analysis)
