"""How light meets the scene: lamps, shadows, matte and mirroring surfaces.

Each sample of a pixel sees its own point of every square lamp, which makes soft
shadows without noise. Metal mirrors its surroundings once. Colors and lamps are those
of CLEVR's Blender file; the constants of the shading were fitted to pictures that
Blender's Cycles made of the same scenes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float32, Int16, Int64

from film.world.attributes import Color, Material, Shape
from film.world.pictures.geometry import (
    NOTHING,
    Camera,
    Solid,
    dot,
    hit_distance,
    passes_near,
    unit,
)
from film.world.scenes import Scene

__all__ = ["FLOOR_ALBEDO", "LAMPS", "Rays", "Studio", "albedo"]

_RGB = {
    Color.GRAY: (87, 87, 87),
    Color.RED: (173, 35, 35),
    Color.BLUE: (42, 75, 215),
    Color.GREEN: (29, 105, 20),
    Color.BROWN: (129, 74, 25),
    Color.PURPLE: (129, 38, 192),
    Color.CYAN: (41, 208, 208),
    Color.YELLOW: (255, 238, 51),
}

LAMPS = {
    "key": (78.54, (1.0, 0.932, 0.817), 0.5),
    "fill": (23.56, (0.762, 0.818, 1.0), 0.5),
    "back": (39.27, (1.0, 1.0, 1.0), 1.0),
}
"""Power in watts, color and side length of each square lamp."""

FLOOR_ALBEDO = (0.8, 0.8, 0.8)

_SUN = unit(np.array([[0.4145], [-0.1946], [0.8890]], np.float32))
_SUN_LIGHT = 0.143

_FLOOR_FLAT_TO = 9.0  # farther out the floor bends up into a backdrop
_HORIZON = 1e4  # rays that meet nothing nearer see the dark room
_DARK_ROOM = 0.04  # what a mirror shows above the floor
_MIRROR = 0.85  # of metal; the rest of its color is diffuse
_EDGE = {Shape.CUBE: 0.90, Shape.CYLINDER: 0.95}  # where rounded edges begin
_LIFT = np.float32(1e-3)  # a bounced ray starts just above its surface

Vectors = Float32[np.ndarray, "3 rays"]
Scalars = Float32[np.ndarray, " rays"]
Samples = Int64[np.ndarray, " rays"]
Numbers = Int16[np.ndarray, " rays"]


@dataclass(frozen=True)
class _Surface:
    """What light meets: one object, or the floor."""

    number: int
    solid: Solid | None
    albedo: tuple[float, float, float]
    is_metal: bool


@dataclass(frozen=True)
class _Lamp:
    """A square lamp: one point of it per sample, and where it looks."""

    points: Float32[np.ndarray, "3 samples"]
    axis: Float32[np.ndarray, "3 1"]
    light: tuple[float, float, float]


@dataclass(frozen=True)
class Rays:
    """Rays, the sample of its pixel that each belongs to, and what each meets."""

    origins: Float32[np.ndarray, "3 #rays"]
    directions: Vectors
    samples: Samples
    distances: Scalars
    met: Numbers


@final
class Studio:
    """A scene made ready: solids, surfaces and lamps.

    Args:
        scene: The scene.
        samples_per_side: Rays through each pixel, along each of its sides; the lamps
            have a point for each, and one more in their middle.
    """

    def __init__(self, scene: Scene, samples_per_side: int) -> None:
        self.samples_per_side = samples_per_side
        self.camera = Camera(scene.camera)
        self.eye = np.array(scene.camera, np.float32)[:, None]
        self.solids = [thing.solid for thing in scene.objects]
        self.floor = _Surface(NOTHING, None, FLOOR_ALBEDO, is_metal=False)
        self.surfaces = [
            _Surface(
                number,
                thing.solid,
                albedo(thing.color),
                is_metal=thing.material is Material.METAL,
            )
            for number, thing in enumerate(scene.objects)
        ]
        grid = _lamp_grid(samples_per_side)
        self.lamps = [
            _make_lamp(scene.lamps[name], *properties, grid)
            for name, properties in LAMPS.items()
        ]

    def with_floor(
        self,
        origins: np.ndarray,
        directions: Vectors,
        samples: Samples,
        hits: tuple[Scalars, Numbers],
    ) -> Rays:
        """Make rays of what they meet, the floor where they meet no solid.

        Args:
            origins: Where the rays start.
            directions: Unit vectors.
            samples: The sample of its pixel that each ray belongs to.
            hits: How far away each meets which solid.

        Returns:
            The rays.
        """
        distances, met = hits
        fall = np.maximum(-directions[2], np.float32(1e-6))
        floor = np.where(directions[2] < 0, origins[2] / fall, np.float32(np.inf))
        distances = np.where(met == NOTHING, floor, distances)
        return Rays(origins, directions, samples, distances, met)

    def radiance(self, rays: Rays, n_bounces: int) -> Vectors:
        """Gather the light that comes back along rays.

        Args:
            rays: The rays.
            n_bounces: How often metal mirrors what it sees.

        Returns:
            Red, green and blue, linear; lamps' mirror images exceed one.
        """
        radiance = np.full(rays.directions.shape, _DARK_ROOM, np.float32)
        for surface in (self.floor, *self.surfaces):
            (chosen,) = np.nonzero(
                (rays.met == surface.number) & (rays.distances < _HORIZON)
            )
            if len(chosen):
                radiance[:, chosen] = self._shade(
                    surface, _pick(rays, chosen), n_bounces
                )
        return radiance

    def _shade(self, surface: _Surface, rays: Rays, n_bounces: int) -> Vectors:
        points = rays.origins + rays.directions * rays.distances
        normals = _normals(surface, points, rays.directions)
        points = points + normals * _LIFT
        albedo = np.array(surface.albedo, np.float32)[:, None]
        if surface.solid is None:
            diffuse, _ = self._lamp_light(surface, points, normals, None, rays.samples)
            floor: Vectors = albedo * (
                diffuse + self._ambient(surface, points, normals)
            )
            return floor
        facing = dot(rays.directions, normals)
        mirrored = rays.directions - 2 * facing * normals
        diffuse, gloss = self._lamp_light(
            surface, points, normals, mirrored, rays.samples
        )
        diffuse += self._ambient(surface, points, normals)
        if not surface.is_metal:
            matte: Vectors = albedo * diffuse + _sheen(facing) * gloss
            return matte
        metal: Vectors = albedo * (np.float32(1 - _MIRROR) * diffuse + gloss)
        if n_bounces:
            seen = self._follow(points, mirrored, rays.samples, surface.number)
            metal += albedo * np.float32(_MIRROR) * self.radiance(seen, n_bounces - 1)
        return metal

    # Gather the lamps' and the sun's light, scattered and mirrored.
    def _lamp_light(
        self,
        surface: _Surface,
        points: Vectors,
        normals: Vectors,
        mirrored: Vectors | None,
        samples: Samples,
    ) -> tuple[Vectors, Vectors]:
        diffuse, gloss = np.zeros_like(points), np.zeros_like(points)
        for lamp in self.lamps:
            away = lamp.points[:, samples] - points
            distances = np.sqrt(dot(away, away))
            away /= distances
            height = np.maximum(dot(normals, away), 0)
            aim = np.maximum(-dot(away, lamp.axis), 0)
            is_lit = self._is_free(points, away, distances, surface.number)
            weight = aim / (distances * distances) * (is_lit & (height > 0))
            _add_light(diffuse, lamp.light, weight * height)
            if mirrored is not None:
                peak = np.maximum(dot(mirrored, away), 0)
                _add_light(gloss, lamp.light, weight * _highlight(surface, peak))
        height = np.maximum(dot(normals, _SUN), 0)
        is_lit = self._is_free(
            points, np.broadcast_to(_SUN, points.shape), None, surface.number
        )
        diffuse += np.float32(_SUN_LIGHT) * height * is_lit
        return diffuse, gloss

    # Tell which points see the lamp past all other solids.
    def _is_free(
        self,
        points: Vectors,
        directions: Vectors,
        distances: Scalars | None,
        own: int,
    ) -> Bool[np.ndarray, " rays"]:
        is_free = np.ones(points.shape[1], bool)
        for number, solid in enumerate(self.solids):
            if number == own:  # solids are convex: a lit side is not in own shadow
                continue
            (near,) = np.nonzero(passes_near(solid, points, directions) & is_free)
            if len(near):
                met = hit_distance(solid, points[:, near], directions[:, near])
                is_free[near] = ~(
                    met < (np.inf if distances is None else distances[near])
                )
        return is_free

    # Light from the sky and the floor, less what other objects hide.
    def _ambient(self, surface: _Surface, points: Vectors, normals: Vectors) -> Scalars:
        ambient: Scalars = np.float32(0.035) + np.float32(0.010) * normals[2]
        if surface.solid is not None:
            ambient += np.float32(0.055) * (1 - normals[2])
            near_floor = np.clip(1 - 3 * points[2], 0, 1)
            ambient *= 1 - np.float32(0.3) * near_floor
        for number, solid in enumerate(self.solids):
            if number != surface.number:
                offset = solid.origin - points
                square = dot(offset, offset)
                hidden = np.maximum(dot(normals, offset), 0) / (
                    square * np.sqrt(square)
                )
                hidden *= np.float32(solid.radius * solid.radius)
                ambient *= 1 - np.minimum(hidden, np.float32(0.8))
        return ambient

    # Find what mirrored rays meet.
    def _follow(
        self, points: Vectors, directions: Vectors, samples: Samples, own: int
    ) -> Rays:
        distances = np.full(len(samples), np.inf, np.float32)
        met = np.full(len(samples), NOTHING, np.int16)
        for number, solid in enumerate(self.solids):
            if number == own:
                continue
            (near,) = np.nonzero(passes_near(solid, points, directions))
            found = hit_distance(solid, points[:, near], directions[:, near])
            is_nearer = found < distances[near]
            distances[near[is_nearer]] = found[is_nearer]
            met[near[is_nearer]] = number
        return self.with_floor(points, directions, samples, (distances, met))


def _pick(rays: Rays, chosen: np.ndarray) -> Rays:
    is_shared = rays.origins.shape[1] == 1
    return Rays(
        rays.origins if is_shared else rays.origins[:, chosen],
        rays.directions[:, chosen],
        rays.samples[chosen],
        rays.distances[chosen],
        rays.met[chosen],
    )


def albedo(color: Color) -> tuple[float, float, float]:
    """Tell how much of the light a color scatters.

    Args:
        color: The color.

    Returns:
        Shares of red, green and blue, linear.
    """
    red, green, blue = _RGB[color]
    return red / 255, green / 255, blue / 255


# Places on a square of side one: one per sample of a pixel, and last the middle.
def _lamp_grid(samples_per_side: int) -> list[tuple[float, float]]:
    places = [(i + 0.5) / samples_per_side - 0.5 for i in range(samples_per_side)]
    return [*((x, y) for x in places for y in places), (0.0, 0.0)]


def _make_lamp(
    position: tuple[float, float, float],
    power: float,
    color: tuple[float, float, float],
    side: float,
    grid: Sequence[tuple[float, float]],
) -> _Lamp:
    looking = Camera(position)  # a lamp looks at the middle of the table, too
    center, right, up = (
        np.array(vector) for vector in (position, looking.right, looking.up)
    )
    points = [center + side * (x * right + y * up) for x, y in grid]
    axis = np.array(looking.forward, np.float32)[:, None]
    red, green, blue = (value * power / math.pi**2 for value in color)
    return _Lamp(np.array(points, np.float32).T, axis, (red, green, blue))


def _add_light(
    total: Vectors, light: tuple[float, float, float], weight: Scalars
) -> None:
    for channel, strength in enumerate(light):
        total[channel] += np.float32(strength) * weight


# The mirror image of a lamp: wide on rubber, on metal with a bright core.
def _highlight(surface: _Surface, peak: Scalars) -> Scalars:
    power4 = peak * peak
    power4 *= power4
    wide: Scalars = power4 * power4 * power4
    if not surface.is_metal:
        wide *= np.float32(5)
        return wide
    core = wide * wide * wide  # to the 36th
    core *= core
    core *= core  # to the 144th
    metal: Scalars = np.float32(2.2) * wide + np.float32(30) * core
    return metal


# How much of a highlight rubber shows: more at a grazing angle.
def _sheen(facing: Scalars) -> Scalars:
    grazing = 1 - np.minimum(np.abs(facing), 1)
    square = grazing * grazing
    sheen: Scalars = np.float32(0.04) + np.float32(0.35) * square * square * grazing
    return sheen


def _normals(surface: _Surface, points: Vectors, directions: Vectors) -> Vectors:
    if surface.solid is None:
        return _floor_normals(points, directions)
    solid = surface.solid
    place: Vectors = (points - solid.origin) / np.float32(solid.radius)
    match solid.shape:
        case Shape.SPHERE:
            return place
        case Shape.CUBE:
            own = _rounded(solid.to_own_axes(place), _EDGE[solid.shape])
            return solid.to_world_axes(unit(own))
        case Shape.CYLINDER:
            edge = _EDGE[solid.shape]
            reach = np.sqrt(place[0] * place[0] + place[1] * place[1])
            sideways = np.maximum(reach - np.float32(edge), np.float32(1e-4))
            sideways /= np.maximum(reach, np.float32(1e-6))
            upright = _rounded(place[2], edge)
            return unit(np.stack([place[0] * sideways, place[1] * sideways, upright]))


# Point out of the faces, and half-way between two faces near their edge.
def _rounded(place: np.ndarray, edge: float) -> np.ndarray:
    beyond = np.maximum(np.abs(place) - np.float32(edge), np.float32(1e-4))
    rounded: np.ndarray = np.copysign(beyond, place)
    return rounded


def _floor_normals(points: Vectors, directions: Vectors) -> Vectors:
    reach = np.sqrt(points[0] * points[0] + points[1] * points[1])
    bend = np.clip((reach - np.float32(_FLOOR_FLAT_TO)) * np.float32(0.05), 0, 1)
    bend *= np.float32(0.8)
    upward = np.ones_like(bend)
    return unit(np.stack([-bend * directions[0], -bend * directions[1], upward]))
