"""A program is read in both spellings, checked, typed and written as tokens."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from film.data.programs import (
    FUNCTION_ARITY,
    FUNCTION_VALUES,
    Program,
    ProgramNode,
    ProgramOrder,
    QuestionType,
    parse_program,
    postfix_tokens,
    prefix_tokens,
    program_tokens,
    question_type,
)
from film.errors import DataError

# Are there more red cubes than things behind the ball?
SCENE: dict[str, Any] = {"function": "scene", "inputs": [], "value_inputs": []}
MORE_RED_THAN_BEHIND: list[dict[str, Any]] = [
    SCENE,
    {"function": "filter_color", "inputs": [0], "value_inputs": ["red"]},
    {"function": "count", "inputs": [1], "value_inputs": []},
    SCENE,
    {"function": "filter_shape", "inputs": [3], "value_inputs": ["sphere"]},
    {"function": "unique", "inputs": [4], "value_inputs": []},
    {"function": "relate", "inputs": [5], "value_inputs": ["behind"]},
    {"function": "count", "inputs": [6], "value_inputs": []},
    {"function": "greater_than", "inputs": [2, 7], "value_inputs": []},
]


def read_prefix(tokens: list[str]) -> tuple[Program, int]:
    """Read a tree back from prefix tokens: the tests' own decoder."""
    name, _, value = tokens[0].rstrip("]").partition("[")
    nodes: list[ProgramNode] = []
    roots: list[int] = []
    used = 1
    for _ in range(FUNCTION_ARITY[name]):
        below, n_tokens = read_prefix(tokens[used:])
        shift = len(nodes)
        nodes += [
            ProgramNode(n.function, tuple(i + shift for i in n.inputs), n.value_inputs)
            for n in below
        ]
        roots.append(len(nodes) - 1)
        used += n_tokens
    nodes.append(ProgramNode(name, tuple(roots), (value,) if value else ()))
    return tuple(nodes), used


def test_prefix_order_puts_the_last_function_first_and_inputs_in_their_order() -> None:
    assert prefix_tokens(parse_program(MORE_RED_THAN_BEHIND)) == [
        *("greater_than", "count", "filter_color[red]", "scene"),
        *("count", "relate[behind]", "unique", "filter_shape[sphere]", "scene"),
    ]


def test_postfix_order_puts_every_function_after_its_inputs() -> None:
    assert postfix_tokens(parse_program(MORE_RED_THAN_BEHIND)) == [
        *("scene", "filter_color[red]", "count"),
        *("scene", "filter_shape[sphere]", "unique", "relate[behind]", "count"),
        "greater_than",
    ]


def test_a_chain_is_written_as_listed() -> None:
    program = parse_program(MORE_RED_THAN_BEHIND[:3])
    assert program_tokens(program, ProgramOrder.CHAIN) == [
        *("scene", "filter_color[red]", "count")
    ]


def test_a_program_with_two_branches_is_no_chain() -> None:
    with pytest.raises(DataError, match=r"no chain: 'greater_than' has 2 inputs"):
        program_tokens(parse_program(MORE_RED_THAN_BEHIND), ProgramOrder.CHAIN)


def test_the_generators_spelling_gives_the_same_program() -> None:
    generated = [
        {
            "type": node["function"],
            "inputs": node["inputs"],
            "_output": [1, 2],
            **({"value_inputs": node["value_inputs"]} if node["value_inputs"] else {}),
        }
        for node in MORE_RED_THAN_BEHIND
    ]
    assert parse_program(generated) == parse_program(MORE_RED_THAN_BEHIND)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("count", QuestionType.COUNT),
        ("exist", QuestionType.EXIST),
        ("less_than", QuestionType.COMPARE_NUMBERS),
        ("greater_than", QuestionType.COMPARE_NUMBERS),
        ("equal_integer", QuestionType.COMPARE_NUMBERS),
        ("query_size", QuestionType.QUERY_ATTRIBUTE),
        ("equal_material", QuestionType.COMPARE_ATTRIBUTE),
    ],
)
def test_the_last_function_tells_the_type(
    function: str, expected: QuestionType
) -> None:
    assert question_type((ProgramNode("scene"), ProgramNode(function))) is expected


@pytest.mark.parametrize("function", ["scene", "unique", "same_size", "union"])
def test_a_function_without_an_answer_has_no_type(function: str) -> None:
    with pytest.raises(DataError, match=f"ends in '{function}', which answers no"):
        question_type((ProgramNode(function),))


def test_an_empty_program_has_no_type() -> None:
    with pytest.raises(DataError, match=r"the program is empty"):
        question_type(())


def test_all_functions_and_values_make_clevrs_forty_tokens() -> None:
    n_values = sum(len(values) for values in FUNCTION_VALUES.values())
    n_plain = len(FUNCTION_ARITY.keys() - FUNCTION_VALUES.keys())
    assert n_values + n_plain == 40


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], r"the program is empty"),
        ([{"inputs": []}], r"node 0 names no function: no key 'function' or 'type'"),
        ([{"function": "filter_unique"}], r"node 0 has the unknown .* 'filter_unique'"),
        ([{"function": 3}], r"node 0 has the unknown function 3"),
        ([{"function": "count", "inputs": []}], r"\(count\) has 0 inputs, and takes 1"),
        (
            [SCENE, {"function": "equal_size", "inputs": [0]}],
            r"node 1 \(equal_size\) has 1 inputs, and takes 2",
        ),
        (
            [SCENE, {"function": "count", "inputs": [1]}],
            r"node 1 \(count\) takes the result of node 1, which does not come before",
        ),
        ([SCENE, {"function": "count", "inputs": [-1]}], r"result of node -1"),
        (
            [SCENE, {"function": "count", "inputs": [False]}],
            r"input False is not a whole number",
        ),
        ([SCENE, {"function": "count", "inputs": 0}], r"'inputs' is 0, not a list"),
        (
            [SCENE, {"function": "relate", "inputs": [0]}],
            r"node 1 \(relate\) has 0 values, and takes 1",
        ),
        (
            [SCENE, {"function": "relate", "inputs": [0], "value_inputs": [1]}],
            r"value 1 is not a string",
        ),
        (
            [SCENE, {"function": "relate", "inputs": [0], "value_inputs": "left"}],
            r"'value_inputs' is 'left', not a list",
        ),
    ],
)
def test_a_broken_program_is_refused_in_one_line(
    nodes: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(DataError, match=message) as error:
        parse_program(nodes)
    assert "\n" not in str(error.value)


def test_every_real_program_survives_the_way_to_tokens_and_back(shared: Path) -> None:
    folder = shared / "clevr" / "CLEVR_v1.0" / "questions"
    types: Counter[str] = Counter()
    for split in ("train", "val"):
        text = (folder / f"CLEVR_{split}_questions.json").read_text(encoding="utf-8")
        for question in json.loads(text)["questions"]:
            tokens = prefix_tokens(parse_program(question["program"]))
            decoded, n_tokens = read_prefix(tokens)
            assert n_tokens == len(tokens)
            assert prefix_tokens(decoded) == tokens
            types[question_type(decoded)] += 1
    assert set(types) == set(QuestionType)
    assert sum(types.values()) == 940 + 407
