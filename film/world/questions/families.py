"""The families of questions, numbered as in CLEVR.

A family fixes a question's outermost function and how each thing that the question
speaks of is found. CLEVR's release numbers its 90 families across nine template
files; ours keep those numbers, so that splits by family work on both.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3.3 (question families).
    https://arxiv.org/abs/1612.06890
"""

from dataclasses import dataclass
from enum import StrEnum, unique
from functools import cached_property
from itertools import product
from typing import Final, final

from film.data.programs import ProgramNode, QuestionType, question_type
from film.world.attributes import Attribute

__all__ = ["FAMILIES", "Family", "Hop", "Reasoning"]


@unique
class Reasoning(StrEnum):
    """How the things that a question speaks of are found, as CLEVR groups it."""

    ZERO_HOP = "zero_hop"  # by their own attributes
    ONE_HOP = "one_hop"  # by where they stand from another thing
    TWO_HOP = "two_hop"  # the same, twice
    THREE_HOP = "three_hop"  # and three times
    SINGLE_AND = "single_and"  # by where they stand from each of two things
    SINGLE_OR = "single_or"  # by one description or another
    SAME_ATTRIBUTE = "same_attribute"  # by what they have in common with another


@unique
class Hop(StrEnum):
    """A step from one thing to others."""

    RELATE = "relate"
    SAME_SIZE = "same_size"
    SAME_COLOR = "same_color"
    SAME_MATERIAL = "same_material"
    SAME_SHAPE = "same_shape"

    @property
    def attribute(self) -> Attribute | None:
        """What the things on both sides share, or None for a direction."""
        return _SHARED.get(self)


_SHARED = {Hop(f"same_{attribute}"): attribute for attribute in Attribute}


@final
@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of questions.

    Attributes:
        index: Its number in CLEVR.
        function: The outermost function.
        hops: For each thing spoken of, the steps that lead to it.
        reasoning: Where CLEVR files it.
        is_described: Whether words narrow what the last step leads to.
        is_joined: Whether what the hops lead to is joined, by "and" or "or" as the
            reasoning says, into one thing spoken of.
        common: The attribute that describes what is joined by "or", if any does.
    """

    index: int
    function: str
    hops: tuple[tuple[Hop, ...], ...]
    reasoning: Reasoning
    is_described: bool = True
    is_joined: bool = False
    common: Attribute | None = None

    def __hash__(self) -> int:
        return self.index  # the fields would all be hashed for every question

    @cached_property
    def type(self) -> QuestionType:
        """The type that CLEVR's tables count it under."""
        return question_type((ProgramNode(self.function),))

    @cached_property
    def attribute(self) -> Attribute | None:
        """What is queried or compared, if anything is."""
        name = self.function.partition("_")[2]
        return Attribute(name) if name in set(Attribute) else None

    @cached_property
    def attributes(self) -> frozenset[Attribute]:
        """What its questions speak of whatever the words."""
        shared = [hop.attribute for hops in self.hops for hop in hops]
        spoken = (self.attribute, self.common, *shared)
        return frozenset(attribute for attribute in spoken if attribute is not None)

    @cached_property
    def wants_one(self) -> bool:
        """Whether each thing spoken of must be one and no more."""
        return self.attribute is not None


_INTEGER_FUNCTIONS = ("equal_integer", "less_than", "greater_than")


def _compare_numbers() -> list[Family]:
    near, far = (), (Hop.RELATE,)
    return [
        Family(
            index=3 * place + offset,
            function=function,
            hops=hops,
            reasoning=Reasoning.ONE_HOP if place else Reasoning.ZERO_HOP,
        )
        for place, hops in enumerate(((near, near), (far, near), (far, far)))
        for offset, function in enumerate(_INTEGER_FUNCTIONS)
    ]


def _compare_attributes() -> list[Family]:
    near, far = (), (Hop.RELATE,)
    direct = [
        Family(
            index=9 + offset,
            function=f"equal_{attribute}",
            hops=(near, near),
            reasoning=Reasoning.ZERO_HOP,
        )
        for offset, attribute in enumerate(Attribute)
    ]
    across = ((far, near), (near, far), (far, far))
    related = [
        Family(
            index=13 + offset,
            function=f"equal_{attribute}",
            hops=hops,
            reasoning=Reasoning.ONE_HOP,
        )
        for offset, (attribute, hops) in enumerate(product(Attribute, across))
    ]
    return direct + related


# Things found by walking from one to the next.
def _chains() -> list[Family]:
    asked = {
        Reasoning.THREE_HOP: (25, 3, "count exist size shape color material"),
        Reasoning.ONE_HOP: (72, 1, "count exist size color material shape"),
        Reasoning.TWO_HOP: (78, 2, "count exist size color material shape"),
        Reasoning.ZERO_HOP: (84, 0, "count exist shape material color size"),
    }
    return [
        Family(
            index=first + offset,
            function=f"query_{name}" if name in set(Attribute) else name,
            hops=((Hop.RELATE,) * n_hops,),
            reasoning=reasoning,
        )
        for reasoning, (first, n_hops, names) in asked.items()
        for offset, name in enumerate(names.split())
    ]


def _same_attributes() -> list[Family]:
    order = (Hop.SAME_SIZE, Hop.SAME_COLOR, Hop.SAME_MATERIAL, Hop.SAME_SHAPE)
    asked = (("exist", False), ("count", False), ("exist", True), ("count", True))
    counted = [
        Family(
            index=36 + offset,
            function=function,
            hops=((hop,),),
            reasoning=Reasoning.SAME_ATTRIBUTE,
            is_described=is_described,
        )
        for offset, ((function, is_described), hop) in enumerate(product(asked, order))
    ]
    queried = [
        Family(
            index=52 + 3 * row + offset,
            function=f"query_{name}",
            hops=((hop,),),
            reasoning=Reasoning.SAME_ATTRIBUTE,
        )
        for row, hop in enumerate(order)
        for offset, name in enumerate(a for a in Attribute if a != hop.attribute)
    ]
    return counted + queried


def _joined_by_and() -> list[Family]:
    return [
        Family(
            index=31 + offset,
            function=f"query_{name}" if name in set(Attribute) else name,
            hops=((Hop.RELATE,), (Hop.RELATE,)),
            reasoning=Reasoning.SINGLE_AND,
            is_joined=True,
        )
        for offset, name in enumerate(["count", "size", "color", "material", "shape"])
    ]


def _joined_by_or() -> list[Family]:
    near, far = (), (Hop.RELATE,)
    asked: tuple[tuple[Attribute | None, tuple[tuple[Hop, ...], ...]], ...] = (
        (None, (near, near)),
        (Attribute.SIZE, (near, near)),
        (Attribute.COLOR, (near, near)),
        (None, (far, far)),
        (Attribute.MATERIAL, (near, near)),
        (Attribute.SHAPE, (near, near)),
        (None, (far, near)),
        (None, (near, far)),
    )
    return [
        Family(
            index=64 + offset,
            function="count",
            hops=hops,
            reasoning=Reasoning.SINGLE_OR,
            is_joined=True,
            common=common,
        )
        for offset, (common, hops) in enumerate(asked)
    ]


FAMILIES: Final[tuple[Family, ...]] = tuple(
    sorted(
        [
            *_compare_numbers(),
            *_compare_attributes(),
            *_same_attributes(),
            *_chains(),
            *_joined_by_and(),
            *_joined_by_or(),
        ],
        key=lambda family: family.index,
    )
)
"""All ninety, by number."""
