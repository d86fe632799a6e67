"""Say a question with other colours and shapes, to put its γ and β together from these.

What a network would make of "cyan cubes", which it never learnt from, is put together
from phrases that it knows: (cyan spheres) + (brown cubes) − (brown spheres).

What the paper leaves open is decided here, and a `SwapRule` changes it:

* *Which pairs.* Those that CoGenT's condition A lacks: cubes that are red, green,
  purple or cyan, and cylinders that are gray, blue, brown or yellow.
* *By which shape.* A sphere, which may have any colour in A, as in the paper.
* *By which colour.* Green for a cylinder and brown for a cube, as in the two examples
  that the paper prints; where the network does not know the word, the first in the
  alphabet that A allows to the shape. `ReplacementColors.ALL` takes the mean over all
  that A allows.
* *Questions that name several such pairs.* All are exchanged at once, which is exact
  where γ and β are sums of what each phrase adds, and needs no more than three other
  questions. Of 1,500 questions about condition B made by ``film.world`` in the
  proportions of CLEVR, 27 % can be put together so, and 21 % if they had to name one
  pair alone; the authors' parser handled a third of theirs.
* *Synonyms and plurals* stay what they are (`film.analysis.zero_shot.question_parser`).

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.5 and Figure 10; CoGenT's colours are
    Johnson et al.'s, CVPR 2017, Section 4.7. https://arxiv.org/abs/1709.07871
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final, final

from film.analysis.zero_shot.question_parser import (
    COLORS,
    Phrase,
    find_phrases,
    with_phrases,
)
from film.world.attributes import Shape
from film.world.config import WorldConfig

__all__ = ["Pairs", "ReplacementColors", "Swap", "SwapRule", "plan_swap"]

_Words = tuple[str, ...]

_PRINTED: Final = {"cube": "brown", "cylinder": "green"}


class Pairs(StrEnum):
    """Which pairs of colour and shape are put together from others."""

    UNSEEN = "unseen"
    """Those that CoGenT's condition A lacks."""

    ANY = "any"
    """Every one but those of the shape that replaces others."""


class ReplacementColors(StrEnum):
    """Which colours stand in for another."""

    PRINTED = "printed"
    """That of the paper's examples."""

    ALL = "all"
    """The mean over all that condition A allows to the shape."""


@final
@dataclass(frozen=True, kw_only=True)
class SwapRule:
    """What is exchanged, and by what.

    Attributes:
        pairs: Which pairs.
        only: This pair alone; None is all that ``pairs`` says.
        shape: What replaces their shapes.
        colors: What replaces their colours, by choice.
        color: This colour instead; None leaves it to the choice.
    """

    pairs: Pairs = Pairs.UNSEEN
    only: tuple[str, str] | None = None
    shape: str = "sphere"
    colors: ReplacementColors = ReplacementColors.PRINTED
    color: str | None = None

    def is_about(self, pair: tuple[str, str]) -> bool:
        """Tell whether a pair is exchanged.

        Args:
            pair: Colour and shape.

        Returns:
            Whether it is.
        """
        color, shape = pair
        if shape == self.shape:
            return False
        if self.only is not None:
            return pair == self.only
        return self.pairs is Pairs.ANY or color not in _allowed(shape)

    def replacements(self, phrase: Phrase, known: Collection[str]) -> tuple[str, ...]:
        """List the colours that may replace that of a phrase.

        Args:
            phrase: To be exchanged.
            known: The words that may be used.

        Returns:
            One or more, whose γ and β are averaged; none where none will do.
        """
        if self.color is not None:
            return (self.color,) if self.color in known else ()
        possible = tuple(
            color
            for color in _allowed(phrase.shape)
            if color in known and color != phrase.color
        )
        match self.colors:
            case ReplacementColors.ALL:
                return possible
            case ReplacementColors.PRINTED:
                printed = _PRINTED.get(phrase.shape)
                return (printed,) if printed in possible else possible[:1]


@final
@dataclass(frozen=True)
class Swap:
    """How the γ and β of a question are put together from those of others.

    Those of every question in ``added`` count +, those in ``taken`` −, divided by
    ``weight``: (shape) + (colour) − (both), or the mean of several such sums.

    Attributes:
        phrases: What is exchanged.
        added: Questions, as words.
        taken: Likewise.
        weight: How many sums there are.
    """

    phrases: tuple[Phrase, ...]
    added: tuple[_Words, ...]
    taken: tuple[_Words, ...]
    weight: int


def plan_swap(
    words: Sequence[str],
    program: Sequence[str] | None,
    rule: SwapRule,
    known: Collection[str],
) -> Swap | None:
    """Find what to exchange in a question, and the questions that takes.

    Args:
        words: The question, without special tokens.
        program: Its tokens; None where it is not known.
        rule: What is exchanged.
        known: The words that the network knows.

    Returns:
        What is added and taken; None where the rule does not apply, or would take words
        that the network does not know.
    """
    found = find_phrases(words, program)
    phrases = tuple(phrase for phrase in found if rule.is_about(phrase.pair))
    if not phrases:
        return None
    colors = {phrase.shape: rule.replacements(phrase, known) for phrase in phrases}
    n_sums = max(map(len, colors.values()))
    if not all(colors.values()):
        return None
    # A shape with fewer colours than another goes through its own again.
    sums = [
        {s: some[i % len(some)] for s, some in colors.items()} for i in range(n_sums)
    ]
    other_shape = with_phrases(words, phrases, known, shape=rule.shape)
    other_color = [with_phrases(words, phrases, known, colors=one) for one in sums]
    both = [
        with_phrases(words, phrases, known, colors=one, shape=rule.shape)
        for one in sums
    ]
    added, taken = _said([other_shape] * n_sums + other_color), _said(both)
    if added is None or taken is None:
        return None
    return Swap(phrases, added, taken, n_sums)


def _said(questions: Sequence[_Words | None]) -> tuple[_Words, ...] | None:
    said = tuple(question for question in questions if question is not None)
    return said if len(said) == len(questions) else None


@cache
def _allowed(shape: str) -> tuple[str, ...]:
    allowed = WorldConfig(cogent=True).colors_of(Shape(shape), "A")
    return tuple(color for color in COLORS if color in allowed)
