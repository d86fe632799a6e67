"""Shares of wrong answers, with intervals over runs and pictures.

A share of the same questions in all runs of a row has the interval of an accuracy
(``reports.statistics.intervals``): over runs and pictures where there are several
runs, and over pictures where there is one. Which answers are wrong differs from run to
run: a share of those has an interval over pictures, of all runs together.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from film.data.programs import QuestionType
from reports.analyses.runs import AnalysedRun, stack
from reports.statistics.intervals import SceneScores, one_level, score_scenes

__all__ = [
    "ALL",
    "EDGES",
    "OTHER",
    "comparable",
    "confusion_numbers",
    "consistency_numbers",
    "counting_numbers",
    "occlusion_numbers",
    "off_by_one",
    "partly_hidden",
]

ALL: Final = "all"
"""What stands for all counts, all types and all relations."""

OTHER: Final = "other"
"""What stands for an answer to "how many" that is no number."""

EDGES: Final = (0.0, 0.02, 0.25, 0.5, 1.0)
"""Ends of the ranges of what is hidden: at less than a fiftieth nobody sees it."""

_NO_NUMBER: Final = -1

_Bools = npt.NDArray[np.bool_]
_Ints = npt.NDArray[np.int64]


def comparable(runs: Sequence[AnalysedRun]) -> list[AnalysedRun]:
    """Keep the runs that were asked the same questions as the first.

    Args:
        runs: Of one row.

    Returns:
        Those runs.
    """
    names = ["question", "image", "label"]
    first = _questions(runs[0])[names]
    return [run for run in runs if _questions(run)[names].equals(first)]


def counting_numbers(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Say how "how many" is answered, by the right number.

    Args:
        runs: Of one row, comparable.

    Returns:
        A line per number, and one for `ALL`: ``label``, ``n_questions``, ``accuracy``
        with ``lower`` and ``upper`` end, ``off_by_one`` (a share of what is wrong)
        and ``mean_error`` (given minus right). Nothing where nothing is counted.
    """
    true, given, images = _counts(runs)
    labels: list[tuple[str, _Bools]] = [(ALL, np.ones(len(true), bool))]
    labels += [(str(one), true == one) for one in np.unique(true)]
    lines: list[dict[str, Any]] = [
        {
            "label": label,
            "n_questions": int(mine.sum()),
            **_share("accuracy", (given == true)[:, mine], images[mine]),
            "off_by_one": off_by_one(runs, mine)["share"],
            "mean_error": _mean_error(given[:, mine], true[mine]),
        }
        for label, mine in labels
        if mine.any()
    ]
    names = ("label", "n_questions", "accuracy", "lower", "upper")
    return pd.DataFrame(lines, columns=[*names, "off_by_one", "mean_error"])


def confusion_numbers(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Say what is answered to "how many", by the right number.

    Args:
        runs: Of one row, comparable.

    Returns:
        ``label``, ``answer`` (a number, or `OTHER`), ``n`` of all runs together, and
        ``share`` of the questions with that label.
    """
    true, given, _ = _counts(runs)
    labels = np.tile(true, len(given))
    pairs = pd.DataFrame({"label": labels, "answer": given.ravel()})
    counts = pairs.groupby(["label", "answer"]).size().rename("n").reset_index()
    counts["share"] = counts["n"] / counts.groupby("label")["n"].transform("sum")
    for name in ("label", "answer"):
        words = counts[name].astype(str)
        counts[name] = words.where(counts[name] != _NO_NUMBER, OTHER)
    return counts


def off_by_one(
    runs: Sequence[AnalysedRun], which: _Bools | None = None
) -> dict[str, float]:
    """Say how many of the wrong numbers are off by one.

    Args:
        runs: Of one row, comparable.
        which: Of which of the questions that ask how many; None is of all.

    Returns:
        ``share``, with ``lower`` and ``upper`` end; NaN where nothing is wrong.
    """
    true, given, images = _counts(runs)
    mine = np.ones(len(true), bool) if which is None else which
    true, given, images = true[mine], given[:, mine], images[mine]
    is_near = (np.abs(given - true) == 1) & (given != _NO_NUMBER)
    return _share_of_wrong(is_near, given != true, images)


def occlusion_numbers(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Say how well questions are answered, by how much of what they need is hidden.

    Args:
        runs: Of one row, comparable.

    Returns:
        A line per type of question, `ALL` first, and range: ``type``, ``least`` and
        ``most`` that is hidden, ``n_questions``, ``accuracy`` with ``lower`` and
        ``upper`` end, and ``typical``, the accuracy over questions of the same kind
        and answer, whatever is hidden. Nothing where no scene is known.
    """
    frame, correct = _questions(runs[0]), _stacked(runs, "correct").astype(bool)
    hidden, images = frame["hidden"].to_numpy(), frame["image"].to_numpy()
    typical = _stacked(runs, "typical").mean(axis=0)
    lines: list[dict[str, Any]] = []
    for kind in (ALL, *map(str, QuestionType)):
        of_type = np.full(len(frame), fill_value=True)
        if kind != ALL:
            of_type = (frame["type"] == kind).to_numpy()
        for least, most in pairwise(EDGES):
            mine = of_type & (hidden >= least)
            mine &= hidden <= most if most == EDGES[-1] else hidden < most
            if mine.any():
                lines.append(
                    {
                        "type": kind,
                        "least": least,
                        "most": most,
                        "n_questions": int(mine.sum()),
                        **_share("accuracy", correct[:, mine], images[mine]),
                        "typical": float(typical[mine].mean()),
                    }
                )
    names = ("type", "least", "most", "n_questions", "accuracy", "lower", "upper")
    return pd.DataFrame(lines, columns=[*names, "typical"])


def partly_hidden(runs: Sequence[AnalysedRun]) -> dict[str, float]:
    """Say in how many wrong answers something that they need is partly hidden.

    Args:
        runs: Of one row, comparable.

    Returns:
        ``share`` of those that need an object at all, with ``lower`` and ``upper``
        end, and ``of_all``, the same share of all such questions; NaN where nothing is
        wrong, or no scene is known.
    """
    frame, correct = _questions(runs[0]), _stacked(runs, "correct").astype(bool)
    is_known = frame["hidden"].notna().to_numpy()
    is_hidden = (frame["hidden"] >= EDGES[1]).to_numpy()[is_known]
    images = frame["image"].to_numpy()[is_known]
    wrong = ~correct[:, is_known]
    found = _share_of_wrong(wrong & is_hidden, wrong, images)
    of_all = float(is_hidden.mean()) if len(is_hidden) else math.nan
    return {**found, "of_all": of_all}


def consistency_numbers(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Say how often answers to related questions contradict each other.

    Args:
        runs: Of one row, comparable.

    Returns:
        A line per relation, `ALL` first, then the most frequent: ``relation``,
        ``n_groups`` of questions, ``contradict`` (a share) with ``lower`` and
        ``upper`` end, and ``chance``, what independent errors would give. Nothing
        where no questions are related.
    """
    frames = [stack([run], "related") for run in runs]
    contradict = np.stack([frame["contradict"].to_numpy(bool) for frame in frames])
    chance = np.stack([frame["chance"].to_numpy(float) for frame in frames])
    relations = frames[0]["relation"].to_numpy(str)
    images = frames[0]["image"].to_numpy(np.int64)
    lines: list[dict[str, Any]] = []
    names, counts = np.unique(relations, return_counts=True)
    for name in (ALL, *names[np.argsort(-counts, kind="stable")]):
        mine = np.ones(len(relations), bool) if name == ALL else relations == name
        if mine.any():
            lines.append(
                {
                    "relation": str(name),
                    "n_groups": int(mine.sum()),
                    **_share("contradict", contradict[:, mine], images[mine]),
                    "chance": float(chance[:, mine].mean()),
                }
            )
    columns = ["relation", "n_groups", "contradict", "lower", "upper", "chance"]
    return pd.DataFrame(lines, columns=columns)


def _questions(run: AnalysedRun) -> pd.DataFrame:
    return stack([run], "questions")


def _stacked(runs: Sequence[AnalysedRun], column: str) -> npt.NDArray[np.float64]:
    return np.stack([_questions(run)[column].to_numpy(np.float64) for run in runs])


# The right number and the picture of each question that asks how many, and what every
# run gives as its number.
def _counts(runs: Sequence[AnalysedRun]) -> tuple[_Ints, _Ints, _Ints]:
    is_count = (_questions(runs[0])["type"] == str(QuestionType.COUNT)).to_numpy()
    frames = [_questions(run)[is_count] for run in runs]
    given = np.stack([_as_numbers(frame["answer"]) for frame in frames])
    return _as_numbers(frames[0]["label"]), given, frames[0]["image"].to_numpy(np.int64)


def _as_numbers(words: "pd.Series[str]") -> _Ints:
    return np.array(
        [
            int(word) if word.isascii() and word.isdecimal() else _NO_NUMBER
            for word in words
        ],
        np.int64,
    )


def _mean_error(given: _Ints, true: _Ints) -> float:
    is_number = given != _NO_NUMBER
    errors = (given - true)[is_number]
    return float(errors.mean()) if len(errors) else math.nan


def _share(name: str, right: npt.NDArray[Any], images: _Ints) -> dict[str, float]:
    scores = score_scenes(right.astype(bool), images)
    lower, upper = _interval(scores)
    return {name: float(scores.accuracies.mean()), "lower": lower, "upper": upper}


def _share_of_wrong(some: _Bools, wrong: _Bools, images: _Ints) -> dict[str, float]:
    labels, index = np.unique(images, return_inverse=True)
    n_some, n_wrong = (
        np.bincount(index, one.sum(axis=0), len(labels)).astype(np.float64)
        for one in (some, wrong)
    )
    if not n_wrong.any():
        return dict.fromkeys(("share", "lower", "upper"), math.nan)
    has_any = n_wrong > 0
    scores = SceneScores(n_some[None, has_any], n_wrong[has_any])
    lower, upper = _interval(scores)
    return {"share": float(scores.accuracies[0]), "lower": lower, "upper": upper}


# NaN where nothing varies, from which nothing can be said of what would.
def _interval(scores: SceneScores) -> tuple[float, float]:
    if scores.n_scenes == 1:
        return math.nan, math.nan
    estimate = one_level(scores)
    if not estimate.se > 0:
        return math.nan, math.nan
    lower, upper = estimate.interval()
    return max(lower, 0.0), min(upper, 1.0)
