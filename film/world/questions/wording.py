"""The parts of a sentence: what a question speaks of, in the words of a lexicon.

A form of a sentence names the parts it needs by attribute ("How many {0.things} are
{0.where}?"), so only those are put into words.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from film.world.attributes import Attribute, Direction
from film.world.questions.phrases import Junction, Logic, Phrase, Step

__all__ = ["ANY_SHAPE", "Lexicon", "Spoken"]

ANY_SHAPE: Final = "thing"
"""The key of a lexicon's nouns for things whose shape is not said."""


@final
@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The words to choose from; what stands twice is chosen twice as often.

    Attributes:
        words: For each value, and for ``ANY_SHAPE``, the words that say it.
        places: What stands between a thing and the anchor of its direction.
        sharing: The same for what it shares with the anchor; for one, and for many.
        being: What may stand between a thing and its place; for one, and for many.
        logic: What joins two places, or two things.
        definite: What begins a phrase for a known thing.
        indefinite: What begins a phrase for a new thing; {} is "a" or "an".
        disorder: How often adjectives come in the opposite order.
    """

    words: Mapping[str, tuple[str, ...]]
    places: Mapping[Direction, tuple[str, ...]]
    sharing: Mapping[Attribute, tuple[tuple[str, str], ...]]
    being: tuple[tuple[str, str], ...]
    logic: Mapping[Logic, tuple[str, ...]]
    definite: tuple[str, ...] = ("the ",)
    indefinite: tuple[str, ...] = ("{} ",)
    disorder: float = 0.0


@final
class Spoken:
    """A phrase that is put into words, differently each time it is asked for.

    Args:
        phrase: What is spoken of.
        lexicon: The words.
        rng: Chooses among them.
    """

    __slots__ = ("lexicon", "phrase", "rng")

    def __init__(self, phrase: Phrase, lexicon: Lexicon, rng: random.Random) -> None:
        self.phrase = phrase
        self.lexicon = lexicon
        self.rng = rng

    @property
    def the(self) -> str:
        """One known thing: "the red cube that is left of the ball"."""
        other = "other " * self._is_other
        head = f"{other}{self.thing}{self._clause(is_many=False)}"
        return self.rng.choice(self.lexicon.definite) + head

    @property
    def a(self) -> str:
        """One new thing: "a red cube that is left of the ball"."""
        return self.a_thing + self._clause(is_many=False)

    @property
    def many(self) -> str:
        """Any number of things: "red cubes that are left of the ball"."""
        return self.things + self._clause(is_many=True)

    @property
    def a_thing(self) -> str:
        """One thing without its place: "a red cube", or "another red cube"."""
        head = self.thing
        if self._is_other:
            return f"another {head}"
        article = self.rng.choice(self.lexicon.indefinite)
        return article.format("an" if head[0] in "aeiou" else "a") + head

    @property
    def thing(self) -> str:
        """The description alone: "red cube"."""
        *adjectives, noun = self._described()
        return " ".join((*adjectives, noun))

    @property
    def things(self) -> str:
        """The description of many: "red cubes", or "other red cubes"."""
        *adjectives, noun = self._described()
        other = ("other",) * self._is_other
        return " ".join((*other, *adjectives, _plural(noun)))

    @property
    def members(self) -> str:
        """The noun as known and the rest as asked: "cubes are red and shiny"."""
        *adjectives, noun = self._described()
        if adjectives:
            return f"{_plural(noun)} are {' and '.join(adjectives)}"
        known = self.rng.choice(self.lexicon.words[ANY_SHAPE])
        return f"{_plural(known)} are {_plural(noun)}"

    @property
    def where(self) -> str:
        """Where they are: "left of the ball", or one place and another."""
        match self.phrase.step:
            case Junction():
                return self._join(self.first.where, self.second.where)
            case _:
                return f"{self.place} {self.anchor.the}"

    @property
    def where_from_first(self) -> str:
        """Two places, the first anchor known: "left of it and behind the ball"."""
        return self._join(f"{self.first.place} it", self.second.where)

    @property
    def either(self) -> str:
        """What they are: "red cubes or blue balls"."""
        return self._join(self.first.many, self.second.many)

    @property
    def place(self) -> str:
        """The direction alone: "left of"."""
        return self.rng.choice(self.lexicon.places[Direction(self._step.hop)])

    @property
    def anchor(self) -> "Spoken":
        """What they are found from."""
        return Spoken(self._step.anchor, self.lexicon, self.rng)

    @property
    def first(self) -> "Spoken":
        """The first of two joined phrases."""
        return Spoken(self._junction.parts[0], self.lexicon, self.rng)

    @property
    def second(self) -> "Spoken":
        """The second of two joined phrases."""
        return Spoken(self._junction.parts[1], self.lexicon, self.rng)

    @property
    def _step(self) -> Step:
        if not isinstance(self.phrase.step, Step):
            raise TypeError(f"no hop leads to {self.phrase}")
        return self.phrase.step

    @property
    def _junction(self) -> Junction:
        if not isinstance(self.phrase.step, Junction):
            raise TypeError(f"{self.phrase} joins nothing")
        return self.phrase.step

    # What shares something with the anchor is another. Where the words say that it
    # cannot be the anchor, that goes without saying.
    @property
    def _is_other(self) -> bool:
        step = self.phrase.step
        if not isinstance(step, Step) or not isinstance(step.hop, Attribute):
            return False
        known = dict(step.anchor.description)
        return all(known.get(name, v) == v for name, v in self.phrase.description)

    # The words of the description, a noun last.
    def _described(self) -> list[str]:
        choose, words = self.rng.choice, self.lexicon.words
        noun = ANY_SHAPE
        said = []
        for name, value in self.phrase.description:
            if name is Attribute.SHAPE:
                noun = value
            else:
                said.append(choose(words[value]))
        if len(said) > 1 and self.rng.random() < self.lexicon.disorder:
            said.reverse()
        said.append(choose(words[noun]))
        return said

    # " that is left of the cube", " left of the cube", or nothing.
    def _clause(self, *, is_many: bool) -> str:
        choose = self.rng.choice
        match self.phrase.step:
            case None:
                return ""
            case Step(hop=Attribute() as shared):
                start = choose(self.lexicon.sharing[shared])[is_many]
                return f" {start} {self.anchor.the}"
            case Step():
                return f" {choose(self.lexicon.being)[is_many]}{self.where}"
            case Junction():  # "that is" keeps both places together
                return f" that {'are' if is_many else 'is'} {self.where}"

    def _join(self, one: str, other: str) -> str:
        form = self.rng.choice(self.lexicon.logic[self._junction.logic])
        return form.format(one, other)


def _plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith("x") else f"{noun}s"
