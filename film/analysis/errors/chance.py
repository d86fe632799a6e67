"""What answers would be if errors did not depend on the picture or on each other.

Each answer is then drawn from what the network answers to questions with the same
outermost function and the same right answer. That is the measure beside which shares
of errors are read: contradictions at this rate need no explanation, and hidden objects
matter where accuracy is below it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import final

import numpy as np
from jaxtyping import Float

from film.analysis.errors.consistency import Related
from film.analysis.errors.rules import Rule

__all__ = ["Chance"]

_Cell = tuple[str, str]  # the outermost function and the right answer
_Shares = Mapping[str, float]  # of the questions with that answer


@final
class Chance:
    """What a network answers, by what is asked and what would be right.

    Args:
        functions: The outermost function of each question.
        labels: The right answers.
        answers: The given answers.
    """

    def __init__(
        self, functions: Sequence[str], labels: Sequence[str], answers: Sequence[str]
    ) -> None:
        self._cells: list[_Cell] = list(zip(functions, labels, strict=True))
        counts: defaultdict[_Cell, Counter[str]] = defaultdict(Counter)
        for cell, answer in zip(self._cells, answers, strict=True):
            counts[cell][answer] += 1
        self._shares: dict[_Cell, _Shares] = {
            cell: {answer: n / given.total() for answer, n in sorted(given.items())}
            for cell, given in counts.items()
        }
        self._contradiction = cache(self._of_cells)

    def accuracy(self) -> Float[np.ndarray, " questions"]:
        """Say how often each question would be answered right.

        Returns:
            The accuracy over the questions that are like it.
        """
        return np.array([self._shares[cell].get(cell[1], 0.0) for cell in self._cells])

    def contradiction(self, related: Related) -> float:
        """Say how often answers to related questions would contradict each other.

        Args:
            related: The questions.

        Returns:
            A probability.
        """
        cells = tuple(self._cells[place] for place in related.questions)
        return self._contradiction(related.rule, cells)

    def _of_cells(self, rule: Rule, cells: tuple[_Cell, ...]) -> float:
        probability = 0.0
        for given in product(*(self._shares[cell].items() for cell in cells)):
            if rule.contradicts([answer for answer, _ in given]):
                probability += math.prod(share for _, share in given)
        return probability
