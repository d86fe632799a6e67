"""The programs of a store's questions, read back from their tokens."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Int

from film.data.programs import FUNCTION_ARITY, Program, ProgramNode
from film.data.vocabulary import SPECIAL_TOKENS, Vocabulary
from film.errors import DataError

__all__ = ["program_of_tokens", "stored_programs"]

_SPECIAL: Final = frozenset(SPECIAL_TOKENS)


def stored_programs(
    programs: Int[np.ndarray, "rows program_tokens"] | None,
    vocabulary: Vocabulary,
    n_rows: int,
) -> list[Program | None]:
    """Read the programs of some questions.

    Args:
        programs: Numbers of tokens, in any order of ``ProgramOrder``; None where the
            store has none.
        vocabulary: What the numbers mean.
        n_rows: How many questions there are.

    Returns:
        For each question its program; None where it is not known.
    """
    if programs is None:
        return [None] * n_rows
    words = vocabulary.program_words
    known: dict[tuple[str, ...], Program] = {}  # many questions, few programs
    found: list[Program | None] = []
    for row in programs.tolist():
        tokens = tuple(word for word in (words[n] for n in row) if word not in _SPECIAL)
        if tokens and tokens not in known:
            known[tokens] = program_of_tokens(tokens)
        found.append(known.get(tokens))
    return found


def program_of_tokens(tokens: Sequence[str]) -> Program:
    """Read a program from its tokens, whatever order it is written in.

    A node that the program used twice is written twice, and is two nodes here: what
    the program gives is the same.

    Args:
        tokens: Without special ones.

    Returns:
        The program, in topological order.

    Raises:
        DataError: A token is no function, or the tokens are no whole program.
    """
    inputs_first = list(tokens[:1]) == ["scene"]
    nodes: list[ProgramNode] = []
    open_ends: list[int] = []
    for token in tokens if inputs_first else reversed(tokens):
        function, _, value = token.removesuffix("]").partition("[")
        arity = FUNCTION_ARITY.get(function)
        if arity is None:
            raise DataError(f"'{token}' is no function of CLEVR's programs")
        if arity > len(open_ends):
            raise DataError(f"no whole program: {' '.join(tokens)}")
        inputs = [open_ends.pop() for _ in range(arity)]
        if inputs_first:
            inputs.reverse()
        open_ends.append(len(nodes))
        nodes.append(ProgramNode(function, tuple(inputs), (value,) if value else ()))
    if len(open_ends) != 1:
        raise DataError(f"no whole program: {' '.join(tokens) or 'no tokens'}")
    return tuple(nodes)
