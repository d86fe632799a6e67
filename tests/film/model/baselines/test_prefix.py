"""Whatever is written is read as a program; a whole program is read as it is."""

import pytest
import torch

from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, END, NULL, SPECIAL_TOKENS
from film.errors import ConfigError
from film.model.baselines.prefix import Reading, arities, without_start

WORDS = (*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS)
SCENE = WORDS.index("scene")
ARITY = torch.tensor(arities(WORDS))


def naive_reading(written: list[int]) -> tuple[list[int], int]:
    """Recursively: the program, and how many tokens were looked at."""
    place, is_over = 0, False

    def tree() -> list[int]:
        nonlocal place, is_over
        token = END
        if place < len(written) and not is_over:
            token = written[place]
            place += 1
        if token < len(SPECIAL_TOKENS):
            is_over = True
            return [SCENE]
        parts = [token]
        for _ in range(int(ARITY[token])):
            parts += tree()
        return parts

    return tree(), place


def test_anything_is_read_as_a_recursive_reader_reads_it() -> None:
    generator = torch.Generator().manual_seed(0)
    written = torch.randint(0, len(WORDS), (400, 12), generator=generator)
    few = torch.rand(400, 12, generator=generator) < 0.9
    written = torch.where(few & (written < 4), SCENE + 1, written)  # union, mostly
    reading = Reading.of(written, ARITY, SCENE)
    lengths = set()
    for row, program, is_read in zip(
        written.tolist(),
        reading.programs.tolist(),
        reading.is_read.tolist(),
        strict=True,
    ):
        expected, n_read = naive_reading(row)
        assert program == expected + [NULL] * (len(program) - len(expected))
        assert is_read == [True] * n_read + [False] * (12 - n_read)
        lengths.add(n_read)
    assert len(lengths) > 5  # early ends and late ones were among them


def test_a_whole_program_is_read_as_it_is() -> None:
    tokens = ["count", "union", "filter_color[red]", "scene", "scene"]
    program = [1, *(WORDS.index(token) for token in tokens), END, NULL]
    reading = Reading.of(without_start(torch.tensor([program])), ARITY, SCENE)
    assert reading.programs.tolist() == [program[1:6]]


def test_missing_inputs_are_the_picture() -> None:
    equal = WORDS.index("equal_color")
    reading = Reading.of(torch.tensor([[equal, END, equal]]), ARITY, SCENE)
    assert reading.programs.tolist() == [[equal, SCENE, SCENE]]
    assert reading.is_read.tolist() == [[True, True, False]]


def test_a_vocabulary_of_other_functions_is_refused() -> None:
    with pytest.raises(ConfigError, match="'paint', which is no function of CLEVR"):
        arities((*WORDS, "paint"))
    with pytest.raises(ConfigError, match="no 'scene'"):
        arities((*SPECIAL_TOKENS, "count"))
