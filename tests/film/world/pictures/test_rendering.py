"""Pictures show what the scene says, and come out the same each time."""

import hashlib
import itertools
import sys
from dataclasses import replace

import numpy as np
import pytest

import film.world.pictures
from film.errors import ConfigError
from film.world.attributes import Color, Material, Shape, Size
from film.world.config import PRESETS, Renderer, WorldConfig
from film.world.pictures.geometry import Camera, first_hits, visible_pixels
from film.world.pictures.rendering import check_renderer, draw, draw_masks, render
from film.world.scenes import Scene, SceneObject, draw_scene

LAMPS = {
    "key": (6.44671, -2.90517, 4.2584),
    "fill": (-4.67112, -4.0136, 3.01122),
    "back": (-1.1685, 2.64602, 5.81574),
}


def scene(*objects: SceneObject) -> Scene:
    return Scene(objects=objects, camera=(7.48113, -6.50764, 5.34367), lamps=LAMPS)


def thing(
    color: Color = Color.RED,
    material: Material = Material.RUBBER,
    shape: Shape = Shape.SPHERE,
    x: float = 0.0,
    y: float = 0.0,
) -> SceneObject:
    return SceneObject(
        size=Size.LARGE,
        color=color,
        material=material,
        shape=shape,
        x=x,
        y=y,
        rotation=20.0,
    )


def crowd() -> Scene:
    places = [
        (-1.8, 1.5),
        (1.6, -1.2),
        (-0.6, -1.4),
        (1.5, 1.8),
        (0.4, 0.2),
        (-2.5, 0.0),
    ]
    kinds = itertools.product(Shape, Material)
    return scene(
        *(
            thing(color, material, shape, *place)
            for place, (shape, material), color in zip(
                places, kinds, list(Color)[1:7], strict=True
            )
        )
    )


# The scene in a mirror that stands upright before the camera, through the middle.
def mirrored(drawn: Scene) -> Scene:
    x, y, _ = drawn.camera
    across = np.array([-y, x]) / np.hypot(x, y)
    objects = []
    for one in drawn.objects:
        place = np.array([one.x, one.y])
        there = place - 2 * (place @ across) * across
        turn = 2 * np.degrees(np.arctan2(y, x)) - one.rotation
        objects.append(replace(one, x=there[0], y=there[1], rotation=turn))
    return replace(drawn, objects=tuple(objects))


def pixels_of(drawn: Scene, picture: np.ndarray) -> np.ndarray:
    height, width, _ = picture.shape
    solids = [one.solid for one in drawn.objects]
    shown = first_hits(Camera(drawn.camera), solids, width, height).solids
    return picture[shown == 0].astype(int)


def test_the_same_scene_gives_the_same_bytes() -> None:
    drawn = draw_scene(PRESETS["quick"], "train", 5)
    assert (render(drawn, 96, 64, 2) == render(drawn, 96, 64, 2)).all()


def test_the_bytes_are_those_of_the_recorded_picture() -> None:
    # Another picture means another world: raise GENERATOR_VERSION with it.
    picture = render(crowd(), 96, 64, 2)
    assert hashlib.sha256(picture.tobytes()).hexdigest()[:12] == "4b29de12be1f"


@pytest.mark.parametrize(
    ("color", "channel"), [(Color.RED, 0), (Color.GREEN, 1), (Color.BLUE, 2)]
)
@pytest.mark.parametrize("material", list(Material))
def test_a_colored_object_is_brightest_in_its_channel(
    color: Color, channel: int, material: Material
) -> None:
    drawn = scene(thing(color, material))
    mean = pixels_of(drawn, render(drawn, 96, 64, 2)).mean(0)
    assert mean.argmax() == channel
    assert mean[channel] > 1.3 * np.delete(mean, channel).mean()


def test_metal_has_a_brighter_highlight_and_more_contrast_than_rubber() -> None:
    rubber, metal = (
        pixels_of(drawn, render(drawn, 96, 64, 3)).sum(1)
        for drawn in (scene(thing(material=material)) for material in Material)
    )
    assert metal.max() > rubber.max() + 40
    assert metal.std() > 1.5 * rubber.std()


def test_an_object_darkens_the_floor_beside_it_and_not_far_away() -> None:
    empty = render(scene(), 96, 64, 2).astype(int).sum(2)
    with_ball = render(scene(thing()), 96, 64, 2).astype(int).sum(2)
    solids = [thing().solid]
    floor = first_hits(Camera(scene().camera), solids, 96, 64).solids < 0
    darker = (empty - with_ball)[floor]
    assert (darker >= -3).all()  # a ball takes light from the floor, never gives any
    assert (darker > 60).sum() > 10
    assert np.median(darker) < 5


def test_a_mirror_shows_the_object_before_it() -> None:
    mirror = thing(Color.GRAY, Material.METAL, Shape.CUBE, -1.0, 1.0)
    before = thing(Color.RED, Material.RUBBER, Shape.SPHERE, 1.0, -0.9)
    alone = scene(mirror)
    both = scene(mirror, before)
    redness = [
        (colors[:, 0] - colors[:, 1]).max()
        for colors in (
            pixels_of(one, render(one, 160, 112, 2)) for one in (alone, both)
        )
    ]
    assert redness[1] > redness[0] + 10


def test_more_samples_change_the_edges_and_little_else() -> None:
    drawn = draw_scene(WorldConfig(), "train", 2)
    coarse, fine = (render(drawn, 96, 64, n).astype(int) for n in (2, 4))
    difference = abs(coarse - fine).max(2)
    assert difference.mean() < 3
    assert np.quantile(difference, 0.8) <= 2


def test_pictures_have_the_wanted_size() -> None:
    assert render(scene(thing()), 48, 32, 1).shape == (32, 48, 3)
    assert render(scene(thing()), 64, 64, 1).shape == (64, 64, 3)


def test_a_world_is_drawn_by_the_ray_caster_unless_it_asks_for_more() -> None:
    config = WorldConfig(width=64, height=48, samples_per_side=3)
    assert (draw(crowd(), config) == render(crowd(), 64, 48, 3)).all()


def test_a_renderer_that_is_missing_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(film.world.pictures, "path_tracing", raising=False)
    monkeypatch.delitem(sys.modules, "film.world.pictures.path_tracing", raising=False)
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    config = WorldConfig(renderer=Renderer.MITSUBA)
    refusal = r"^renderer=mitsuba cannot be loaded \(.*\); pip install .*mitsuba.*$"
    with pytest.raises(ConfigError, match=refusal):
        check_renderer(config)
    with pytest.raises(ConfigError, match=refusal):
        draw(crowd(), config)


def test_a_mask_has_the_visible_pixels_of_each_object() -> None:
    for index in range(5):
        drawn = draw_scene(WorldConfig(), "train", index)
        mask = draw_masks(drawn, 320, 240)
        solids = [one.solid for one in drawn.objects]
        shown = first_hits(Camera(drawn.camera), solids, 320, 240).solids
        counts = np.bincount(mask.ravel())
        assert visible_pixels(shown) == {
            n - 1: pixels for n, pixels in enumerate(counts)
        }
        assert (counts[1:] >= WorldConfig().min_visible_pixels).all()


def test_a_mask_shows_the_nearer_of_two_objects_whatever_their_order() -> None:
    near, far = thing(Color.RED, x=1.5, y=-1.3), thing(Color.BLUE, x=0.0, y=0.3)
    one, other = (
        draw_masks(scene(*things), 192, 128) for things in ((near, far), (far, near))
    )
    alone = draw_masks(scene(near), 192, 128)
    assert ((one == 1) == (alone == 1)).all()
    assert ((one == 1) == (other == 2)).all()
    assert ((one == 2) == (other == 1)).all()
    hidden = draw_masks(scene(far), 192, 128).sum() - (one == 2).sum()
    assert hidden > 100


def test_the_mask_of_a_scene_in_the_mirror_is_the_mask_in_the_mirror() -> None:
    mask = draw_masks(crowd(), 192, 128)
    reflected = draw_masks(mirrored(crowd()), 192, 128)
    assert (mask != mask[:, ::-1]).mean() > 0.1  # the scene itself is lopsided
    assert (mask[:, ::-1] != reflected).sum() <= 5  # edges fall on pixels' middles


def test_the_picture_changes_where_the_mask_has_the_object_and_in_its_shadow() -> None:
    ball = thing(Color.YELLOW, x=0.5, y=-0.5)
    mask = draw_masks(scene(ball), 192, 128)
    change = render(scene(ball), 192, 128, 2).astype(int) - render(scene(), 192, 128, 2)
    assert (np.ptp(change[mask == 1], axis=1) > 20).mean() > 0.97  # colored
    assert (np.ptp(change[mask == 0], axis=1) > 20).mean() < 0.005  # a shadow is gray
