"""Pictures show what the scene says, and come out the same each time."""

import hashlib

import numpy as np
import pytest

from film.world.attributes import Color, Material, Shape, Size
from film.world.config import PRESETS, WorldConfig
from film.world.geometry import Camera, first_hits
from film.world.rendering import render
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


def pixels_of(drawn: Scene, picture: np.ndarray) -> np.ndarray:
    height, width, _ = picture.shape
    solids = [one.solid for one in drawn.objects]
    shown = first_hits(Camera(drawn.camera), solids, width, height).solids
    return picture[shown == 0].astype(int)


def test_the_same_scene_gives_the_same_bytes() -> None:
    drawn = draw_scene(PRESETS["quick"], "train", 5)
    assert (render(drawn, 96, 64, 2) == render(drawn, 96, 64, 2)).all()


def test_the_bytes_are_those_of_the_recorded_pictures() -> None:
    # Another picture means another world: raise GENERATOR_VERSION with it.
    digest = hashlib.sha256()
    for index in range(3):
        drawn = draw_scene(WorldConfig(), "train", index)
        digest.update(render(drawn, 96, 64, 2).tobytes())
    assert digest.hexdigest()[:12] == "c8828d584820"


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
