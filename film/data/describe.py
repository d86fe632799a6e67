"""Say what a store holds: ``film data info``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from film.config import ImageInput
from film.data.fingerprint import data_fingerprint
from film.data.hdf5 import open_file
from film.data.priors import Grouping, PriorAccuracy, prior_accuracies
from film.data.store import (
    TYPE_NAMES,
    StoredQuestions,
    list_splits,
    question_path,
    read_questions,
    read_store_vocabulary,
)
from film.data.stored_images import find_images, stored_inputs
from film.data.vocabulary import NULL, UNKNOWN, Vocabulary

__all__ = ["SplitDescription", "StoreDescription", "describe_store"]


@final
@dataclass(frozen=True, kw_only=True)
class SplitDescription:
    """What one split holds.

    Attributes:
        n_questions: How many questions.
        n_images: How many images they are about.
        questions_per_type: How many questions of each type; empty where unknown.
        answer_shares: The share of each answer that occurs, most frequent first;
            empty for a test split.
        mean_words: Words per question, without start and end.
        max_words: Words of the longest question.
        max_program_tokens: Functions of the longest program; 0 without programs.
        unknown_word_share: Share of the words that the vocabulary lacks.
        unknown_question_share: Share of the questions with such a word.
        unknown_words: The most frequent of them with their counts, where the store
            is ours.
        images: Channels, height, width and type of the images, by their form.
    """

    n_questions: int
    n_images: int
    questions_per_type: Mapping[str, int]
    answer_shares: Mapping[str, float]
    mean_words: float
    max_words: int
    max_program_tokens: int
    unknown_word_share: float
    unknown_question_share: float
    unknown_words: Mapping[str, int]
    images: Mapping[str, str]


@final
@dataclass(frozen=True, kw_only=True)
class StoreDescription:
    """What a store holds.

    The priors are what a model reaches on ``val`` that never sees an image. A
    trained model that does no better has learnt only the answers' frequencies.

    Attributes:
        splits: Each split by its name.
        n_question_words: Size of the vocabulary of questions, special ones included.
        n_program_tokens: Size of that of programs.
        n_answers: Size of that of answers.
        priors: Accuracy on ``val`` of the most frequent training answer to all
            questions, to each type, outermost function and family; without those
            that the store does not tell.
        fingerprints: The name of the data by the form of images, where train and
            val have it.
    """

    splits: Mapping[str, SplitDescription]
    n_question_words: int
    n_program_tokens: int
    n_answers: int
    priors: Mapping[Grouping, PriorAccuracy]
    fingerprints: Mapping[str, str]


def describe_store(directory: Path) -> StoreDescription:
    """Say what a store holds.

    Args:
        directory: The store, ours or foreign.

    Returns:
        Counts, shares and names; ``dataclasses.asdict`` makes it ready for JSON.
    """
    names = list_splits(directory)
    vocabulary = read_store_vocabulary(directory)
    splits = {}
    kept = {}
    for name in names:
        questions = read_questions(directory, name, vocabulary)
        splits[name] = _describe_split(directory, name, questions, vocabulary)
        if name in {"train", "val"}:
            kept[name] = questions
    train, val = kept.get("train"), kept.get("val")
    return StoreDescription(
        splits=splits,
        n_question_words=len(vocabulary.question_words),
        n_program_tokens=len(vocabulary.program_words),
        n_answers=len(vocabulary.answers),
        priors={} if not train or not val else prior_accuracies(train, val, vocabulary),
        fingerprints=_fingerprints(directory, splits),
    )


def _describe_split(
    directory: Path, name: str, stored: StoredQuestions, vocabulary: Vocabulary
) -> SplitDescription:
    n_words = (stored.questions != NULL).sum(axis=1) - 2  # without start and end
    n_unknown = (stored.questions == UNKNOWN).sum(axis=1)
    programs = stored.programs
    return SplitDescription(
        n_questions=len(stored.questions),
        n_images=len(np.unique(stored.image_idxs)),
        questions_per_type=_count_types(stored),
        answer_shares=_answer_shares(stored, vocabulary),
        mean_words=float(n_words.mean()),
        max_words=int(n_words.max()),
        max_program_tokens=0
        if programs is None
        else int((programs != NULL).sum(axis=1).max()) - 2,
        unknown_word_share=float(n_unknown.sum() / n_words.sum()),
        unknown_question_share=float((n_unknown > 0).mean()),
        unknown_words=_unknown_words(directory, name),
        images=_describe_images(directory, name),
    )


def _count_types(stored: StoredQuestions) -> dict[str, int]:
    if stored.types is None:
        return {}
    return {
        name: int((stored.types == number).sum())
        for number, name in enumerate(TYPE_NAMES)
    }


def _answer_shares(stored: StoredQuestions, vocabulary: Vocabulary) -> dict[str, float]:
    if stored.answers is None:
        return {}
    counts = np.bincount(stored.answers, minlength=len(vocabulary.answers))
    order = np.argsort(-counts, kind="stable")
    return {
        vocabulary.answers[idx]: float(counts[idx] / counts.sum())
        for idx in order
        if counts[idx]
    }


def _unknown_words(directory: Path, name: str) -> dict[str, int]:
    with open_file(question_path(directory, name)) as file:
        return dict(json.loads(file.attrs.get("unknown_words", "[]")))


def _describe_images(directory: Path, name: str) -> dict[str, str]:
    found = {}
    for image_input in stored_inputs(directory, name):
        images = find_images(directory, name, image_input)
        shape = " × ".join(str(length) for length in images.shape)
        found[image_input.value] = f"{shape} {images.dtype}"
    return found


def _fingerprints(
    directory: Path, splits: Mapping[str, SplitDescription]
) -> dict[str, str]:
    if not {"train", "val"} <= splits.keys():
        return {}
    return {
        image_input.value: data_fingerprint(directory, image_input)
        for image_input in ImageInput
        if all(image_input in splits[name].images for name in ("train", "val"))
    }
