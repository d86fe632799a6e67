"""A question as the things it speaks of, and as the program that answers it.

A thing is spoken of by words that describe it and, where the words do not suffice,
by a hop from an anchor that is spoken of in the same way: "the red cube left of the
small ball".
"""

from dataclasses import dataclass
from typing import final

from film.data.programs import Program, ProgramNode, QuestionType
from film.world.attributes import Attribute, Direction
from film.world.families import Family

__all__ = [
    "Description",
    "Phrase",
    "Question",
    "Step",
    "phrase_program",
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


@final
@dataclass(frozen=True)
class Phrase:
    """Words that lead to objects.

    Attributes:
        description: What the objects are.
        step: How they are found, where the description does not suffice.
    """

    description: Description = ()
    step: Step | None = None

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


def phrase_program(phrase: Phrase) -> Program:
    """Write the program that finds a phrase's objects.

    Args:
        phrase: The phrase.

    Returns:
        The program; it gives a set of objects.
    """
    nodes: list[ProgramNode] = []
    _append_phrase(nodes, phrase)
    return tuple(nodes)


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
        _append_phrase(nodes, phrase)
        match family.type:
            case QuestionType.COUNT | QuestionType.EXIST:
                pass
            case QuestionType.COMPARE_NUMBERS:
                _append(nodes, "count")
            case QuestionType.QUERY_ATTRIBUTE:
                _append(nodes, "unique")
            case QuestionType.COMPARE_ATTRIBUTE:
                _append(nodes, "unique")
                _append(nodes, f"query_{family.attribute}")
        found.append(len(nodes) - 1)
    nodes.append(ProgramNode(family.function, tuple(found)))
    return tuple(nodes)


def _append(nodes: list[ProgramNode], function: str, *values: str) -> None:
    nodes.append(ProgramNode(function, (len(nodes) - 1,), values))


def _append_phrase(nodes: list[ProgramNode], phrase: Phrase) -> None:
    if phrase.step is None:
        nodes.append(ProgramNode("scene"))
    else:
        _append_phrase(nodes, phrase.step.anchor)
        _append(nodes, "unique")
        match phrase.step.hop:
            case Direction() as direction:
                _append(nodes, "relate", direction.value)
            case Attribute() as attribute:
                _append(nodes, f"same_{attribute}")
    for attribute, value in phrase.description:
        _append(nodes, f"filter_{attribute}", value)
