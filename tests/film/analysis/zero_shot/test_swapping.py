"""Which questions γ and β are put together from, and where the rule does not apply."""

import pytest

from film.analysis.zero_shot.swapping import (
    Pairs,
    ReplacementColors,
    Swap,
    SwapRule,
    plan_swap,
)

WORDS = (
    "How many is are there a an the What made of than more fewer it left right big tiny"
    " metal cube cubes block blocks cylinder cylinders sphere spheres ball balls thing"
    " gray red blue green brown purple cyan yellow"
)
KNOWN = frozenset(WORDS.split())


def plan(
    text: str, rule: SwapRule | None = None, known: frozenset[str] = KNOWN
) -> Swap | None:
    return plan_swap(text.split(), None, rule or SwapRule(), known)


def said(questions: tuple[tuple[str, ...], ...]) -> list[str]:
    return [" ".join(words) for words in questions]


def test_the_paper_s_first_example_is_put_together_as_printed() -> None:
    swap = plan("What is the blue big cylinder made of")
    assert swap is not None
    assert said(swap.added) == [
        "What is the blue big sphere made of",
        "What is the green big cylinder made of",
    ]
    assert said(swap.taken) == ["What is the green big sphere made of"]


def test_the_paper_s_second_example_is_put_together_as_printed() -> None:
    swap = plan("How many cyan cubes are there")
    assert swap is not None
    assert said(swap.added) == [
        "How many cyan spheres are there",
        "How many brown cubes are there",
    ]
    assert said(swap.taken) == ["How many brown spheres are there"]


@pytest.mark.parametrize("text", ["Is there a blue cube", "Is there a cyan sphere"])
def test_a_pair_that_condition_a_has_is_left_alone(text: str) -> None:
    assert plan(text) is None


def test_every_pair_but_those_of_the_replacing_shape_may_be_asked_for() -> None:
    rule = SwapRule(pairs=Pairs.ANY)
    swap = plan("Is there a brown cube", rule)
    assert swap is not None
    assert said(swap.taken) == ["Is there a blue sphere"]  # brown is what it has
    assert plan("Is there a brown sphere", rule) is None


def test_one_pair_alone_may_be_asked_for_and_what_replaces_it() -> None:
    rule = SwapRule(only=("red", "sphere"), shape="cube", color="blue")
    swap = plan("Are there fewer red balls than red cubes", rule)
    assert swap is not None
    assert said(swap.taken) == ["Are there fewer blue blocks than red cubes"]


def test_two_such_pairs_are_exchanged_at_once_each_by_a_colour_it_may_have() -> None:
    swap = plan("more red cubes than gray cylinders")
    assert swap is not None
    assert said(swap.added) == [
        "more red spheres than gray spheres",
        "more brown cubes than green cylinders",
    ]


def test_the_mean_over_all_colours_takes_each_that_the_shape_may_have() -> None:
    swap = plan("a cyan cube", SwapRule(colors=ReplacementColors.ALL))
    assert swap is not None
    assert swap.weight == 4
    assert said(swap.taken) == [
        "a blue sphere",
        "a brown sphere",
        "a gray sphere",
        "a yellow sphere",
    ]
    assert said(swap.added).count("a cyan sphere") == 4


def test_a_colour_that_the_network_does_not_know_is_not_used() -> None:
    swap = plan("a cyan cube", known=KNOWN - {"brown"})
    assert swap is not None
    assert said(swap.taken) == ["a blue sphere"]


def test_without_a_word_for_the_other_shape_or_colour_nothing_is_exchanged() -> None:
    assert plan("a cyan cube", known=KNOWN - {"sphere", "ball"}) is None
    few = KNOWN - {"blue", "brown", "gray", "yellow"}
    assert plan("a cyan cube", known=few) is None
