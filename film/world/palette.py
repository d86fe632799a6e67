"""What the questions of a world can be about."""

import random
from typing import TypeVar, final

from film.data.programs import QuestionType
from film.world.attributes import Attribute
from film.world.config import Reasoning, WorldConfig
from film.world.families import FAMILIES, Family

__all__ = ["Palette"]

_Kind = TypeVar("_Kind")


@final
class Palette:
    """The attributes of which there is a choice, and the families asked.

    Args:
        config: The world.

    Attributes:
        values: The values of each attribute that has more than one.
        max_attributes: How many of them a description mentions, at most.
    """

    def __init__(self, config: WorldConfig) -> None:
        values: dict[Attribute, tuple[str, ...]] = {
            Attribute.SIZE: config.sizes,
            Attribute.COLOR: config.colors,
            Attribute.MATERIAL: config.materials,
            Attribute.SHAPE: config.shapes,
        }
        self.values = {a: given for a, given in values.items() if len(given) > 1}
        self.max_attributes = config.max_attributes
        self._queried = {f"query_{a}": given for a, given in self.values.items()}
        self._types = config.question_types
        self._ways = config.reasoning
        self._kinds: dict[QuestionType, dict[Reasoning, list[Family]]] = {}
        for family in FAMILIES:
            if (
                config.question_types[family.type]
                and config.reasoning[family.reasoning]
                and self._knows(family)
            ):
                ways = self._kinds.setdefault(family.type, {})
                ways.setdefault(family.reasoning, []).append(family)

    def possible_answers(self, family: Family) -> tuple[str, ...] | None:
        """List the answers that a family's questions can have.

        Args:
            family: The family.

        Returns:
            The answers; None for numbers, as these depend on the scene.
        """
        match family.type:
            case QuestionType.COUNT:
                return None
            case QuestionType.QUERY_ATTRIBUTE:
                return self._queried[family.function]
            case _:
                return ("yes", "no")

    def draw_families(self, rng: random.Random) -> list[Family]:
        """Draw a kind of question: a type and a way of reasoning.

        Args:
            rng: Where the draw comes from.

        Returns:
            The families of this kind.
        """
        kind = _choice_by_share(rng, {kind: self._types[kind] for kind in self._kinds})
        ways = self._kinds[kind]
        return ways[_choice_by_share(rng, {way: self._ways[way] for way in ways})]

    def _knows(self, family: Family) -> bool:
        spoken = [
            family.attribute,
            *(hop.attribute for hops in family.hops for hop in hops),
        ]
        return all(a is None or a in self.values for a in spoken)


def _choice_by_share(rng: random.Random, shares: dict[_Kind, float]) -> _Kind:
    return rng.choices(list(shares), list(shares.values()))[0]
