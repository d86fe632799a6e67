"""Say what a store holds: ``film data info``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Int

from film.config import ImageInput
from film.data.fingerprint import data_fingerprint
from film.data.store import (
    TYPE_NAMES,
    StoredQuestions,
    find_images,
    list_splits,
    open_file,
    outermost_functions,
    question_path,
    read_questions,
    read_store_vocabulary,
)
from film.data.vocabulary import NULL, SPECIAL_TOKENS, UNKNOWN, Vocabulary
from film.errors import DataError

__all__ = ["SplitDescription", "StoreDescription", "describe_store"]

_N_SPECIAL: Final = len(SPECIAL_TOKENS)


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

    The prior accuracies are what a model reaches on ``val`` that never sees an
    image: the most frequent training answer of each group of questions. A trained
    model that does no better has learnt only the answers' frequencies.

    Attributes:
        splits: Each split by its name.
        n_question_words: Size of the vocabulary of questions, special ones included.
        n_program_tokens: Size of that of programs.
        n_answers: Size of that of answers.
        prior_accuracy: On ``val``, always giving the same answer; None where a
            split or its answers are missing.
        type_prior_accuracy: One answer per question type.
        function_prior_accuracy: One answer per outermost function, which tells
            apart, for instance, the four attributes that are queried.
        fingerprints: The name of the data by the form of images, where train and
            val have it.
    """

    splits: Mapping[str, SplitDescription]
    n_question_words: int
    n_program_tokens: int
    n_answers: int
    prior_accuracy: float | None
    type_prior_accuracy: float | None
    function_prior_accuracy: float | None
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
        prior_accuracy=_prior(train, val, _one_group, vocabulary),
        type_prior_accuracy=_prior(train, val, _types, vocabulary),
        function_prior_accuracy=_prior(train, val, _functions, vocabulary),
        fingerprints={
            image_input.value: data_fingerprint(directory, image_input)
            for image_input in ImageInput
            if all(image_input in splits[name].images for name in kept)
            and len(kept) == 2  # noqa: PLR2004 (train and val)
        },
    )
