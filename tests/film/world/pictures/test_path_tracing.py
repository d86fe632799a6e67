"""The optional renderer draws what the ray caster draws, the same bytes each time."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

from film.world.attributes import Color, Material, Shape, Size
from film.world.config import Renderer, WorldConfig
from film.world.pictures.rendering import draw, draw_masks
from film.world.scenes import Scene, SceneObject, draw_scene

pytest.importorskip(
    "mitsuba", reason="needs pip install 'film-ablations[mitsuba]' (and libatomic1)"
)

SMALL = WorldConfig(renderer=Renderer.MITSUBA, width=96, height=64)
LARGE = WorldConfig(renderer=Renderer.MITSUBA, width=240, height=160)
LAMPS = {
    "key": (6.44671, -2.90517, 4.2584),
    "fill": (-4.67112, -4.0136, 3.01122),
    "back": (-1.1685, 2.64602, 5.81574),
}


def thing(
    shape: Shape,
    color: Color = Color.RED,
    material: Material = Material.RUBBER,
    place: tuple[float, float] = (0.3, -0.2),
    size: Size = Size.LARGE,
) -> SceneObject:
    return SceneObject(
        size=size,
        color=color,
        material=material,
        shape=shape,
        x=place[0],
        y=place[1],
        rotation=25.0,
    )


def scene(*objects: SceneObject) -> Scene:
    return Scene(objects=objects, camera=(7.48113, -6.50764, 5.34367), lamps=LAMPS)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


# Where one channel outshines the two others: the floor and shadows are gray.
def shows(picture: np.ndarray, channel: int) -> np.ndarray:
    others = np.delete(picture.astype(float), channel, axis=2).max(2)
    return picture[..., channel] > 1.15 * others


@pytest.mark.parametrize("size", list(Size))
@pytest.mark.parametrize("shape", list(Shape))
def test_an_object_is_where_the_ray_caster_has_it(shape: Shape, size: Size) -> None:
    drawn = scene(thing(shape, size=size))
    mask = draw_masks(drawn, 240, 160) == 1
    assert overlap(shows(draw(drawn, LARGE), 0), mask) > 0.9


def test_a_camera_moved_aside_sees_objects_as_the_ray_caster_does() -> None:
    drawn = scene(
        thing(Shape.CUBE, Color.RED, place=(1.6, -1.4)),
        thing(Shape.SPHERE, Color.BLUE, place=(-0.4, 0.6)),
    )
    drawn = replace(drawn, camera=(7.9, -6.1, 5.0))
    masks, picture = draw_masks(drawn, 240, 160), draw(drawn, LARGE)
    assert overlap(shows(picture, 0), masks == 1) > 0.9
    assert overlap(shows(picture, 2), masks == 2) > 0.9


def test_metal_has_a_brighter_highlight_and_more_contrast_than_rubber() -> None:
    rubber, metal = (
        draw(drawn, LARGE)[draw_masks(drawn, 240, 160) == 1].astype(int).sum(1)
        for drawn in (
            scene(thing(Shape.SPHERE, material=material)) for material in Material
        )
    )
    assert metal.max() > rubber.max() + 40
    assert metal.std() > 1.3 * rubber.std()


def test_the_floor_is_as_bright_as_the_ray_caster_draws_it() -> None:
    by_default = SMALL.model_copy(update={"renderer": Renderer.RAY_CASTER})
    difference = draw(scene(), SMALL).astype(int) - draw(scene(), by_default)
    assert abs(difference.mean()) < 15
    assert difference.std() < 15


def test_a_moved_lamp_moves_the_shadow() -> None:
    moved = {**LAMPS, "key": (2.0, -6.5, 4.3)}
    drawn = scene(thing(Shape.CUBE))
    before, after = (
        draw(one, LARGE).astype(int).sum(2)
        for one in (drawn, replace(drawn, lamps=moved))
    )
    floor = draw_masks(drawn, 240, 160) == 0
    relative = (after / before)[floor]
    assert np.quantile(relative, 0.99) > 1.15  # lit where the shadow was
    assert np.quantile(relative, 0.01) < 0.85  # dark where it is now


def test_the_same_scene_gives_the_same_bytes_wherever_memory_puts_it() -> None:
    tiny = SMALL.model_copy(update={"width": 48, "height": 32, "samples_per_side": 1})
    drawn = draw_scene(tiny, "train", 2)
    pictures, kept = set(), []
    for size in range(12):
        kept.append([bytearray(1000 * size + n) for n in range(50)])
        pictures.add(draw(drawn, tiny).tobytes())
    assert len(pictures) == 1


def test_a_started_process_draws_the_same_bytes() -> None:
    drawn = draw_scene(SMALL, "train", 3)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(draw, drawn, SMALL).result()
    assert (draw(drawn, SMALL) == there).all()


def test_scenes_differ_in_their_noise() -> None:
    one = scene(thing(Shape.SPHERE, place=(-2.5, 2.5), size=Size.SMALL))
    other = scene(thing(Shape.SPHERE, place=(-2.4, 2.5), size=Size.SMALL))
    pictures = [draw(each, SMALL)[48:].astype(int) for each in (one, other)]
    assert (pictures[0] != pictures[1]).mean() > 0.2
