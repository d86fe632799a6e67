"""Questions answered all at once are answered as one by one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film.data.programs import (
    FUNCTION_ARITY,
    FUNCTION_VALUES,
    Program,
    ProgramNode,
    parse_program,
)
from film.world.attributes import VALUES, Attribute, Direction
from film.world.questions.answering import answer_all, answer_each
from film.world.questions.executor import ExecutionError, SceneGraph, answer

CLOSED = tuple(FUNCTION_ARITY)
KINDS = {  # what each function takes, and what it gives
    "less_than": (("number", "number"), "answer"),
    "greater_than": (("number", "number"), "answer"),
    "equal_integer": (("number", "number"), "answer"),
    "scene": ((), "set"),
    "unique": (("set",), "thing"),
    "relate": (("thing",), "set"),
    "union": (("set", "set"), "set"),
    "intersect": (("set", "set"), "set"),
    "count": (("set",), "number"),
    "exist": (("set",), "answer"),
    **{f"filter_{name}": (("set",), "set") for name in Attribute},
    **{f"same_{name}": (("thing",), "set") for name in Attribute},
    **{f"query_{name}": (("thing",), "word") for name in Attribute},
    **{f"equal_{name}": (("word", "word"), "answer") for name in Attribute},
}


KIND_NAMES = {given for _, given in KINDS.values()}

# What is drawn is as in CLEVR's files: beartype's checks of ours are not repeatable.
Entry = dict[str, Any]


@st.composite
def scenes(draw: st.DrawFn, max_objects: int = 6) -> Entry:
    n_objects = draw(st.integers(0, max_objects))
    numbers = st.lists(
        st.integers(0, max(n_objects - 1, 0)), max_size=n_objects, unique=True
    )
    objects = [
        {name: draw(st.sampled_from(VALUES[name])) for name in Attribute}
        for _ in range(n_objects)
    ]
    relationships = {
        direction: [draw(numbers) for _ in range(n_objects)] for direction in Direction
    }
    return {"objects": objects, "relationships": relationships}


# Most nodes take what they can, and the last one answers; some take anything.
@st.composite
def programs(draw: st.DrawFn) -> list[Entry]:
    nodes: list[Entry] = []
    given_kinds: list[str] = []
    n_nodes = draw(st.integers(0, 12))
    for place in range(n_nodes):
        is_wild = draw(st.integers(0, 19)) == 0
        wanted = {"number", "word", "answer"} if place == n_nodes - 1 else KIND_NAMES
        fitting = [
            name
            for name in CLOSED
            if is_wild
            or (set(KINDS[name][0]) <= set(given_kinds) and KINDS[name][1] in wanted)
        ]
        name = draw(st.sampled_from(fitting if nodes else ["scene"]))
        inputs = [
            draw(
                st.sampled_from(
                    [
                        below
                        for below, there in enumerate(given_kinds)
                        if is_wild or there == kind
                    ]
                )
            )
            for kind in KINDS[name][0]
        ]
        values = FUNCTION_VALUES.get(name)
        literal = [draw(st.sampled_from(values))] if values else []
        nodes.append({"function": name, "inputs": inputs, "value_inputs": literal})
        given_kinds.append(KINDS[name][1])
    return nodes


def read(nodes: list[Entry]) -> Program:
    return parse_program(nodes) if nodes else ()


def said(program: Program, scene: SceneGraph) -> tuple[str, str]:
    try:
        return "answer", answer(program, scene)
    except ExecutionError as problem:
        return "problem", str(problem)


def as_said(given: str | ExecutionError) -> tuple[str, str]:
    return "answer" if isinstance(given, str) else "problem", str(given)


@given(st.lists(programs(), max_size=12), scenes())
def test_random_programs_get_the_same_answers_and_the_same_complaints(
    asked: list[list[Entry]], entry: Entry
) -> None:
    scene = SceneGraph.from_entry(entry)
    some = [read(nodes) for nodes in asked]
    together = [as_said(one) for one in answer_all(some, scene)]
    assert together == [said(program, scene) for program in some]


@given(st.lists(st.tuples(programs(), scenes()), max_size=8))
def test_each_question_may_have_a_scene_of_its_own(
    asked: list[tuple[list[Entry], Entry]],
) -> None:
    some = [read(nodes) for nodes, _ in asked]
    about = [SceneGraph.from_entry(entry) for _, entry in asked]
    together = [as_said(one) for one in answer_each(some, about)]
    assert together == list(map(said, some, about))


COUNT = parse_program([{"function": "scene"}, {"function": "count", "inputs": [0]}])
UNIQUE = parse_program(
    [
        {"function": "scene"},
        {"function": "unique", "inputs": [0]},
        {"function": "count", "inputs": [0]},
    ]
)


def scene_of(n_objects: int) -> SceneGraph:
    thing = {"size": "large", "color": "red", "material": "metal", "shape": "cube"}
    others = [[] for _ in range(n_objects)]
    entry: Entry = {
        "objects": [thing] * n_objects,
        "relationships": dict.fromkeys(Direction, others),
    }
    return SceneGraph.from_entry(entry)


@pytest.mark.parametrize("n_objects", [0, 1, 16, 17, 62, 63, 100])
def test_a_scene_may_have_any_number_of_objects(n_objects: int) -> None:
    scene = scene_of(n_objects)
    counted, singled_out = answer_all([COUNT, UNIQUE], scene)
    assert counted == str(n_objects)
    assert as_said(singled_out) == said(UNIQUE, scene)


def test_a_complaint_about_a_result_that_nobody_takes_is_one_all_the_same() -> None:
    (problem,) = answer_all([UNIQUE], scene_of(2))
    assert isinstance(problem, ExecutionError)
    assert str(problem) == "program node 1 (unique): 2 objects fit, not one"


def test_no_programs_have_no_answers() -> None:
    assert answer_all([], scene_of(1)) == []
    assert answer_each([], []) == []


def test_a_value_that_no_object_has_fits_none() -> None:
    pink = ProgramNode("filter_color", (0,), ("pink",))
    cube = ProgramNode("filter_color", (0,), ("cube",))  # a shape is no color
    for node in (pink, cube):
        program = (ProgramNode("scene"), node, ProgramNode("count", (1,)))
        assert answer_all([program], scene_of(3)) == ["0"]


def test_every_real_program_gives_the_recorded_answer(shared: Path) -> None:
    folder = shared / "clevr" / "CLEVR_v1.0"
    asked, about, recorded = [], [], []
    for split in ("train", "val"):
        path = folder / "scenes" / f"CLEVR_{split}_scenes.json"
        entries = json.loads(path.read_text())["scenes"]
        graphs = {one["image_index"]: SceneGraph.from_entry(one) for one in entries}
        path = folder / "questions" / f"CLEVR_{split}_questions.json"
        for question in json.loads(path.read_text())["questions"]:
            asked.append(parse_program(question["program"]))
            about.append(graphs[question["image_index"]])
            recorded.append(question["answer"])
    assert len(recorded) == 1347
    assert answer_each(asked, about) == recorded
    # In another scene most are ill-posed, and said to be so in the same words.
    together = [as_said(one) for one in answer_all(asked, about[0])]
    assert together == [said(program, about[0]) for program in asked]
