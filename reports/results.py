"""What was recorded of a study's trials, as frames and vectors.

Accuracies are fractions here and in every statistic; a table alone prints percent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "RUN",
    "Answers",
    "Questions",
    "Results",
    "RunState",
    "Wanted",
    "guess_of",
    "records",
]

RUN: Final = (
    *("trial_id", "run_id", "page", "data", "film", "torch", "python", "host"),
    *("device", "commit", "has_changes", "command", "peak_memory_bytes"),
)
"""Columns of ``Results.runs``."""


class RunState(StrEnum):
    """Where a wanted trial stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    SCREENED = "SCREENED"  # killed, by its own score; it can go on
    DIVERGED = "DIVERGED"
    MISSING = "MISSING"  # nothing was recorded

    @property
    def word(self) -> str:
        """What people read."""
        return "screened out" if self is RunState.SCREENED else self.lower()


class Wanted(Protocol):
    """A trial that a table is to be made of, as a study plans it or a file names it."""

    @property
    def trial_id(self) -> str:
        """What it computes."""

    @property
    def study(self) -> str:
        """The study that wants it."""

    @property
    def row(self) -> str:
        """The row of the table."""

    @property
    def group(self) -> str:
        """The group that the row is in."""

    @property
    def seed(self) -> int:
        """Its seed."""

    @property
    def changes(self) -> Mapping[str, Any]:
        """What the row changes in the baseline."""


@dataclass(frozen=True, eq=False)
class Questions:
    """The validation questions, in the order of their rows in the store.

    Attributes:
        scenes: Image index of each question; questions about one image are a cluster.
        types: Question type of each question.
        digest: Names rows, scenes and right answers; equal digests, equal questions.
        guess: Accuracy of giving each type of question its most frequent right
            answer, without looking; NaN where it is not known.
        labels: The right answers, by numbers; None where they are not known.
    """

    scenes: npt.NDArray[np.int64]
    types: npt.NDArray[np.str_]
    digest: str
    guess: float = math.nan
    labels: npt.NDArray[np.int64] | None = None

    @property
    def n_questions(self) -> int:
        """Number of questions."""
        return len(self.scenes)

    @cached_property
    def of_type(self) -> Mapping[str, npt.NDArray[np.bool_]]:
        """Which questions are of a type, by type."""
        return {str(name): self.types == name for name in np.unique(self.types)}

    @cached_property
    def n_scenes(self) -> int:
        """Number of different images."""
        return len(np.unique(self.scenes))

    def part(self, kept: npt.NDArray[np.bool_], name: str) -> "Questions":
        """Leave questions out.

        Args:
            kept: Which ones are kept.
            name: Of the part, which tells it from other parts of these questions.

        Returns:
            The others, with what guessing is worth among them.
        """
        types = self.types[kept]
        labels = None if self.labels is None else self.labels[kept]
        guess = math.nan if labels is None else guess_of(types, labels)
        digest = f"{self.digest}/{name}"
        return Questions(self.scenes[kept], types, digest, guess, labels)


def guess_of(types: npt.NDArray[Any], labels: npt.NDArray[np.int64]) -> float:
    """Find how often the most frequent right answer to each type of question is right.

    Args:
        types: Type of each question, by name or number.
        labels: Its right answer, by number.

    Returns:
        A share of the questions.
    """
    _, kinds = np.unique(types, return_inverse=True)
    counts = np.zeros((kinds.max() + 1, labels.max() + 1), dtype=np.int64)
    np.add.at(counts, (kinds, labels), 1)
    return float(counts.max(axis=1).sum() / len(kinds))


@dataclass(frozen=True, eq=False, repr=False)
class Answers:
    """Which of the questions one trial answered rightly.

    Attributes:
        questions: What was asked.
        correct: Whether each answer is right, at the epoch that is scored.
        by_epoch: The same after every epoch, epochs × questions; None where it was
            not asked for or not recorded.
    """

    questions: Questions
    correct: npt.NDArray[np.bool_]
    by_epoch: npt.NDArray[np.bool_] | None = None

    def __repr__(self) -> str:
        """Say how many, for a cell of a frame.

        Returns:
            For instance ``9,731 of 10,000 right``.
        """
        return f"{self.correct.sum():,} of {len(self.correct):,} right"


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a report is made from.

    Attributes:
        trials: One row per wanted trial, in the study's order: ``row``, ``group``,
            ``is_baseline``, ``seed``, ``trial_id``, ``changes``, ``state`` (a
            ``RunState``), ``val_accuracy``, ``best_epoch``, ``wall_time_s`` and
            ``val_accuracy_<type>``. Numbers are missing unless the trial finished.
        answers: Per-question answers of finished trials, by ``trial_id``.
        curves: One row per finished trial and epoch, where epochs were recorded:
            ``row``, ``group``, ``is_baseline``, ``seed``, ``trial_id``, ``epoch``,
            ``train_loss``, ``train_accuracy``, ``val_loss``, ``val_accuracy`` and
            ``val_accuracy_<type>``.
        notes: What the reader of the report has to know about the record.
        runs: One row per trial that MLflow has a run of: ``trial_id``, ``run_id``,
            ``page`` (its address on a server, else empty), ``data`` (fingerprint),
            ``film``, ``torch``, ``python``, ``host``, ``device``, ``commit``,
            ``has_changes`` (not committed), ``command`` and ``peak_memory_bytes``;
            texts are empty where nothing was recorded.
    """

    trials: pd.DataFrame
    answers: Mapping[str, Answers] = field(default_factory=dict)
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
    runs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=RUN))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a frame into one dictionary per row.

    Args:
        frame: Any frame whose columns have names.

    Returns:
        Its rows, by column name.
    """
    return [
        {str(key): value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]
