"""The HDF5 files that training reads: ours, and those a researcher already has.

A store is a folder with ``vocab.json`` and, per split, either one file as
``film data prepare`` writes it, ``train.h5``, or the pair that clevr-iep and the
authors' code write, ``train_questions.h5`` and ``train_features.h5``.

====================  ==============  ================================================
data set              type, shape     meaning
====================  ==============  ================================================
``questions``         int32 (N, T)    words, from start to end, then padding
``image_idxs``        int64 (N)       the image that each question is about
``orig_idxs``         int64 (N)       the question's number in its source
``answers``           int64 (N)       absent in test files
``programs``          int32 (N, P)    tokens, where programs are known
``question_families`` int64 (N)       0 to 89 in CLEVR, where known
``types``             int64 (N)       place in ``QuestionType``; the attribute
                                      ``type_names`` says so. Numbers without it are
                                      not used: the authors' code draws them anew at
                                      each run, and the programs tell the types.
``images``            uint8           (n, 3, height, width), ours
``features``          float16/32      (n, channels, height, width); with 3 channels
                                      these are clevr-iep's pixels in [0, 1]
``image_ids``         int64 (n)       the image of each row; absent, row i is image i
====================  ==============  ================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, final

import h5py
import numpy as np
from jaxtyping import Int

from film.data.hdf5 import Numbers, find_array, native_type, open_file
from film.data.programs import QuestionType, function_type
from film.data.vocabulary import NULL, Vocabulary, read_vocabulary
from film.errors import DataError

__all__ = [
    "TYPE_NAMES",
    "StoredQuestions",
    "list_splits",
    "outermost_functions",
    "question_path",
    "read_questions",
    "read_store_vocabulary",
    "write_questions",
]

TYPE_NAMES: Final = tuple(str(kind) for kind in QuestionType)
"""The names of the question types, by their number in a store."""

_MAX_FAMILY: Final = 2**15 - 1  # predictions hold families as int16


@final
@dataclass(frozen=True, kw_only=True)
class StoredQuestions:
    """The questions of one split as numbers; None for what the source lacks.

    Attributes:
        questions: Words, padded at the end.
        image_idxs: The image of each question.
        orig_idxs: The question's number in its source.
        answers: Numbers of the answer vocabulary.
        programs: Tokens, padded at the end.
        question_families: Question families.
        types: Places in ``QuestionType``.
    """

    questions: Int[np.ndarray, "rows tokens"]
    image_idxs: Int[np.ndarray, " rows"]
    orig_idxs: Int[np.ndarray, " rows"]
    answers: Int[np.ndarray, " rows"] | None = None
    programs: Int[np.ndarray, "rows program_tokens"] | None = None
    question_families: Int[np.ndarray, " rows"] | None = None
    types: Int[np.ndarray, " rows"] | None = None


def list_splits(directory: Path) -> list[str]:
    """List the splits of a store.

    Args:
        directory: The store.

    Returns:
        Their names, train and val first. A file without questions is no split.

    Raises:
        DataError: If the folder is missing or holds no split.
    """
    if not directory.is_dir():
        raise DataError(
            f"{directory} is no folder; 'film data prepare' or 'film data make' "
            "writes a store"
        )
    names = {
        path.stem.removesuffix("_questions")
        for path in directory.glob("*.h5")
        if not path.stem.endswith("_features") and _holds_questions(path)
    }
    if not names:
        raise DataError(
            f"{directory} holds no split: neither train.h5 nor train_questions.h5; "
            "`film data prepare` makes them from CLEVR's own files"
        )
    order = {"train": 0, "val": 1}
    return sorted(names, key=lambda name: (order.get(name, 2), name))


def question_path(directory: Path, split: str) -> Path:
    """Find the file with the questions of a split.

    Args:
        directory: The store.
        split: The split's name.

    Returns:
        ``train.h5`` or, where it is absent, ``train_questions.h5``.

    Raises:
        DataError: If there is neither.
    """
    for name in (f"{split}.h5", f"{split}_questions.h5"):
        if (directory / name).is_file():
            return directory / name
    names = list_splits(directory)
    raise DataError(
        f"{directory} has no split '{split}' (neither {split}.h5 nor "
        f"{split}_questions.h5); it has {', '.join(names)}"
    )


def write_questions(file: h5py.File, questions: StoredQuestions) -> None:
    """Write the questions of a split under the names and types of clevr-iep.

    Args:
        file: A file open for writing.
        questions: What to write; what is None is left out.
    """
    for field in fields(questions):
        values = getattr(questions, field.name)
        if values is not None:
            dtype = np.int32 if values.ndim > 1 else np.int64
            file.create_dataset(field.name, data=values.astype(dtype))
    if questions.types is not None:
        file["types"].attrs["type_names"] = list(TYPE_NAMES)


def read_questions(
    directory: Path, split: str, vocabulary: Vocabulary
) -> StoredQuestions:
    """Read and check the questions of a split, ours or foreign.

    Args:
        directory: The store.
        split: The split's name.
        vocabulary: The store's vocabulary.

    Returns:
        The questions; types come from the file where it says what its numbers
        mean, and otherwise from the programs.

    Raises:
        DataError: If the file is missing or broken, lacks a data set, has data sets
            of the wrong kind or of different lengths, has padding before a word, or
            does not fit the vocabulary.
    """
    path = question_path(directory, split)
    with open_file(path) as file:
        written_with = file.attrs.get("vocabulary")
        if written_with is not None and written_with != vocabulary.digest:
            raise DataError(
                f"{path} was written with another vocabulary than "
                f"{directory / 'vocab.json'}; prepare the store again"
            )
        values = {
            field.name: _read_array(path, file, field.name)
            for field in fields(StoredQuestions)
        }
        if values["types"] is not None:
            names = file["types"].attrs.get("type_names")
            values["types"] = _renumber_types(path, values["types"], names)
    _check_rows(path, values)
    _check_padding(path, values)
    _check_families(path, values["question_families"])
    _check_words(path, "questions", values["questions"], vocabulary.question_words)
    _check_words(path, "answers", values["answers"], vocabulary.answers)
    _check_words(path, "programs", values["programs"], vocabulary.program_words)
    if values["types"] is None and values["programs"] is not None:
        numbers = np.array([_type_number(word) for word in vocabulary.program_words])
        values["types"] = numbers[outermost_functions(values["programs"], vocabulary)]
    return StoredQuestions(**values)


def read_store_vocabulary(directory: Path) -> Vocabulary:
    """Read the vocabulary of a store.

    Args:
        directory: The store.

    Returns:
        What its vocab.json says.
    """
    return read_vocabulary(directory / "vocab.json")


def outermost_functions(
    programs: Int[np.ndarray, "rows program_tokens"], vocabulary: Vocabulary
) -> Int[np.ndarray, " rows"]:
    """Find the last function of each program, whatever order it is written in.

    It is the first token in prefix order. In postfix order and in chains, which
    begin with ``scene``, it is the last.

    Args:
        programs: Programs as numbers, from start to end, padded.
        vocabulary: What the numbers mean.

    Returns:
        The numbers of the functions.
    """
    each = np.arange(len(programs))
    lengths = (programs != NULL).sum(axis=1)
    first = programs[each, np.minimum(lengths - 1, 1)]
    last = programs[each, np.maximum(lengths - 2, 0)]
    scene = vocabulary.program_token_to_idx.get("scene", -1)
    return np.asarray(np.where(first == scene, last, first))


def _read_array(path: Path, file: h5py.File, name: str) -> Any:  # noqa: ANN401 h5py
    if name not in file:
        if name in {"questions", "image_idxs"}:
            raise DataError(
                f"{path} has no '{name}'; it has {', '.join(sorted(file)) or 'nothing'}"
            )
        return np.arange(len(file["questions"])) if name == "orig_idxs" else None
    if name in {"questions", "programs"}:
        words = find_array(path, file, name, 2, Numbers.WHOLE)
        return words.astype(native_type(words))[:]
    return find_array(path, file, name, 1, Numbers.WHOLE)[:].astype(np.int64)


def _holds_questions(path: Path) -> bool:
    # What cannot be opened counts, so that a split that was cut off is named.
    try:
        with open_file(path) as file:
            return "questions" in file
    except DataError:
        return True


def _renumber_types(
    path: Path,
    numbers: Int[np.ndarray, " rows"],
    type_names: Any,  # noqa: ANN401 - whatever the attribute holds
) -> Int[np.ndarray, " rows"] | None:
    if type_names is None:
        return None
    names = [
        name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        for name in np.atleast_1d(type_names).tolist()
    ]
    if not set(names) <= set(TYPE_NAMES):
        raise DataError(
            f"{path}: type_names are {', '.join(names)}; known are "
            f"{', '.join(TYPE_NAMES)}"
        )
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(names):
        raise DataError(f"{path}: 'types' has numbers beyond its type_names")
    ours = np.array([TYPE_NAMES.index(name) for name in names], dtype=np.int64)
    renumbered: Int[np.ndarray, " rows"] = ours[numbers]
    return renumbered


def _check_rows(path: Path, values: Mapping[str, Any]) -> None:
    n_rows = len(values["questions"])
    if n_rows == 0:
        raise DataError(f"{path} has no questions")
    for name, array in values.items():
        if array is not None and len(array) != n_rows:
            raise DataError(
                f"{path}: '{name}' has {len(array)} rows, and 'questions' {n_rows}"
            )


def _check_padding(path: Path, values: Mapping[str, Any]) -> None:
    # A question needs a word; a program may be unknown. Padding is at the end.
    if not (values["questions"] != NULL).any(axis=1).all():
        raise DataError(f"{path}: 'questions' has a row without words")
    for name in ("questions", "programs"):
        if values[name] is None:
            continue
        is_word = values[name] != NULL
        is_late = (is_word[:, 1:] & ~is_word[:, :-1]).any(axis=1)
        if is_late.any():
            raise DataError(
                f"{path}: row {int(is_late.argmax())} of '{name}' has padding before "
                "a word; padding belongs at the end"
            )


def _check_families(path: Path, families: Int[np.ndarray, " rows"] | None) -> None:
    if families is None:
        return
    low, high = int(families.min()), int(families.max())
    if low < -1 or high > _MAX_FAMILY:
        raise DataError(
            f"{path}: 'question_families' has the number "
            f"{low if low < -1 else high}; a family is a number from 0 to "
            f"{_MAX_FAMILY}, or -1 where unknown"
        )


def _check_words(
    path: Path,
    name: str,
    numbers: Int[np.ndarray, "..."] | None,
    words: tuple[str, ...],
) -> None:
    if numbers is None or not numbers.size:
        return
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high >= len(words):
        raise DataError(
            f"{path}: '{name}' has the number {low if low < 0 else high}, and the "
            f"vocabulary has {len(words)}; is vocab.json the one it was made with?"
        )


def _type_number(word: str) -> int:
    kind = function_type(word)
    return -1 if kind is None else TYPE_NAMES.index(kind)
