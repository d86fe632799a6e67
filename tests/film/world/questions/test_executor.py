"""A program gives the answer that a person reads off the scene, or says why not."""

import json
from pathlib import Path

import pytest

from film.data.programs import Program, parse_program
from film.errors import DataError
from film.world.attributes import Attribute, Direction
from film.world.questions.executor import (
    ExecutionError,
    SceneGraph,
    answer,
    run_program,
)


def thing(size: str, color: str, material: str, shape: str) -> dict[Attribute, str]:
    return dict(zip(Attribute, (size, color, material, shape), strict=True))


# From left to right, and none before or behind another.
SCENE = SceneGraph(
    [
        thing("large", "red", "rubber", "cube"),
        thing("small", "red", "metal", "sphere"),
        thing("large", "blue", "metal", "sphere"),
    ],
    {
        Direction.LEFT: [frozenset(), frozenset({0}), frozenset({0, 1})],
        Direction.RIGHT: [frozenset({1, 2}), frozenset({2}), frozenset()],
        Direction.FRONT: [frozenset()] * 3,
        Direction.BEHIND: [frozenset()] * 3,
    },
)


def program(text: str) -> Program:
    """Read "function value input input", one node per semicolon."""
    nodes = []
    for place, node in enumerate(text.split(";")):
        function, *rest = node.split()
        inputs = [int(word) for word in rest if word.isdigit()]
        values = [word for word in rest if not word.isdigit()]
        if not inputs and function != "scene":
            inputs = [place - 1]
        nodes.append({"function": function, "inputs": inputs, "value_inputs": values})
    return parse_program(nodes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scene; count", "3"),
        ("scene; filter_color red; count", "2"),
        ("scene; filter_color green; exist", "no"),
        ("scene; filter_size small; exist", "yes"),
        ("scene; filter_shape cube; unique; query_material", "rubber"),
        ("scene; filter_shape cube; unique; relate right; count", "2"),
        ("scene; filter_size small; unique; relate left; unique; query_shape", "cube"),
        ("scene; filter_shape cube; unique; same_size; unique; query_color", "blue"),
        ("scene; filter_shape cube; unique; same_material; exist", "no"),
        (
            "scene; filter_color red; scene; filter_shape sphere; union 1 3; count",
            "3",
        ),
        (
            "scene; filter_color red; scene; filter_shape sphere; intersect 1 3; count",
            "1",
        ),
        (
            (
                "scene; filter_color red; count; scene; filter_color blue; count;"
                "greater_than 2 5"
            ),
            "yes",
        ),
        (
            (
                "scene; filter_color red; count; scene; filter_color blue; count;"
                "less_than 2 5"
            ),
            "no",
        ),
        (
            (
                "scene; filter_color red; count; scene; filter_shape sphere; count;"
                "equal_integer 2 5"
            ),
            "yes",
        ),
        (
            (
                "scene; filter_shape cube; unique; query_size; scene;"
                "filter_color blue;"
                "unique; query_size; equal_size 3 7"
            ),
            "yes",
        ),
    ],
)
def test_the_answer_is_what_a_person_reads_off(text: str, expected: str) -> None:
    assert answer(program(text), SCENE) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scene; unique; query_size", r"node 1 \(unique\): 3 objects fit, not one"),
        (
            "scene; filter_color green; unique; query_size",
            r"node 2 \(unique\): 0 objects fit, not one",
        ),
        ("scene; query_size", r"node 1 \(query_size\): takes one object and gets"),
        ("scene; count; filter_color red; count", "takes a set of objects and gets 3"),
        ("scene; count; scene; exist; equal_integer 1 3", "takes a number and gets"),
        ("scene; count; scene; count; equal_size 1 3", "takes two values and gets 3"),
        (
            "scene; filter_shape cube; unique; relate up; count",
            "knows no direction 'up'",
        ),
        ("scene; filter_color red", "ends in 'filter_color.red.', which gives no"),
    ],
)
def test_an_ill_posed_program_is_reported(text: str, message: str) -> None:
    with pytest.raises(ExecutionError, match=message) as reported:
        answer(program(text), SCENE)
    assert isinstance(reported.value, DataError)


def test_an_empty_program_is_reported() -> None:
    with pytest.raises(ExecutionError, match="the program is empty"):
        run_program((), SCENE)


def test_objects_are_found_by_a_program_that_looks_for_objects() -> None:
    assert run_program(program("scene; filter_color red"), SCENE) == {0, 1}
    with pytest.raises(ExecutionError, match="no answer"):
        answer(program("scene; filter_color red"), SCENE)


def test_every_real_program_gives_the_recorded_answer(shared: Path) -> None:
    folder = shared / "clevr" / "CLEVR_v1.0"
    n_checked = 0
    for split in ("train", "val"):
        scenes = json.loads(
            (folder / "scenes" / f"CLEVR_{split}_scenes.json").read_text()
        )["scenes"]
        graphs = {s["image_filename"]: SceneGraph.from_entry(s) for s in scenes}
        questions = json.loads(
            (folder / "questions" / f"CLEVR_{split}_questions.json").read_text()
        )["questions"]
        for question in questions:
            graph = graphs[question["image_filename"]]
            asked = parse_program(question["program"])
            assert answer(asked, graph) == question["answer"], question["question"]
            n_checked += 1
    assert n_checked > 1000
