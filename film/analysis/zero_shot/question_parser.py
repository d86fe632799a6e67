"""Find in a question the phrases that name a colour and a shape, and exchange them.

The authors chose their questions with a parser that they never published, which could
handle a third of CoGenT's condition B. This one reads both what there is of a question:
its words, in which a phrase has places, and its program, where it is known, which says
what the words mean.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.5 and Figure 10.
    https://arxiv.org/abs/1709.07871
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from film.data.programs import FUNCTION_VALUES

__all__ = ["COLORS", "SHAPES", "Phrase", "find_phrases", "named_pairs", "with_phrases"]

COLORS: Final = FUNCTION_VALUES["filter_color"]
SHAPES: Final = FUNCTION_VALUES["filter_shape"]

_STYLES: Final = {
    "cube": ("cube", "block"),
    "cylinder": ("cylinder", "cylinder"),
    "sphere": ("sphere", "ball"),
}
_NOUNS: Final = {  # of each noun: its shape, which of two synonyms, and its ending
    noun + ending: (shape, style, ending)
    for shape, nouns in _STYLES.items()
    for style, noun in reversed(tuple(enumerate(nouns)))
    for ending in ("", "s")
}
_OTHER_ADJECTIVES: Final = frozenset(
    {
        *("large", "big", "small", "tiny"),
        *("rubber", "matte", "metal", "metallic", "shiny"),
    }
)


@final
@dataclass(frozen=True)
class Phrase:
    """Where a question names a thing by its colour and its shape.

    Attributes:
        color: As a program says it.
        shape: Likewise.
        color_at: The place of the word.
        shape_at: The place of the noun, which may be a synonym or a plural.
    """

    color: str
    shape: str
    color_at: int
    shape_at: int

    @property
    def pair(self) -> tuple[str, str]:
        """Colour and shape."""
        return self.color, self.shape


def find_phrases(
    words: Sequence[str], program: Sequence[str] | None = None
) -> tuple[Phrase, ...]:
    """Find the phrases of a question that name a colour and a shape.

    In the words, a phrase is a noun with a colour among the adjectives before it: "big
    cyan metal blocks", "blue big cylinder". Where the program is known, only pairs
    count that it looks for, and one that stands apart in the words ("how many blocks
    are cyan and shiny") is found where it can be meant only once.

    Args:
        words: The question, without special tokens.
        program: Its tokens, in whatever order; None where it is not known.

    Returns:
        Phrases from the first to the last.
    """
    found = list(_noun_phrases(words))
    if program is None:
        return tuple(found)
    wanted = Counter(named_pairs(program))
    found = [phrase for phrase in found if phrase.pair in wanted]
    missing = wanted - Counter(phrase.pair for phrase in found)
    for color, shape in missing:
        colors, nouns = _free_places(words, color, shape, found)
        if len(colors) == len(nouns) == 1:
            found.append(Phrase(color, shape, colors[0], nouns[0]))
    return tuple(sorted(found, key=lambda phrase: phrase.shape_at))


def named_pairs(program: Sequence[str]) -> list[tuple[str, str]]:
    """List the pairs of colour and shape that a program looks for.

    Filters that follow each other narrow the same set, in every order in which a
    program may be written.

    Args:
        program: Its tokens.

    Returns:
        Each pair as often as it is looked for.
    """
    pairs = []
    values: dict[str, str] = {}
    for token in (*program, ""):
        function, _, value = token.rstrip("]").partition("[")
        if function.startswith("filter_"):
            values[function] = value
            continue
        if {"filter_color", "filter_shape"} <= values.keys():
            pairs.append((values["filter_color"], values["filter_shape"]))
        values = {}
    return pairs


def with_phrases(
    words: Sequence[str],
    phrases: Sequence[Phrase],
    known: Collection[str],
    *,
    colors: Mapping[str, str] | None = None,
    shape: str | None = None,
) -> tuple[str, ...] | None:
    """Say a question of another colour, another shape, or both.

    A plural stays one, and the second of two synonyms (block) becomes the second
    (ball) where the vocabulary has that.

    Args:
        words: The question.
        phrases: Where to exchange.
        known: The words that may be used.
        colors: The new colour by the phrase's shape; None leaves it.
        shape: The new shape; None leaves it.

    Returns:
        The question, of the same length; None where a word is not known.
    """
    changed = list(words)
    for phrase in phrases:
        if colors is not None:
            changed[phrase.color_at] = colors[phrase.shape]
        if shape is not None:
            changed[phrase.shape_at] = _noun(changed[phrase.shape_at], shape, known)
    if any(
        new not in known for new, old in zip(changed, words, strict=True) if new != old
    ):
        return None
    return tuple(changed)


def _noun_phrases(words: Sequence[str]) -> Iterator[Phrase]:
    for place, word in enumerate(words):
        if word.lower() not in _NOUNS:
            continue
        colors = [at for at in _adjectives_before(words, place) if _is_color(words[at])]
        if len(colors) == 1:
            shape, _, _ = _NOUNS[word.lower()]
            yield Phrase(words[colors[0]].lower(), shape, colors[0], place)


def _adjectives_before(words: Sequence[str], place: int) -> Iterator[int]:
    for at in range(place - 1, -1, -1):
        if not _is_color(words[at]) and words[at].lower() not in _OTHER_ADJECTIVES:
            return
        yield at


def _is_color(word: str) -> bool:
    return word.lower() in COLORS


def _free_places(
    words: Sequence[str], color: str, shape: str, found: Sequence[Phrase]
) -> tuple[list[int], list[int]]:
    taken = {at for phrase in found for at in (phrase.color_at, phrase.shape_at)}
    free = [(at, word.lower()) for at, word in enumerate(words) if at not in taken]
    colors = [at for at, word in free if word == color]
    nouns = [at for at, word in free if word in _NOUNS and _NOUNS[word][0] == shape]
    return colors, nouns


def _noun(old: str, shape: str, known: Collection[str]) -> str:
    _, style, ending = _NOUNS[old.lower()]
    choices = [f"{_STYLES[shape][one]}{ending}" for one in (style, 1 - style)]
    return next((noun for noun in choices if noun in known), choices[0])
