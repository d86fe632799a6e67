"""What a model reaches that never looks: the most frequent answers of training."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import numpy as np
from jaxtyping import Bool, Int

from film.data.store import TYPE_NAMES, StoredQuestions, outermost_functions
from film.data.vocabulary import Vocabulary

__all__ = ["Grouping", "PriorAccuracy", "prior_accuracies"]


class Grouping(StrEnum):
    """Which questions get the same answer, from coarse to fine."""

    ALL = "all"
    TYPE = "question_type"  # the five types of the tables
    FUNCTION = "outermost_function"  # the baseline "Q-type mode" of Johnson et al. 2017
    FAMILY = "question_family"  # the template that a question was made from


@final
@dataclass(frozen=True, kw_only=True)
class PriorAccuracy:
    """Accuracy on ``val`` of each group's most frequent training answer.

    Attributes:
        accuracy: On all questions.
        by_type: On those of each type that occurs; empty where types are unknown.
    """

    accuracy: float
    by_type: Mapping[str, float]


def prior_accuracies(
    train: StoredQuestions, val: StoredQuestions, vocabulary: Vocabulary
) -> dict[Grouping, PriorAccuracy]:
    """Answer the validation questions without looking.

    A group that training lacks gets the answer that is most frequent overall.

    Args:
        train: What to take the answers from.
        val: What to judge on.
        vocabulary: Of both.

    Returns:
        What is reached by grouping, without those that either split does not tell.
    """
    if train.answers is None or val.answers is None:
        return {}
    found = {}
    for grouping in Grouping:
        groups = [_groups(split, grouping, vocabulary) for split in (train, val)]
        if groups[0] is None or groups[1] is None:
            continue
        answers = _most_frequent(groups[0], train.answers, groups[1])
        found[grouping] = _judge(answers == val.answers, val.types)
    return found


def _groups(
    stored: StoredQuestions, grouping: Grouping, vocabulary: Vocabulary
) -> Int[np.ndarray, " rows"] | None:
    match grouping:
        case Grouping.ALL:
            return np.zeros(len(stored.questions), dtype=np.int64)
        case Grouping.TYPE:
            return stored.types
        case Grouping.FUNCTION if stored.programs is not None:
            return outermost_functions(stored.programs, vocabulary)
        case Grouping.FAMILY if stored.question_families is not None:
            is_known = bool((stored.question_families >= 0).any())
            return stored.question_families if is_known else None
        case _:
            return None


def _most_frequent(
    groups: Int[np.ndarray, " train_rows"],
    answers: Int[np.ndarray, " train_rows"],
    wanted: Int[np.ndarray, " val_rows"],
) -> Int[np.ndarray, " val_rows"]:
    known, places = np.unique(groups, return_inverse=True)
    n_answers = int(answers.max()) + 1
    flat = np.bincount(places * n_answers + answers, minlength=len(known) * n_answers)
    counts = flat.reshape(len(known), n_answers)
    modes = np.append(counts.argmax(axis=1), counts.sum(axis=0).argmax())
    at = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    given: Int[np.ndarray, " val_rows"] = modes[
        np.where(known[at] == wanted, at, len(known))
    ]
    return given


def _judge(
    correct: Bool[np.ndarray, " rows"], types: Int[np.ndarray, " rows"] | None
) -> PriorAccuracy:
    by_type = {}
    if types is not None:
        by_type = {
            name: float(correct[types == number].mean())
            for number, name in enumerate(TYPE_NAMES)
            if (types == number).any()
        }
    return PriorAccuracy(accuracy=float(correct.mean()), by_type=by_type)
