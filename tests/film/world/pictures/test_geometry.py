"""Rays meet solids where arithmetic says; CLEVR's published scenes agree."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

from film.world.attributes import Direction, Shape
from film.world.pictures.geometry import (
    NOTHING,
    Camera,
    Solid,
    first_hits,
    hit_distance,
    passes_near,
    relationships,
    visible_pixels,
)

CAMERA = Camera((7.48113, -6.50764, 5.34367))


def rays(*vectors: tuple[float, float, float]) -> np.ndarray:
    array = np.array(vectors, np.float32).T
    return array / np.linalg.norm(array, axis=0)


def real_scenes(shared: Path) -> list[dict[str, Any]]:
    folder = shared / "clevr" / "CLEVR_v1.0" / "scenes"
    return [
        scene
        for split in ("train", "val")
        for scene in json.loads(
            (folder / f"CLEVR_{split}_scenes.json").read_text(encoding="utf-8")
        )["scenes"]
    ]


@pytest.mark.parametrize("shape", list(Shape))
def test_a_ray_from_the_side_meets_every_solid_at_its_radius(shape: Shape) -> None:
    solid = Solid(shape, 0.5, (0.0, 0.0, 0.5), 0.0)
    origins = np.array([[3.0], [0.0], [0.5]], np.float32)
    distance = hit_distance(solid, origins, rays((-1, 0, 0), (1, 0, 0), (-1, 1, 0)))
    assert distance == pytest.approx([2.5, math.inf, math.inf])


def test_a_cube_turned_by_45_degrees_shows_its_edge_first() -> None:
    solid = Solid(Shape.CUBE, 0.5, (0.0, 0.0, 0.5), math.pi / 4)
    origins = np.array([[3.0], [0.0], [0.5]], np.float32)
    (distance,) = hit_distance(solid, origins, rays((-1, 0, 0)))
    assert distance == pytest.approx(3 - math.sqrt(0.5), abs=1e-5)


@pytest.mark.parametrize(
    ("shape", "distance"),
    [(Shape.CUBE, 2.0), (Shape.CYLINDER, 2.0), (Shape.SPHERE, 2.5 - 0.4)],
)
def test_seen_from_above_only_the_ball_is_round(shape: Shape, distance: float) -> None:
    solid = Solid(shape, 0.5, (0.0, 0.0, 0.5), 0.0)
    origins = np.array([[0.3], [0.0], [3.0]], np.float32)
    assert hit_distance(solid, origins, rays((0, 0, -1))) == pytest.approx([distance])


@pytest.mark.parametrize("shape", list(Shape))
def test_a_hit_lies_on_the_surface_and_only_rays_that_pass_near_hit(
    shape: Shape,
) -> None:
    solid = Solid(shape, 0.7, (0.4, -0.3, 0.7), 0.6)
    rng = np.random.default_rng(0)
    directions = rays(*map(tuple, rng.normal((-0.3, -1, 0), 0.4, (4000, 3))))
    origins = np.array([[1.0], [4.0], [0.8]], np.float32)
    distances = hit_distance(solid, origins, directions)
    is_hit = np.isfinite(distances)
    assert 50 < is_hit.sum() < 3950
    assert passes_near(solid, origins, directions)[is_hit].all()
    points = (origins + directions * np.where(is_hit, distances, 0))[:, is_hit]
    x, y, z = (points - solid.origin) / 0.7
    cos, sin = math.cos(0.6), math.sin(0.6)
    x, y = cos * x + sin * y, cos * y - sin * x
    match shape:
        case Shape.SPHERE:
            reach = np.sqrt(x * x + y * y + z * z)
        case Shape.CYLINDER:
            reach = np.maximum(np.hypot(x, y), abs(z))
        case Shape.CUBE:
            reach = np.maximum(np.maximum(abs(x), abs(y)), abs(z))
    assert reach == pytest.approx(np.ones(len(reach)), abs=1e-4)


def test_a_ball_covers_the_pixels_that_its_outline_encloses() -> None:
    center, radius = (0.0, 0.0, 0.7), 0.7
    shown = first_hits(
        CAMERA, [Solid(Shape.SPHERE, radius, center, 0.0)], 320, 240
    ).solids
    # The outline is the cone of rays that touch the ball.
    to_center = np.array(center) - CAMERA.position
    distance = np.linalg.norm(to_center)
    directions = CAMERA.rays(320, 240, slice(None), slice(None)).reshape(3, -1)
    cosine = (to_center / distance) @ directions
    inside = cosine > math.sqrt(1 - (radius / distance) ** 2)
    assert ((shown.ravel() == 0) == inside).mean() > 0.9999


def test_a_solid_behind_another_shows_fewer_pixels() -> None:
    behind = np.array([-0.754490315914154, 0.6563112735748291])
    near = Solid(Shape.CUBE, 0.7, (0.0, 0.0, 0.7), 0.0)
    far = Solid(Shape.CYLINDER, 0.7, (*(2.5 * behind), 0.7), 0.0)
    alone = visible_pixels(first_hits(CAMERA, [far], 320, 240).solids)
    both = visible_pixels(first_hits(CAMERA, [far, near], 320, 240).solids)
    assert 0 < both[0] < alone[0]
    assert sum(both.values()) == 320 * 240
    assert both[NOTHING] + both[0] + both[1] == 320 * 240


def test_no_pixel_of_a_solid_lies_outside_the_window_that_is_searched() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        x, y = rng.uniform(-3, 3, 2)
        solid = Solid(Shape.CUBE, 0.7, (x, y, 0.7), rng.uniform(0, 6))
        shown = first_hits(CAMERA, [solid], 96, 64).solids.ravel()
        directions = CAMERA.rays(96, 64, slice(None), slice(None)).reshape(3, -1)
        origin = np.array(CAMERA.position, np.float32)[:, None]
        everywhere = np.isfinite(hit_distance(solid, origin, directions))
        assert ((shown == 0) == everywhere).all()


def test_a_projected_point_lies_on_its_pixels_ray() -> None:
    point = (1.2, -0.4, 0.35)
    column, row, depth = CAMERA.project(point, 480, 320)
    directions = CAMERA.rays(480, 320, slice(None), slice(None))
    ray = directions[:, int(row), int(column)]
    seen = np.array(CAMERA.position) + ray * depth / (ray @ np.array(CAMERA.forward))
    assert seen == pytest.approx(point, abs=0.03)


def test_the_opposite_of_a_relationship_holds_the_other_way_round() -> None:
    centers = [(0.0, 0.0, 0.7), (1.0, 1.0, 0.35), (-2.0, 1.0, 0.7)]
    related = relationships(centers)
    for direction in Direction:
        for here in range(3):
            for there in related[direction][here]:
                assert here in related[direction.opposite][there]
    # By hand: the second stands 1.41 to the right of the first.
    assert 1 in related["right"][0]


def test_the_relationships_of_real_scenes_are_the_published_ones(shared: Path) -> None:
    for scene in real_scenes(shared):
        found = relationships([tuple(o["3d_coords"]) for o in scene["objects"]])
        published = {
            name: [sorted(others) for others in scene["relationships"][name]]
            for name in found
        }
        assert found == published


def test_one_jittered_camera_explains_the_published_pixels(shared: Path) -> None:
    checked = 0
    for scene in real_scenes(shared)[:30]:
        things = scene["objects"]
        points = [tuple(thing["3d_coords"]) for thing in things]
        published = np.array([thing["pixel_coords"] for thing in things])

        def misses(
            position: np.ndarray,
            points: list[Any] = points,
            published: np.ndarray = published,
        ) -> np.ndarray:
            camera = Camera(tuple(float(value) for value in position))
            found = np.array([camera.project(point, 480, 320) for point in points])
            return ((found - published) * (1, 1, 50)).ravel()

        fitted = least_squares(misses, CAMERA.position)
        if len(things) < 4:  # too few to tell
            continue
        checked += 1
        pixels = fitted.fun.reshape(-1, 3)[:, :2]
        assert abs(pixels).max() < 0.75  # the published ones are rounded
        assert abs(fitted.x - CAMERA.position).max() < 0.51
    assert checked > 20
