"""Check that a folder in CLEVR's layout says the same everywhere: ``film data check``.

Every question is answered by its program, every relationship is computed again from
the coordinates, and every scene is held against the rules of CLEVR or of the world.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from jaxtyping import Bool

from film.data.clevr import Question, QuestionReader, SplitFiles, find_splits
from film.data.entries import EntryList
from film.data.images import read_pixels
from film.data.programs import Program
from film.data.progress import Progress
from film.errors import DataError
from film.world.attributes import Attribute, Direction, Shape
from film.world.config import RELATED_FROM, WorldConfig, load_world_config
from film.world.finding import find_clevr
from film.world.layout import WORLD_FILE
from film.world.questions.answering import answer_each
from film.world.questions.executor import ExecutionError, SceneGraph

__all__ = ["Check", "Difference", "FolderCheck", "SplitCheck"]

_AT_ONCE: Final = 5000  # questions answered together
_KEPT: Final = 100  # differences that are named
_SUFFIXES: Final = (".png", ".jpg", ".jpeg")
_CLEVR: Final[Mapping[str, Any]] = {"min_objects": 3, "max_objects": 10}
_RULES: Final = (
    *("min_objects", "max_objects"),
    *("colors", "shapes", "materials", "sizes"),
)

Entry = Mapping[str, Any]


@unique
class Check(StrEnum):
    """What is checked, in the order of the table."""

    ANSWER = "answered as recorded"
    ASKED_ABOUT = "about a scene that is there"
    SEEN = "about a picture that is there"
    RELATIONSHIPS = "relationships as computed from coordinates"
    OBJECTS = "as many objects as allowed"
    VALUES = "sizes, colors, materials, shapes as allowed"
    PIXELS = "objects inside the picture"
    PICTURE = "picture is there"
    OWN = "scene is in no other split"

    @property
    def is_of_questions(self) -> bool:
        """Whether questions are counted; else scenes."""
        return self in {Check.ANSWER, Check.ASKED_ABOUT, Check.SEEN}


@final
@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be.

    Attributes:
        file: The file that says so.
        where: Which of its entries.
        what: What was found, and what was expected.
    """

    file: Path
    where: str
    what: str


@final
@dataclass
class SplitCheck:
    """What was checked of one split.

    Attributes:
        n_questions: How many questions were read.
        n_scenes: How many scenes were read.
        checked: How often each check was made.
        wrong: How often it found a difference.
    """

    n_questions: int = 0
    n_scenes: int = 0
    checked: Counter[Check] = field(default_factory=Counter)
    wrong: Counter[Check] = field(default_factory=Counter)


@final
class FolderCheck:
    """The check of a folder; ``run`` makes it.

    Attributes:
        source: The folder in CLEVR's layout.
        splits: What was checked, by the split's name.
        differences: The first differences.
    """

    def __init__(self, directory: Path) -> None:
        self.source = find_clevr(directory)
        self.splits: dict[str, SplitCheck] = {}
        self.differences: list[Difference] = []
        self._files = find_splits(self.source)
        names = [files.name for files in self._files.values()]
        self._rules = _read_rules(self.source, names)
        self._known_scenes: dict[bytes, str] = {}

    @property
    def n_wrong(self) -> int:
        """How many differences there are."""
        return sum(sum(split.wrong.values()) for split in self.splits.values())

    def run(self) -> Iterator[Progress]:
        """Check everything.

        Yields:
            How far the work is.

        Raises:
            DataError: If a file is broken, or there is nothing to hold together.
        """
        for files in self._files.values():
            work = _Split(files, self.splits.setdefault(files.name, SplitCheck()))
            if files.scenes.is_file():
                yield from self._check_scenes(work)
            yield from self._check_questions(work)
        if not any(split.checked for split in self.splits.values()):
            raise DataError(
                f"{self.source} has neither scenes nor pictures to hold its questions "
                "against"
            )

    def _check_scenes(self, split: "_Split") -> Iterator[Progress]:
        path, stage = split.files.scenes, f"{split.files.name}: scenes"
        entries = EntryList(path, "scenes")
        for place, entry in enumerate(entries):
            if place % _AT_ONCE == 0:
                yield Progress(stage, entries.position, entries.size)
            where = f"scene {place}"
            try:
                name = str(entry["image_filename"])
                split.scenes[entry["image_index"]] = name, SceneGraph.from_entry(entry)
                found = list(self._judge(entry, split))
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise DataError(
                    f"{path}: {where} is not as CLEVR writes scenes "
                    f"({type(error).__name__}: {error})"
                ) from None
            split.check.n_scenes += 1
            for check, problem in found:
                self._count(split.check, check, (path, where), problem)
        yield Progress(stage, entries.size, entries.size)

    # Every check of one scene, with what is wrong, if anything.
    def _judge(
        self, entry: Entry, split: "_Split"
    ) -> Iterator[tuple[Check, str | None]]:
        objects = entry["objects"]
        yield Check.RELATIONSHIPS, _wrong_relationship(entry)
        yield Check.OBJECTS, _wrong_number(self._rules, len(objects))
        yield Check.VALUES, _wrong_value(self._rules, objects, split.files.name)
        if split.pictures.size is not None:
            yield Check.PIXELS, split.pictures.outside(objects)
            yield Check.PICTURE, split.pictures.missing(str(entry["image_filename"]))
        yield Check.OWN, self._twin(objects, split.files.name)

    def _twin(self, objects: Sequence[Entry], split: str) -> str | None:
        things = sorted(
            f"{thing['3d_coords']} {' '.join(thing[name] for name in Attribute)}"
            for thing in objects
        )
        digest = sha256("".join(things).encode()).digest()
        twin = self._known_scenes.setdefault(digest, split)
        return None if twin == split else f"the same scene is in {twin}"

    def _check_questions(self, split: "_Split") -> Iterator[Progress]:
        reader = QuestionReader(split.files)
        stage = f"{split.files.name}: questions"
        some: list[Question] = []
        for question in reader:
            split.check.n_questions += 1
            some.append(question)
            if len(some) == _AT_ONCE:
                yield Progress(stage, reader.position, reader.size)
                self._check_some(split, some)
                some = []
        self._check_some(split, some)
        yield Progress(stage, reader.size, reader.size)

    def _check_some(self, split: "_Split", questions: Sequence[Question]) -> None:
        asked: list[tuple[Question, Program, SceneGraph]] = []
        for question in questions:
            place = (split.files.questions, f"question {question.index}")
            name = question.image_filename
            if split.pictures.size is not None:
                problem = split.pictures.missing(name)
                self._count(split.check, Check.SEEN, place, problem)
            if not split.scenes:
                continue
            known, scene = split.scenes.get(question.image_index, (None, None))
            problem = None if known == name else f"{name} has no scene"
            self._count(split.check, Check.ASKED_ABOUT, place, problem)
            if scene and question.answer is not None and question.program is not None:
                _check_directions(place, question.program)
                asked.append((question, question.program, scene))
        answers = answer_each([one[1] for one in asked], [one[2] for one in asked])
        for (question, _, _), given in zip(asked, answers, strict=True):
            problem = None
            if isinstance(given, ExecutionError):
                problem = f"the answer is '{question.answer}', and {given}"
            elif given != question.answer:
                problem = (
                    f"the answer is '{question.answer}', and '{given}' by the program"
                )
            place = (split.files.questions, f"question {question.index}")
            self._count(split.check, Check.ANSWER, place, problem)

    def _count(
        self,
        split: SplitCheck,
        check: Check,
        place: tuple[Path, str],
        problem: str | None,
    ) -> None:
        split.checked[check] += 1
        if problem is not None:
            split.wrong[check] += 1
            if len(self.differences) < _KEPT:
                self.differences.append(Difference(*place, problem))


@final
class _Pictures:
    """The pictures of a split; where none is there, its size is None."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = {
            path.name for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES
        }
        self.size: tuple[int, int] | None = None
        if self.names:
            _, height, width = read_pixels(folder / min(self.names)).shape
            self.size = width, height

    def missing(self, name: str) -> str | None:
        return None if name in self.names else f"{name} is not in {self.folder}"

    def outside(self, objects: Iterable[Entry]) -> str | None:
        width, height = self.size or (0, 0)
        for number, thing in enumerate(objects):
            x, y, _ = thing["pixel_coords"]
            if not (0 <= x < width and 0 <= y < height):
                return (
                    f"object {number} is at pixel ({x:g}, {y:g}) of a picture of "
                    f"{width}×{height}"
                )
        return None


@final
class _Split:
    """What is at hand while a split is checked."""

    def __init__(self, files: SplitFiles, check: SplitCheck) -> None:
        self.files = files
        self.check = check
        self.pictures = _Pictures(files.images)
        self.scenes: dict[int, tuple[str, SceneGraph]] = {}


def _wrong_number(rules: WorldConfig, n_objects: int) -> str | None:
    fewest, most = rules.min_objects, rules.max_objects
    if fewest <= n_objects <= most:
        return None
    return f"{n_objects} objects, and {fewest} to {most} are allowed"


def _wrong_value(
    rules: WorldConfig, objects: Iterable[Entry], split: str
) -> str | None:
    for number, thing in enumerate(objects):
        for name in Attribute:
            if thing[name] not in _allowed(rules, name, thing, split):
                return (
                    f"object {number} is a {thing['color']} {thing['shape']}, and its "
                    f"{name}, {thing[name]}, is not allowed"
                )
    return None


def _allowed(
    rules: WorldConfig, name: Attribute, thing: Entry, split: str
) -> Sequence[str]:
    match name:
        case Attribute.SIZE:
            return rules.sizes
        case Attribute.COLOR if thing["shape"] in set(Shape):
            return rules.colors_of(Shape(thing["shape"]), split)
        case Attribute.COLOR:
            return rules.colors
        case Attribute.MATERIAL:
            return rules.materials
        case Attribute.SHAPE:
            return rules.shapes


# What a world says of itself, beside its folder in CLEVR's layout; for CLEVR and CoGenT
# what their papers say.
def _read_rules(source: Path, splits: Iterable[str]) -> WorldConfig:
    is_cogent = any(name[-1] in "AB" for name in splits)
    path = source.resolve().parent / WORLD_FILE
    if not path.is_file():
        return load_world_config({**_CLEVR, "cogent": is_cogent}, "clevr")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
        rules = {name: settings[name] for name in _RULES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} does not say what the world holds: {error}") from None
    return load_world_config({**rules, "cogent": is_cogent}, "clevr")


def _wrong_relationship(entry: Entry) -> str | None:
    centers = np.array([thing["3d_coords"] for thing in entry["objects"]], np.float64)
    offsets = centers.reshape(1, -1, 3) - centers.reshape(-1, 1, 3)
    for name in Direction:
        x, y, z = entry["directions"][name]
        along = x * offsets[..., 0] + y * offsets[..., 1] + z * offsets[..., 2]
        computed = along > RELATED_FROM
        recorded = _as_matrix(entry["relationships"][name], len(centers))
        for here, there in np.argwhere(computed != recorded):
            fact = "is" if computed[here, there] else "is not"
            return f"object {there} {fact} {name} of object {here} by their coordinates"
    return None


def _as_matrix(
    lists: Sequence[Sequence[int]], n_objects: int
) -> Bool[np.ndarray, "objects objects"]:
    matrix = np.zeros((n_objects, n_objects), bool)
    for row, others in zip(matrix, lists, strict=True):
        if others and min(others) < 0:
            raise IndexError("an object's number is below 0")
        row[others] = True
    return matrix


def _check_directions(place: tuple[Path, str], program: Program) -> None:
    for node in program:
        if node.function == "relate" and node.value_inputs[0] not in set(Direction):
            file, where = place
            raise DataError(f"{file}: {where}: '{node.token}' names no direction")
