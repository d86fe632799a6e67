"""A question in words says what its program does, in CLEVR's words and no others."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from statistics import mean

import pytest

from film.data.vocabulary import tokenize
from film.world.attributes import VALUES, Attribute, Direction
from film.world.config import load_world_config
from film.world.questions.asking import Ledger, ask
from film.world.questions.executor import SceneGraph
from film.world.questions.families import FAMILIES, Family
from film.world.questions.language import say
from film.world.questions.phrases import Junction, Logic, Phrase, Question, Step
from film.world.randomness import generator_for
from film.world.scenes import draw_scene, scene_entry

CLEVR_WORDS = set(
    tokenize(
        "; Are Do Does How Is The There What a an and another any anything are as ball "
        "balls behind big block blocks blue both brown color cube cubes cyan cylinder "
        "cylinders does either else equal fewer front gray greater green has have how "
        "in is it its large left less made many material matte metal metallic more "
        "number object objects of on or other purple red right rubber same shape shiny "
        "side size small sphere spheres than that the there thing things tiny to "
        "visible what yellow"
    )[1:]
)


DrawQuestion = Callable[[Family, random.Random], Question]
Sentences = list[tuple[Question, str]]


@pytest.fixture(scope="module")
def sentences(some_question: DrawQuestion) -> Sentences:
    rng = generator_for(0, "sentences")
    questions = [some_question(family, rng) for family in FAMILIES for _ in range(30)]
    return [(question, say(question, rng)) for question in questions]


def family_of(index: int) -> Family:
    return next(family for family in FAMILIES if family.index == index)


def all_ways(question: Question) -> set[str]:
    rng = generator_for(1, "ways")
    return {say(question, rng) for _ in range(200)}


ADJECTIVES: dict[str, tuple[Attribute, str]] = {
    **dict.fromkeys(("large", "big"), (Attribute.SIZE, "large")),
    **dict.fromkeys(("small", "tiny"), (Attribute.SIZE, "small")),
    **{word: (Attribute.COLOR, word) for word in VALUES[Attribute.COLOR]},
    **dict.fromkeys(("rubber", "matte"), (Attribute.MATERIAL, "rubber")),
    **dict.fromkeys(("metal", "metallic", "shiny"), (Attribute.MATERIAL, "metal")),
}
NOUNS = {
    "thing": None,
    "object": None,
    **dict.fromkeys(("cube", "block"), "cube"),
    **dict.fromkeys(("sphere", "ball"), "sphere"),
    "cylinder": "cylinder",
}
PLACES = {
    **dict.fromkeys(("left of", "to the left of"), Direction.LEFT),
    **dict.fromkeys(("right of", "to the right of"), Direction.RIGHT),
    "on the left side of": Direction.LEFT,
    "on the right side of": Direction.RIGHT,
    "in front of": Direction.FRONT,
    "behind": Direction.BEHIND,
}
SENTENCES = {
    "count": (
        "(how many|what number of) <things> are (there|visible)",
        "(how many|what number of) <things> (are|have) <step>",
        "how many <things> are there that are <step>",
        "what is the number of <many>",
        "there are how many <things>",
    ),
    "exist": (
        "is there <a>",
        "are there any <many>",
        "(are any <things>|is <a_thing>) visible",
        "(are any|do any) <things> (<step>|have <step>)",
        "is there anything else that is <step>",
        "(is anything else|does anything else have) <step>",
    ),
    "query_NAME": (
        "what NAME is <the>",
        "what is the NAME of <the>",
        "<the> is what NAME",
        "what is <its> NAME",
    ),
    "query_size": ("how big is <the>",),
    "query_material": (
        "what (is <the>|material is <the>) made of",
        "<the> is made of what material",
    ),
    "equal_NAME": (
        "is <the> (the|made of the) same NAME as <the>",
        "does <the> have the same NAME as <the>",
        "do <the> and <the> have the same NAME",
        "are <the> and <the> (the|made of the) same NAME",
        "is the NAME of <the> the same as that of <the>",
    ),
    "equal_integer": (
        "are there as many <many> (as|as there are) <many>",
        "is the number of <many> (the same as|equal to) the number of <many>",
    ),
    "less_than": (
        "are there fewer <many> (than|than there are) <many>",
        "is the number of <many> less than the number of <many>",
    ),
    "greater_than": (
        "are there more <many> (than|than there are) <many>",
        "is the number of <many> greater than the number of <many>",
    ),
}


def patterns() -> Iterator[tuple[str, list[str]]]:
    for function, written in SENTENCES.items():
        for name in Attribute if "NAME" in function else ("",):
            for pattern in written:
                parts = re.split(r"\(([^)]*)\)", pattern.replace("NAME", name))
                for chosen in product(*(part.split("|") for part in parts)):
                    yield function.replace("NAME", name), "".join(chosen).split()


PATTERNS = list(patterns())
Found = Phrase | Step | Junction


class Reader:
    """Reads a sentence back by a grammar of English, in every way it can be read."""

    def __init__(self, text: str) -> None:
        self.words = text.rstrip("?").replace(";", " ;").lower().split()
        self.it: Phrase | None = None

    def readings(self) -> list[tuple[str, tuple[Phrase, ...]]]:
        first = 0
        if ";" in self.words:
            first = self.words.index(";") + 1
            ((self.it,),) = self.match(["there", "is", "<a>", ";"], 0, first)
        return [
            (function, tuple(joined(values)))
            for function, pattern in PATTERNS
            for values in self.match(pattern, first, len(self.words))
        ]

    def match(self, pattern: list[str], start: int, end: int) -> Iterator[list[Found]]:
        if not pattern:
            if start == end:
                yield []
            return
        part, *rest = pattern
        if not part.startswith("<"):
            if self.words[start : start + 1] == [part]:
                yield from self.match(rest, start + 1, end)
            return
        for value, place in getattr(self, f"read_{part[1:-1]}")(start):
            for values in self.match(rest, place, end):
                yield [value, *values]

    def skip(self, words: str, start: int) -> int | None:
        end = start + len(words.split())
        return end if self.words[start:end] == words.split() else None

    def read_its(self, start: int) -> Iterator[tuple[Phrase, int]]:
        if self.it is not None and self.words[start] == "its":
            yield self.it, start + 1

    def read_the(self, start: int) -> Iterator[tuple[Phrase, int]]:
        if self.it is not None and self.words[start : start + 1] == ["it"]:
            yield self.it, start + 1
        for determiner in ("the other", "the"):
            if (place := self.skip(determiner, start)) is not None:
                yield from self.with_clause(place, is_many=False)

    def read_a(self, start: int) -> Iterator[tuple[Phrase, int]]:
        for _, place in self.read_article(start):
            yield from self.with_clause(place, is_many=False)

    def read_a_thing(self, start: int) -> Iterator[tuple[Phrase, int]]:
        for _, place in self.read_article(start):
            yield from self.read_words(place, is_many=False)

    def read_article(self, start: int) -> Iterator[tuple[str, int]]:
        following = self.words[start + 1 : start + 2]
        right = "an" if following and following[0][0] in "aeiou" else "a"
        if self.words[start : start + 1] in ([right], ["another"]):
            yield self.words[start], start + 1

    def read_many(self, start: int) -> Iterator[tuple[Phrase, int]]:
        other = self.skip("other", start)
        yield from self.with_clause(start if other is None else other, is_many=True)

    def read_things(self, start: int) -> Iterator[tuple[Phrase, int]]:
        other = self.skip("other", start)
        yield from self.read_words(start if other is None else other, is_many=True)

    def read_words(self, start: int, *, is_many: bool) -> Iterator[tuple[Phrase, int]]:
        place, said = start, []
        while place < len(self.words) and self.words[place] in ADJECTIVES:
            said.append(ADJECTIVES[self.words[place]])
            place += 1
        noun = self.words[place] if place < len(self.words) else ""
        if noun.endswith("s") is is_many and noun.removesuffix("s") in NOUNS:
            shape = NOUNS[noun.removesuffix("s")]
            said += [] if shape is None else [(Attribute.SHAPE, shape)]
            yield Phrase(tuple(said)), place + 1

    def with_clause(self, start: int, *, is_many: bool) -> Iterator[tuple[Phrase, int]]:
        verbs = ("that are", "that have") if is_many else ("that is", "that has")
        for phrase, place in self.read_words(start, is_many=is_many):
            yield phrase, place
            for verb in (*verbs, "of", ""):
                after = self.skip(verb, place)
                if after is None or (verb == "" and self.words[after:][:1] == ["the"]):
                    continue  # "the same size" needs a verb before it
                for step, end in self.read_step(after):
                    yield replace(phrase, step=step), end

    def read_step(self, start: int) -> Iterator[tuple[Step | Junction, int]]:
        yield from self.read_place(start)
        yield from self.read_same(start)
        both = self.skip("both", start)
        for one, place in self.read_place(start if both is None else both):
            if (after := self.skip("and", place)) is not None:
                for other, end in self.read_place(after):
                    parts = (Phrase(step=one), Phrase(step=other))
                    yield Junction(Logic.AND, parts), end
        either = self.skip("either", start)
        for thing, place in self.read_many(start if either is None else either):
            if (after := self.skip("or", place)) is not None:
                for alternative, end in self.read_many(after):
                    yield Junction(Logic.OR, (thing, alternative)), end

    def read_place(self, start: int) -> Iterator[tuple[Step, int]]:
        for words, direction in PLACES.items():
            if (place := self.skip(words, start)) is not None:
                for anchor, end in self.read_the(place):
                    yield Step(direction, anchor), end

    def read_same(self, start: int) -> Iterator[tuple[Step, int]]:
        for name in Attribute:
            made = "made of " if name is Attribute.MATERIAL else ""
            for words in {f"the same {name}", f"{made}the same {name}"}:
                place = self.skip(words, start)
                if place is None:
                    continue
                if self.it is not None and place == len(self.words):
                    yield Step(name, self.it), place
                if (after := self.skip("as", place)) is not None:
                    for anchor, end in self.read_the(after):
                        yield Step(name, anchor), end


# A step belongs to the phrase before it; "anything else" has no words of its own.
def joined(values: list[Found]) -> list[Phrase]:
    phrases: list[Phrase] = []
    for value in values:
        if isinstance(value, Phrase):
            phrases.append(value)
        else:
            last = phrases.pop() if phrases else Phrase()
            phrases.append(replace(last, step=value))
    return phrases


def test_every_sentence_can_be_read_in_one_way_which_is_what_was_meant(
    sentences: Sentences,
) -> None:
    for question, text in sentences:
        readings = set(Reader(text).readings())
        assert readings == {(question.family.function, question.phrases)}, text


def test_the_reader_finds_a_sentence_that_has_two_meanings() -> None:
    text = "Is there a cube left of the ball behind the block and behind the cylinder?"
    assert len(set(Reader(text).readings())) == 2


def test_all_words_are_clevrs_and_all_of_clevrs_words_occur(
    sentences: Sentences,
) -> None:
    words = {word for _, text in sentences for word in tokenize(text)}
    assert words == CLEVR_WORDS


def test_a_sentence_begins_large_and_ends_with_one_question_mark(
    sentences: Sentences,
) -> None:
    for _, text in sentences:
        assert re.fullmatch(r"[A-Z][a-z]*( [a-z]+;?)+\?", text), text


def test_a_short_question_is_asked_in_all_the_ways_of_its_family() -> None:
    cube = Phrase(((Attribute.SHAPE, "cube"),))
    assert all_ways(Question(family_of(88), (cube,))) == {
        *("What color is the cube?", "What color is the block?"),
        *("What is the color of the cube?", "What is the color of the block?"),
        *("The cube is what color?", "The block is what color?"),
    }


def test_another_is_said_of_what_might_be_the_anchor_by_its_words() -> None:
    ball = Phrase(((Attribute.SIZE, "small"), (Attribute.SHAPE, "sphere")))
    red = Phrase(((Attribute.COLOR, "red"),), Step(Attribute.MATERIAL, ball))
    for text in all_ways(Question(family_of(46), (red,))):
        assert re.search(r"\b(another|other) red (thing|object)", text), text


def test_nothing_is_said_of_others_where_the_words_tell_both_apart() -> None:
    ball = Phrase(((Attribute.SIZE, "small"), (Attribute.SHAPE, "sphere")))
    cube = Phrase(((Attribute.SHAPE, "cube"),), Step(Attribute.COLOR, ball))
    for text in all_ways(Question(family_of(45), (cube,))):
        assert not re.search(r"\b(another|other|else)\b", text), text


def test_one_and_many_are_asked_for_equally_often_whatever_exists() -> None:
    question = Question(family_of(85), (Phrase(((Attribute.COLOR, "red"),)),))
    rng = generator_for(1, "numbers")
    n_many = sum(say(question, rng).startswith("Are") for _ in range(1000))
    assert n_many == pytest.approx(500, abs=70)


def test_the_same_draws_give_the_same_sentence(sentences: Sentences) -> None:
    for question, _ in sentences[::10]:
        assert say(question, generator_for(5)) == say(question, generator_for(5))


def test_most_families_are_asked_in_five_ways_or_more(
    some_question: DrawQuestion,
) -> None:
    rng = generator_for(1, "ways")
    ways = {}
    for family in FAMILIES:
        question = some_question(family, rng)
        ways[family.index] = len({frame(text) for text in all_ways(question)})
    assert min(ways.values()) >= 3
    assert mean(ways.values()) > 4.7
    assert 425 <= sum(ways.values()) <= 600


# What is left of a sentence without things, places and words that may be left out.
def frame(text: str) -> str:
    text = PLACE.sub("AT", text.lower().replace(";", " ;"))
    text = re.sub(
        r"(that (is|are|has|have) |of |made of )*the same (\w+) as", "AS", text
    )
    text = re.sub(r"\b(both|either|that is|that are|a|an) ", "", text)
    words = text.rstrip("?").split()
    return " ".join(
        "THING" if word.removesuffix("s") in NOUNS else word
        for word, following in pairwise([*words, ""])
        if word not in ADJECTIVES or following not in ADJECTIVES.keys() | THINGS
    )


THINGS = {noun + ending for noun in NOUNS for ending in ("", "s")}
PLACE = re.compile("|".join(sorted(PLACES, key=len, reverse=True)))


GROUPS = {
    "compare numbers": range(9),
    "compare attributes": range(9, 25),
    "three hops": range(25, 31),
    "and": range(31, 36),
    "same attribute": range(36, 64),
    "or": range(64, 72),
    "one hop": range(72, 78),
    "two hops": range(78, 84),
    "no hop": range(84, 90),
}


def lengths_by_group(asked: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    lengths = defaultdict(list)
    for index, text in asked:
        group = next(name for name, numbers in GROUPS.items() if index in numbers)
        lengths[group].append(len(tokenize(text)))
    return lengths


def lengths_of_ours(n_scenes: int) -> dict[str, list[int]]:
    config = load_world_config({"max_objects": 10})
    ledger, said = Ledger(), []
    for number in range(n_scenes):
        entry = scene_entry(
            draw_scene(config, "train", number), config, "train", number
        )
        rng = generator_for(2, number)
        for asked in ask(rng, config, SceneGraph.from_entry(entry), ledger):
            text = say(asked.question, rng)
            said.append((asked.question.family.index, text))
    return lengths_by_group(said)


def test_sentences_are_as_long_as_clevrs() -> None:
    lengths = [length for group in lengths_of_ours(50).values() for length in group]
    assert mean(lengths) == pytest.approx(18.4, abs=1)
    assert 5 <= min(lengths) <= 6
    assert 34 <= max(lengths) <= 43  # 46 is the longest in the release, with its ends


def test_each_group_is_as_long_as_in_the_release(shared: Path) -> None:
    ours = lengths_of_ours(150)  # enough for the mean of the rarest group
    folder = shared / "clevr" / "CLEVR_v1.0" / "questions"
    released = [
        (question["question_family_index"], question["question"])
        for split in ("train", "val")
        for question in json.loads(
            (folder / f"CLEVR_{split}_questions.json").read_text()
        )["questions"]
    ]
    theirs = lengths_by_group(released)
    for group in GROUPS:
        assert mean(ours[group]) == pytest.approx(mean(theirs[group]), abs=2.5), group
