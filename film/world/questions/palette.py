"""What the questions of a world can be about."""

from typing import final

from film.data.programs import QuestionType
from film.world.config import WorldConfig
from film.world.questions.families import Family

__all__ = ["Palette"]


@final
class Palette:
    """The attributes of which there is a choice, and the families asked.

    Args:
        config: The world.

    Attributes:
        values: The values of each attribute that has more than one.
        max_attributes: How many of them a description mentions, at most.
        shares: The families asked, each with its share of all questions.
    """

    def __init__(self, config: WorldConfig) -> None:
        self.values = config.choices
        self.max_attributes = config.max_attributes
        self._queried = {f"query_{a}": given for a, given in self.values.items()}
        self.shares = _shares(config)

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


# Each type has its share, which its families divide by their ways of reasoning.
def _shares(config: WorldConfig) -> dict[Family, float]:
    within: dict[QuestionType, float] = dict.fromkeys(QuestionType, 0.0)
    for family in config.families:
        within[family.type] += config.reasoning[family.reasoning]
    asked = sum(config.question_types[kind] for kind in QuestionType if within[kind])
    return {
        family: config.question_types[family.type]
        / asked
        * config.reasoning[family.reasoning]
        / within[family.type]
        for family in config.families
    }
