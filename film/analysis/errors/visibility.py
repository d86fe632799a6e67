"""How much of each object the others hide, in CLEVR's pictures and in the world's.

CLEVR's scenes name no camera, but every object's place in space, in the picture and
along the camera's axis. The camera looks at the middle of the table and was moved a
little for every picture. Where it stood is found from these by least squares: exactly
with three objects or more, for depths are not rounded, and with two to what places in
the picture, rounded to pixels, tell. Each object is then drawn as the solid that it is,
alone and with the others; what is hidden is the share of its outline that the others
cover. What lies outside the picture does not count. With three objects or more these
are the shares that a world's masks give.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3.1 (camera, sizes of objects).
    https://arxiv.org/abs/1612.06890
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from film.errors import DataError
from film.world.attributes import Shape, Size
from film.world.pictures.geometry import (
    RADII,
    Camera,
    Point,
    Solid,
    first_hits,
    visible_pixels,
)
from film.world.scenes import CAMERA

__all__ = ["find_camera", "hidden_shares", "not_a_scene"]

_DEPTH: Final = 5000.0  # depths are exact, and places rounded to the pixel
_WIDEST: Final = 240  # pixels to draw: half of CLEVR's tell shares to a hundredth

Entry = Mapping[str, Any]
_Numbers = npt.NDArray[np.float64]


def hidden_shares(entry: Entry, size: tuple[int, int]) -> Float[np.ndarray, " objects"]:
    """Say how much of each object of a scene is hidden.

    Args:
        entry: Of CLEVR's scenes file, released or ours.
        size: Width and height of the picture, in pixels.

    Returns:
        Shares of the objects' outlines, from 0 to 1; NaN for an object that is
        outside the picture.

    Raises:
        DataError: The entry is not as CLEVR writes scenes.
    """
    try:
        objects = entry["objects"]
        solids = [_solid(thing) for thing in objects]
        if not solids:
            return np.zeros(0)
        camera = find_camera(objects, size)
        drawn = _size_to_draw(size)
        whole = np.array([_pixels(camera, [one], drawn)[0] for one in solids])
        seen = np.array(_pixels(camera, solids, drawn))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(not_a_scene(entry.get("image_index"), error)) from None
    return np.asarray(1 - seen / np.where(whole > 0, whole, math.nan))


def not_a_scene(image: object, error: Exception) -> str:
    """Say that a scene is not as CLEVR writes them.

    Args:
        image: The number of its picture.
        error: What went wrong when it was read.

    Returns:
        One line.
    """
    what = f"{type(error).__name__}: {error}"
    return f"the scene of image {image} is not as CLEVR writes scenes ({what})"


def find_camera(objects: Sequence[Entry], size: tuple[int, int]) -> Camera:
    """Find where the camera stood.

    Args:
        objects: Of a scene, with ``3d_coords`` and ``pixel_coords``; one or more.
        size: Width and height of the picture, in pixels.

    Returns:
        The camera.
    """
    from scipy.optimize import least_squares  # noqa: PLC0415 - takes half a second

    centers = np.array([thing["3d_coords"] for thing in objects], np.float64)
    places = np.array([thing["pixel_coords"] for thing in objects], np.float64)

    def misses(position: _Numbers) -> _Numbers:
        missed = _project(position, centers, size) - places
        missed[:, 2] *= _DEPTH
        return missed.ravel()

    x, y, z = least_squares(misses, CAMERA, method="lm").x.tolist()
    return Camera((x, y, z))


# As `Camera.project`, for all objects at once.
def _project(position: _Numbers, centers: _Numbers, size: tuple[int, int]) -> _Numbers:
    x, y, z = position.tolist()
    camera = Camera((x, y, z))
    axes = np.array([camera.right, camera.up, camera.forward])
    across, above, depth = axes @ (centers - position).T
    scale = camera.scale(*size) / depth
    columns, rows = size[0] / 2 + scale * across, size[1] / 2 - scale * above
    return np.stack([columns, rows, depth], axis=1)


def _size_to_draw(size: tuple[int, int]) -> tuple[int, int]:
    factor = math.ceil(max(size) / _WIDEST)
    return size[0] // factor, size[1] // factor


def _solid(thing: Entry) -> Solid:
    x, y, z = thing["3d_coords"]
    center: Point = (float(x), float(y), float(z))
    angle = math.radians(thing["rotation"])
    return Solid(Shape(thing["shape"]), RADII[Size(thing["size"])], center, angle)


def _pixels(
    camera: Camera, solids: Sequence[Solid], size: tuple[int, int]
) -> list[float]:
    counts = visible_pixels(first_hits(camera, solids, *size).solids)
    return [float(counts.get(number, 0)) for number in range(len(solids))]
