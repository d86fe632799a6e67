"""Draw scenes by CLEVR's rules, and write them as CLEVR writes them.

The numbers are those of CLEVR's generator: where objects may stand, how far
apart, how much of each must be seen.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3.1.
    https://arxiv.org/abs/1612.06890
    https://github.com/facebookresearch/clevr-dataset-gen
"""

import math
import random
from dataclasses import dataclass
from typing import Any, Final

from film.errors import ConfigError
from film.world.attributes import Attribute, Color, Material, Shape, Size
from film.world.config import WorldConfig
from film.world.pictures.geometry import (
    DIRECTIONS,
    RADII,
    Camera,
    Point,
    Solid,
    first_hits,
    relationships,
    visible_pixels,
)
from film.world.randomness import generator_for

__all__ = ["CAMERA", "Scene", "SceneObject", "draw_scene", "scene_entry"]

_TABLE: Final = 3.0  # objects stand within ±3 on both axes
_TRIES: Final = 50  # per object, before all start again
# Ten objects under CLEVR's rules take about thirty, a hundred at times.
_RESTARTS: Final = 20_000

CAMERA: Final = (7.48113, -6.50764, 5.34367)
"""Where the camera stands in CLEVR before it is moved a little, in units of space."""

_LAMPS = {
    "key": (6.44671, -2.90517, 4.2584),
    "fill": (-4.67112, -4.0136, 3.01122),
    "back": (-1.1685, 2.64602, 5.81574),
}


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """One object on the table."""

    size: Size
    color: Color
    material: Material
    shape: Shape
    x: float
    y: float
    rotation: float
    """Around the vertical axis, in degrees."""

    @property
    def radius(self) -> float:
        """Half the object's height and width."""
        return RADII[self.size]

    @property
    def center(self) -> Point:
        """The middle of the object, which stands on the floor."""
        return (self.x, self.y, self.radius)

    @property
    def solid(self) -> Solid:
        """The object as geometry alone."""
        return Solid(self.shape, self.radius, self.center, math.radians(self.rotation))

    def value(self, attribute: Attribute) -> str:
        """Say what the object is in one respect.

        Args:
            attribute: The respect.

        Returns:
            The value, such as ``"red"``.
        """
        match attribute:
            case Attribute.SIZE:
                return self.size
            case Attribute.COLOR:
                return self.color
            case Attribute.MATERIAL:
                return self.material
            case Attribute.SHAPE:
                return self.shape


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What stands on the table, where the camera is and where the lamps are."""

    objects: tuple[SceneObject, ...]
    camera: Point
    lamps: dict[str, Point]


def draw_scene(config: WorldConfig, split: str, index: int) -> Scene:
    """Draw one scene of a split, whatever else is drawn.

    Args:
        config: The world.
        split: The split's name; each split draws its own scenes.
        index: The scene's number within the split.

    Returns:
        A scene in which every object is seen.

    Raises:
        ConfigError: If so many objects find no place by the world's rules.
    """
    rng = generator_for(config.seed, split, index, "scene")
    camera = _jittered(rng, CAMERA, config.camera_jitter)
    lamps = {
        name: _jittered(rng, point, config.lamp_jitter)
        for name, point in _LAMPS.items()
    }
    n_objects = rng.randint(config.min_objects, config.max_objects)
    for _ in range(_RESTARTS):
        objects = _draw_objects(rng, config, split, n_objects)
        if objects is not None and _all_are_seen(config, camera, objects):
            return Scene(objects=objects, camera=camera, lamps=lamps)
    raise ConfigError(
        f"world: {n_objects} objects found no place in {_RESTARTS:,} tries with "
        f"min_gap {config.min_gap:g}, min_margin {config.min_margin:g} and "
        f"min_visible_pixels {config.min_visible_pixels}; lower one of them, or "
        "max_objects"
    )


def scene_entry(
    scene: Scene, config: WorldConfig, split: str, index: int
) -> dict[str, Any]:
    """Write a scene as an entry of CLEVR's scenes file.

    Args:
        scene: The scene.
        config: The world, for the picture's size.
        split: The split's name.
        index: The scene's number within the split.

    Returns:
        The entry, with the keys of the released files and, for each object, the
        number of the picture's pixels that show it.
    """
    camera = Camera(scene.camera)
    solids = [thing.solid for thing in scene.objects]
    hits = first_hits(camera, solids, config.width, config.height)
    pixels = visible_pixels(hits.solids)
    return {
        "split": split,
        "image_index": index,
        "image_filename": f"CLEVR_{split}_{index:06d}.png",
        "objects": [
            {
                "shape": thing.shape,
                "size": thing.size,
                "material": thing.material,
                "color": thing.color,
                "rotation": thing.rotation,
                "3d_coords": list(thing.center),
                "pixel_coords": _pixel(camera, thing, config),
                "visible_pixels": pixels.get(number, 0),
            }
            for number, thing in enumerate(scene.objects)
        ],
        "relationships": relationships([thing.center for thing in scene.objects]),
        "directions": {
            **{str(name): list(vector) for name, vector in DIRECTIONS.items()},
            "above": [0.0, 0.0, 1.0],
            "below": [0.0, 0.0, -1.0],
        },
    }


def _jittered(rng: random.Random, point: Point, jitter: float) -> Point:
    x, y, z = (value + rng.uniform(-jitter, jitter) for value in point)
    return (x, y, z)


# Place the objects one by one; None when one of them finds no place.
def _draw_objects(
    rng: random.Random, config: WorldConfig, split: str, n_objects: int
) -> tuple[SceneObject, ...] | None:
    objects: list[SceneObject] = []
    for _ in range(n_objects):
        size = rng.choice(config.sizes)
        place = _draw_place(rng, config, RADII[size], objects)
        if place is None:
            return None
        shape = rng.choice(config.shapes)
        thing = SceneObject(
            size=size,
            color=rng.choice(config.colors_of(shape, split)),
            material=rng.choice(config.materials),
            shape=shape,
            x=place[0],
            y=place[1],
            rotation=rng.uniform(0, 360),
        )
        objects.append(thing)
    return tuple(objects)


def _draw_place(
    rng: random.Random,
    config: WorldConfig,
    radius: float,
    others: list[SceneObject],
) -> tuple[float, float] | None:
    for _ in range(_TRIES):
        x, y = rng.uniform(-_TABLE, _TABLE), rng.uniform(-_TABLE, _TABLE)
        if all(_is_clear_of(config, x, y, radius, other) for other in others):
            return x, y
    return None


def _is_clear_of(
    config: WorldConfig, x: float, y: float, radius: float, other: SceneObject
) -> bool:
    dx, dy = x - other.x, y - other.y
    if math.hypot(dx, dy) - radius - other.radius < config.min_gap:
        return False
    margin = config.min_margin
    return all(abs(dx * u + dy * v) >= margin for u, v, _ in DIRECTIONS.values())


# The floor must be seen too, as in CLEVR.
def _all_are_seen(
    config: WorldConfig, camera: Point, objects: tuple[SceneObject, ...]
) -> bool:
    solids = [thing.solid for thing in objects]
    pixels = visible_pixels(first_hits(Camera(camera), solids, 320, 240).solids)
    return all(
        pixels.get(index, 0) >= config.min_visible_pixels
        for index in range(-1, len(objects))
    )


def _pixel(
    camera: Camera, thing: SceneObject, config: WorldConfig
) -> list[int | float]:
    x, y, depth = camera.project(thing.center, config.width, config.height)
    return [round(x), round(y), depth]
