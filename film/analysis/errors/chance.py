"""What answers would be if errors did not depend on the picture or on each other.

Each answer is then drawn from what the network answers to questions of the same kind
with the same right answer. Of the same kind are questions with the same outermost
function that single out as many objects on the way there. That is the measure beside
which shares of errors are read: contradictions at this rate need no explanation, and
hidden objects matter where accuracy is below it.
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
from film.data.programs import Program

__all__ = ["Chance", "question_kind"]

_Cell = tuple[str, str]  # the kind of question and the right answer
_Shares = Mapping[str, float]  # of the questions with that answer


def question_kind(program: Program) -> str:
    """Name the kind of a question.

    Args:
        program: Its program.

    Returns:
        The outermost function, and how many objects the program singles out.
    """
    n_singled_out = sum(node.function == "unique" for node in program)
    return f"{program[-1].function} {n_singled_out}"


@final
class Chance:
    """What a network answers, by what is asked and what would be right.

    Args:
        kinds: The kind of each question, as `question_kind` names it.
        labels: The right answers.
        answers: The given answers.
    """

    def __init__(
        self, kinds: Sequence[str], labels: Sequence[str], answers: Sequence[str]
    ) -> None:
        self._cells: list[_Cell] = list(zip(kinds, labels, strict=True))
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
