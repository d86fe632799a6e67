"""Serve batches of questions, images and answers from a store.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 3: features of a fixed ResNet-101, or
    raw pixels divided by 255 without further normalisation.
"""

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int8, Shaped
from torch import Tensor

from film.config import ImageInput
from film.data.fingerprint import data_fingerprint
from film.data.memory import free_bytes
from film.data.store import StoredQuestions, read_questions, read_store_vocabulary
from film.data.stored_images import ImageRows, StoredImages, find_images
from film.data.vocabulary import NULL, UNKNOWN, Vocabulary
from film.errors import DataError

__all__ = ["Batch", "QuestionDataset", "data_fingerprint", "open_dataset"]

_UNKNOWN: Final = -1
_ROWS_PER_READ: Final = 256
_BY_QUESTION: Final = (
    "answers",
    "image_ids",
    "families",
    "types",
    "_questions",
    "_lengths",
    "_programs",
    "_rows",
)


@final
@dataclass(frozen=True)
class Batch:
    """Some questions, each with its image and its answer.

    Attributes:
        questions: Words, cut to the longest question of the batch.
        images: Features, or pixels in [0, 1]; of no size where none are seen.
        answers: Numbers of the answer vocabulary; -1 where a test file has none.
        programs: Tokens of the program vocabulary, cut to the longest of the batch;
            padding alone where the program is unknown.
    """

    questions: Int[Tensor, "batch tokens"]
    images: Float[Tensor, "batch channels height width"]
    answers: Int[Tensor, " batch"]
    programs: Int[Tensor, "batch program_tokens"]


@final
class QuestionDataset:
    """The questions of one split and their images; see ``open_dataset``.

    Attributes:
        vocabulary: What the numbers of words, programs and answers mean.
        image_shape: Channels, height and width of an image; zeros where none is seen.
        answers: The answer of each question, -1 where unknown.
        image_ids: The number of each question's image.
        families: The question family, -1 where unknown.
        types: The place in ``QuestionType``, -1 where unknown.
    """

    def __init__(
        self,
        questions: StoredQuestions,
        images: StoredImages | None,
        vocabulary: Vocabulary,
        *,
        in_memory: bool,
        source: tuple[Path, ImageInput | None, tuple[str, ...]],
    ) -> None:
        n_questions = len(questions.questions)
        unknown = np.full(n_questions, _UNKNOWN, dtype=np.int64)
        self.vocabulary = vocabulary
        self.image_shape = (0, 0, 0) if images is None else images.shape
        self.answers: Int[np.ndarray, " rows"] = _or(questions.answers, unknown)
        self.image_ids: Int[np.ndarray, " rows"] = questions.image_idxs
        self.families: Int[np.ndarray, " rows"] = _or(
            questions.question_families, unknown
        )
        self.types: Int8[np.ndarray, " rows"] = _or(questions.types, unknown).astype(
            np.int8
        )
        self._questions = questions.questions
        self._lengths = (self._questions != NULL).sum(axis=1)
        self._programs = _small(questions.programs, n_questions)
        self._images: Shaped[Tensor, "images channels height width"] | None = None
        self._source = source
        self._is_by_programs = False
        if images is None:
            self._rows = np.zeros(n_questions, dtype=np.int64)
            self._images = torch.zeros((1, *self.image_shape))
            return
        self._reader = ImageRows(images)
        self._rows = images.rows_of(questions.image_idxs)
        if in_memory:
            used, self._rows = np.unique(self._rows, return_inverse=True)
            self._images = self._read_all(used)

    def __len__(self) -> int:
        return len(self._questions)

    @property
    def is_in_memory(self) -> bool:
        """Whether the images are held in memory."""
        return self._images is not None

    @property
    def has_answers(self) -> bool:
        """Whether the split has answers; CLEVR's test files have none."""
        return bool((self.answers != _UNKNOWN).all())

    @property
    def has_program(self) -> Bool[np.ndarray, " rows"]:
        """Whether each question's program is known; those people asked have none."""
        return np.asarray((self._programs != NULL).any(axis=1))

    @cached_property
    def fingerprint(self) -> str:
        """The name of the data that are learnt and judged from."""
        return data_fingerprint(*self._source, with_programs=self._is_by_programs)

    def batch(self, rows: Int[np.ndarray, " batch"]) -> Batch:
        """Collect some questions with their images and answers.

        Args:
            rows: Which questions, in any order, at least one.

        Returns:
            The batch, in the order of the rows, on the CPU.
        """
        longest = int(self._lengths[rows].max())
        questions = self._questions[rows, :longest].astype(np.int64)
        programs = self._programs[rows].astype(np.int64)
        n_tokens = int((programs != NULL).sum(axis=1).max())
        return Batch(
            questions=torch.from_numpy(questions),
            images=_as_float(self._image_rows(self._rows[rows])),
            answers=torch.from_numpy(self.answers[rows]),
            programs=torch.from_numpy(programs[:, :n_tokens]),
        )

    def head(self, n_questions: int) -> "QuestionDataset":
        """Give the first questions alone; the images are shared, not copied.

        Args:
            n_questions: How many, if there are as many.

        Returns:
            The questions, by the name of the whole data.
        """
        return self.rows(np.arange(min(n_questions, len(self))))

    def without_head(self, n_questions: int) -> "QuestionDataset":
        """Leave out the first questions, and all others about their images.

        Args:
            n_questions: How many come first.

        Returns:
            The others, none of which is about an image of `head`.
        """
        is_new = ~np.isin(self.image_ids, self.image_ids[:n_questions])
        is_new[:n_questions] = False
        return self.rows(np.flatnonzero(is_new))

    def rows(self, rows: Int[np.ndarray, " some"]) -> "QuestionDataset":
        """Give some questions alone; the images are shared, not copied.

        Args:
            rows: Which, in the wanted order.

        Returns:
            The questions, by the name of the whole data.
        """
        part = copy(self)
        for name in _BY_QUESTION:
            setattr(part, name, getattr(self, name)[rows])
        return part

    def in_words_of(self, vocabulary: Vocabulary) -> "QuestionDataset":
        """Write the questions in the numbers of another vocabulary.

        Args:
            vocabulary: That of a network, say; words that it lacks become unknown.

        Returns:
            The same questions.

        Raises:
            DataError: It has other answers, or the same with other numbers.
        """
        if dict(vocabulary.answer_token_to_idx) != dict(
            self.vocabulary.answer_token_to_idx
        ):
            raise DataError(
                f"{self._source[0]} numbers other answers than those that the network "
                "gives; prepare it with --vocabulary, the vocab.json of the data that "
                "the network learnt from"
            )
        numbers = vocabulary.question_token_to_idx
        known = [numbers.get(word, UNKNOWN) for word in self.vocabulary.question_words]
        part = copy(self)
        part.vocabulary = vocabulary
        part._questions = np.array(known, dtype=self._questions.dtype)[self._questions]  # noqa: SLF001 - its own
        return part

    def without_images(self) -> "QuestionDataset":
        """Give the questions alone.

        Returns:
            The same questions, whose images are of no size and not read.
        """
        part = copy(self)
        part._rows = np.zeros(len(self), dtype=np.int64)  # noqa: SLF001 - its own
        part._images = torch.zeros((1, 0, 0, 0))  # noqa: SLF001 - its own
        return part

    def named_with_programs(self) -> "QuestionDataset":
        """Name the data with the programs of the questions, for whom reads them.

        Returns:
            The same questions, under another fingerprint.
        """
        part = copy(self)
        part._is_by_programs = True  # noqa: SLF001 - its own
        part.__dict__.pop("fingerprint", None)  # what the others are called
        return part

    def _image_rows(
        self, rows: Int[np.ndarray, " batch"]
    ) -> Shaped[Tensor, "batch channels height width"]:
        if self._images is not None:
            return self._images.index_select(0, torch.from_numpy(rows))
        used, places = np.unique(rows, return_inverse=True)
        images = torch.from_numpy(self._reader.read(used))
        return images.index_select(0, torch.from_numpy(places))

    def _read_all(
        self, rows: Int[np.ndarray, " images"]
    ) -> Shaped[Tensor, "images channels height width"]:
        stored = self._reader.stored
        images = np.empty((len(rows), *stored.shape), stored.dtype)
        for start in range(0, len(rows), _ROWS_PER_READ):
            some = slice(start, start + _ROWS_PER_READ)
            images[some] = self._reader.read(rows[some])
        return torch.from_numpy(images)


def open_dataset(
    directory: Path,
    split: str,
    image_input: ImageInput | None,
    *,
    in_memory: bool | None = None,
    n_sharing: int = 1,
    named_by: tuple[str, ...] = ("train", "val"),
) -> QuestionDataset:
    """Open one split of a store.

    Args:
        directory: The store: ours, or the files of clevr-iep and the authors.
        split: The split's name: train, val, ...
        image_input: Features or pixels; None where pictures are not seen, and not read.
        in_memory: Hold the images that questions are about in memory; None does so
            where they take less than a quarter of this process's share of what is
            free.
        n_sharing: How many processes share the free memory.
        named_by: The splits that are learnt and judged from, whose content names the
            data.

    Returns:
        The split.
    """
    vocabulary = read_store_vocabulary(directory)
    questions = read_questions(directory, split, vocabulary)
    images = None
    if image_input is not None:
        images = find_images(directory, split, image_input)
        if images.dataset == "features" and image_input is ImageInput.PIXELS:
            _check_pixels(images)
        if in_memory is None:
            n_images = len(np.unique(questions.image_idxs))
            share = free_bytes() // max(n_sharing, 1)
            in_memory = n_images * images.nbytes_per_row < share // 4
    return QuestionDataset(
        questions,
        images,
        vocabulary,
        in_memory=bool(in_memory),
        source=(directory, image_input, named_by),
    )


def _check_pixels(images: StoredImages) -> None:
    first = ImageRows(images).read(np.array([0]))
    if not 0 <= first.min() <= first.max() <= 1 + 1e-6:
        raise DataError(
            f"{images.path}: '{images.dataset}' has 3 channels and so holds pixels, "
            f"but from {first.min():.3g} to {first.max():.3g} instead of 0 to 1"
        )


def _or(
    values: Int[np.ndarray, " rows"] | None, default: Int[np.ndarray, " rows"]
) -> Int[np.ndarray, " rows"]:
    return default if values is None else values


# In a quarter of the memory that a file takes, where the vocabulary is as small as
# CLEVR's.
def _small(
    programs: Int[np.ndarray, "rows tokens"] | None, n_questions: int
) -> Shaped[np.ndarray, "rows tokens"]:
    if programs is None or not programs.size:
        return np.zeros((n_questions, 0), dtype=np.uint8)
    return programs.astype(np.min_scalar_type(programs.max()))


def _as_float(
    images: Shaped[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height width"]:
    if images.dtype == torch.uint8:
        return images / 255
    return images.float()
