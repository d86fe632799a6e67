"""Questions about any things whatever, for the tests of words."""

import random
from collections.abc import Callable, Iterable

import pytest

from film.world.attributes import VALUES, Attribute, Direction
from film.world.questions.families import Family, Hop, Reasoning
from film.world.questions.phrases import (
    Description,
    Junction,
    Logic,
    Phrase,
    Question,
    Step,
)

DrawQuestion = Callable[[Family, random.Random], Question]


@pytest.fixture(scope="session")
def some_question() -> DrawQuestion:
    """Give what draws a question of a family; no scene need have an answer."""
    return draw_question


def draw_question(family: Family, rng: random.Random) -> Question:
    hidden = {family.attribute} if family.wants_one else set()
    if not family.is_joined:
        return Question(
            family,
            tuple(
                some_phrase(hops, hidden, rng, is_described=family.is_described)
                for hops in family.hops
            ),
        )
    is_and = family.reasoning is Reasoning.SINGLE_AND
    one, other = (
        some_phrase(hops, {family.common}, rng, is_described=not is_and)
        for hops in family.hops
    )
    logic = Logic.AND if is_and else Logic.OR
    if is_and:
        words = some_words(hidden, rng)
    else:
        words = tuple(
            (name, rng.choice(VALUES[name]))
            for name in Attribute
            if name is family.common
        )
    return Question(family, (Phrase(words, Junction(logic, (one, other))),))


def some_phrase(
    hops: tuple[Hop, ...],
    hidden: set[Attribute | None],
    rng: random.Random,
    *,
    is_described: bool = True,
) -> Phrase:
    if not hops:
        return Phrase(some_words(hidden, rng, fewest=1))
    *earlier, last = hops
    anchor = some_phrase(tuple(earlier), {last.attribute}, rng)
    words = some_words({*hidden, last.attribute}, rng) if is_described else ()
    return Phrase(words, Step(last.attribute or rng.choice(list(Direction)), anchor))


def some_words(
    hidden: Iterable[Attribute | None], rng: random.Random, fewest: int = 0
) -> Description:
    names = [name for name in Attribute if name not in hidden]
    said = rng.sample(names, rng.randint(fewest, len(names)))
    return tuple((name, rng.choice(VALUES[name])) for name in Attribute if name in said)
