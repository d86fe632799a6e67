"""Where things stand and what a ray meets first, computed exactly.

Rays are arrays of shape ``(3, rays)`` in single precision. Sums over the three
axes are written out, so that the same bits come out on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Int16

from film.world.attributes import Direction, Shape, Size
from film.world.config import RELATED_FROM

__all__ = [
    "DIRECTIONS",
    "FOCAL_LENGTH",
    "NOTHING",
    "RADII",
    "Camera",
    "FirstHits",
    "Point",
    "Solid",
    "dot",
    "first_hits",
    "hit_distance",
    "passes_near",
    "relationships",
    "unit",
    "visible_pixels",
]

NOTHING = -1
"""The number of no object: the floor and what lies behind it."""

FOCAL_LENGTH = 35 / 16
"""Of the camera, in half widths of the picture: a field of 49.13°."""

RADII = {Size.LARGE: 0.7, Size.SMALL: 0.35}

# CLEVR's directions are those of the camera without its jitter.
_RIGHT = (0.6563112735748291, 0.7544902563095093, 0.0)
_BEHIND = (-0.754490315914154, 0.6563112735748291, 0.0)
DIRECTIONS: dict[Direction, tuple[float, float, float]] = {
    Direction.LEFT: (-_RIGHT[0], -_RIGHT[1], 0.0),
    Direction.RIGHT: _RIGHT,
    Direction.FRONT: (-_BEHIND[0], -_BEHIND[1], 0.0),
    Direction.BEHIND: _BEHIND,
}

_NEAREST = np.float32(1e-3)  # a ray does not meet what it starts on
_STEEPEST = np.float32(1e-30)  # an upright ray meets an upright wall far away
# Radius of the ball around a solid, in its own radii, rounded up.
_BALL = {Shape.CUBE: 1.7321, Shape.CYLINDER: 1.4143, Shape.SPHERE: 1.0001}

Vectors = Float32[np.ndarray, "3 rays"]
Origins = Float32[np.ndarray, "3 #rays"]
Distances = Float32[np.ndarray, " rays"]
Point = tuple[float, float, float]


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Multiply vectors, axis 0 being x, y and z.

    Args:
        a: Vectors.
        b: Vectors of a shape that broadcasts.

    Returns:
        The scalar products, without the first axis.
    """
    product: np.ndarray = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors to length one.

    Args:
        vectors: Vectors along axis 0.

    Returns:
        The scaled vectors.
    """
    scaled: np.ndarray = vectors / np.sqrt(dot(vectors, vectors))
    return scaled


@dataclass(frozen=True)
class Solid:
    """An object as geometry alone."""

    shape: Shape
    radius: float
    center: Point
    angle: float
    """Around the vertical axis, in radians."""

    @property
    def ball(self) -> float:
        """The radius of a ball around the solid."""
        return self.radius * _BALL[self.shape]

    @cached_property
    def origin(self) -> Float32[np.ndarray, "3 1"]:
        """The center, as an array that meets rays."""
        return np.array(self.center, np.float32)[:, None]

    def to_own_axes(self, vectors: Origins) -> Origins:
        """Turn vectors into the solid's own axes.

        Args:
            vectors: Vectors of the world.

        Returns:
            The turned vectors; the vertical axis stays.
        """
        return self._turned(vectors, math.sin(self.angle))

    def to_world_axes(self, vectors: Origins) -> Origins:
        """Turn vectors of the solid's own axes back.

        Args:
            vectors: Vectors along the solid's own axes.

        Returns:
            The vectors of the world.
        """
        return self._turned(vectors, -math.sin(self.angle))

    def _turned(self, vectors: Origins, sine: float) -> Origins:
        cos, sin = np.float32(math.cos(self.angle)), np.float32(sine)
        x, y, z = vectors
        return np.stack([cos * x + sin * y, cos * y - sin * x, z])


class Camera:
    """A camera that looks at the middle of the table.

    Args:
        position: Where it stands.
    """

    def __init__(self, position: Point) -> None:
        self.position = position
        length = math.sqrt(sum(value * value for value in position))
        fx, fy, fz = (-value / length for value in position)
        flat = math.hypot(fx, fy)
        rx, ry = fy / flat, -fx / flat
        self.forward: Point = (fx, fy, fz)
        self.right: Point = (rx, ry, 0.0)
        self.up: Point = (ry * fz, -rx * fz, rx * fy - ry * fx)

    def project(self, point: Point, width: int, height: int) -> Point:
        """Find a point in a picture.

        Args:
            point: A point of the world.
            width: Of the picture, in pixels.
            height: Of the picture, in pixels.

        Returns:
            Column and row in pixels from the top left corner, and the depth
            along the viewing axis.
        """
        offset = [a - b for a, b in zip(point, self.position, strict=True)]
        across, above, depth = (
            sum(a * b for a, b in zip(axis, offset, strict=True))
            for axis in (self.right, self.up, self.forward)
        )
        scale = self.scale(width, height) / depth
        return width / 2 + scale * across, height / 2 - scale * above, depth

    @staticmethod
    def scale(width: int, height: int) -> float:
        """Give the size in pixels of a unit at a depth of one.

        Args:
            width: Of the picture, in pixels.
            height: Of the picture, in pixels.

        Returns:
            Pixels per unit.
        """
        return max(width, height) / 2 * FOCAL_LENGTH

    def rays(
        self, width: int, height: int, rows: slice, columns: slice
    ) -> Float32[np.ndarray, "3 rows columns"]:
        """Give the directions through the middles of a window's pixels.

        Args:
            width: Of the picture, in pixels.
            height: Of the picture, in pixels.
            rows: The window's rows.
            columns: The window's columns.

        Returns:
            Unit vectors.
        """
        scale = self.scale(width, height)
        across = (np.arange(width)[columns] + 0.5 - width / 2) / scale
        above = (height / 2 - np.arange(height)[rows] - 0.5) / scale
        right, up, forward = (
            np.array(axis, np.float32)[:, None, None]
            for axis in (self.right, self.up, self.forward)
        )
        directions = (
            across.astype(np.float32) * right
            + above.astype(np.float32)[:, None] * up
            + forward
        )
        return unit(directions)


@dataclass(frozen=True)
class FirstHits:
    """What every pixel of a picture shows of the solids, and how far away."""

    solids: Int16[np.ndarray, "height width"]
    distances: Float32[np.ndarray, "height width"]


def first_hits(
    camera: Camera, solids: Sequence[Solid], width: int, height: int
) -> FirstHits:
    """Find which solid each pixel of a picture shows.

    Args:
        camera: The camera.
        solids: The solids.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.

    Returns:
        The solids' numbers, ``NOTHING`` where none is met.
    """
    numbers = np.full((height, width), NOTHING, np.int16)
    distances = np.full((height, width), np.inf, np.float32)
    origin = np.array(camera.position, np.float32)[:, None]
    for number, solid in enumerate(solids):
        window = _window(camera, solid, width, height)
        rays = camera.rays(width, height, *window)
        met = hit_distance(solid, origin, rays.reshape(3, -1)).reshape(rays.shape[1:])
        is_nearer = met < distances[window]
        distances[window][is_nearer] = met[is_nearer]
        numbers[window][is_nearer] = number
    return FirstHits(numbers, distances)


def visible_pixels(numbers: Int16[np.ndarray, "height width"]) -> dict[int, int]:
    """Count the pixels that show each solid.

    Args:
        numbers: The solid of each pixel.

    Returns:
        Pixels per solid's number; what is not seen is absent.
    """
    counts = np.bincount((numbers - NOTHING).ravel())
    return {index + NOTHING: int(n) for index, n in enumerate(counts) if n}


def passes_near(
    solid: Solid, origins: Origins, directions: Vectors
) -> Bool[np.ndarray, " rays"]:
    """Tell which rays could meet a solid, by the ball around it.

    Args:
        solid: The solid.
        origins: Where the rays start.
        directions: Unit vectors.

    Returns:
        False where the solid is certainly missed.
    """
    offset = origins - solid.origin
    along = dot(offset, directions)
    ball = np.float32(solid.ball)
    near: np.ndarray = (dot(offset, offset) - along * along < ball * ball) & (
        along < ball
    )
    return near


def hit_distance(solid: Solid, origins: Origins, directions: Vectors) -> Distances:
    """Follow rays to a solid's surface.

    Args:
        solid: The solid.
        origins: Where the rays start.
        directions: Unit vectors.

    Returns:
        The distances; infinite where the solid is missed.
    """
    offset = origins - solid.origin
    radius = np.float32(solid.radius)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        match solid.shape:
            case Shape.SPHERE:
                entry, leave = _round_slab(offset, directions, radius)
            case Shape.CYLINDER:
                sides = _round_slab(offset[:2], directions[:2], radius)
                ends = _flat_slab(offset[2], directions[2], radius)
                entry = np.maximum(sides[0], ends[0])
                leave = np.minimum(sides[1], ends[1])
            case Shape.CUBE:
                offset = solid.to_own_axes(offset)
                entries, leaves = _flat_slab(
                    offset, solid.to_own_axes(directions), radius
                )
                entry = np.maximum(np.maximum(entries[0], entries[1]), entries[2])
                leave = np.minimum(np.minimum(leaves[0], leaves[1]), leaves[2])
        is_hit = (entry <= leave) & (entry > _NEAREST)
    return np.where(is_hit, entry, np.float32(np.inf))


def relationships(centers: Sequence[Point]) -> dict[str, list[list[int]]]:
    """Tell for every object which others stand left of it, and so on.

    Args:
        centers: The objects' centers.

    Returns:
        Per direction and object the numbers of the objects in that direction.
    """
    return {
        str(name): [
            [
                other
                for other, there in enumerate(centers)
                if other != number and _along(vector, here, there) > RELATED_FROM
            ]
            for number, here in enumerate(centers)
        ]
        for name, vector in DIRECTIONS.items()
    }


def _along(vector: Point, here: Point, there: Point) -> float:
    return sum(v * (b - a) for v, a, b in zip(vector, here, there, strict=True))


# Bound a solid in a picture: rows and columns that may show it.
def _window(
    camera: Camera, solid: Solid, width: int, height: int
) -> tuple[slice, slice]:
    x, y, depth = camera.project(solid.center, width, height)
    # The ball's outline lies within this, with a pixel to spare.
    nearest = math.sqrt(depth * depth - solid.ball * solid.ball)
    reach = camera.scale(width, height) * solid.ball / nearest * _OBLIQUE + 1
    rows = slice(max(0, math.floor(y - reach)), max(0, math.ceil(y + reach)))
    columns = slice(max(0, math.floor(x - reach)), max(0, math.ceil(x + reach)))
    return rows, columns


_OBLIQUE = 1.25  # a ball at the picture's edge is drawn longer than at its middle


# Enter and leave a ball, or with two axes an endless upright cylinder.
def _round_slab(
    offset: np.ndarray, directions: np.ndarray, radius: np.float32
) -> tuple[np.ndarray, np.ndarray]:
    a = np.maximum(sum(value * value for value in directions), _STEEPEST)
    b = sum(p * d for p, d in zip(offset, directions, strict=True))
    c = sum(value * value for value in offset) - radius * radius
    discriminant = b * b - a * c
    root = np.sqrt(discriminant)  # not a number where the ray misses
    return (-b - root) / a, (-b + root) / a


# Enter and leave the space between two parallel planes.
def _flat_slab(
    offset: np.ndarray, directions: np.ndarray, radius: np.float32
) -> tuple[np.ndarray, np.ndarray]:
    inverse = 1 / directions
    one, other = (-radius - offset) * inverse, (radius - offset) * inverse
    return np.minimum(one, other), np.maximum(one, other)
