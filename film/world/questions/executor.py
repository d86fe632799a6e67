"""Answer a question by running its program on the scene that it asks about.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3.2 and its supplement (functions).
    https://arxiv.org/abs/1612.06890
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final, final

from film.data.programs import Program, ProgramNode
from film.errors import DataError
from film.world.attributes import Attribute, Direction

__all__ = [
    "ExecutionError",
    "Objects",
    "SceneGraph",
    "Thing",
    "Value",
    "answer",
    "run_nodes",
    "run_program",
]


@final
@dataclass(frozen=True)
class Thing:
    """The one object that a function found.

    Attributes:
        number: Its place in the scene's list.
    """

    number: int


Objects = frozenset[int]
Value = Objects | Thing | int | bool | str


class ExecutionError(DataError):
    """A program asks a scene for what it does not have, such as a unique cube."""


@final
@dataclass(frozen=True)
class SceneGraph:
    """What a program can know of a scene: attributes and relationships.

    Attributes:
        objects: The value of every attribute, for every object.
        related: Per direction and object, the objects that stand there.
    """

    objects: Sequence[Mapping[Attribute, str]]
    related: Mapping[Direction, Sequence[Objects]]

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "SceneGraph":
        """Read an entry of CLEVR's scenes file.

        Args:
            entry: The entry, released or ours.

        Returns:
            The scene as a graph.
        """
        return cls(
            [
                {attribute: thing[attribute] for attribute in Attribute}
                for thing in entry["objects"]
            ],
            {
                direction: [
                    frozenset(others) for others in entry["relationships"][direction]
                ]
                for direction in Direction
            },
        )

    @cached_property
    def everything(self) -> Objects:
        """All objects."""
        return frozenset(range(len(self.objects)))

    def matching(
        self, objects: Iterable[int], attribute: Attribute, value: str
    ) -> Objects:
        """Keep the objects that have a value.

        Args:
            objects: The objects to choose from.
            attribute: The attribute to look at.
            value: The value to have.

        Returns:
            The objects that have it.
        """
        return frozenset([i for i in objects if self.objects[i][attribute] == value])


def run_program(program: Program, scene: SceneGraph) -> Value:
    """Run a program on a scene.

    Args:
        program: The program, in topological order.
        scene: The scene.

    Returns:
        What the last node gives.
    """
    return run_nodes(program, scene)[-1]


def run_nodes(program: Program, scene: SceneGraph) -> list[Value]:
    """Run a program on a scene, and keep what every node gives.

    Args:
        program: The program, in topological order.
        scene: The scene.

    Returns:
        What each node gives.

    Raises:
        ExecutionError: If the scene lacks what the program takes for granted, or a
            function gets what it cannot take.
    """
    if not program:
        raise ExecutionError("the program is empty")
    results: list[Value] = []
    for place, node in enumerate(program):
        inputs = [results[below] for below in node.inputs]
        function = _FUNCTIONS[_function_name(node.function)]
        try:
            results.append(function(scene, node, inputs))
        except _IllPosedError as problem:
            raise ExecutionError(
                f"program node {place} ({node.token}): {problem}"
            ) from None
    return results


def answer(program: Program, scene: SceneGraph) -> str:
    """Answer a question.

    Args:
        program: The question's program.
        scene: The scene that it asks about.

    Returns:
        The answer as CLEVR writes it: ``yes``, ``3``, ``red``.

    Raises:
        ExecutionError: If the question has no answer in this scene.
    """
    match run_program(program, scene):
        case bool(truth):
            return "yes" if truth else "no"
        case int(number):
            return str(number)
        case str(value):
            return value
        case _:
            raise ExecutionError(
                f"the program ends in '{program[-1].token}', which gives no answer"
            )


class _IllPosedError(Exception):
    """What is wrong at one node."""


# "filter_color" is the function "filter" with the argument "color".
@cache
def _function_name(function: str) -> str:
    name, _, attribute = function.partition("_")
    return name if attribute in set(Attribute) else function


@cache
def _attribute(function: str) -> Attribute:
    return Attribute(function.partition("_")[2])


def _objects(value: Value) -> Objects:
    if isinstance(value, frozenset):
        return value
    raise _IllPosedError(f"takes a set of objects and gets {value}")


def _thing(value: Value) -> int:
    if isinstance(value, Thing):
        return value.number
    raise _IllPosedError(f"takes one object and gets {value}")


def _number(value: Value) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _IllPosedError(f"takes a number and gets {value}")


def _scene(scene: SceneGraph, _node: ProgramNode, _inputs: Sequence[Value]) -> Value:
    return scene.everything


def _filter(scene: SceneGraph, node: ProgramNode, inputs: Sequence[Value]) -> Value:
    attribute = _attribute(node.function)
    return scene.matching(_objects(inputs[0]), attribute, node.value_inputs[0])


def _unique(_scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]) -> Value:
    objects = _objects(inputs[0])
    if len(objects) != 1:
        raise _IllPosedError(f"{len(objects)} objects fit, not one")
    return Thing(*objects)


def _relate(scene: SceneGraph, node: ProgramNode, inputs: Sequence[Value]) -> Value:
    value = node.value_inputs[0]
    if value not in set(Direction):
        raise _IllPosedError(f"knows no direction '{value}'")
    return scene.related[Direction(value)][_thing(inputs[0])]


def _same(scene: SceneGraph, node: ProgramNode, inputs: Sequence[Value]) -> Value:
    number = _thing(inputs[0])
    attribute = _attribute(node.function)
    value = scene.objects[number][attribute]
    return scene.matching(scene.everything - {number}, attribute, value)


def _union(_scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]) -> Value:
    return _objects(inputs[0]) | _objects(inputs[1])


def _intersect(
    _scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]
) -> Value:
    return _objects(inputs[0]) & _objects(inputs[1])


def _count(_scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]) -> Value:
    return len(_objects(inputs[0]))


def _exist(_scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]) -> Value:
    return bool(_objects(inputs[0]))


def _query(scene: SceneGraph, node: ProgramNode, inputs: Sequence[Value]) -> Value:
    return scene.objects[_thing(inputs[0])][_attribute(node.function)]


def _equal(_scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]) -> Value:
    for value in inputs:
        if not isinstance(value, str):
            raise _IllPosedError(f"takes two values and gets {value}")
    return inputs[0] == inputs[1]


def _equal_integer(
    _scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]
) -> Value:
    return _number(inputs[0]) == _number(inputs[1])


def _less_than(
    _scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]
) -> Value:
    return _number(inputs[0]) < _number(inputs[1])


def _greater_than(
    _scene: SceneGraph, _node: ProgramNode, inputs: Sequence[Value]
) -> Value:
    return _number(inputs[0]) > _number(inputs[1])


_FUNCTIONS: Final[
    Mapping[str, Callable[[SceneGraph, ProgramNode, Sequence[Value]], Value]]
] = {
    "scene": _scene,
    "filter": _filter,
    "unique": _unique,
    "relate": _relate,
    "same": _same,
    "union": _union,
    "intersect": _intersect,
    "count": _count,
    "exist": _exist,
    "query": _query,
    "equal": _equal,
    "equal_integer": _equal_integer,
    "less_than": _less_than,
    "greater_than": _greater_than,
}
