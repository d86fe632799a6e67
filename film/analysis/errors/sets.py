"""Which objects a question is about, in a form that does not depend on its words.

"How many red things are cubes?" and "How many cubes are red?" are about one set. A set
of objects is written as the conditions that its members fulfil, in no order: a value
of an attribute, a side of another object, an attribute shared with another object, or
one of two sets. Everything on the table is no condition at all. What fulfils more
conditions is a part of what fulfils fewer, in every picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

from film.data.programs import Program, ProgramNode

__all__ = ["Asked", "Condition", "ObjectSet", "asked_by", "is_part"]


class Condition(NamedTuple):
    """What an object has to fulfil.

    Attributes:
        function: The function of the program that asks for it.
        value: Its value, such as ``red`` or ``left``; empty where it has none.
        sets: The sets that it refers to: the other object's, or the two of a union.
    """

    function: str
    value: str
    sets: frozenset["ObjectSet"]


ObjectSet = frozenset[Condition]


@final
@dataclass(frozen=True)
class Asked:
    """What a question asks.

    Attributes:
        function: The outermost function of its program.
        sets: The sets that it asks about, in order: two where it compares.
    """

    function: str
    sets: tuple[ObjectSet, ...]


def asked_by(program: Program) -> Asked:
    """Tell what a question asks, and about which objects.

    Args:
        program: A valid program.

    Returns:
        The question without its words.
    """
    sets: list[ObjectSet] = []
    for node in program[:-1]:
        sets.append(_set_of(node, [sets[below] for below in node.inputs]))
    last = program[-1]
    return Asked(last.function, tuple(sets[below] for below in last.inputs))


def is_part(one: ObjectSet, whole: ObjectSet) -> bool:
    """Tell whether a set is a part of another in every picture, by its conditions.

    Args:
        one: The smaller.
        whole: The larger; may be the same.

    Returns:
        True where it certainly is; what only the picture tells is False.
    """
    return all(_follows(condition, one) for condition in whole)


def _follows(condition: Condition, known: ObjectSet) -> bool:
    if condition in known:
        return True
    return condition.function == "union" and any(
        is_part(known, option) for option in condition.sets
    )


# For what is no set (one object, a number, a value): the set that it was made from.
def _set_of(node: ProgramNode, below: Sequence[ObjectSet]) -> ObjectSet:
    value = node.value_inputs[0] if node.value_inputs else ""
    match node.function.partition("_")[0]:
        case "scene":
            return frozenset()
        case "filter":
            return below[0] | {Condition(node.function, value, frozenset())}
        case "relate" | "same" | "union":
            return frozenset({Condition(node.function, value, frozenset(below))})
        case "intersect":
            return below[0] | below[1]
        case _:
            return below[0]
