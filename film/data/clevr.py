"""Read CLEVR as it was released, as its generator writes it, and CLEVR-Humans.

CLEVR and CLEVR-CoGenT are a folder with ``images/<split>/*.png``,
``questions/CLEVR_<split>_questions.json`` and, save for tests,
``scenes/CLEVR_<split>_scenes.json``. CLEVR-Humans is a flat folder of
``CLEVR-Humans-<split>.json`` about CLEVR's images.

References:
    Johnson et al., *CLEVR*, CVPR 2017; the README.txt of CLEVR_v1.0.
    https://github.com/facebookresearch/clevr-dataset-gen
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, final

from film.data.entries import EntryList
from film.data.programs import Program, QuestionType, parse_program, question_type
from film.errors import DataError

__all__ = [
    "FAMILY_OFFSETS",
    "Question",
    "QuestionReader",
    "SplitFiles",
    "find_splits",
    "read_scene_names",
]

FAMILY_OFFSETS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "compare_integer": 0,
        "comparison": 9,
        "three_hop": 25,
        "single_and": 31,
        "same_relate": 36,
        "single_or": 64,
        "one_hop": 72,
        "two_hop": 78,
        "zero_hop": 84,
    }
)
"""The release's number of the first question family of each template file."""

_INTEGER_LIMIT: Final = 2**63
_FAMILY_LIMIT: Final = 2**14  # with the offset of its file it must fit into int16

_QUESTION_FILES: Final = (
    ("questions/CLEVR_{}_questions.json", re.compile(r"CLEVR_(\w+)_questions")),
    ("CLEVR-Humans-{}.json", re.compile(r"CLEVR-Humans-(\w+)")),
)
_SPLIT_ORDER: Final = ("train", "trainA", "val", "valA", "valB", "test", "testA")
_COGENT_NAMES: Final = {"trainA": "train", "valA": "val", "testA": "test"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question about one image.

    Attributes:
        text: The question in words.
        image_index: The number of its image within the split, gaps allowed.
        image_filename: The name of the image's file.
        index: The question's own number, or its place in a file without numbers.
        answer: The answer; None in test files.
        program: Its program; None in test files and in CLEVR-Humans.
        family: Its question family, 0 to 89 as in the release, where known.
    """

    text: str
    image_index: int
    image_filename: str
    index: int
    answer: str | None = None
    program: Program | None = None
    family: int | None = None

    @property
    def type(self) -> QuestionType | None:
        """What the question asks for, where the program is known."""
        return None if self.program is None else question_type(self.program)


@final
@dataclass(frozen=True)
class SplitFiles:
    """Where the parts of one split are.

    Attributes:
        name: The split's name in the source: train, valA, ...
        questions: The file of questions.
        images: The folder of images, which may not exist.
        scenes: The file of scenes, which may not exist.
    """

    name: str
    questions: Path
    images: Path
    scenes: Path


def find_splits(source: Path, images: Path | None = None) -> dict[str, SplitFiles]:
    """Find the splits of a folder in CLEVR's layout.

    CoGenT's condition A takes the plain names, so that a model trains on ``train``
    and is chosen on ``val``; condition B keeps ``valB`` and ``testB``.

    Args:
        source: The folder, as unpacked from the archive.
        images: The folder that has an ``images``-like folder per split, where it
            is not ``source/images``.

    Returns:
        The files of each split by its name in a store, train first.

    Raises:
        DataError: If the folder is missing or holds no questions.
    """
    if not source.is_dir():
        raise DataError(f"{source} is no folder; it should hold CLEVR as unpacked")
    images = images or source / "images"
    found = {}
    for pattern, name_pattern in _QUESTION_FILES:
        for path in sorted(source.glob(pattern.format("*"))):
            match = name_pattern.fullmatch(path.stem)
            if match is not None:
                name = match[1]
                scenes = source / "scenes" / f"CLEVR_{name}_scenes.json"
                found[name] = SplitFiles(name, path, images / name, scenes)
    if not found:
        raise DataError(
            f"{source} holds no questions: neither "
            + " nor ".join(pattern.format("*") for pattern, _ in _QUESTION_FILES)
        )
    order = {name: place for place, name in enumerate(_SPLIT_ORDER)}
    return {
        _store_name(name, found): found[name]
        for name in sorted(found, key=lambda name: (order.get(name, 99), name))
    }


@final
class QuestionReader:
    """Read and check the questions of one file, one at a time.

    Iterating yields each ``Question``; a mistake of the file raises ``DataError``
    with the file and the question. ``position`` of ``size`` characters are read.
    """

    def __init__(self, files: SplitFiles) -> None:
        self.files = files
        self._entries = EntryList(files.questions, "questions")

    @property
    def position(self) -> int:
        """How many characters of the file have been read."""
        return self._entries.position

    @property
    def size(self) -> int:
        """How many characters the file has."""
        return self._entries.size

    def __iter__(self) -> Iterator[Question]:
        indices: set[int] = set()
        names: dict[int, str] = {}
        first: Question | None = None
        for place, entry in enumerate(self._entries):
            where = f"{self.files.questions}: question {place}"
            try:
                question = _parse_question(place, entry, self.files.name)
                first = first or question
                _check_against_first(question, first)
            except DataError as error:
                raise DataError(f"{where}: {error}") from None
            if question.index in indices:
                raise DataError(
                    f"{where}: question_index {question.index} is given twice"
                )
            indices.add(question.index)
            known = names.setdefault(question.image_index, question.image_filename)
            if known != question.image_filename:
                raise DataError(
                    f"{where}: image_index {question.image_index} is "
                    f"{question.image_filename} here and {known} before"
                )
            yield question
        if first is None:
            raise DataError(f"{self.files.questions} has no questions")


def read_scene_names(path: Path) -> Iterator[tuple[int, str]]:
    """Read which image each scene of a file is of.

    Args:
        path: A ``CLEVR_<split>_scenes.json``.

    Yields:
        The number and the file's name of each scene's image, in the file's order.

    Raises:
        DataError: If the file is missing or broken, or a scene does not say it.
    """
    for place, entry in enumerate(EntryList(path, "scenes")):
        try:
            image_index = _image_index(entry)
            filename = _checked_filename(entry.get("image_filename"), image_index)
        except DataError as error:
            raise DataError(f"{path}: scene {place}: {error}") from None
        yield image_index, filename


def _store_name(name: str, found: Mapping[str, SplitFiles]) -> str:
    plain = _COGENT_NAMES.get(name, name)
    return name if plain in found else plain


def _parse_question(place: int, entry: Mapping[str, Any], split: str) -> Question:
    text = entry.get("question")
    if not isinstance(text, str):
        raise DataError("no text under 'question'")
    image_index = _image_index(entry)
    filename = entry.get("image_filename", f"CLEVR_{split}_{image_index:06d}.png")
    index = _whole_number(entry, "question_index")
    program = None
    if "program" in entry:
        program = _parse_typed_program(entry["program"])
    return Question(
        text=text,
        image_index=image_index,
        image_filename=_checked_filename(filename, image_index),
        index=place if index is None else index,
        answer=_parse_answer(entry),
        program=program,
        family=_parse_family(entry),
    )


def _parse_typed_program(nodes: object) -> Program:
    if not isinstance(nodes, list) or not all(isinstance(n, dict) for n in nodes):
        raise DataError("'program' is no list of objects")
    program = parse_program(nodes)
    question_type(program)  # refuses a program that answers nothing
    return program


def _parse_answer(entry: Mapping[str, Any]) -> str | None:
    # The release writes strings; the generator writes true, false and numbers.
    answer = entry.get("answer")
    match answer:
        case None | str():
            return answer
        case bool():
            return "yes" if answer else "no"
        case int():
            return str(answer)
        case _:
            raise DataError(f"the answer {answer!r} is no string, yes/no or number")


def _parse_family(entry: Mapping[str, Any]) -> int | None:
    # The generator counts families within their template file, the release globally.
    family = _whole_number(entry, "question_family_index", _FAMILY_LIMIT)
    template = entry.get("template_filename")
    if family is None or template is None:
        return family
    offset = FAMILY_OFFSETS.get(Path(str(template)).stem)
    if offset is None:
        raise DataError(
            f"'template_filename' is {template!r}, none of CLEVR's template files: "
            f"{', '.join(FAMILY_OFFSETS)}"
        )
    return family + offset


def _image_index(entry: Mapping[str, Any]) -> int:
    image_index = _whole_number(entry, "image_index")
    if image_index is None:
        raise DataError("no 'image_index'")
    return image_index


def _whole_number(
    entry: Mapping[str, Any], key: str, limit: int = _INTEGER_LIMIT
) -> int | None:
    number = entry.get(key)
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise DataError(f"'{key}' is {number!r}, not a whole number from 0")
    if number >= limit:
        raise DataError(f"'{key}' is too large a number; at most {limit - 1}")
    return number


def _checked_filename(filename: object, image_index: int) -> str:
    if not isinstance(filename, str) or Path(filename).name != filename:
        raise DataError(f"'image_filename' is {filename!r}, not the name of a file")
    digits = re.search(r"(\d+)\.\w+$", filename)
    if digits is not None and int(digits[1]) != image_index:
        raise DataError(
            f"image_index is {image_index}, and image_filename is {filename}"
        )
    return filename


def _check_against_first(question: Question, first: Question) -> None:
    # Answers, programs and families are there for all questions of a file or none.
    for name in ("answer", "program", "family"):
        is_given = getattr(question, name) is not None
        if is_given != (getattr(first, name) is not None):
            here, there = ("given", "absent") if is_given else ("absent", "given")
            raise DataError(f"the {name} is {here}, and {there} in the first question")
