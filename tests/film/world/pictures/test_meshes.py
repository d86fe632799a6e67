"""Meshes are closed, look outward and are as large as the solids they stand for."""

import numpy as np
import pytest

from film.world.attributes import Shape
from film.world.pictures.meshes import mesh_of

EDGED = [Shape.CUBE, Shape.CYLINDER]


def corners(shape: Shape) -> np.ndarray:
    mesh = mesh_of(shape)
    return mesh.points.T[mesh.triangles]


def area_vectors(shape: Shape) -> np.ndarray:
    a, b, c = corners(shape).swapaxes(0, 1)
    return np.cross(b - a, c - a) / 2


@pytest.mark.parametrize("shape", EDGED)
def test_a_mesh_has_no_hole(shape: Shape) -> None:
    assert np.allclose(area_vectors(shape).sum(0), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "sharp"), [(Shape.CUBE, 8.0), (Shape.CYLINDER, 2 * np.pi)]
)
def test_rounding_takes_little_of_the_volume(shape: Shape, sharp: float) -> None:
    # The divergence theorem: the sum of the pyramids from the middle to each triangle.
    volume = (corners(shape)[:, 0] * area_vectors(shape)).sum() / 3
    assert 0.98 * sharp < volume < sharp


@pytest.mark.parametrize("shape", EDGED)
def test_a_mesh_fills_the_solid_from_side_to_side(shape: Shape) -> None:
    points = mesh_of(shape).points
    assert np.allclose(points.max(1), 1)
    assert np.allclose(points.min(1), -1)


@pytest.mark.parametrize("shape", EDGED)
def test_normals_have_length_one_and_point_where_the_triangles_do(shape: Shape) -> None:
    mesh = mesh_of(shape)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=0), 1)
    areas = area_vectors(shape)
    sizes = np.linalg.norm(areas, axis=1)
    real = sizes > 1e-9  # the middle of a cylinder's top is a corner of many times
    directions = areas[real] / sizes[real, None]
    for corner in range(3):
        normals = mesh.normals.T[mesh.triangles[real, corner]]
        assert ((normals * directions).sum(1) > 0.9).all()


def test_a_sphere_has_no_mesh() -> None:
    with pytest.raises(ValueError, match="a sphere is drawn exactly"):
        mesh_of(Shape.SPHERE)
