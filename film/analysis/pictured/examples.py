"""Some questions to look at one by one, and how they read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Int

from film.data.dataset import QuestionDataset
from film.data.programs import QuestionType
from film.data.vocabulary import SPECIAL_TOKENS, UNKNOWN, Vocabulary
from film.errors import AnalysisError

__all__ = [
    "ExampleChoice",
    "as_sentence",
    "describe_examples",
    "question_words",
    "type_names",
]

_UNSAID = frozenset(SPECIAL_TOKENS[:UNKNOWN])


@final
@dataclass(frozen=True, kw_only=True)
class ExampleChoice:
    """Which questions are looked at one by one, and where their pictures are.

    Attributes:
        rows: Their places in the split, in the wanted order; empty draws some.
        count: How many are drawn, each about another picture.
        seed: Of the drawing.
        images: A folder of picture files; None looks beside the data.
    """

    rows: tuple[int, ...] = ()
    count: int = 6
    seed: int = 0
    images: Path | None = None

    def pick(self, questions: QuestionDataset) -> Int[np.ndarray, " examples"]:
        """Choose questions.

        Args:
            questions: To choose from.

        Returns:
            Places; drawn ones in ascending order.

        Raises:
            AnalysisError: There is no such question.
        """
        last = len(questions) - 1
        for row in self.rows:
            if not 0 <= row <= last:
                raise AnalysisError(
                    f"there is no question {row}; they have the numbers 0 to {last}"
                )
        if self.rows:
            return np.array(self.rows, dtype=np.int64)
        drawn = np.random.default_rng(self.seed).permutation(len(questions))
        _, first = np.unique(questions.image_ids[drawn], return_index=True)
        return np.sort(drawn[np.sort(first)[: self.count]])

    @property
    def drawn_with(self) -> int | None:
        """The seed, where it matters."""
        return None if self.rows else self.seed


def describe_examples(
    questions: QuestionDataset, rows: Int[np.ndarray, " examples"]
) -> pd.DataFrame:
    """Write questions as a person reads them.

    Args:
        questions: To choose from.
        rows: Which.

    Returns:
        ``row`` (the question's place), ``image`` (its picture's number), ``text``,
        ``type`` (``unknown`` where it is) and ``label`` (the right answer; empty where
        it is unknown).
    """
    numbers = questions.batch(rows).questions.numpy() if len(rows) else ()
    answers = questions.vocabulary.answers
    return pd.DataFrame(
        {
            "row": rows,
            "image": questions.image_ids[rows],
            "text": [
                as_sentence(question_words(row, questions.vocabulary))
                for row in numbers
            ],
            "type": type_names(questions.rows(rows)),
            "label": [answers[n] if n >= 0 else "" for n in questions.answers[rows]],
        }
    )


def question_words(
    numbers: Int[np.ndarray, " tokens"], vocabulary: Vocabulary
) -> tuple[str, ...]:
    """Read the words of a question, without start, end and padding.

    Args:
        numbers: The question.
        vocabulary: What the numbers mean.

    Returns:
        The words, ``<UNK>`` for one that is unknown.
    """
    words = vocabulary.question_words
    return tuple(words[n] for n in numbers if words[n] not in _UNSAID)


def as_sentence(words: Sequence[str]) -> str:
    """Write words as a person reads them.

    Args:
        words: Of a question.

    Returns:
        The question.
    """
    text = " ".join(" ".join(words).split())
    return text.replace(" ;", ";").replace(" ,", ",") + "?"


def type_names(questions: QuestionDataset) -> list[str]:
    """Name what each question asks for.

    Args:
        questions: All of which are named.

    Returns:
        Names of ``QuestionType``; ``unknown`` where it is.
    """
    kinds = [*map(str, QuestionType), "unknown"]  # −1 is the last
    return [kinds[number] for number in questions.types]
