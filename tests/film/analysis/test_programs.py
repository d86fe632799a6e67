"""A program read back from its tokens gives what it gave, whatever their order."""

import json
from pathlib import Path

import numpy as np
import pytest

from film.analysis.programs import program_of_tokens, stored_programs
from film.data.programs import ProgramOrder, parse_program, program_tokens
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, build_vocabulary
from film.errors import DataError

NUMBERS = build_vocabulary([]).program_token_to_idx


@pytest.mark.parametrize("order", [ProgramOrder.PREFIX, ProgramOrder.POSTFIX])
def test_what_is_read_is_written_the_same_again(
    shared: Path, order: ProgramOrder
) -> None:
    path = shared / "clevr/CLEVR_v1.0/questions/CLEVR_val_questions.json"
    for entry in json.loads(path.read_text())["questions"]:
        tokens = program_tokens(parse_program(entry["program"]), order)
        assert program_tokens(program_of_tokens(tokens), order) == tokens


def test_the_order_of_the_inputs_is_kept() -> None:
    tokens = ["less_than", "count", "filter_color[red]", "scene", "count", "scene"]
    program = program_of_tokens(tokens)
    last = program[-1]
    first = program[last.inputs[0]]
    assert last.function == "less_than"
    assert program[first.inputs[0]].value_inputs == ("red",)


@pytest.mark.parametrize(
    "tokens",
    [["count"], ["count", "scene", "scene"], ["scene", "paint"], ["union", "scene"]],
)
def test_what_is_no_program_is_refused(tokens: list[str]) -> None:
    with pytest.raises(DataError):
        program_of_tokens(tokens)


def test_questions_without_a_program_have_none() -> None:
    words = build_vocabulary([], programs=[CLEVR_PROGRAM_TOKENS])
    numbers = [1, NUMBERS["exist"], NUMBERS["scene"], 2]
    programs = stored_programs(np.array([numbers, [0, 0, 0, 0]]), words, 2)
    assert programs[1] is None
    assert programs[0] is not None
    assert [node.function for node in programs[0]] == ["scene", "exist"]
    assert stored_programs(None, words, 3) == [None] * 3
