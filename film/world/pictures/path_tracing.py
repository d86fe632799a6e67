"""Draw a scene with Mitsuba, which follows light from surface to surface.

An optional extra, ``pip install 'film-ablations[mitsuba]'``: only this module imports
it. Camera, lamps, sizes, rotations and colors are those of the ray caster; edges are
rounded in earnest, light bounces off floor and objects, and shadows fill accordingly.
"""

import math
import zlib
from collections.abc import Sequence
from typing import Any, Final

import drjit
import mitsuba
import numpy as np
from jaxtyping import Float32

from film.world.attributes import Material, Shape
from film.world.pictures.geometry import FOCAL_LENGTH, Point, Solid
from film.world.pictures.meshes import mesh_of
from film.world.pictures.shading import FLOOR_ALBEDO, LAMPS, albedo
from film.world.scenes import Scene, SceneObject

__all__ = ["trace"]

# Without a just-in-time compiler: small pictures are drawn in less time than it takes.
mitsuba.set_variant("scalar_rgb")
# Worlds are drawn by several processes already, and one thread adds up light in one
# order, hence to the same bytes.
drjit.set_thread_count(1)

_PASSES: Final = 4  # the brightest is dropped: rare paths leave bright dots
_BOUNCES: Final = 4
# Light from everywhere stands in for Blender's sun: it leaves no grain and no shadow
# of the lamps, which would cast one here.
_SKY: Final = 0.15
_UP: Final = (0.0, 0.0, 1.0)
_MIDDLE: Final = (0.0, 0.0, 0.0)

Plugin = dict[str, Any]


def trace(
    scene: Scene, width: int, height: int, samples_per_side: int
) -> Float32[np.ndarray, "height width 3"]:
    """Follow light through a scene.

    Args:
        scene: The scene.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        samples_per_side: Paths through each pixel, along each of its sides, in each of
            four passes.

    Returns:
        Linear red, green and blue, at most one; the same for the same arguments.
    """
    world = mitsuba.load_dict(
        {
            "type": "scene",
            "integrator": {
                "type": "path",
                "max_depth": _BOUNCES,
                "hide_emitters": True,
            },
            "sensor": _sensor(scene.camera, width, height),
            "sky": {"type": "constant", "radiance": _rgb((_SKY, _SKY, _SKY))},
            **_room(),
            **{name: _lamp(scene.lamps[name], *LAMPS[name]) for name in LAMPS},
            **{f"object {i}": _shape(thing) for i, thing in enumerate(scene.objects)},
        },
        # Loaded in parallel, or merged into fewer shapes, lamps come in an order that
        # differs from time to time, and random numbers choose among them by order.
        parallel=False,
        optimize=False,
    )
    # Scenes differ in their noise, or it would be part of what a network learns.
    seed = zlib.crc32(repr(scene).encode()) // _PASSES
    passes = [
        np.array(mitsuba.render(world, seed=seed + number, spp=samples_per_side**2))
        for number in range(_PASSES)
    ]
    darker = np.sort(np.clip(passes, 0, 1), axis=0)[:-1]
    picture: Float32[np.ndarray, "height width 3"] = darker.mean(0)
    return picture


def _sensor(position: Point, width: int, height: int) -> Plugin:
    return {
        "type": "perspective",
        "fov": math.degrees(2 * math.atan(1 / FOCAL_LENGTH)),
        "fov_axis": "larger",
        "to_world": _looking_from(position),
        "film": {
            "type": "hdrfilm",
            "width": width,
            "height": height,
            "pixel_format": "rgb",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "multijitter"},
    }


def _looking_from(position: Point) -> Any:  # noqa: ANN401 (Mitsuba has no types)
    return mitsuba.ScalarTransform4f().look_at(
        origin=list(position), target=list(_MIDDLE), up=list(_UP)
    )


# A floor without end, and far behind the objects a wall.
def _room() -> dict[str, Plugin]:
    matte = {"type": "diffuse", "reflectance": _rgb(FLOOR_ALBEDO)}
    transform = mitsuba.ScalarTransform4f
    wall = transform().look_at(origin=[-21, 18.3, 0], target=[0, 0, 6], up=list(_UP))
    return {
        "floor": {
            "type": "rectangle",
            "to_world": transform().scale([60, 60, 1]),
            "bsdf": matte,
        },
        "wall": {
            "type": "rectangle",
            "to_world": wall @ transform().scale([60, 60, 1]),
            "bsdf": matte,
        },
    }


def _lamp(
    position: Point, power: float, color: tuple[float, float, float], side: float
) -> Plugin:
    radiance = power / (math.pi * side * side)
    half = side / 2
    return {
        "type": "rectangle",
        "to_world": _looking_from(position)
        @ mitsuba.ScalarTransform4f().scale([half, half, 1]),
        "emitter": {
            "type": "area",
            "radiance": _rgb([radiance * value for value in color]),
        },
    }


def _shape(thing: SceneObject) -> Any:  # noqa: ANN401 (Mitsuba has no types)
    solid, surface = thing.solid, _surface(thing)
    if solid.shape is Shape.SPHERE:
        return {
            "type": "sphere",
            "center": list(solid.center),
            "radius": solid.radius,
            "bsdf": surface,
        }
    return _mesh(solid, surface)


# Rubber has a thin gloss over its color; metal is a mirror, dulled by a rougher one.
def _surface(thing: SceneObject) -> Plugin:
    color = _rgb(albedo(thing.color))
    match thing.material:
        case Material.RUBBER:
            return {
                "type": "roughplastic",
                "diffuse_reflectance": color,
                "alpha": 0.35,
                "int_ior": 1.3,
            }
        case Material.METAL:
            return {
                "type": "blendbsdf",
                "weight": 0.35,
                "mirror": _conductor(0.02, color),
                "rough": _conductor(0.2, color),
            }


def _conductor(roughness: float, color: Plugin) -> Plugin:
    return {
        "type": "roughconductor",
        "material": "none",
        "distribution": "ggx",
        "alpha": roughness,
        "specular_reflectance": color,
    }


def _rgb(color: Sequence[float]) -> Plugin:
    return {"type": "rgb", "value": list(color)}


def _mesh(solid: Solid, surface: Plugin) -> Any:  # noqa: ANN401 (Mitsuba has no types)
    mesh = mesh_of(solid.shape)
    properties = mitsuba.Properties()
    properties["bsdf"] = mitsuba.load_dict(surface, parallel=False)
    shape = mitsuba.Mesh(
        solid.shape,
        mesh.points.shape[1],
        len(mesh.triangles),
        has_vertex_normals=True,
        props=properties,
    )
    points = solid.origin + solid.radius * solid.to_world_axes(_single(mesh.points))
    values = mitsuba.traverse(shape)
    values["vertex_positions"] = _single(points).T.ravel()
    values["vertex_normals"] = solid.to_world_axes(_single(mesh.normals)).T.ravel()
    values["faces"] = mesh.triangles.astype(np.uint32).ravel()
    values.update()
    return shape


def _single(values: np.ndarray) -> Float32[np.ndarray, "3 points"]:
    return values.astype(np.float32)
