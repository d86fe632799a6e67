"""Pick pictures with what is asked about them, to be looked at by a person.

They come from CLEVR's own files, whose texts are whole, or from a store, whose words
are numbers and whose pictures have the size that training reads.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Int, UInt8

from film.config import ImageInput
from film.data.clevr import Question, QuestionReader, SplitFiles, find_splits
from film.data.images import read_pixels
from film.data.programs import FUNCTION_ARITY, prefix_tokens
from film.data.store import (
    StoredQuestions,
    list_splits,
    read_questions,
    read_store_vocabulary,
)
from film.data.stored_images import ImageRows, find_images, stored_inputs
from film.data.vocabulary import SPECIAL_TOKENS, UNKNOWN, Vocabulary
from film.errors import ConfigError, DataError

__all__ = ["Choice", "Example", "ExampleQuestion", "read_examples", "readable_program"]

_THEN: Final = " » "  # the font of sheets has no arrow
_NO_WORDS: Final = frozenset(SPECIAL_TOKENS[:UNKNOWN])


@final
@dataclass(frozen=True)
class ExampleQuestion:
    """A question as a person reads it; None for what is not known of it."""

    text: str
    answer: str | None
    program: str | None


@final
@dataclass(frozen=True)
class Example:
    """A picture and some of the questions about it.

    Attributes:
        split: The split.
        image_index: The picture's number in it.
        questions: The questions.
        pixels: The picture, where it was asked for.
    """

    split: str
    image_index: int
    questions: tuple[ExampleQuestion, ...]
    pixels: UInt8[np.ndarray, "channels=3 height width"] | None = field(repr=False)


@final
@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which pictures are picked.

    Attributes:
        split: The split.
        count: How many pictures.
        first: No picture with a smaller number.
        images: These pictures instead, by their numbers.
        n_questions: At most so many questions for each.
        with_pixels: Read the pictures too.
    """

    split: str = "val"
    count: int = 6
    first: int = 0
    images: tuple[int, ...] = ()
    n_questions: int = 3
    with_pixels: bool = True

    def __post_init__(self) -> None:
        """Refuse to pick nothing.

        Raises:
            ConfigError: If a number is too small.
        """
        if self.count < 1:
            raise ConfigError(f"count must be at least 1, got {self.count}")
        if self.n_questions < 0:
            raise ConfigError(f"questions must be at least 0, got {self.n_questions}")

    @property
    def size(self) -> int:
        """How many pictures are picked, at most."""
        return len(self.images) or self.count

    def fits(self, image_index: int) -> bool:
        """Tell whether a picture may be picked.

        Args:
            image_index: Its number.

        Returns:
            Whether it may.
        """
        if self.images:
            return image_index in self.images
        return image_index >= self.first


def read_examples(
    directory: Path, choice: Choice, images: Path | None = None
) -> list[Example]:
    """Pick pictures with their questions.

    Args:
        directory: A folder in CLEVR's layout, or a store.
        choice: Which pictures.
        images: The folder that has a folder of pictures per split, where it is not
            in the first.

    Returns:
        The pictures: those asked for in their order, or the first that questions
        are about.

    Raises:
        DataError: If the split, or a picture that is asked for, is not there.
    """
    if _is_store(directory):
        if images is not None:
            raise DataError(f"{directory} is a store, with pictures of its own")
        return _from_store(directory, choice)
    found = find_splits(directory, images)
    by_name = {files.name: files for files in found.values()} | found
    if choice.split not in by_name:
        raise DataError(
            f"{directory} has no split '{choice.split}'; it has {', '.join(found)}"
        )
    return _from_files(by_name[choice.split], choice)


def readable_program(tokens: Sequence[str]) -> str:
    """Write a program from its first step to its last.

    Args:
        tokens: The program in any order of ``ProgramOrder``.

    Returns:
        ``scene » filter_color[red] » count``; a function of two inputs is written
        around them, ``less_than(…, …)``. What is no program stays as it is.
    """
    inputs_first = list(tokens[:1]) == ["scene"]
    done: list[str] = []
    for token in tokens if inputs_first else reversed(tokens):
        n_inputs = FUNCTION_ARITY.get(token.partition("[")[0], len(tokens))
        if n_inputs > len(done):
            return " ".join(tokens)
        inputs = [done.pop() for _ in range(n_inputs)]
        if inputs_first:
            inputs.reverse()
        done.append(_step(token, inputs))
    return " ".join(tokens) if len(done) > 1 else "".join(done)


def _step(token: str, inputs: Sequence[str]) -> str:
    if len(inputs) > 1:
        return f"{token}({', '.join(inputs)})"
    return _THEN.join([*inputs, token])


def _is_store(directory: Path) -> bool:
    if (directory / "questions").is_dir() or any(directory.glob("CLEVR-Humans-*.json")):
        return False
    if (directory / "vocab.json").is_file() or any(directory.glob("*.h5")):
        return True
    if directory.is_dir():
        raise DataError(
            f"{directory} holds neither CLEVR's files (questions/, "
            "CLEVR-Humans-*.json) nor a store (vocab.json, train.h5)"
        )
    return False


def _from_files(files: SplitFiles, choice: Choice) -> list[Example]:
    names = {path.name for path in files.images.glob("*")}
    picked: dict[int, list[Question]] = {}
    absent: str | None = None
    for question in QuestionReader(files):
        index = question.image_index
        if not choice.fits(index):
            continue
        if choice.with_pixels and question.image_filename not in names:
            absent = absent or question.image_filename
            continue
        if index in picked or len(picked) < choice.size:
            picked.setdefault(index, []).append(question)
        if _is_enough([len(some) for some in picked.values()], choice):
            break
    if absent is not None and (choice.images or not picked):
        raise DataError(
            f"{files.images} has no picture {absent}, which {files.questions.name} "
            "asks about; say with --images where the pictures are"
        )
    _check_picked(picked, choice, str(files.questions))
    return [
        Example(
            files.name,
            index,
            tuple(_example(one) for one in picked[index][: choice.n_questions]),
            read_pixels(files.images / picked[index][0].image_filename)
            if choice.with_pixels
            else None,
        )
        for index in choice.images or picked
    ]


def _is_enough(counts: Sequence[int], choice: Choice) -> bool:
    return len(counts) == choice.size and min(counts) >= choice.n_questions


def _check_picked(picked: Iterable[int], choice: Choice, where: str) -> None:
    known = set(picked)
    for index in choice.images:
        if index not in known:
            raise DataError(f"{where} asks nothing about an image {index}")
    if not known:
        raise DataError(f"{where} asks about no image from number {choice.first} on")


def _example(question: Question) -> ExampleQuestion:
    program = question.program
    return ExampleQuestion(
        " ".join(question.text.split()),
        question.answer,
        None if program is None else readable_program(prefix_tokens(program)),
    )


def _from_store(directory: Path, choice: Choice) -> list[Example]:
    if choice.split not in list_splits(directory):
        raise DataError(
            f"{directory} has no split '{choice.split}'; it has "
            f"{', '.join(list_splits(directory))}"
        )
    vocabulary = read_store_vocabulary(directory)
    stored = read_questions(directory, choice.split, vocabulary)
    picked: defaultdict[int, list[int]] = defaultdict(list)
    for row, index in enumerate(stored.image_idxs.tolist()):
        if choice.fits(index) and (index in picked or len(picked) < choice.size):
            picked[index].append(row)
    _check_picked(picked, choice, f"the split '{choice.split}' of {directory}")
    indices = list(choice.images or picked)
    return [
        Example(
            choice.split,
            index,
            tuple(
                _decode(stored, row, vocabulary)
                for row in picked[index][: choice.n_questions]
            ),
            _stored_pixels(directory, choice.split, index)
            if choice.with_pixels
            else None,
        )
        for index in indices
    ]


def _decode(
    stored: StoredQuestions, row: int, vocabulary: Vocabulary
) -> ExampleQuestion:
    text = " ".join(_words(stored.questions[row], vocabulary.question_words))
    return ExampleQuestion(
        " ".join(text.replace(" ;", ";").replace(" ,", ",").split()),
        None if stored.answers is None else vocabulary.answers[stored.answers[row]],
        None
        if stored.programs is None
        else readable_program(_words(stored.programs[row], vocabulary.program_words)),
    )


def _words(numbers: Int[np.ndarray, " tokens"], words: Sequence[str]) -> list[str]:
    return [words[number] for number in numbers if words[number] not in _NO_WORDS]


def _stored_pixels(
    directory: Path, split: str, index: int
) -> UInt8[np.ndarray, "channels=3 height width"]:
    if ImageInput.PIXELS not in stored_inputs(directory, split):
        raise DataError(
            f"{directory} stores no pictures of '{split}', and so none can be drawn; "
            "--text prints the questions alone"
        )
    images = find_images(directory, split, ImageInput.PIXELS)
    (pixels,) = ImageRows(images).read(images.rows_of(np.array([index])))
    if pixels.dtype != np.uint8:  # clevr-iep's, from 0 to 1
        pixels = (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return np.asarray(pixels)
