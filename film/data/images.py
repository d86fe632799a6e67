"""Read the pixels of an image, at the size that a model takes.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 3: images at 224 × 224. The authors'
    extract_features.py resizes the 8 bit RGB image bicubically.
"""

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from film.errors import DataError

__all__ = ["PAPER_SIZE", "default_size", "read_pixels"]

PAPER_SIZE: Final = (224, 224)
"""Height and width of the paper's images."""


def default_size(path: Path) -> tuple[int, int]:
    """Choose the size for a set of images from one of them.

    Args:
        path: An image of the set.

    Returns:
        Height and width: those of the image where neither is above the paper's
        224, and otherwise the paper's 224 × 224.
    """
    _, height, width = read_pixels(path).shape
    if height <= PAPER_SIZE[0] and width <= PAPER_SIZE[1]:
        return height, width
    return PAPER_SIZE


def read_pixels(
    path: Path, size: tuple[int, int] | None = None
) -> UInt8[np.ndarray, "channels=3 height width"]:
    """Read an image as 8 bit RGB, resized bicubically where it has another size.

    Args:
        path: An image file; transparency is dropped.
        size: Height and width wanted; None keeps the image's own.

    Returns:
        The pixels, channels first.

    Raises:
        DataError: If the file is missing, is no image, is cut off, or is huge.
    """
    try:
        with Image.open(path) as image:
            pixels = image.convert("RGB")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except UnidentifiedImageError:
        raise DataError(f"{path} is no image that can be read") from None
    except Image.DecompressionBombError:
        raise DataError(
            f"{path} has more pixels than is safe to read; scale it down"
        ) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(
            f"{path} is broken or cut off ({error}); get it again"
        ) from None
    if size is not None and (pixels.height, pixels.width) != size:
        height, width = size
        pixels = pixels.resize((width, height), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(pixels).transpose(2, 0, 1))
