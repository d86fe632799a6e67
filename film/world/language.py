"""Say a question in words: phrasings and synonyms of our own.

The words are drawn after the question, so that what is asked does not depend on how
it is said.
"""

import random
from typing import Final

from film.data.programs import QuestionType
from film.world.attributes import Attribute, Direction
from film.world.phrases import Phrase, Question, Step

__all__ = ["say"]

_SYNONYMS: Final = {
    "large": ("large", "big"),
    "small": ("small", "little"),
    "rubber": ("rubber", "matte"),
    "metal": ("metal", "metallic", "shiny"),
    "cube": ("cube", "block"),
    "sphere": ("sphere", "ball"),
    "thing": ("thing", "object", "item"),
}

_PLACES: Final = {
    Direction.LEFT: ("left of", "to the left of"),
    Direction.RIGHT: ("right of", "to the right of"),
    Direction.FRONT: ("in front of",),
    Direction.BEHIND: ("behind",),
}

_QUERIES: Final = {
    "query_size": ("What size is the {0}?", "What is the size of the {0}?"),
    "query_color": ("What color is the {0}?", "What is the color of the {0}?"),
    "query_material": (
        "What is the {0} made of?",
        "What is the material of the {0}?",
    ),
    "query_shape": ("What shape is the {0}?", "What is the shape of the {0}?"),
}

_COMPARISONS: Final = {
    "equal_integer": (
        "Are there as many {0} as {1}?",
        "Is the number of {0} the same as the number of {1}?",
    ),
    "less_than": (
        "Are there fewer {0} than {1}?",
        "Is the number of {0} smaller than the number of {1}?",
    ),
    "greater_than": (
        "Are there more {0} than {1}?",
        "Is the number of {0} greater than the number of {1}?",
    ),
    **{
        f"equal_{attribute}": (
            f"Does the {{0}} have the same {attribute} as the {{1}}?",
            f"Is the {attribute} of the {{0}} the same as that of the {{1}}?",
        )
        for attribute in Attribute
    },
}


def say(question: Question, rng: random.Random) -> str:
    """Put a question into words.

    Args:
        question: The question.
        rng: Chooses among phrasings.

    Returns:
        An English sentence.
    """
    speaker = _Speaker(rng)
    family = question.family
    match family.type:
        case QuestionType.COUNT:
            return speaker.count(question.phrases[0])
        case QuestionType.EXIST:
            return speaker.exist(question.phrases[0])
        case QuestionType.QUERY_ATTRIBUTE:
            form = rng.choice(_QUERIES[family.function])
            return form.format(speaker.one(question.phrases[0]))
        case QuestionType.COMPARE_NUMBERS:
            form = rng.choice(_COMPARISONS[family.function])
            return form.format(*map(speaker.many, question.phrases))
        case QuestionType.COMPARE_ATTRIBUTE:
            form = rng.choice(_COMPARISONS[family.function])
            return form.format(*map(speaker.one, question.phrases))


class _Speaker:
    """Builds sentences from noun phrases."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def count(self, phrase: Phrase) -> str:
        head = self._head(phrase, plural=True)
        if phrase.step is None:
            form = self.rng.choice(
                ("How many {0} are there?", "What number of {0} are there?")
            )
            return form.format(head)
        return f"How many {head} {self._relation(phrase.step, 'are', 'have')}?"

    def exist(self, phrase: Phrase) -> str:
        plural = self.rng.choice((True, False))
        head = self._head(phrase, plural=plural)
        if plural:
            start, verbs = f"Are there any {head}", ("that are", "that have")
        else:
            start, verbs = f"Is there {_with_article(head)}", ("that is", "that has")
        if phrase.step is None:
            return f"{start}?"
        return f"{start} {self._clause(phrase.step, *verbs)}?"

    def one(self, phrase: Phrase) -> str:
        return self._noun(phrase, "that is", "that has", plural=False)

    def many(self, phrase: Phrase) -> str:
        return self._noun(phrase, "that are", "that have", plural=True)

    def _noun(self, phrase: Phrase, being: str, having: str, *, plural: bool) -> str:
        head = self._head(phrase, plural=plural)
        if phrase.step is None:
            return head
        return f"{head} {self._clause(phrase.step, being, having)}"

    # "other small red balls": what shares something with the anchor is another.
    def _head(self, phrase: Phrase, *, plural: bool) -> str:
        values = dict(phrase.description)
        noun = self._word(values.pop(Attribute.SHAPE, "thing")) + "s" * plural
        is_other = phrase.step and isinstance(phrase.step.hop, Attribute)
        other = ["other"] if is_other else []
        return " ".join([*other, *map(self._word, values.values()), noun])

    # "that is left of the cube", or "left of the cube".
    def _clause(self, step: Step, being: str, having: str) -> str:
        return self._relation(step, self.rng.choice((being, "")), having).lstrip()

    def _relation(self, step: Step, being: str, having: str) -> str:
        anchor = self.one(step.anchor)
        match step.hop:
            case Direction() as direction:
                return f"{being} {self.rng.choice(_PLACES[direction])} the {anchor}"
            case Attribute() as attribute:
                return f"{having} the same {attribute} as the {anchor}"

    def _word(self, value: str) -> str:
        return self.rng.choice(_SYNONYMS.get(value, (value,)))


def _with_article(head: str) -> str:
    if head.startswith("other "):
        return f"an{head}"
    return f"{'an' if head[0] in 'aeiou' else 'a'} {head}"
