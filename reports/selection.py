"""Choosing the epoch of a run by one half of the scenes, to judge it by the other.

A run that is scored at its best epoch on the questions that chose the epoch looks
better than it is. With the answers after every epoch the choice can be made on half of
the validation scenes and the score be taken on the rest, so that neither sees the
other.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.errors import ReportError
from reports.results import Answers, Questions, Results, records

__all__ = ["SelectOn", "is_scored", "select_on_half"]

_BY_TYPE = "val_accuracy_"


class SelectOn(StrEnum):
    """By which validation scenes the epoch of a run is chosen."""

    ALL = "all"  # those that it is scored on
    HALF = "half"  # one half; it is scored on the other


def select_on_half(results: Results) -> Results:
    """Choose every run's epoch on half of the scenes and score it on the others.

    Args:
        results: What was recorded, with the answers after every epoch.

    Returns:
        The same, with other epochs, and only what was answered on the scoring half.

    Raises:
        ReportError: The answers after every epoch were not recorded.
    """
    trials = results.trials
    finished = trials.loc[trials["val_accuracy"].notna(), "trial_id"]
    known = {one: results.answers.get(one) for one in finished}
    lacking = [one for one, answers in known.items() if _epochs(answers) is None]
    if lacking:
        msg = (
            f"--select-on half: {len(lacking)} of {len(known)} finished runs did not "
            "record what they answered after each epoch (an earlier version trained "
            "them); leave the option out, or train them again in another store"
        )
        raise ReportError(msg)
    halves: dict[str, Questions] = {}
    scored = {
        one: _Choice(answers, halves)
        for one, answers in known.items()
        if answers is not None
    }
    rows = [
        row
        | (scored[row["trial_id"]].numbers(row) if row["trial_id"] in scored else {})
        for row in records(trials)
    ]
    return replace(
        results,
        trials=pd.DataFrame(rows, columns=trials.columns),
        answers={one: choice.answers for one, choice in scored.items()},
    )


def is_scored(scenes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say which scenes score a run; the others choose its epoch.

    A scene's half follows from its number alone, whatever other scenes there are.

    Args:
        scenes: Their numbers.

    Returns:
        True for about half of them.
    """
    labels, index = np.unique(scenes, return_inverse=True)
    bits = [
        hashlib.sha256(f"half:{scene}".encode()).digest()[0] % 2 for scene in labels
    ]
    return np.array(bits, dtype=bool)[index]


class _Choice:
    """One run, with the epoch that half of the scenes chose."""

    def __init__(self, whole: Answers, halves: dict[str, Questions]) -> None:
        by_epoch = _epochs(whole)
        assert by_epoch is not None, "only complete runs come here"  # noqa: S101 - ours
        asked = whole.questions
        is_score = is_scored(asked.scenes)
        if is_score.all() or not is_score.any():
            raise ReportError(
                f"--select-on half: {asked.n_scenes} validation scenes cannot be halved"
            )
        chosen = int(by_epoch[:, ~is_score].mean(axis=1).argmax())
        if asked.digest not in halves:
            halves[asked.digest] = asked.part(is_score, "half")
        self.epoch = chosen + 1
        self.answers = Answers(halves[asked.digest], by_epoch[chosen, is_score])

    def numbers(self, row: Mapping[str, Any]) -> dict[str, float]:
        correct, types = self.answers.correct, self.answers.questions.types
        by_type = {
            name: _mean(correct[types == name.removeprefix(_BY_TYPE)])
            for name in row
            if name.startswith(_BY_TYPE)
        }
        return {
            "val_accuracy": _mean(correct),
            "best_epoch": float(self.epoch),
            **by_type,
        }


def _epochs(answers: Answers | None) -> npt.NDArray[np.bool_] | None:
    return None if answers is None else answers.by_epoch


def _mean(correct: npt.NDArray[np.bool_]) -> float:
    return float(correct.mean()) if len(correct) else math.nan
