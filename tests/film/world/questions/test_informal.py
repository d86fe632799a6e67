"""A question asked as people do means what its program does, in many more words."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from statistics import mean

import pytest

from film.data.vocabulary import tokenize
from film.world.attributes import Direction
from film.world.config import load_world_config
from film.world.questions import informal
from film.world.questions.asking import Ledger, ask
from film.world.questions.executor import SceneGraph
from film.world.questions.families import FAMILIES, Family
from film.world.questions.informal import say_loosely
from film.world.questions.language import say
from film.world.questions.phrases import Junction, Phrase, Question, Step
from film.world.randomness import generator_for
from film.world.scenes import draw_scene, scene_entry

DrawQuestion = Callable[[Family, random.Random], Question]

WORDS = {
    "large": "large big huge giant massive",
    "small": "small tiny little mini miniature",
    "gray": "gray grey grayish ashen",
    "red": "red reddish scarlet crimson",
    "blue": "blue dark_blue navy bluish",
    "green": "green greenish emerald",
    "brown": "brown tan brownish chestnut",
    "purple": "purple violet lilac plum",
    "cyan": "cyan teal light_blue turquoise aqua",
    "yellow": "yellow gold golden yellowish mustard",
    "rubber": "rubber matte dull rubbery nonmetallic unshiny",
    "metal": "metal metallic shiny reflective polished glossy mirrored chrome",
    "cube": "cube block box square cubical_thing cubes blocks boxes squares "
    "cubical_things",
    "sphere": "sphere ball orb globe round_thing spheres balls orbs globes "
    "round_things",
    "cylinder": "cylinder can tube drum barrel cylinders cans tubes drums barrels",
    "left": "left leftward",
    "right": "right rightward",
    "front": "front forward",
    "behind": "behind back",
}
MEANING = {word: value for value, words in WORDS.items() for word in words.split()}


# What the phrases name: the values of descriptions, and the directions of hops.
def named(phrases: Iterable[Phrase]) -> Iterator[str]:
    for phrase in phrases:
        yield from (value for _, value in phrase.description)
        match phrase.step:
            case Step(hop=hop, anchor=anchor):
                if isinstance(hop, Direction):
                    yield hop
                yield from named([anchor])
            case Junction(parts=parts):
                yield from named(parts)


# What the words of a sentence mean, without the choice between two answers, the verb
# "can" and what is asked.
def meant(text: str) -> Iterator[str]:
    text = text.lower().rstrip("? ")
    text = re.sub(
        r" (large|big|small|little|metal|rubber|shiny|matte) or \w+$", "", text
    )
    text = re.sub(r"can you|^how (big|large)", "", text)
    for words in ("dark blue", "light blue", "cubical thing", "round thing"):
        text = text.replace(words, words.replace(" ", "_"))
    yield from (MEANING[word] for word in tokenize(text) if word in MEANING)


def test_a_loose_sentence_names_the_same_values_and_directions(
    some_question: DrawQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(informal, "_MISTYPED", 0.0)
    rng = generator_for(0, "loose")
    for family in FAMILIES:
        for _ in range(30):
            question = some_question(family, rng)
            text = say_loosely(question, rng)
            assert Counter(meant(text)) == Counter(named(question.phrases)), text


def test_the_attribute_that_is_asked_or_shared_is_recognised(
    some_question: DrawQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(informal, "_MISTYPED", 0.0)
    signs = {
        "size": r"size|big|large|small",
        "color": r"colou?r|hue|shade|painted",
        "material": r"material|made|built|consists|stuff|substance|texture|finish"
        r"|metal|shiny",
        "shape": r"shape|form",
    }
    rng = generator_for(0, "signs")
    for family in FAMILIES:
        for _ in range(20):
            text = say_loosely(some_question(family, rng), rng)
            for attribute in family.attributes - {family.common}:
                assert re.search(signs[attribute], text.lower()), text


def test_some_sentences_have_one_word_typed_wrongly_and_still_readable(
    some_question: DrawQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = generator_for(0, "typing")
    questions = [some_question(family, rng) for family in FAMILIES for _ in range(40)]
    typed = [say_loosely(question, rng) for question in questions]
    monkeypatch.setattr(informal, "_MISTYPED", 0.0)
    known = {
        word.lower()
        for question in questions
        for _ in range(3)
        for word in tokenize(say_loosely(question, rng))
    }
    wrong = [
        [word for word in tokenize(text) if word.lower() not in known] for text in typed
    ]
    assert max(map(len, wrong)) == 1
    assert 0.02 < mean(map(len, wrong)) < 0.08


def test_a_model_meets_many_words_that_clevr_lacks(some_question: DrawQuestion) -> None:
    rng = generator_for(0, "vocabulary")
    questions = [some_question(family, rng) for family in FAMILIES for _ in range(40)]
    formal = {word for q in questions for word in tokenize(say(q, rng))}
    loose = Counter(word for q in questions for word in tokenize(say_loosely(q, rng)))
    new = {word: count for word, count in loose.items() if word not in formal}
    assert sum(count >= 5 for count in new.values()) > 150
    assert sum(count < 5 for count in new.values()) > 20  # stay unknown
    assert 0.1 < sum(new.values()) / loose.total() < 0.25


def test_short_families_make_sentences_as_short_as_peoples() -> None:
    config = load_world_config(
        {"reasoning": {"zero_hop": 8, "one_hop": 1, "same_attribute": 1}}
    )
    ledger, lengths = Ledger(), []
    for number in range(40):
        entry = scene_entry(
            draw_scene(config, "train", number), config, "train", number
        )
        rng = generator_for(4, number)
        for asked in ask(rng, config, SceneGraph.from_entry(entry), ledger):
            text = say_loosely(asked.question, rng)
            lengths.append(len(tokenize(text)))
    assert mean(lengths) == pytest.approx(10.7, abs=1.5)


def test_the_same_draws_give_the_same_loose_sentence(
    some_question: DrawQuestion,
) -> None:
    rng = generator_for(0, "again")
    for family in FAMILIES:
        question = some_question(family, rng)
        first, second = (say_loosely(question, generator_for(5)) for _ in range(2))
        assert first == second


def test_loose_sentences_are_hardly_ever_formal_ones(
    some_question: DrawQuestion,
) -> None:
    rng = generator_for(0, "apart")
    alike = []
    for family in FAMILIES:
        question = some_question(family, rng)
        formal = {say(question, rng) for _ in range(50)}
        alike += [say_loosely(question, rng) in formal for _ in range(10)]
    assert mean(alike) < 0.1
