"""A folder that contradicts itself is told from one that does not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from film.errors import DataError
from film.world.checking import Check, FolderCheck
from film.world.pictures.geometry import DIRECTIONS, relationships

Entry = dict[str, Any]
Change = Callable[[Entry], object]

COLORS = ("gray", "red", "blue", "green")


def scene(index: int, split: str) -> Entry:
    places = [(-2.0 + index, -1.0), (0.5, 1.5), (2.0, -2.0 + 0.1 * len(split))]
    centers = [(x, y, 0.35) for x, y in places]
    objects = [
        {
            "shape": "cube",
            "size": "small",
            "material": "metal",
            "color": COLORS[number],
            "rotation": 0.0,
            "3d_coords": list(center),
            "pixel_coords": [10 * number, 5, 9.0],
        }
        for number, center in enumerate(centers)
    ]
    return {
        "split": split,
        "image_index": index,
        "image_filename": f"CLEVR_{split}_{index:06d}.png",
        "objects": objects,
        "relationships": relationships(centers),
        "directions": {str(name): list(axis) for name, axis in DIRECTIONS.items()},
    }


def question(number: int, index: int, split: str) -> Entry:
    return {
        "split": split,
        "image_index": index,
        "image_filename": f"CLEVR_{split}_{index:06d}.png",
        "question_index": number,
        "question": "How many things are there?",
        "answer": "3",
        "program": [
            {"function": "scene", "inputs": [], "value_inputs": []},
            {"function": "count", "inputs": [0], "value_inputs": []},
        ],
        "question_family_index": 84,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write two scenes and three questions for each of two splits."""
    source = tmp_path / "CLEVR_v1.0"
    for split in ("train", "val"):
        (source / "images" / split).mkdir(parents=True)
        for index in range(2):
            name = f"CLEVR_{split}_{index:06d}.png"
            Image.new("RGB", (30, 20)).save(source / "images" / split / name)
        for kind, entries in (
            ("scenes", [scene(index, split) for index in range(2)]),
            ("questions", [question(n, n % 2, split) for n in range(3)]),
        ):
            (source / kind).mkdir(exist_ok=True)
            path = source / kind / f"CLEVR_{split}_{kind}.json"
            path.write_text(json.dumps({"info": {}, kind: entries}))
    return source


def change(folder: Path, kind: str, how: Change, split: str = "val") -> None:
    path = folder / kind / f"CLEVR_{split}_{kind}.json"
    content = json.loads(path.read_text())
    how(content[kind])
    path.write_text(json.dumps(content))


def checked(folder: Path) -> FolderCheck:
    check = FolderCheck(folder)
    list(check.run())
    return check


def test_a_folder_that_agrees_with_itself_has_no_differences(folder: Path) -> None:
    check = checked(folder)
    assert check.n_wrong == 0
    for split in check.splits.values():
        assert (split.n_questions, split.n_scenes) == (3, 2)
        for what in Check:
            assert split.checked[what] == (3 if what.is_of_questions else 2)


def relate(entries: list[Entry]) -> None:
    entries[1]["relationships"]["left"][0] = [1, 2]
    entries[1]["relationships"]["left"][1] = []


def crowd(entries: list[Entry]) -> None:
    entries[0]["objects"].pop()
    left = {
        name: [[n for n in row if n < 2] for row in rows[:2]]
        for name, rows in entries[0]["relationships"].items()
    }
    entries[0]["relationships"] = left


def fail(entries: list[Entry]) -> None:
    unique = {"function": "unique", "inputs": [0], "value_inputs": []}
    entries[0]["program"].insert(1, unique)


def set_to(path: tuple[Any, ...], value: object) -> Change:
    def how(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return how


@pytest.mark.parametrize(
    ("kind", "how", "what", "where", "line"),
    [
        (
            *("questions", set_to((1, "answer"), "4"), Check.ANSWER, "question 1"),
            "the answer is '4', and '3' by the program",
        ),
        (
            *("questions", set_to((2, "answer"), True), Check.ANSWER, "question 2"),
            "the answer is 'yes', and '3' by the program",
        ),
        (
            *("questions", fail, Check.ANSWER, "question 0"),
            ("the answer is '3', and program node 1 (unique): 3 objects fit, not one"),
        ),
        (
            *("scenes", relate, Check.RELATIONSHIPS, "scene 1"),
            "object 1 is not left of object 0 by their coordinates",
        ),
        (
            *("scenes", crowd, Check.OBJECTS, "scene 0"),
            "2 objects, and 3 to 10 are allowed",
        ),
        (
            "scenes",
            set_to((1, "objects", 2, "color"), "pink"),
            *(Check.VALUES, "scene 1"),
            "object 2 is a pink cube, and its color, pink, is not allowed",
        ),
        (
            "scenes",
            set_to((0, "objects", 1, "pixel_coords"), [30, 5, 9.0]),
            *(Check.PIXELS, "scene 0"),
            "object 1 is at pixel (30, 5) of a picture of 30×20",
        ),
    ],
)
def test_a_difference_is_found_and_named(
    folder: Path, kind: str, how: Change, what: Check, where: str, line: str
) -> None:
    change(folder, kind, how)
    check = checked(folder)
    assert check.splits["val"].wrong[what] == 1
    assert check.splits["train"].wrong.total() == 0
    first = next(one for one in check.differences if one.where == where)
    assert first.file == folder / kind / f"CLEVR_val_{kind}.json"
    assert first.what == line


def test_a_question_needs_a_scene_and_a_picture(folder: Path) -> None:
    change(folder, "questions", lambda some: some.append(question(3, 9, "val")))
    wrong = checked(folder).splits["val"].wrong
    assert wrong == {Check.ASKED_ABOUT: 1, Check.SEEN: 1}


def test_a_scene_needs_its_picture(folder: Path) -> None:
    (folder / "images" / "val" / "CLEVR_val_000001.png").unlink()
    wrong = checked(folder).splits["val"].wrong
    assert wrong == {Check.PICTURE: 1, Check.SEEN: 1}


def test_where_no_pictures_are_nothing_is_said_of_them(folder: Path) -> None:
    shutil.rmtree(folder / "images")
    check = checked(folder)
    assert check.n_wrong == 0
    assert not check.splits["val"].checked[Check.PICTURE]
    assert check.splits["val"].checked[Check.ANSWER] == 3


def test_splits_that_share_a_scene_are_found_whatever_the_order(folder: Path) -> None:
    def copy(entries: list[Entry]) -> None:
        twin = scene(1, "train")
        for name in ("objects", "relationships"):
            entries[0][name] = twin[name]
        entries[0]["objects"].reverse()
        entries[0]["relationships"] = {
            name: [[2 - n for n in row] for row in reversed(rows)]
            for name, rows in entries[0]["relationships"].items()
        }

    change(folder, "scenes", copy)
    check = checked(folder)
    assert check.splits["val"].wrong == {Check.OWN: 1}
    assert check.differences[0].what == "the same scene is in train"


def test_cogent_forbids_colors_by_the_split(folder: Path) -> None:
    # Every cube is gray, red or blue; condition A has no red cubes, B only such.
    for path in (*folder.glob("*/CLEVR_train*.json"), folder / "images" / "train"):
        path.rename(path.with_name(path.name.replace("train", "valA")))
    for path in (*folder.glob("*/CLEVR_val_*.json"), folder / "images" / "val"):
        path.rename(path.with_name(path.name.replace("val", "valB")))
    check = checked(folder)
    found = {one.what for one in check.differences if "allowed" in one.what}
    assert found == {
        "object 1 is a red cube, and its color, red, is not allowed",
        "object 0 is a gray cube, and its color, gray, is not allowed",
    }


def test_a_world_is_held_against_its_own_rules(folder: Path) -> None:
    world = folder.parent
    rules = {
        "min_objects": 1,
        "max_objects": 2,
        "colors": ["gray", "red", "blue"],
        "shapes": ["cube"],
        "materials": ["metal"],
        "sizes": ["small"],
    }
    (world / "world.json").write_text(json.dumps({"settings": rules}))
    for named in (world, folder):  # the folder in CLEVR's layout is the world's too
        check = checked(named)
        assert check.source == folder
        assert check.splits["val"].wrong == {Check.OBJECTS: 2}
        assert check.differences[0].what == "3 objects, and 1 to 2 are allowed"


@pytest.mark.parametrize(
    ("how", "line"),
    [
        (set_to((0, "relationships"), {}), "KeyError: <Direction.LEFT: 'left'>"),
        (set_to((0, "relationships", "left"), [[]]), "ValueError: zip"),
        (set_to((0, "relationships", "left", 0), [3]), "IndexError: index 3"),
        (set_to((0, "relationships", "left", 0), [-1]), "number is below 0"),
        (set_to((0, "objects", 0, "color"), 7), "TypeError: "),
        (lambda entries: entries[0].pop("image_index"), "KeyError: 'image_index'"),
    ],
)
def test_a_scene_that_cannot_be_read_is_one_line(
    folder: Path, how: Change, line: str
) -> None:
    change(folder, "scenes", how)
    with pytest.raises(DataError, match="scene 0 is not as CLEVR writes scenes") as no:
        checked(folder)
    assert line in str(no.value)
    assert "\n" not in str(no.value)


def test_a_direction_that_is_none_is_one_line(folder: Path) -> None:
    def up(entries: list[Entry]) -> None:
        relate = {"function": "relate", "inputs": [0], "value_inputs": ["up"]}
        entries[1]["program"].insert(1, relate)

    change(folder, "questions", up)
    with pytest.raises(DataError, match=r"question 1: 'relate\[up\]' names no dir"):
        checked(folder)


def test_a_world_that_does_not_say_its_rules_is_one_line(folder: Path) -> None:
    (folder.parent / "world.json").write_text("{}")
    with pytest.raises(DataError, match="does not say what the world holds"):
        FolderCheck(folder.parent)


def test_questions_alone_are_nothing_to_check(folder: Path) -> None:
    shutil.rmtree(folder / "images")
    shutil.rmtree(folder / "scenes")
    with pytest.raises(DataError, match="neither scenes nor pictures"):
        checked(folder)


def test_real_clevr_agrees_with_itself(shared: Path) -> None:
    check = checked(shared / "clevr" / "CLEVR_v1.0")
    answered = [split.checked[Check.ANSWER] for split in check.splits.values()]
    assert answered == [940, 407, 0]
    assert check.n_wrong == 0
