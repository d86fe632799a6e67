"""Cubes and cylinders with rounded edges, as triangles for renderers that need them."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Int64

from film.world.attributes import Shape

__all__ = ["Mesh", "mesh_of"]

_CUBE_EDGE = 0.12  # how much is rounded off, of the radius
_CYLINDER_EDGE = 0.05
_EDGE_STEPS = 4  # from a face to half-way around the edge
_TURN_STEPS = 96


@dataclass(frozen=True)
class Mesh:
    """Triangles between points, seen from outside in the order against the clock."""

    points: Float[np.ndarray, "3 points"]
    normals: Float[np.ndarray, "3 points"]
    triangles: Int64[np.ndarray, "triangles 3"]


@cache
def mesh_of(shape: Shape) -> Mesh:
    """Make a solid of radius one around the origin.

    Args:
        shape: A shape with edges; a sphere needs no triangles.

    Returns:
        The mesh.

    Raises:
        ValueError: If the shape is a sphere.
    """
    match shape:
        case Shape.CUBE:
            return _rounded_cube()
        case Shape.CYLINDER:
            return _rounded_cylinder()
        case Shape.SPHERE:
            raise ValueError("a sphere is drawn exactly, not as triangles")


# One face as a grid that goes half-way around its four edges, turned to all six sides.
def _rounded_cube() -> Mesh:
    flat_to = 1 - _CUBE_EDGE
    angles = np.linspace(0, np.pi / 4, _EDGE_STEPS + 1)
    beyond = flat_to + _CUBE_EDGE * np.tan(angles)
    places = np.concatenate([-beyond[::-1], beyond])
    across, along = np.meshgrid(places, places)
    sharp = np.stack([across.ravel(), along.ravel(), np.ones(across.size)])
    inner = np.clip(sharp, -flat_to, flat_to)
    normals = (sharp - inner) / np.linalg.norm(sharp - inner, axis=0)
    points = inner + _CUBE_EDGE * normals
    triangles = _sheet(len(places), len(places))
    face = np.stack([points, normals])
    turns = [
        np.roll(side, axis, axis=1)
        for side in (face, face * [[1], [-1], [-1]])
        for axis in range(3)
    ]
    return Mesh(
        np.concatenate([turn[0] for turn in turns], 1),
        np.concatenate([turn[1] for turn in turns], 1),
        np.concatenate([triangles + side * points.shape[1] for side in range(6)]),
    )


# An outline from the middle of the top to the middle of the bottom, turned about.
def _rounded_cylinder() -> Mesh:
    flat_to = 1 - _CYLINDER_EDGE
    angles = np.linspace(0, np.pi / 2, 2 * _EDGE_STEPS + 1)
    top = np.array([[0, *np.sin(angles)], [1, *np.cos(angles)]])
    outward = np.concatenate([top, top[:, ::-1] * [[1], [-1]]], 1)
    corner = np.full(len(angles), flat_to)
    inner = np.array([[0, *corner, *corner, 0], [flat_to, *corner, *-corner, -flat_to]])
    outline = inner + _CYLINDER_EDGE * outward
    # With the clock, since the outline runs downward: triangles look outward.
    turn = np.linspace(2 * np.pi, 0, _TURN_STEPS + 1)
    return Mesh(
        _turned(outline, turn),
        _turned(outward, turn),
        _sheet(outline.shape[1], len(turn)),
    )


def _turned(outline: np.ndarray, turn: np.ndarray) -> Float[np.ndarray, "3 points"]:
    reach, height = outline[:, :, None]
    points = np.broadcast_arrays(reach * np.cos(turn), reach * np.sin(turn), height)
    turned: np.ndarray = np.stack(points).reshape(3, -1)
    return turned


# Two triangles in each cell of a grid of points.
def _sheet(n_rows: int, n_columns: int) -> Int64[np.ndarray, "triangles 3"]:
    number = np.arange(n_rows * n_columns).reshape(n_rows, n_columns)
    a, b = number[:-1, :-1].ravel(), number[:-1, 1:].ravel()
    c, d = number[1:, :-1].ravel(), number[1:, 1:].ravel()
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])
