"""Questions about one picture whose answers have to go together.

Which questions these are follows from their programs alone (``rules``, ``sets``), so
that answers that contradict each other do so in every picture: no scene is needed to
say so, and two answers that are both wrong may well go together.

References:
    Perez et al., *FiLM*, AAAI 2018, appendix (logical inconsistency).
    https://arxiv.org/abs/1709.07871
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final, final

from film.analysis.errors.rules import COMPARISONS, Relation, Rule
from film.analysis.errors.sets import Asked, ObjectSet, is_part

__all__ = ["Related", "find_related"]

_TURNED: Final[Mapping[str, str]] = {
    "less_than": "greater_than",
    "greater_than": "less_than",
}
_LARGER: Final[Mapping[str, int]] = {"less_than": 1, "greater_than": 0}
_NUMBERS: Final = frozenset({"count", "exist"})
_OF_NUMBERS: Final[Mapping[tuple[str, ...], Relation]] = {
    ("exist", "exist"): Relation.EXISTENCES,
    ("count", "exist"): Relation.COUNT_EXISTENCE,
    ("exist", "count"): Relation.COUNT_EXISTENCE,
    ("count", "count"): Relation.COUNTS,
}

_Sets = tuple[ObjectSet, ...]


@final
@dataclass(frozen=True)
class Related:
    """Questions about one picture whose answers have to fulfil a rule.

    Attributes:
        rule: The rule.
        questions: Their places, in the order of the rule.
    """

    rule: Rule
    questions: tuple[int, ...]


@final
@dataclass(frozen=True)
class _Question:
    """A question, with its sets in one order where it compares."""

    place: int
    function: str
    sets: _Sets

    @property
    def parts(self) -> str:
        """The function of the questions that one that compares is made of."""
        if self.function in COMPARISONS:
            return "count"
        return self.function.replace("equal_", "query_")


def find_related(
    asked: Sequence[Asked | None], images: Sequence[int], words: Sequence[Hashable]
) -> list[Related]:
    """Find the pairs, and triples with a comparison, that are related by logic.

    Questions in the same words are one question: a network that answers both alike
    has shown nothing.

    Args:
        asked: What each question asks; None where its program is not known.
        images: The picture of each question.
        words: The words of each question.

    Returns:
        The related questions, picture by picture.
    """
    pictures: defaultdict[int, dict[Hashable, _Question]] = defaultdict(dict)
    for place, (one, image, text) in enumerate(zip(asked, images, words, strict=True)):
        if one is not None:
            pictures[image].setdefault(text, _in_order(place, one))
    return [
        related
        for image in sorted(pictures)
        for related in _related(list(pictures[image].values()))
    ]


def _related(questions: Sequence[_Question]) -> Iterator[Related]:
    plain = [one for one in questions if len(one.sets) == 1]
    comparing = [one for one in questions if len(one.sets) > 1]
    by_set: defaultdict[tuple[str, ObjectSet], list[_Question]] = defaultdict(list)
    for one in plain:
        by_set[one.function, one.sets[0]].append(one)
    for pair in combinations(plain, 2):
        yield from _of_two_sets(*pair)
    for one, other in combinations(comparing, 2):
        if one.sets == other.sets and one.parts == other.parts:
            yield _ruled(_twice(one), (one, other))
    for one, other in product(comparing, plain):
        yield from _of_the_larger(one, other)
    for one in comparing:
        parts = [by_set.get((one.parts, objects), []) for objects in one.sets]
        for two in product(*parts) if one.sets[0] != one.sets[1] else ():
            yield _ruled(_in_parts(one), (one, *two))


def _of_two_sets(one: _Question, other: _Question) -> Iterator[Related]:
    pair = (one, other)
    relation = _OF_NUMBERS.get((one.function, other.function))
    if one.sets == other.sets:
        if relation is not None:
            yield _ruled(relation, pair)
        elif one.function == other.function:
            yield _ruled(Relation.VALUES, pair)
    elif relation is not None:
        for part, whole in (pair, pair[::-1]):
            if is_part(part.sets[0], whole.sets[0]):
                yield _ruled(relation, (part, whole), is_same=False)


# If there are more of a set than of another, there is at least one of it.
def _of_the_larger(one: _Question, other: _Question) -> Iterator[Related]:
    if one.function not in _LARGER or other.function not in _NUMBERS:
        return
    larger, objects = one.sets[_LARGER[one.function]], other.sets[0]
    if is_part(larger, objects):
        is_same = larger == objects
        yield _ruled(Relation.COMPARED_NUMBER, (one, other), is_same=is_same)


def _twice(one: _Question) -> Relation:
    is_of_numbers = one.function in COMPARISONS
    return Relation.COMPARISONS if is_of_numbers else Relation.ATTRIBUTE_COMPARISONS


def _in_parts(one: _Question) -> Relation:
    is_of_numbers = one.function in COMPARISONS
    return Relation.COMPARED_COUNTS if is_of_numbers else Relation.COMPARED_VALUES


def _ruled(
    relation: Relation, questions: tuple[_Question, ...], *, is_same: bool = True
) -> Related:
    functions = tuple(one.function for one in questions)
    places = tuple(one.place for one in questions)
    return Related(Rule(relation, functions, is_same), places)


# "More of B than of A" is "fewer of A than of B": whichever set comes first by its
# text, any order will do.
def _in_order(place: int, asked: Asked) -> _Question:
    sets = tuple(sorted(asked.sets, key=_text))
    function = asked.function
    if sets != asked.sets:
        function = _TURNED.get(function, function)
    return _Question(place, function, sets)


def _text(objects: ObjectSet) -> str:
    texts = (
        f"{one.function}[{one.value}]({', '.join(sorted(map(_text, one.sets)))})"
        for one in objects
    )
    return " ".join(sorted(texts))
