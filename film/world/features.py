"""Features of the embedded world's pictures, from the extractor that comes with it."""

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Float16, UInt8

from film.world.extractor import Extractor, load_extractor

__all__ = ["extract_features"]

_BATCH: Final = 64


def extract_features(
    images: UInt8[np.ndarray, "images 3 height width"],
) -> Float16[np.ndarray, "images channels rows columns"]:
    """Compute the feature map of each picture with the shipped weights.

    Args:
        images: Pictures, both sides a multiple of eight pixels.

    Returns:
        Maps of 32 channels, an eighth of the picture's size.
    """
    extractor = _shipped_extractor()
    maps = []
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            batch = torch.from_numpy(images[start : start + _BATCH]).float() / 255
            maps.append(extractor(batch).numpy().astype(np.float16))
    return np.concatenate(maps)


@lru_cache(maxsize=1)
def _shipped_extractor() -> Extractor:
    return load_extractor()
