"""What is hidden is what the world's masks say, and CLEVR's cameras are found again."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film.analysis.errors.occlusion import needed_objects, occlusion_of
from film.analysis.errors.visibility import find_camera, hidden_shares
from film.analysis.programs import program_of_tokens
from film.errors import DataError
from film.world.attributes import Color, Material, Shape, Size
from film.world.config import load_world_config
from film.world.pictures.geometry import Camera, first_hits, visible_pixels
from film.world.questions.executor import SceneGraph
from film.world.scenes import CAMERA, Scene, SceneObject, draw_scene, scene_entry

CLEVR = (480, 320)
SIZE = (240, 160)
CONFIG = load_world_config({"width": SIZE[0], "height": SIZE[1]})
SCENES = [draw_scene(CONFIG, "val", number) for number in range(5)]


def entry_of(number: int) -> dict[str, Any]:
    return scene_entry(SCENES[number], CONFIG, "val", number)


def row_of_two(distance: float) -> dict[str, Any]:
    """Put a small cube behind a large one, as the camera sees them, and one beside."""
    toward = np.array(CAMERA[:2]) / math.hypot(*CAMERA[:2])
    beside = np.array([-toward[1], toward[0]])
    places = [
        (Size.LARGE, 0.5 * toward),
        (Size.SMALL, (0.5 - distance) * toward),
        (Size.SMALL, 2.5 * beside),
    ]
    things = [
        SceneObject(
            size=size,
            color=Color.RED,
            material=Material.METAL,
            shape=Shape.CUBE,
            x=float(x),
            y=float(y),
            rotation=30.0,
        )
        for size, (x, y) in places
    ]
    scene = Scene(objects=tuple(things), camera=CAMERA, lamps={})
    return scene_entry(scene, CONFIG, "val", 0)


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_the_camera_is_found_again(number: int) -> None:
    found = find_camera(entry_of(number)["objects"], SIZE)
    assert found.position == pytest.approx(SCENES[number].camera, abs=1e-4)


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_what_is_hidden_is_what_the_masks_say(number: int) -> None:
    entry, scene = entry_of(number), SCENES[number]
    camera = Camera(scene.camera)
    alone = [
        visible_pixels(first_hits(camera, [thing.solid], *SIZE).solids)[0]
        for thing in scene.objects
    ]
    seen = [thing["visible_pixels"] for thing in entry["objects"]]
    shares = 1 - np.array(seen) / np.array(alone)
    assert hidden_shares(entry, SIZE) == pytest.approx(shares, abs=0.01)


def test_real_pictures_fit_the_camera_that_was_found(shared: Path) -> None:
    path = shared / "clevr/CLEVR_v1.0/scenes/CLEVR_val_scenes.json"
    for entry in json.loads(path.read_text())["scenes"]:
        camera = find_camera(entry["objects"], CLEVR)
        for thing in entry["objects"]:
            x, y, depth = camera.project(tuple(thing["3d_coords"]), *CLEVR)
            column, row, recorded = thing["pixel_coords"]
            assert depth == pytest.approx(recorded, abs=1e-4)
            assert max(abs(x - column), abs(y - row)) <= 0.5 + 1e-3  # rounded


def test_a_thing_behind_another_is_hidden_and_the_others_are_not() -> None:
    hidden = hidden_shares(row_of_two(1.3), SIZE)
    assert hidden[0] == hidden[2] == 0
    assert 0.5 < hidden[1] <= 1
    assert hidden_shares(row_of_two(2.6), SIZE)[1] < hidden[1]


def test_it_does_not_matter_how_large_a_picture_is() -> None:
    entry = row_of_two(1.3)
    large = {
        **entry,
        "objects": [
            {**thing, "pixel_coords": [2 * p for p in thing["pixel_coords"][:2]]}
            for thing in entry["objects"]
        ],
    }
    for thing, other in zip(large["objects"], entry["objects"], strict=True):
        thing["pixel_coords"].append(other["pixel_coords"][2])
    assert hidden_shares(large, CLEVR) == pytest.approx(
        hidden_shares(entry, SIZE), abs=0.02
    )


def test_what_an_answer_needs_is_what_it_counts_and_what_it_goes_by() -> None:
    scene = SceneGraph.from_entry(row_of_two(1.3))
    large = program_of_tokens(["exist", "filter_size[large]", "scene"])
    others = "count same_color unique filter_size[large] scene"
    nothing = program_of_tokens(["count", "filter_color[blue]", "scene"])
    assert needed_objects(large, scene) == {0}
    assert needed_objects(program_of_tokens(others.split()), scene) == {0, 1, 2}
    assert needed_objects(nothing, scene) == frozenset()


def test_a_question_is_as_hidden_as_the_most_hidden_thing_that_it_needs() -> None:
    entry = row_of_two(1.3)
    programs = [
        program_of_tokens(text.split())
        for text in (
            "count filter_size[small] scene",
            "query_color unique filter_size[large] scene",
            "exist filter_color[blue] scene",
        )
    ]
    found = occlusion_of([*programs, None], [0] * 4, [entry], SIZE)
    assert found.n_objects.tolist() == [2, 1, 0, 0]
    assert found.hidden[0] == hidden_shares(entry, SIZE)[1]
    assert found.hidden[1] == 0
    assert np.isnan(found.hidden[2:]).all()


@pytest.mark.parametrize(
    "change",
    [
        {"objects": [{"size": "huge"}]},
        {"objects": 3},
        {"relationships": {}},
        {"image_index": 5},
    ],
)
def test_what_is_no_scene_is_said_in_a_line(change: dict[str, Any]) -> None:
    program = program_of_tokens(["exist", "scene"])
    with pytest.raises(DataError, match="image 0") as caught:
        occlusion_of([program], [0], [{**row_of_two(1.3), **change}], SIZE)
    assert "\n" not in str(caught.value)
