"""Ask questions about a scene that have an answer, and that nothing gives away.

Every question is drawn together with the things it speaks of: what is called "the" is
one and no more, and every hop is needed. What is asked is answered by its program.

The families take turns: the one that lags most behind its share comes next.

Answers are balanced within a family, among the scenes that share a ``Ledger``, at
least as strictly as CLEVR's generator does:

- "Yes" and "no" differ by one at most; where existence is asked, also for every set of
  attributes that describe what is asked for, and where numbers are compared, also for
  every length of the two descriptions.
- A queried value is ahead of the family's rarest by less than the number of values.
- A counted number is ahead of the next by two at most, for every set of attributes
  that describe what is counted, and with "or" for every length of its two sides.
  Small numbers stay frequent, as they are in scenes.

The words of anchors are not balanced, nor which value is named: they may still tell a
model that does not look a little about the answer.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3.4 (ill-posed and degenerate
    questions, balance). https://arxiv.org/abs/1612.06890
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Final, final

from film.data.programs import Program, QuestionType
from film.world.attributes import Attribute, Direction
from film.world.config import WorldConfig
from film.world.questions.describing import PhraseDrawer
from film.world.questions.executor import SceneGraph, answer
from film.world.questions.families import FAMILIES, Family
from film.world.questions.palette import Palette
from film.world.questions.phrases import (
    Junction,
    Logic,
    Phrase,
    Question,
    Step,
    question_program,
)
from film.world.questions.views import Mask, SceneView

__all__ = ["AskedQuestion", "Ledger", "ask"]

_TRIES: Final = 24  # for a family, before a scene is asked of another
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
class Ledger:
    """What was asked and answered so far, to refuse what is ahead.

    Attributes:
        asked: Questions by family.
        given: Answers by pattern: the family, or what its words are like.
    """

    asked: Counter[int] = field(default_factory=Counter)
    given: defaultdict[tuple[object, ...], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def accepts(
        self, question: Question, answered: str, possible: tuple[str, ...] | None
    ) -> bool:
        """Say whether an answer may be given once more.

        Args:
            question: The question.
            answered: Its answer.
            possible: All answers it might have had; None where it is a number.

        Returns:
            False if the answer is too frequent already.
        """
        return all(
            counts[answered] < _limit(counts, answered, possible)
            for counts in map(self.given.__getitem__, _patterns(question))
        )

    def enter(self, question: Question, answered: str) -> None:
        """Note what was asked and answered.

        Args:
            question: The question.
            answered: Its answer.
        """
        self.asked[question.family.index] += 1
        for pattern in _patterns(question):
            self.given[pattern][answered] += 1


# Which number of times an answer must not have been given yet.
def _limit(
    counts: Counter[str], answered: str, possible: tuple[str, ...] | None
) -> int:
    if possible is not None:
        return min(counts[other] for other in possible) + max(1, len(possible) - 1)
    # Large numbers are rare by nature.
    rivals = (n for other, n in counts.items() if other != answered)
    return max(rivals, default=0) + _NUMBER_LEAD


def ask(
    rng: random.Random, config: WorldConfig, scene: SceneGraph, ledger: Ledger
) -> Iterator[AskedQuestion]:
    """Draw the questions about one scene.

    Args:
        rng: The scene's own generator.
        config: The world.
        scene: The scene.
        ledger: What was asked so far; these questions are entered.

    Yields:
        Different questions, at most as many as the world wants per scene.
    """
    palette = _palette(config)
    drawer = PhraseDrawer(rng, palette, SceneView.of(scene))
    known: set[Question] = set()
    # Among families that lag alike, chance decides.
    waiting = [
        ((ledger.asked[family.index] + rng.random()) / share, family.index, share)
        for family, share in palette.shares.items()
    ]
    heapify(waiting)
    while waiting and len(known) < config.questions_per_scene:
        progress, index, share = heappop(waiting)
        asked = _draw_new(drawer, FAMILIES[index], ledger, known)
        if asked is not None:
            known.add(asked.question)
            ledger.enter(asked.question, asked.answer)
            heappush(waiting, (progress + 1 / share, index, share))
            yield asked


_palette = lru_cache(maxsize=4)(Palette)  # of the worlds just made


# Among which questions the answers are balanced.
def _patterns(question: Question) -> list[tuple[object, ...]]:
    family = question.family
    whole = (family.index,)
    match family.type:
        case QuestionType.QUERY_ATTRIBUTE | QuestionType.COMPARE_ATTRIBUTE:
            return [whole]
        case QuestionType.COMPARE_NUMBERS:
            # The longer a description, the fewer objects fit it.
            lengths = (len(phrase.description) for phrase in question.phrases)
            return [whole, (family.index, *lengths)]
        case QuestionType.EXIST:
            return [whole, (family.index, question.phrases[0].signature)]
        case QuestionType.COUNT:
            (phrase,) = question.phrases
            if not isinstance(phrase.step, Junction):
                return [(family.index, phrase.signature)]
            sides = sorted(len(part.description) for part in phrase.step.parts)
            return [(family.index, phrase.signature, *sides)]


def _draw_new(
    drawer: PhraseDrawer, family: Family, ledger: Ledger, known: set[Question]
) -> AskedQuestion | None:
    possible = drawer.palette.possible_answers(family)
    for _ in range(_TRIES):
        phrases = drawer.draw(family)
        if phrases is None:
            continue
        question = Question(family, phrases)
        if question in known or not _is_worth_asking(question, drawer.view):
            continue
        if ledger.accepts(question, _answer_seen(question, drawer.view), possible):
            program = question_program(question)
            return AskedQuestion(question, program, answer(program, drawer.view.scene))
    return None


# The answer off the masks, in a twentieth of the time that the program takes: most
# questions are drawn in vain.
def _answer_seen(question: Question, view: SceneView) -> str:
    family = question.family
    found = [view.found(phrase) for phrase in question.phrases]
    if family.attribute is not None:
        values = [view.value(mask, family.attribute) for mask in found]
        if family.type is QuestionType.QUERY_ATTRIBUTE:
            return values[0]
        return "yes" if values[0] == values[1] else "no"
    outcome = _outcome(family, found)
    if family.type is QuestionType.COUNT:
        return str(outcome)
    return "yes" if outcome else "no"


def _is_worth_asking(question: Question, view: SceneView) -> bool:
    match question.family.type:
        case QuestionType.QUERY_ATTRIBUTE:
            return True
        case QuestionType.COMPARE_ATTRIBUTE:
            return _speaks_of_two_things(question, view)
        case QuestionType.COMPARE_NUMBERS:
            one, other = question.phrases
            return _differ(one, other, view) and _steps_decide(question, view)
        case QuestionType.COUNT | QuestionType.EXIST:
            return _alternatives_differ(question, view) and _steps_decide(
                question, view
            )


# The things compared are two, and neither helps to find the other: its words could
# give away what is asked.
def _speaks_of_two_things(question: Question, view: SceneView) -> bool:
    things = [
        view.found(spoken)
        for phrase in question.phrases
        for spoken in (phrase, *_anchors(phrase))
    ]
    compared = [view.found(phrase) for phrase in question.phrases]
    return compared[0] != compared[1] and all(things.count(c) == 1 for c in compared)


def _anchors(phrase: Phrase) -> Iterator[Phrase]:
    while isinstance(phrase.step, Step):
        phrase = phrase.step.anchor
        yield phrase


# Sets are worth comparing or joining when neither's words include the other's, and
# something fits one of them.
def _differ(one: Phrase, other: Phrase, view: SceneView) -> bool:
    words, other_words = set(one.description), set(other.description)
    if one.step == other.step and (words <= other_words or other_words <= words):
        return False
    return bool(view.found(one) | view.found(other))


def _alternatives_differ(question: Question, view: SceneView) -> bool:
    (phrase,) = question.phrases
    match phrase.step:
        case Junction(logic=Logic.OR, parts=(one, other)):
            return _differ(one, other, view)
        case _:
            return True


# A step decides when without it, or in the opposite direction, another answer is
# right. So "no" and "yes" are equally likely, and nothing but the direction tells them
# apart. What is shared with an anchor has no opposite: there something besides the
# anchor must fit the words.
def _steps_decide(question: Question, view: SceneView) -> bool:
    found = [view.found(phrase) for phrase in question.phrases]
    right = _outcome(question.family, found)
    for place, phrase in enumerate(question.phrases):
        if isinstance(phrase.step, Step) and isinstance(phrase.step.hop, Attribute):
            anchor = view.found(phrase.step.anchor)
            if not view.described(phrase.description) & ~anchor:
                return False
        for changed in _without_a_step(phrase):
            others = [*found[:place], view.found(changed), *found[place + 1 :]]
            if _outcome(question.family, others) == right:
                return False
    return True


# The phrase with one of its last steps turned round or left out.
def _without_a_step(phrase: Phrase) -> Iterator[Phrase]:
    match phrase.step:
        case Step(hop=Direction() as direction, anchor=anchor):
            yield replace(phrase, step=Step(direction.opposite, anchor))
        case Junction(logic=Logic.AND, parts=parts):
            for part in parts:
                yield replace(phrase, step=part.step)
        case Junction(logic=Logic.OR, parts=(one, other)):
            for changed in _without_a_step(one):
                yield replace(phrase, step=Junction(Logic.OR, (changed, other)))
            for changed in _without_a_step(other):
                yield replace(phrase, step=Junction(Logic.OR, (one, changed)))
        case _:
            pass


# What a count, a question of existence or a comparison of numbers comes to.
def _outcome(family: Family, found: list[Mask]) -> int:
    one, *rest = (mask.bit_count() for mask in found)
    match family.function:
        case "count":
            return one
        case "exist":
            return one > 0
        case "equal_integer":
            return one == rest[0]
        case "less_than":
            return one < rest[0]
        case _:
            return one > rest[0]
