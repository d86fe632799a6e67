"""A question as the things it speaks of, and as the program that answers it.

A thing is spoken of by words that describe it and, where the words do not suffice,
by a hop from an anchor that is spoken of in the same way ("the red cube left of the
small ball"), or by two phrases joined by a word of logic.
"""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import final

from film.data.programs import Program, ProgramNode, QuestionType
from film.world.attributes import Attribute, Direction
from film.world.questions.families import Family

__all__ = [
    "Description",
    "Junction",
    "Logic",
    "Phrase",
    "Question",
    "Step",
    "question_program",
]

Description = tuple[tuple[Attribute, str], ...]
"""Values that an object has, in the order of ``Attribute``."""


@final
@dataclass(frozen=True)
class Step:
    """How things are found from another.

    Attributes:
        hop: The direction in which they stand, or the attribute that they share.
        anchor: The thing that the hop starts from.
    """

    hop: Direction | Attribute
    anchor: "Phrase"


@unique
class Logic(StrEnum):
    """How what two phrases lead to is joined."""

    AND = "and"  # "left of the cube and behind the ball": both parts have a step
    OR = "or"  # "cubes or red things that are behind the ball"


@final
@dataclass(frozen=True)
class Junction:
    """How things are found by two phrases together.

    Attributes:
        logic: Whether both phrases must lead there, or one of them.
        parts: The phrases. Those of ``AND`` are steps without a description.
    """

    logic: Logic
    parts: tuple["Phrase", "Phrase"]


@final
@dataclass(frozen=True)
class Phrase:
    """Words that lead to objects.

    Attributes:
        description: What the objects are.
        step: How they are found, where the description does not suffice.
    """

    description: Description = ()
    step: Step | Junction | None = None

    @property
    def signature(self) -> tuple[Attribute, ...]:
        """Which attributes the words mention."""
        return tuple(attribute for attribute, _ in self.description)


@final
@dataclass(frozen=True)
class Question:
    """A question of a family about one or two phrases."""

    family: Family
    phrases: tuple[Phrase, ...]


def question_program(question: Question) -> Program:
    """Write the program that answers a question.

    Args:
        question: The question.

    Returns:
        The program; it gives the answer.
    """
    family = question.family
    nodes: list[ProgramNode] = []
    found = []
    for phrase in question.phrases:
        place = _append_phrase(nodes, phrase)
        match family.type:
            case QuestionType.COUNT | QuestionType.EXIST:
                pass
            case QuestionType.COMPARE_NUMBERS:
                place = _append(nodes, "count")
            case QuestionType.QUERY_ATTRIBUTE:
                place = _append(nodes, "unique")
            case QuestionType.COMPARE_ATTRIBUTE:
                _append(nodes, "unique")
                place = _append(nodes, f"query_{family.attribute}")
        found.append(place)
    nodes.append(ProgramNode(family.function, tuple(found)))
    return tuple(nodes)


# Append a function of the last node; give the place of the new one.
def _append(nodes: list[ProgramNode], function: str, *values: str) -> int:
    nodes.append(ProgramNode(function, (len(nodes) - 1,), values))
    return len(nodes) - 1


# Append what finds a phrase's objects; give the place of the last node.
def _append_phrase(nodes: list[ProgramNode], phrase: Phrase) -> int:
    match phrase.step:
        case None:
            nodes.append(ProgramNode("scene"))
        case Step(hop=hop, anchor=anchor):
            _append_phrase(nodes, anchor)
            _append(nodes, "unique")
            if isinstance(hop, Direction):
                _append(nodes, "relate", hop.value)
            else:
                _append(nodes, f"same_{hop}")
        case Junction(logic=logic, parts=(one, other)):
            both = (_append_phrase(nodes, one), _append_phrase(nodes, other))
            nodes.append(ProgramNode(_JOINING[logic], both))
    for attribute, value in phrase.description:
        _append(nodes, f"filter_{attribute}", value)
    return len(nodes) - 1


_JOINING = {Logic.AND: "intersect", Logic.OR: "union"}
