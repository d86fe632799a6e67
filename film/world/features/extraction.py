"""Features of pictures, from the extractor that comes with the suite."""

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float16, UInt8
from torch import Tensor
from torch.nn import functional

from film.world.config import EXTRACTOR_VERSION
from film.world.features.extractor import N_CHANNELS, Extractor, load_extractor
from film.world.features.lessons import CELL, LESSONS

__all__ = ["EXTRACTOR_NAME", "extract_features", "feature_shape"]

EXTRACTOR_NAME: Final = f"world {EXTRACTOR_VERSION}"
"""What computes the features, as a store says it."""

_BATCH: Final = 64


def feature_shape(height: int, width: int) -> tuple[int, int, int]:
    """Say what the feature map of a picture will be like.

    How large objects look follows from the longer side of the picture alone, and the
    extractor knows large from small only at the side that it was taught. So each
    picture is first brought to that side, 96 pixels or twelve cells; the other side
    keeps the picture's form, to a whole cell.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.

    Returns:
        Channels, rows and columns.
    """
    cells_per_pixel = LESSONS.width / CELL / max(height, width)
    rows, columns = (max(1, round(cells_per_pixel * side)) for side in (height, width))
    return N_CHANNELS, rows, columns


def extract_features(
    images: UInt8[np.ndarray, "images channels=3 height width"],
) -> Float16[np.ndarray, "images features rows columns"]:
    """Compute the feature map of each picture with the shipped weights.

    Args:
        images: Pictures of any size.

    Returns:
        Maps as ``feature_shape`` says.
    """
    _, rows, columns = feature_shape(*images.shape[2:])
    extractor = _shipped_extractor()
    maps = []
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            batch = torch.from_numpy(images[start : start + _BATCH]).float()
            taught = _resized(batch, (rows * CELL, columns * CELL)) / 255
            maps.append(extractor(taught).numpy().astype(np.float16))
    return np.concatenate(maps)


# As read_pixels does it: bicubic, smoothed where pixels are lost, in whole numbers.
def _resized(
    images: Float[Tensor, "images channels height width"], size: tuple[int, int]
) -> Float[Tensor, "images channels rows columns"]:
    if images.shape[2:] == size:
        return images
    resized = functional.interpolate(images, size, mode="bicubic", antialias=True)
    return resized.round().clamp(0, 255)


@lru_cache(maxsize=1)
def _shipped_extractor() -> Extractor:
    return load_extractor()
