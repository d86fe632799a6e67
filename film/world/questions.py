"""Ask questions about a scene that have an answer, and that nothing gives away.

Every question is drawn together with the things it speaks of, and checked by running
its program: what is called "the" is one and no more, and every hop is needed.

Answers are balanced within a family, among the scenes that share an ``AnswerBalance``:

- Where existence is asked, "yes" and "no" differ by one at most for every set of
  attributes that the words mention; in comparisons they do so within the family.
- A queried value is ahead of the family's rarest by less than the number of values.
- A counted number is ahead of the next by two at most, for every set of attributes
  that the words mention. Small numbers stay frequent, as they are in scenes.

So the words of counts and comparisons may still tell something about the answer to a
model that does not look.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3.4 (ill-posed and degenerate
    questions, balance). https://arxiv.org/abs/1612.06890
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, final

from film.data.programs import Program, QuestionType
from film.world.attributes import Attribute, Direction
from film.world.config import WorldConfig
from film.world.describing import PhraseDrawer
from film.world.executor import Objects, SceneGraph, answer, find_objects
from film.world.families import Family
from film.world.palette import Palette
from film.world.phrases import (
    Phrase,
    Question,
    Step,
    phrase_program,
    question_program,
)

__all__ = ["AnswerBalance", "AskedQuestion", "ask"]

_KINDS: Final = 4  # tried for a question, before a scene gets one question less
_TRIES: Final = 30  # per kind
_NUMBER_LEAD: Final = 2  # by how much a number may be more frequent than the next


@final
@dataclass(frozen=True)
class AskedQuestion:
    """A question with its program and its answer in one scene."""

    question: Question
    program: Program
    answer: str


@final
@dataclass
class AnswerBalance:
    """Count the answers given so far, and refuse what is ahead.

    Attributes:
        given: Answers by family and mentioned attributes.
    """

    given: defaultdict[tuple[object, ...], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def accepts(self, asked: AskedQuestion, possible: tuple[str, ...] | None) -> bool:
        """Count an answer unless it is too frequent already.

        Args:
            asked: The question and its answer.
            possible: All answers it might have had; None where it is a number.

        Returns:
            Whether the question may be asked.
        """
        counts = self.given[_pattern(asked.question)]
        if possible is not None:
            rarest = min(counts[other] for other in possible)
            limit = rarest + max(1, len(possible) - 1)
        else:  # large numbers are rare by nature
            rivals = (n for other, n in counts.items() if other != asked.answer)
            limit = max(rivals, default=0) + _NUMBER_LEAD
        if counts[asked.answer] >= limit:
            return False
        counts[asked.answer] += 1
        return True


def ask(
    rng: random.Random, config: WorldConfig, scene: SceneGraph, balance: AnswerBalance
) -> Iterator[AskedQuestion]:
    """Draw the questions about one scene.

    Args:
        rng: The scene's own generator.
        config: The world.
        scene: The scene.
        balance: The answers given so far; these questions are added.

    Yields:
        Different questions, at most as many as the world wants per scene.
    """
    palette = Palette(config)
    known: set[Program] = set()
    for _ in range(config.questions_per_scene):
        asked = _draw_new(rng, palette, scene, balance, known)
        if asked is not None:
            known.add(asked.program)
            yield asked


def _pattern(question: Question) -> tuple[object, ...]:
    family = question.family
    if family.type in {QuestionType.EXIST, QuestionType.COUNT}:
        return family.index, question.phrases[0].signature
    return (family.index,)


# The kind of question is drawn first and kept for many tries, so that kinds that are
# harder to ask well still get their share.
def _draw_new(
    rng: random.Random,
    palette: Palette,
    scene: SceneGraph,
    balance: AnswerBalance,
    known: set[Program],
) -> AskedQuestion | None:
    for _ in range(_KINDS):
        families = palette.draw_families(rng)
        for _ in range(_TRIES):
            family = rng.choice(families)
            asked = _draw(rng, palette, scene, family)
            if asked is None or asked.program in known:
                continue
            if balance.accepts(asked, palette.possible_answers(family)):
                return asked
    return None


# Draw a question that is well posed and not degenerate, or None.
def _draw(
    rng: random.Random, palette: Palette, scene: SceneGraph, family: Family
) -> AskedQuestion | None:
    drawer = PhraseDrawer(rng, palette, scene)
    phrases = []
    for hops in family.hops:
        phrase = (
            drawer.draw_one(hops, family.attribute)
            if family.wants_one
            else drawer.draw_some(hops, is_described=family.is_described)
        )
        if phrase is None:
            return None
        phrases.append(phrase)
    question = Question(family, tuple(phrases))
    program = question_program(question)
    asked = AskedQuestion(question, program, answer(program, scene))
    return asked if _is_worth_asking(asked, scene) else None


def _is_worth_asking(asked: AskedQuestion, scene: SceneGraph) -> bool:
    question = asked.question
    match question.family.type:
        case QuestionType.QUERY_ATTRIBUTE:
            return True
        case QuestionType.COMPARE_ATTRIBUTE:
            return _speaks_of_two_things(question, scene)
        case QuestionType.COUNT | QuestionType.EXIST:
            return _hop_decides(asked, 0, scene)
        case QuestionType.COMPARE_NUMBERS:
            return (
                _compares_two_sets(question, scene)
                and _hop_decides(asked, 0, scene)
                and _hop_decides(asked, 1, scene)
            )


# The things compared are two, and neither helps to find the other: its words could
# give away what is asked.
def _speaks_of_two_things(question: Question, scene: SceneGraph) -> bool:
    things = [
        _found(spoken, scene)
        for phrase in question.phrases
        for spoken in (phrase, phrase.step and phrase.step.anchor)
        if spoken is not None
    ]
    compared = [_found(phrase, scene) for phrase in question.phrases]
    return compared[0] != compared[1] and all(things.count(c) == 1 for c in compared)


# Numbers are worth comparing when neither words include the other's, and something
# fits one of them.
def _compares_two_sets(question: Question, scene: SceneGraph) -> bool:
    one, other = question.phrases
    words, other_words = set(one.description), set(other.description)
    if one.step == other.step and (words <= other_words or other_words <= words):
        return False
    return bool(_found(one, scene) | _found(other, scene))


# A hop towards objects that are counted decides when the opposite direction has
# another answer. So "no" and "yes" are equally likely, and nothing but the direction
# tells them apart. What is shared with the anchor has no opposite: there something
# besides the anchor must fit the words.
def _hop_decides(asked: AskedQuestion, place: int, scene: SceneGraph) -> bool:
    phrase = asked.question.phrases[place]
    if phrase.step is None:
        return True
    match phrase.step.hop:
        case Direction() as direction:
            phrases = list(asked.question.phrases)
            turned = Step(direction.opposite, phrase.step.anchor)
            phrases[place] = replace(phrase, step=turned)
            question = Question(asked.question.family, tuple(phrases))
            return answer(question_program(question), scene) != asked.answer
        case Attribute():
            fitting = _found(Phrase(phrase.description), scene)
            return bool(fitting - _found(phrase.step.anchor, scene))


def _found(phrase: Phrase, scene: SceneGraph) -> Objects:
    return find_objects(phrase_program(phrase), scene)
