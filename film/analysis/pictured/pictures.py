"""The pictures that people look at, which need not be what the network is fed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Int, Shaped, UInt8

from film.config import ImageInput
from film.data.clevr import find_splits
from film.data.images import read_pixels
from film.data.stored_images import ImageRows, find_images, stored_inputs
from film.errors import DataError
from film.world.finding import find_clevr

__all__ = ["PictureSource", "find_pictures"]

_ENDINGS: Final = ("png", "jpg", "jpeg")


@final
@dataclass(frozen=True)
class PictureSource:
    """Where the pictures of a split are.

    Attributes:
        split: The split.
        folder: Files whose names end in the number of the picture; None for none.
        store: A store that holds pixels; None for none.
    """

    split: str
    folder: Path | None = None
    store: Path | None = None

    @property
    def said(self) -> str:
        """Where pictures come from, in a word: ``files``, ``store`` or ``absent``."""
        if self.folder is not None:
            return "files"
        return "absent" if self.store is None else "store"

    def read(self, image: int) -> UInt8[np.ndarray, "channels=3 height width"] | None:
        """Read a picture.

        Args:
            image: Its number.

        Returns:
            The picture; None where there are none.

        Raises:
            DataError: The others are there, and this one is not.
        """
        if self.folder is not None:
            found = _files(self.folder, image)
            if not found:
                raise DataError(f"{self.folder} has no picture number {image}")
            return read_pixels(found[0])
        if self.store is not None:
            stored = find_images(self.store, self.split, ImageInput.PIXELS)
            (pixels,) = ImageRows(stored).read(stored.rows_of(np.array([image])))
            return _as_bytes(pixels)
        return None

    def arrays(self, images: Int[np.ndarray, " some"]) -> dict[str, np.ndarray]:
        """Read pictures to keep them with an analysis.

        Args:
            images: Their numbers.

        Returns:
            ``picture_0`` and so on, height first and channels last; nothing where
            there are no pictures.
        """
        found = {
            f"picture_{place}": self.read(int(image))
            for place, image in enumerate(images)
        }
        return {
            name: np.ascontiguousarray(pixels.transpose(1, 2, 0))
            for name, pixels in found.items()
            if pixels is not None
        }


def find_pictures(data: Path, split: str, images: Path | None = None) -> PictureSource:
    """Find the pictures of a split: CLEVR's files first, which are larger.

    Args:
        data: The store, or the world that it is part of.
        split: The split's name in the store.
        images: A folder of picture files, or one that has a folder per split; None
            looks for CLEVR's files in the data's folder, and then for stored pixels.

    Returns:
        Where they are, if anywhere.

    Raises:
        DataError: ``images`` holds no pictures.
    """
    if images is not None:
        for folder in (images / split, images / f"{split}A", images):
            if _files(folder):
                return PictureSource(split, folder=folder)
        raise DataError(f"{images} holds no pictures, nor does a folder {split} in it")
    for around in (data, data.parent):  # a store of other questions lies in a world
        found = _clevr_folder(around, split)
        if found is not None:
            return PictureSource(split, folder=found)
    for around in (data, data.parent):
        if _has_pixels(around, split):
            return PictureSource(split, store=around)
    return PictureSource(split)


def _clevr_folder(data: Path, split: str) -> Path | None:
    try:
        files = find_splits(find_clevr(data)).get(split)
    except DataError:
        return None
    return files.images if files is not None and _files(files.images) else None


def _has_pixels(store: Path, split: str) -> bool:
    try:
        return ImageInput.PIXELS in stored_inputs(store, split)
    except DataError:
        return False


# CLEVR's names end in the number, which has six digits.
def _files(folder: Path, image: int | None = None) -> list[Path]:
    stem = "*" if image is None else f"*_{image:06d}"
    return sorted(
        path for ending in _ENDINGS for path in folder.glob(f"{stem}.{ending}")
    )


def _as_bytes(
    pixels: Shaped[np.ndarray, "channels=3 height width"],
) -> UInt8[np.ndarray, "channels=3 height width"]:
    if pixels.dtype != np.uint8:  # clevr-iep's, from 0 to 1
        pixels = (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return np.asarray(pixels)
