"""Which answers go together: the logic of questions about the same sets.

An answer says something about the number of objects in a set (how many, is there any),
about two such numbers (more, fewer, as many), or about an attribute. Two or three
answers contradict each other if no numbers and no attributes make all of them true.
The paper's example: one gray thing, two cyan things, and as many gray as cyan things.

References:
    Perez et al., *FiLM*, AAAI 2018, appendix (logical inconsistency).
    https://arxiv.org/abs/1709.07871
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

from film.data.programs import FUNCTION_VALUES

__all__ = ["COMPARISONS", "Relation", "Rule"]

_SIGNS: Final = frozenset({-1, 0, 1})  # of one number minus another
COMPARISONS: Final[Mapping[str, int]] = MappingProxyType(
    {"less_than": -1, "equal_integer": 0, "greater_than": 1}
)
"""The functions that compare two numbers, and the sign of the difference that each
asks for."""


class Relation(StrEnum):
    """How questions about one picture are related."""

    EXISTENCES = "exist and exist"
    COUNT_EXISTENCE = "count and exist"
    COUNTS = "count and count"
    COMPARISONS = "two comparisons of numbers"
    COMPARED_COUNTS = "comparison and both counts"
    COMPARED_NUMBER = "comparison and count or exist"
    VALUES = "query and query"
    ATTRIBUTE_COMPARISONS = "two comparisons of attributes"
    COMPARED_VALUES = "comparison and both queries"


@final
@dataclass(frozen=True)
class Rule:
    """What the answers of some questions have to fulfil.

    Attributes:
        relation: How they are related.
        functions: The outermost function of each question. Comparisons stand first,
            and are turned so that they compare the same two sets in the same order.
        is_same: Whether two sets are the same; otherwise the first is a part of the
            second.
    """

    relation: Relation
    functions: tuple[str, ...]
    is_same: bool = True

    def contradicts(self, answers: Sequence[str]) -> bool:
        """Tell whether answers contradict each other.

        Args:
            answers: One for each question.

        Returns:
            Whether they do; what is no answer to its question at all, such as ``red``
            to "how many", contradicts nothing.
        """
        return self._fits(answers) is False

    # None where an answer is none to its question.
    def _fits(self, answers: Sequence[str]) -> bool | None:
        match self.relation:
            case Relation.COMPARISONS:
                return self._comparisons_fit(answers)
            case Relation.COMPARED_COUNTS:
                return self._counts_fit(answers)
            case Relation.VALUES:
                return _are_equal(self._values(answers))
            case Relation.ATTRIBUTE_COMPARISONS:
                return _are_equal([_truth(answer) for answer in answers])
            case Relation.COMPARED_VALUES:
                equal = _are_equal(self._values(answers)[1:])
                truth = _truth(answers[0])
                return None if None in {truth, equal} else truth == equal
            case _:
                return self._numbers_fit(answers)

    def _numbers_fit(self, answers: Sequence[str]) -> bool | None:
        bounds = [_bounds(*one) for one in zip(self.functions, answers, strict=True)]
        one, other = bounds
        if one is None or other is None:
            return None
        if self.is_same:
            return max(one[0], other[0]) <= min(one[1], other[1])
        return one[0] <= other[1]

    def _comparisons_fit(self, answers: Sequence[str]) -> bool | None:
        one, other = map(_signs, self.functions, answers)
        return None if one is None or other is None else bool(one & other)

    def _counts_fit(self, answers: Sequence[str]) -> bool | None:
        signs = _signs(self.functions[0], answers[0])
        if signs is None or not all(map(_is_number, answers[1:])):
            return None
        difference = int(answers[1]) - int(answers[2])
        return (difference > 0) - (difference < 0) in signs

    def _values(self, answers: Sequence[str]) -> list[str | None]:
        named = zip(self.functions, answers, strict=True)
        return [
            answer if answer in FUNCTION_VALUES[_filter_of(function)] else None
            for function, answer in named
        ]


# The filter that has the values of what a function asks for or compares.
def _filter_of(function: str) -> str:
    return f"filter_{function.partition('_')[2]}"


def _is_number(answer: str) -> bool:
    return answer.isascii() and answer.isdecimal()


def _are_equal(answers: Sequence[str | bool | None]) -> bool | None:
    return None if None in answers else len(set(answers)) == 1


def _truth(answer: str) -> bool | None:
    return {"yes": True, "no": False}.get(answer)


# How many objects there are, at least and at most; for a comparison: of the larger set.
def _bounds(function: str, answer: str) -> tuple[float, float] | None:
    if function == "count":
        return (float(answer), float(answer)) if _is_number(answer) else None
    match _truth(answer):
        case None:
            return None
        case True:
            return 1.0, math.inf
        case False:
            return 0.0, 0.0 if function == "exist" else math.inf


# The signs that a difference of numbers may have, by the answer to a comparison.
def _signs(function: str, answer: str) -> frozenset[int] | None:
    truth, sign = _truth(answer), frozenset({COMPARISONS[function]})
    if truth is None:
        return None
    return sign if truth else _SIGNS - sign
