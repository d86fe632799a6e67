"""Phrases of a colour and a shape are found by words and programs, and exchanged."""

from typing import Any

import pytest

from film.analysis.zero_shot.question_parser import (
    find_phrases,
    named_pairs,
    with_phrases,
)


def phrases(text: str, program: str | None = None) -> list[tuple[str, ...]]:
    words = text.split(" ")
    found = find_phrases(words, None if program is None else program.split())
    return [(one.color, one.shape, words[one.shape_at]) for one in found]


def test_a_phrase_is_a_noun_with_a_colour_among_its_adjectives() -> None:
    assert phrases("How many big cyan metal blocks are there") == [
        ("cyan", "cube", "blocks")
    ]
    assert phrases("What is the blue big cylinder made of") == [
        ("blue", "cylinder", "cylinder")
    ]


def test_a_colour_alone_a_shape_alone_and_two_colours_are_no_phrase() -> None:
    assert phrases("What color is the big cube behind the red thing") == []
    assert phrases("Is there a red blue cube") == []


def test_several_phrases_are_found_in_their_order() -> None:
    assert phrases("Are there more red balls than tiny cyan cylinders") == [
        ("red", "sphere", "balls"),
        ("cyan", "cylinder", "cylinders"),
    ]


def test_the_program_says_which_phrases_are_meant() -> None:
    program = "exist filter_shape[cube] filter_color[red] scene"
    assert phrases("Is there a red cube", program) == [("red", "cube", "cube")]
    assert phrases("Is there a red cube", "exist filter_color[red] scene") == []


def test_a_pair_that_stands_apart_in_the_words_is_found_by_the_program() -> None:
    text = "how many blocks are cyan and shiny"
    program = "count filter_shape[cube] filter_material[metal] filter_color[cyan] scene"
    assert phrases(text) == []
    assert phrases(text, program) == [("cyan", "cube", "blocks")]


def test_a_pair_that_may_stand_in_two_places_is_left_alone() -> None:
    text = "how many blocks are cyan and behind a metal cube"
    program = "count filter_shape[cube] filter_color[cyan] relate[behind] unique"
    assert phrases(text, program) == []


PREFIX = (
    "less_than count filter_shape[cube] filter_color[red] scene count "
    "filter_shape[sphere] filter_size[small] filter_color[blue] scene"
)
POSTFIX = (
    "scene filter_color[red] filter_shape[cube] count scene filter_color[blue] "
    "filter_size[small] filter_shape[sphere] count less_than"
)


@pytest.mark.parametrize("tokens", [PREFIX, POSTFIX])
def test_pairs_are_read_off_a_program_in_either_order(tokens: str) -> None:
    assert named_pairs(tokens.split()) == [("red", "cube"), ("blue", "sphere")]


def test_filters_about_different_things_make_no_pair() -> None:
    tokens = "count filter_shape[cube] relate[left] unique filter_color[red] scene"
    assert named_pairs(tokens.split()) == []


def exchanged(text: str, known: str, **new: Any) -> str | None:
    words = text.split()
    found = with_phrases(words, find_phrases(words), known.split(), **new)
    return None if found is None else " ".join(found)


def test_colour_and_shape_are_exchanged_and_number_and_synonym_are_kept() -> None:
    text = "How many cyan blocks are there"
    known = "brown balls spheres"
    assert exchanged(text, known, shape="sphere") == "How many cyan balls are there"
    assert (
        exchanged(text, known, colors={"cube": "brown"})
        == "How many brown blocks are there"
    )
    assert (
        exchanged(text, known, colors={"cube": "brown"}, shape="sphere")
        == "How many brown balls are there"
    )


def test_the_other_synonym_is_taken_where_the_first_is_not_known() -> None:
    text = "How many cyan blocks are there"
    assert (
        exchanged(text, "spheres", shape="sphere") == "How many cyan spheres are there"
    )


def test_a_question_whose_new_word_is_not_known_cannot_be_said() -> None:
    assert exchanged("Is there a cyan cube", "cylinder", shape="sphere") is None
    assert exchanged("Is there a cyan cube", "sphere", colors={"cube": "brown"}) is None
