"""Draw a scene, by default with an analytic ray caster of NumPy alone.

The same scene gives the same bytes each time. One ray is enough for a pixel of evenly
lit floor. Every pixel that shows a solid, or is near one or near a shadow's edge, gets
a square grid of rays.
"""

from types import ModuleType

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from film.errors import ConfigError
from film.world.config import Renderer, WorldConfig
from film.world.pictures.geometry import NOTHING, Camera, first_hits
from film.world.pictures.shading import Studio
from film.world.scenes import Scene

__all__ = ["check_renderer", "draw", "draw_masks", "render"]

_SHADOW_REACH = 2  # pixels to each side that must be evenly lit
_UNEVEN = np.float32(0.03)  # of a pixel's light: what needs a closer look
_SRGB_DARK = np.float32(0.0031308)  # below it the sRGB curve is a line

Radiance = Float32[np.ndarray, "3 height width"]


def draw(scene: Scene, config: WorldConfig) -> UInt8[np.ndarray, "height width 3"]:
    """Draw a scene with the renderer that a world asks for.

    Args:
        scene: The scene.
        config: The world.

    Returns:
        The picture.
    """
    width, height, n = config.width, config.height, config.samples_per_side
    match config.renderer:
        case Renderer.RAY_CASTER:
            return render(scene, width, height, n)
        case Renderer.MITSUBA:
            return _to_srgb(_path_tracing().trace(scene, width, height, n))


def check_renderer(config: WorldConfig) -> None:
    """Refuse a renderer that is not installed, before anything is drawn.

    The error is a ``ConfigError``, the same as from drawing.

    Args:
        config: The world.
    """
    if config.renderer is Renderer.MITSUBA:
        _path_tracing()


def draw_masks(
    scene: Scene, width: int, height: int
) -> UInt8[np.ndarray, "height width"]:
    """Draw which object each pixel shows.

    Args:
        scene: The scene.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.

    Returns:
        Zero for the floor and what lies behind it, n for object number n - 1.
    """
    solids = [thing.solid for thing in scene.objects]
    numbers = first_hits(Camera(scene.camera), solids, width, height).solids
    return (numbers - NOTHING).astype(np.uint8)


def _path_tracing() -> ModuleType:
    try:
        from film.world.pictures import path_tracing  # noqa: PLC0415 (an optional extra)
    except ImportError as error:
        raise ConfigError(
            f"renderer=mitsuba cannot be loaded ({error}); "
            "pip install 'film-ablations[mitsuba]', or leave renderer at ray_caster"
        ) from None
    return path_tracing


def render(
    scene: Scene, width: int, height: int, samples_per_side: int
) -> UInt8[np.ndarray, "height width 3"]:
    """Draw a scene.

    Args:
        scene: The scene.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        samples_per_side: Rays through each pixel, along each of its sides.

    Returns:
        The picture.
    """
    linear = _photograph(Studio(scene, samples_per_side), width, height)
    return _to_srgb(np.moveaxis(linear, 0, 2))


# Take the picture: one ray for a pixel that shows nothing but evenly lit floor,
# a grid of rays for every other.
def _photograph(studio: Studio, width: int, height: int) -> Radiance:
    n = studio.samples_per_side
    hits = first_hits(studio.camera, studio.solids, width * n, height * n)
    picture = _floor_alone(studio, width, height)
    shows_solid = (_per_pixel(hits.solids, n) != NOTHING).max(2)
    busy = np.flatnonzero(_is_uneven(picture) | _widened(shows_solid))
    directions = studio.camera.rays(width * n, height * n, slice(None), slice(None))
    fine = studio.with_floor(
        studio.eye,
        _chosen_rays(directions, n, busy),
        np.tile(np.arange(n * n), len(busy)),
        (
            _chosen_rays(hits.distances, n, busy),
            _chosen_rays(hits.solids, n, busy),
        ),
    )
    radiance = np.minimum(studio.radiance(fine, n_bounces=1), 1)
    picture.reshape(3, -1)[:, busy] = radiance.reshape(3, -1, n * n).mean(2)
    return picture


# The floor as if the solids only cast their shadows on it, by one ray per pixel.
def _floor_alone(studio: Studio, width: int, height: int) -> Radiance:
    directions = studio.camera.rays(width, height, slice(None), slice(None))
    flat = directions.reshape(3, -1)
    n_rays = flat.shape[1]
    nothing = (
        np.full(n_rays, np.inf, np.float32),
        np.full(n_rays, NOTHING, np.int16),
    )
    middle = np.full(n_rays, studio.samples_per_side**2)
    rays = studio.with_floor(studio.eye, flat, middle, nothing)
    light: Radiance = np.minimum(studio.radiance(rays, n_bounces=0), 1)
    return light.reshape(directions.shape)


# The n × n samples of each pixel along a last axis.
def _per_pixel(samples: np.ndarray, n: int) -> np.ndarray:
    *front, rows, columns = samples.shape
    grid = samples.reshape(*front, rows // n, n, columns // n, n).swapaxes(-3, -2)
    per_pixel: np.ndarray = grid.reshape(*front, rows // n, columns // n, n * n)
    return per_pixel


# All samples of the chosen pixels, in one row.
def _chosen_rays(samples: np.ndarray, n: int, pixels: np.ndarray) -> np.ndarray:
    front = samples.shape[:-2]
    per_pixel = _per_pixel(samples, n).reshape(*front, -1, n * n)
    chosen: np.ndarray = per_pixel[..., pixels, :].reshape(*front, -1)
    return chosen


# Where a shadow begins within a few pixels. Light that falls off evenly is the mean
# of the light on both sides; light with a shadow on one side is not.
def _is_uneven(
    picture: Radiance,
) -> Bool[np.ndarray, "height width"]:
    light = picture[0] + picture[1] + picture[2]
    uneven = np.zeros(light.shape, bool)
    for axis in (0, 1):
        before, after = _neighbours(light, _SHADOW_REACH, axis)
        uneven |= np.abs(before + after - 2 * light) > _UNEVEN * light
    return uneven


def _widened(
    mask: Bool[np.ndarray, "height width"],
) -> Bool[np.ndarray, "height width"]:
    for axis in (0, 1):
        before, after = _neighbours(mask, 1, axis)
        mask = mask | before | after
    return mask


# What stands so many pixels before and after each; the picture's edge is repeated.
def _neighbours(
    values: np.ndarray, distance: int, axis: int
) -> tuple[np.ndarray, np.ndarray]:
    size = values.shape[axis]
    places = np.arange(size)
    return (
        values.take(np.maximum(places - distance, 0), axis),
        values.take(np.minimum(places + distance, size - 1), axis),
    )


def _to_srgb(
    linear: Float32[np.ndarray, "height width 3"],
) -> UInt8[np.ndarray, "height width 3"]:
    curve = np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055)
    dark = np.float32(12.92) * linear
    encoded = np.where(linear <= _SRGB_DARK, dark, curve)
    return (encoded * 255 + 0.5).astype(np.uint8)
