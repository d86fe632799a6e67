"""A world's settings are valid or refused with one line, and name what is drawn."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from film.errors import ConfigError
from film.world.attributes import Color, Shape
from film.world.config import (
    PRESETS,
    WorldConfig,
    load_world_config,
    world_preset,
)


def test_the_quick_world_asks_exist_and_query_about_two_to_four_objects() -> None:
    quick = world_preset("quick")
    assert (quick.width, quick.height) == (96, 64)
    assert (quick.min_objects, quick.max_objects) == (2, 4)
    assert len(quick.colors) == 4
    asked = {kind for kind, share in quick.question_types if share}
    assert asked == {"exist", "query_attribute"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_train": -1}, r"world: n_train: got -1, should be greater than or equal"),
        ({"colours": ["red"]}, r"world: colours: no such setting; did you mean"),
        ({"colors": ["redd"]}, r"world: colors\.0: got 'redd'; choose 'gray', 'red'"),
        (
            {"colors": "red"},
            r"world: colors: got 'red', should be a list, such as \[red",
        ),
        ({"colors": ["red", "red"]}, "world: colors names one twice: red, red"),
        ({"shapes": []}, "world: shapes is empty; name one at least"),
        ({"max_objects": 11}, "max_objects is 11, and the table holds 10; lower it"),
        (
            {"min_objects": 5, "max_objects": 4},
            "min_objects is 5 and max_objects only 4; raise max_objects",
        ),
        ({"width": 90}, "world: width: got 90, should be a multiple of 8"),
        ({"width": 240, "height": 32}, "a picture of 240x32 leaves objects outside"),
        ({"width": 64, "height": 96}, "make width one to two times height"),
        ({"question_types": {}}, "world: question_types: nothing has a share"),
        ({"question_types": {"exist": -1}}, "question_types.exist: got -1"),
        ({"question_types": {"exists": 1}}, "question_types.exists: no such setting"),
        (
            {"question_types": {"compare_numbers": 1}, "reasoning": {"two_hop": 1}},
            "question_types asks for compare_numbers, which needs a share of zero_hop",
        ),
        (
            {
                "colors": ["red", "blue"],
                "shapes": ["cube"],
                "sizes": ["large"],
                "materials": ["rubber"],
                "question_types": {"query_attribute": 1, "count": 1},
                "reasoning": {"same_attribute": 1},
            },
            "zero_hop or one_hop or two_hop or three_hop or single_and in reasoning",
        ),
        ({"n_train": True}, "world: n_train: got True, should be a valid integer"),
        ({"seed": "12"}, "world: seed: got '12', should be a valid integer"),
        ({"width": 96.0}, "world: width: got 96.0, should be a valid integer"),
        (
            {
                "colors": ["red"],
                "shapes": ["cube"],
                "sizes": ["large"],
                "materials": ["metal"],
            },
            "all objects are alike; give one of colors, shapes, materials, sizes two",
        ),
    ],
)
def test_an_impossible_setting_is_refused_in_one_line(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        load_world_config(settings)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("sides", [(96, 64), (128, 64), (64, 64), (480, 320)])
def test_pictures_may_be_square_to_twice_as_wide_as_high(
    sides: tuple[int, int],
) -> None:
    config = load_world_config({"width": sides[0], "height": sides[1]})
    assert (config.width, config.height) == sides


def test_an_unknown_preset_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="no world 'quik'; did you mean 'quick'"):
        world_preset("quik")


def test_settings_change_the_preset_they_start_from_and_nothing_else() -> None:
    changed = load_world_config({"seed": 3, "colors": ["red", "blue"]}, base="quick")
    expected = PRESETS["quick"].model_dump() | {"seed": 3, "colors": ("red", "blue")}
    assert changed.model_dump() == expected


def test_every_setting_changes_the_fingerprint() -> None:
    base = WorldConfig()
    changes: list[dict[str, object]] = [
        {"n_train": 7},
        {"n_val": 7},
        {"n_test": 7},
        {"questions_per_scene": 7},
        {"width": 128},
        {"height": 96},
        {"samples_per_side": 4},
        {"min_objects": 2},
        {"max_objects": 7},
        {"colors": ("red", "blue")},
        {"shapes": ("cube", "sphere")},
        {"materials": ("metal",)},
        {"sizes": ("small",)},
        {"max_attributes": 2},
        {"question_types": {"count": 1}},
        {"reasoning": {"zero_hop": 1}},
        {"cogent": True},
        {"camera_jitter": 0},
        {"lamp_jitter": 0.5},
        {"min_gap": 0.5},
        {"min_margin": 0.5},
        {"min_visible_pixels": 100},
        {"renderer": "mitsuba"},
        {"masks": True},
        {"seed": 7},
    ]
    assert {name for change in changes for name in change} == set(
        WorldConfig.model_fields
    )
    names = {load_world_config(change).fingerprint for change in changes}
    assert len(names | {base.fingerprint}) == len(changes) + 1


def test_the_preset_clevr_has_the_numbers_of_clevr() -> None:
    clevr = PRESETS["clevr"]
    assert clevr.splits == {"train": 70_000, "val": 15_000, "test": 15_000}
    assert (clevr.width, clevr.height) == (480, 320)
    assert (clevr.min_objects, clevr.max_objects) == (3, 10)
    assert len(clevr.families) == 90


def test_cogent_has_its_splits_and_its_colors() -> None:
    config = load_world_config({"cogent": True, "n_test": 5})
    assert list(config.splits) == ["trainA", "valA", "valB", "testA", "testB"]
    for split, other in (("trainA", "valB"), ("testB", "testA")):
        cubes = set(config.colors_of(Shape.CUBE, split))
        assert cubes == set(config.colors_of(Shape.CYLINDER, other))
        assert cubes.isdisjoint(config.colors_of(Shape.CYLINDER, split))
        assert config.colors_of(Shape.SPHERE, split) == tuple(Color)
    assert set(config.colors_of(Shape.CUBE, "valA")) == {
        "gray",
        "blue",
        "brown",
        "yellow",
    }


def test_cogent_needs_a_color_for_each_shape() -> None:
    with pytest.raises(ConfigError, match="cogent leaves no color to a c"):
        load_world_config({"cogent": True, "colors": ["gray", "blue"]})


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        PRESETS["quick"].seed = 1  # type: ignore[misc]


def test_a_split_without_pictures_is_absent() -> None:
    assert dict(PRESETS["quick"].splits) == {"train": 2200, "val": 400}
    assert dict(PRESETS["tiny"].splits) == {"train": 12, "val": 6, "test": 4}


def test_settings_load_without_numpy_and_torch() -> None:
    code = (
        "import sys, film.world.config; "
        "sys.exit(any(m in sys.modules for m in ('numpy', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
