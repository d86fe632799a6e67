"""Scenes follow CLEVR's rules, whatever is drawn around them."""

import json
import math
from itertools import combinations, permutations

import numpy as np
import pytest

from film.errors import ConfigError
from film.world import scenes
from film.world.config import WorldConfig, load_world_config
from film.world.drawing import ask_questions
from film.world.features import lessons
from film.world.pictures.geometry import NOTHING, Camera, first_hits, visible_pixels
from film.world.pictures.rendering import draw_masks
from film.world.scenes import Scene, draw_scene, scene_entry

CROWDED = WorldConfig()
SCENES = [draw_scene(CROWDED, "train", index) for index in range(25)]


def test_objects_stand_apart_on_the_table() -> None:
    for scene in SCENES:
        assert 3 <= len(scene.objects) <= 10
        for one in scene.objects:
            assert max(abs(one.x), abs(one.y)) <= 3
            assert one.center[2] == one.radius
        for one, other in permutations(scene.objects, 2):
            gap = math.hypot(one.x - other.x, one.y - other.y)
            assert gap - one.radius - other.radius >= 0.25


def test_any_two_objects_are_clearly_left_or_right_and_before_or_behind() -> None:
    for index, scene in enumerate(SCENES):
        related = scene_entry(scene, CROWDED, "train", index)["relationships"]
        for one, other in permutations(range(len(scene.objects)), 2):
            for there, back in (("left", "right"), ("front", "behind")):
                assert (other in related[there][one]) != (other in related[back][one])


def test_every_object_and_the_floor_is_seen() -> None:
    for scene in SCENES:
        solids = [thing.solid for thing in scene.objects]
        seen = visible_pixels(first_hits(Camera(scene.camera), solids, 320, 240).solids)
        assert all(seen.get(n, 0) >= 200 for n in (NOTHING, *range(len(scene.objects))))


def test_a_scene_does_not_depend_on_the_scenes_before_it() -> None:
    assert draw_scene(CROWDED, "train", 7) == SCENES[7]


def test_seeds_splits_and_numbers_give_other_scenes() -> None:
    scenes = [
        SCENES[0],
        SCENES[1],
        draw_scene(CROWDED, "val", 0),
        draw_scene(CROWDED.model_copy(update={"seed": 1}), "train", 0),
    ]
    assert all(a != b for a, b in combinations(scenes, 2))


def test_lessons_and_splits_share_no_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    learned: list[Scene] = []

    def draw_and_note(config: WorldConfig, split: str, index: int) -> Scene:
        learned.append(draw_scene(config, split, index))
        return learned[-1]

    monkeypatch.setattr(lessons, "draw_scene", draw_and_note)
    for index in range(5):
        lessons.draw_lesson(7, index, samples_per_side=1)
    config = lessons.LESSONS.model_copy(update={"seed": 7})
    drawn = {
        split: [draw_scene(config, split, index) for index in range(5)]
        for split in ("train", "val", "test")
    }
    everything = [*learned, *drawn["train"], *drawn["val"], *drawn["test"]]
    assert len(learned) == 5
    assert all(a != b for a, b in combinations(everything, 2))


def test_each_split_asks_its_own_questions_of_the_same_scene() -> None:
    entry = scene_entry(SCENES[0], CROWDED, "train", 0)
    asked = [
        [question["program"] for question in ask_questions(CROWDED, split, [entry])]
        for split in ("lessons", "train", "val", "test")
    ]
    assert all(programs for programs in asked)
    assert all(a != b for a, b in combinations(asked, 2))


def test_only_the_wanted_values_are_drawn() -> None:
    config = load_world_config(
        {
            "colors": ["cyan"],
            "shapes": ["cube", "sphere"],
            "materials": ["metal"],
            "sizes": ["small"],
            "min_objects": 4,
            "max_objects": 4,
        }
    )
    scenes = [draw_scene(config, "train", index) for index in range(5)]
    things = [thing for scene in scenes for thing in scene.objects]
    assert len(things) == 20
    assert {(t.color, t.material, t.size) for t in things} == {
        ("cyan", "metal", "small")
    }
    assert {thing.shape for thing in things} == {"cube", "sphere"}


def test_every_value_is_drawn_about_equally_often() -> None:
    config = load_world_config({"min_objects": 2, "max_objects": 3})
    scenes = [draw_scene(config, "train", index) for index in range(300)]
    things = [thing for scene in scenes for thing in scene.objects]
    share = sum(thing.shape == "cube" for thing in things) / len(things)
    assert share == pytest.approx(1 / 3, abs=0.07)
    share = sum(thing.color == "red" for thing in things) / len(things)
    assert share == pytest.approx(1 / 8, abs=0.05)


def test_an_entry_has_the_keys_of_the_released_files() -> None:
    entry = json.loads(json.dumps(scene_entry(SCENES[3], CROWDED, "val", 3)))
    assert entry["image_filename"] == "CLEVR_val_000003.png"
    assert set(entry) == {
        *("split", "image_index", "image_filename"),
        *("objects", "relationships", "directions"),
    }
    assert set(entry["directions"]) == {
        *("left", "right", "front", "behind", "above", "below"),
    }
    for thing in entry["objects"]:
        assert set(thing) == {
            *("shape", "size", "material", "color"),
            *("rotation", "3d_coords", "pixel_coords"),
            "visible_pixels",  # ours
        }


def test_visible_pixels_are_counted_in_the_picture() -> None:
    for index, scene in enumerate(SCENES[:5]):
        entry = scene_entry(scene, CROWDED, "train", index)
        masks = draw_masks(scene, CROWDED.width, CROWDED.height)
        counts = np.bincount(masks.ravel(), minlength=len(scene.objects) + 1)
        assert [thing["visible_pixels"] for thing in entry["objects"]] == list(
            counts[1:]
        )
        assert min(counts) > 0


def test_rules_that_no_scene_can_follow_are_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scenes, "_RESTARTS", 300)
    crowded = CROWDED.model_copy(update={"min_objects": 10, "min_margin": 2.0})
    with pytest.raises(
        ConfigError,
        match=r"10 objects found no place in 300 .* min_margin 2 .*; lower one",
    ):
        draw_scene(crowded, "train", 0)


def test_no_two_scenes_of_a_world_are_alike() -> None:
    # Scenes of few objects, from few values, are the most alike.
    config = load_world_config(
        {
            "min_objects": 1,
            "max_objects": 2,
            "colors": ["red", "blue"],
            "shapes": ["sphere"],
            "materials": ["metal"],
            "sizes": ["small"],
            "camera_jitter": 0,
            "lamp_jitter": 0,
        }
    )
    scenes = [
        draw_scene(config, split, index)
        for split, n_scenes in (("train", 1000), ("val", 500), ("test", 500))
        for index in range(n_scenes)
    ]
    assert len({scene.objects for scene in scenes}) == len(scenes) == 2000


def test_pixel_coords_show_the_middle_of_the_object() -> None:
    lonely = load_world_config({"min_objects": 1, "max_objects": 1})
    for index in range(10):
        scene: Scene = draw_scene(lonely, "train", index)
        entry = scene_entry(scene, lonely, "train", index)
        column, row, depth = entry["objects"][0]["pixel_coords"]
        hits = first_hits(
            Camera(scene.camera), [scene.objects[0].solid], lonely.width, lonely.height
        )
        assert hits.solids[row, column] == 0
        assert 0 < depth - hits.distances[row, column] < 2
