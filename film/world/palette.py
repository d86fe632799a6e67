"""What the questions of a world can be about."""

import random
from typing import TypeVar, final

from film.data.programs import QuestionType
from film.world.config import WorldConfig
from film.world.families import Family, Reasoning

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
        self.values = config.choices
        self.max_attributes = config.max_attributes
        self._queried = {f"query_{a}": given for a, given in self.values.items()}
        self._types = config.question_types
        self._ways = config.reasoning
        self._kinds: dict[QuestionType, dict[Reasoning, list[Family]]] = {}
        for family in config.families:
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


def _choice_by_share(rng: random.Random, shares: dict[_Kind, float]) -> _Kind:
    return rng.choices(list(shares), list(shares.values()))[0]
