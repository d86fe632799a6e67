"""Answer many questions at once, over arrays instead of node by node.

Among the 1,347 programs of CLEVR at hand are 1,069 chains of functions, so programs
are not grouped by what they have in common as a whole. What is grouped is every node
at the same place with the same function: one step over arrays serves them all,
whatever their programs look like otherwise.

That pays from some 500 programs of all families on (``benchmarks/executor.py``).

A set of objects is a number whose bits are the objects. A program that fails is said
to fail in the words of ``film.world.questions.executor``, and mostly by it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from itertools import chain
from typing import Final, final

import numpy as np
from jaxtyping import Int

from film.data.programs import Program, ProgramNode
from film.world.attributes import Attribute, Direction
from film.world.questions.executor import ExecutionError, Objects, SceneGraph, answer

__all__ = ["answer_all", "answer_each"]

_MOST_OBJECTS: Final = 62  # that the bits of a number stand for, exactly
_ATTRIBUTES: Final = tuple(Attribute)
_DIRECTIONS: Final = tuple(Direction)
_NONE: Final = -1
_LOW_BITS: Final = np.array([bits.bit_count() for bits in range(1 << 16)], np.int64)

Numbers = Int[np.ndarray, " nodes"]
PerProgram = Int[np.ndarray, " programs"]


@unique
class _Kind(IntEnum):
    """What a node gives; nothing where the program is ill-posed."""

    NOTHING = 0
    OBJECTS = 1
    THING = 2
    NUMBER = 3
    TRUTH = 4
    WORD = 5


def answer_all(
    programs: Sequence[Program], scene: SceneGraph
) -> list[str | ExecutionError]:
    """Answer many questions about one scene.

    Args:
        programs: The questions' programs.
        scene: The scene.

    Returns:
        For each program what ``executor.answer`` returns, or what it raises.
    """
    return _answer(programs, [scene], np.zeros(len(programs), np.int64))


def answer_each(
    programs: Sequence[Program], scenes: Sequence[SceneGraph]
) -> list[str | ExecutionError]:
    """Answer many questions, each about a scene of its own.

    Args:
        programs: The questions' programs.
        scenes: For each program its scene; the same object where the scene is the
            same.

    Returns:
        For each program what ``executor.answer`` returns, or what it raises.
    """
    different = {id(scene): scene for scene in scenes}
    rows = {name: row for row, name in enumerate(different)}
    row_of = np.array([rows[id(scene)] for scene in scenes], np.int64)
    return _answer(programs, list(different.values()), row_of)


def _answer(
    programs: Sequence[Program], scenes: Sequence[SceneGraph], row_of: PerProgram
) -> list[str | ExecutionError]:
    answers: Sequence[str | ExecutionError | None] = [None] * len(programs)
    is_large = any(len(scene.objects) > _MOST_OBJECTS for scene in scenes)
    if any(programs) and not is_large:
        words: dict[str, int] = {}
        nodes = _Nodes.of(programs, row_of, words)
        answers = _Run(nodes, _Tables.of(scenes, words)).answers(list(words))
    return [
        _answer_one(program, scenes[row]) if given is None else given
        for program, row, given in zip(programs, row_of, answers, strict=True)
    ]


def _answer_one(program: Program, scene: SceneGraph) -> str | ExecutionError:
    try:
        return answer(program, scene)
    except ExecutionError as problem:
        return problem.with_traceback(None)


@final
@dataclass(frozen=True)
class _Nodes:
    """The nodes of all programs, one program after the other.

    Attributes:
        lengths: How many nodes each program has.
        function: For each node the place of its function in ``_RULES``.
        literal: The word that it filters by, the place of its direction, or _NONE.
        attribute: The place of the attribute that its name ends in, or _NONE.
        first: The node whose result it takes; without meaning where it takes none.
        second: The same for functions of two.
        scene: The row of the scene that it asks about.
        place: Its place in its program.
    """

    lengths: PerProgram
    function: Numbers
    literal: Numbers
    attribute: Numbers
    first: Numbers
    second: Numbers
    scene: Numbers
    place: Numbers

    @classmethod
    def of(
        cls, programs: Sequence[Program], row_of: PerProgram, words: dict[str, int]
    ) -> "_Nodes":
        listed = list(chain.from_iterable(programs))
        # What is parsed shares equal nodes: a few hundred stand for thousands.
        different = {id(node): node for node in listed}
        number = {name: place for place, name in enumerate(different)}
        which = np.fromiter(
            map(number.__getitem__, map(id, listed)), np.int64, len(listed)
        )
        encoded = [_encode(node, words) for node in different.values()]
        columns = np.array(encoded, np.int64).T[:, which]
        lengths = np.fromiter(map(len, programs), np.int64, len(programs))
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        return cls(
            lengths=lengths,
            function=columns[0],
            literal=columns[1],
            attribute=columns[2],
            first=columns[3] + starts,
            second=columns[4] + starts,
            scene=np.repeat(row_of, lengths),
            place=np.arange(len(listed)) - starts,
        )

    def steps(self) -> Iterator[tuple[str, Numbers]]:
        """Group the nodes that can be run together, inputs first.

        Yields:
            A function and the nodes that have it, at one place in their programs.
        """
        key = self.place * len(_RULES) + self.function
        # The sort is of small numbers, and quickest where their type is small.
        order = np.argsort(key.astype(np.min_scalar_type(key.max())), kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=_NONE))
        names = list(_RULES)
        for nodes in np.split(order, starts[1:]):
            yield names[self.function[nodes[0]]], nodes


def _encode(node: ProgramNode, words: dict[str, int]) -> tuple[int, ...]:
    name, _, rest = node.function.partition("_")
    attribute = _NONE
    if rest in _ATTRIBUTES:
        attribute = _ATTRIBUTES.index(Attribute(rest))
    else:
        name = node.function
    literal = _NONE
    if name == "filter":
        literal = words.setdefault(node.value_inputs[0], len(words))
    elif name == "relate" and node.value_inputs[0] in _DIRECTIONS:
        literal = _DIRECTIONS.index(Direction(node.value_inputs[0]))
    first, second = (*node.inputs, 0, 0)[:2]
    return list(_RULES).index(name), literal, attribute, first, second


@final
@dataclass(frozen=True)
class _Tables:
    """All that programs look up, a row per scene.

    Attributes:
        everything: The set of all objects.
        words: The word of each attribute and object, or _NONE where is no object.
        fitting: The objects of each attribute and word.
        related: The objects in each direction from each object.
    """

    everything: Int[np.ndarray, " scenes"]
    words: Int[np.ndarray, "scenes attributes objects"]
    fitting: Int[np.ndarray, "scenes attributes words"]
    related: Int[np.ndarray, "scenes directions objects"]

    @classmethod
    def of(cls, scenes: Sequence[SceneGraph], words: dict[str, int]) -> "_Tables":
        sizes = np.array([len(scene.objects) for scene in scenes], np.int64)
        most = int(sizes.max(initial=1))
        named = np.full((len(scenes), len(_ATTRIBUTES), most), _NONE, np.int64)
        related = np.zeros((len(scenes), len(_DIRECTIONS), most), np.int64)
        for row, scene in enumerate(scenes):
            named[row, :, : sizes[row]] = [
                [words.setdefault(thing[name], len(words)) for thing in scene.objects]
                for name in _ATTRIBUTES
            ]
            related[row, :, : sizes[row]] = [
                [_bits(others) for others in scene.related[name]]
                for name in _DIRECTIONS
            ]
        fitting = np.zeros((len(scenes), len(_ATTRIBUTES), len(words)), np.int64)
        for thing in range(most):
            some = np.nonzero(named[:, :, thing] != _NONE)
            fitting[*some, named[*some, thing]] |= 1 << thing
        return cls((1 << sizes) - 1, named, fitting, related)


def _bits(objects: Objects) -> int:
    return sum(1 << number for number in objects)


@final
@dataclass(frozen=True)
class _Step:
    """What one function gets at one place of many programs; found when asked for."""

    tables: _Tables
    nodes: _Nodes
    values: Numbers
    which: Int[np.ndarray, " some"]

    @property
    def scene(self) -> Numbers:
        return _picked(self.nodes.scene, self.which)

    @property
    def literal(self) -> Numbers:
        return _picked(self.nodes.literal, self.which)

    @property
    def attribute(self) -> Numbers:
        return _picked(self.nodes.attribute, self.which)

    @property
    def first(self) -> Numbers:
        return _picked(self.values, self.nodes.first[self.which])

    @property
    def second(self) -> Numbers:
        return _picked(self.values, self.nodes.second[self.which])


def _picked(
    values: Numbers, places: Int[np.ndarray, " some"]
) -> Int[np.ndarray, " some"]:
    picked: Int[np.ndarray, " some"] = values[places]
    return picked


@final
@dataclass(frozen=True)
class _Rule:
    """What a function takes, what it gives, and how that is found."""

    taken: tuple[_Kind, ...]
    given: _Kind
    result: Callable[[_Step], np.ndarray]


def _same(step: _Step) -> Numbers:
    word = step.tables.words[step.scene, step.attribute, step.first]
    fitting = step.tables.fitting[step.scene, step.attribute, word]
    others: Numbers = fitting & ~(1 << step.first)
    return others


def _size(objects: Numbers) -> Numbers:
    n_objects = np.zeros(len(objects), np.int64)
    while objects.any():
        n_objects += _LOW_BITS[objects & 0xFFFF]
        objects = objects >> 16
    return n_objects


_OBJECTS: Final = (_Kind.OBJECTS,)
_THING: Final = (_Kind.THING,)
_RULES: Final[Mapping[str, _Rule]] = {
    "scene": _Rule((), _Kind.OBJECTS, lambda step: step.tables.everything[step.scene]),
    "filter": _Rule(
        _OBJECTS,
        _Kind.OBJECTS,
        lambda step: (
            step.first & step.tables.fitting[step.scene, step.attribute, step.literal]
        ),
    ),
    # The place of a number's only bit: the number is a power of two.
    "unique": _Rule(_OBJECTS, _Kind.THING, lambda step: np.frexp(step.first)[1] - 1),
    "relate": _Rule(
        _THING,
        _Kind.OBJECTS,
        lambda step: step.tables.related[step.scene, step.literal, step.first],
    ),
    "same": _Rule(_THING, _Kind.OBJECTS, _same),
    "union": _Rule(_OBJECTS * 2, _Kind.OBJECTS, lambda step: step.first | step.second),
    "intersect": _Rule(
        _OBJECTS * 2, _Kind.OBJECTS, lambda step: step.first & step.second
    ),
    "count": _Rule(_OBJECTS, _Kind.NUMBER, lambda step: _size(step.first)),
    "exist": _Rule(_OBJECTS, _Kind.TRUTH, lambda step: step.first != 0),
    "query": _Rule(
        _THING,
        _Kind.WORD,
        lambda step: step.tables.words[step.scene, step.attribute, step.first],
    ),
    "equal": _Rule(
        (_Kind.WORD,) * 2, _Kind.TRUTH, lambda step: step.first == step.second
    ),
    "equal_integer": _Rule(
        (_Kind.NUMBER,) * 2, _Kind.TRUTH, lambda step: step.first == step.second
    ),
    "less_than": _Rule(
        (_Kind.NUMBER,) * 2, _Kind.TRUTH, lambda step: step.first < step.second
    ),
    "greater_than": _Rule(
        (_Kind.NUMBER,) * 2, _Kind.TRUTH, lambda step: step.first > step.second
    ),
}


@final
class _Run:
    """The results of all nodes, made step by step."""

    def __init__(self, nodes: _Nodes, tables: _Tables) -> None:
        self.nodes = nodes
        self.tables = tables
        self.values = np.zeros(len(nodes.function), np.int64)
        self.kinds = np.full(len(nodes.function), _Kind.NOTHING, np.int8)

    def answers(self, words: Sequence[str]) -> list[str | ExecutionError | None]:
        """Run everything.

        Args:
            words: The words by number.

        Returns:
            The answers and what is wrong; None where the executor may tell.
        """
        for function, nodes in self.nodes.steps():
            ready = self._ready(function, nodes)
            self.values[ready] = _RULES[function].result(
                _Step(self.tables, self.nodes, self.values, ready)
            )
            self.kinds[ready] = _RULES[function].given
        last = np.maximum(np.cumsum(self.nodes.lengths) - 1, 0)
        spoken: Mapping[int, Callable[[int], str | None]] = {
            _Kind.NUMBER: str,
            _Kind.TRUTH: ("no", "yes").__getitem__,
            _Kind.WORD: words.__getitem__,
        }
        answers: list[str | ExecutionError | None] = [
            spoken[kind](value) if kind in spoken else None
            for kind, value in zip(
                self.kinds[last].tolist(), self.values[last].tolist(), strict=True
            )
        ]
        for program, problem in self._problems():
            answers[program] = problem
        return answers

    # The nodes that get what they can take.
    def _ready(self, function: str, nodes: Numbers) -> Int[np.ndarray, " ready"]:
        is_ready = np.ones(len(nodes), bool)
        inputs = (self.nodes.first, self.nodes.second)
        for taken, kind in zip(inputs, _RULES[function].taken, strict=False):
            is_ready &= self.kinds[taken[nodes]] == kind
        if function == "relate":
            is_ready &= self.nodes.literal[nodes] != _NONE
        if function == "unique":
            found = self.values[self.nodes.first[nodes]]
            is_ready &= (found != 0) & (found & (found - 1) == 0)
        return nodes[is_ready]

    # The programs of which a node gives nothing, also where nobody takes its result.
    # Most often it is that something is not unique: that is said here, at once.
    def _problems(self) -> Iterator[tuple[int, ExecutionError | None]]:
        for program in np.flatnonzero(self.nodes.lengths == 0):
            yield int(program), None
        failed = np.flatnonzero(self.kinds == _Kind.NOTHING)
        programs = np.repeat(np.arange(len(self.nodes.lengths)), self.nodes.lengths)
        which, firsts = np.unique(programs[failed], return_index=True)
        nodes = failed[firsts]
        is_plain = self.nodes.function[nodes] == list(_RULES).index("unique")
        is_plain &= self.kinds[self.nodes.first[nodes]] == _Kind.OBJECTS
        sizes = _size(self.values[self.nodes.first[nodes]])
        columns = (which, is_plain, self.nodes.place[nodes], sizes)
        for program, plain, place, size in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            message = f"program node {place} (unique): {size} objects fit, not one"
            yield program, ExecutionError(message) if plain else None
