"""Find the images of a split and read them, at the speed of the disk."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import h5py
import numpy as np
from jaxtyping import Int, Shaped

from film.config import ImageInput
from film.data.hdf5 import Numbers, find_array, native_type, open_file
from film.data.store import question_path
from film.errors import DataError

__all__ = ["ImageRows", "StoredImages", "find_images", "stored_inputs"]

_RGB: Final = 3
_N_AXES: Final = 4  # images, channels, height, width


@final
@dataclass(frozen=True, kw_only=True)
class StoredImages:
    """Where the images of a split are, and which row shows which image.

    Attributes:
        path: The HDF5 file.
        dataset: The data set in it: ``images`` or ``features``.
        shape: Channels, height, width.
        dtype: The type of its numbers, in this machine's byte order.
        n_rows: How many images there are.
        image_ids: The image of each row; None where row i is image i.
    """

    path: Path
    dataset: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    n_rows: int
    image_ids: Int[np.ndarray, " images"] | None

    @property
    def nbytes_per_row(self) -> int:
        """The size of one image in the file's type."""
        return int(np.prod(self.shape)) * int(self.dtype.itemsize)

    def rows_of(self, image_idxs: Int[np.ndarray, " any"]) -> Int[np.ndarray, " any"]:
        """Find the row of each image.

        Args:
            image_idxs: Numbers of images.

        Returns:
            Their rows.

        Raises:
            DataError: If an image is not in the file.
        """
        if self.image_ids is None:
            absent = (image_idxs < 0) | (image_idxs >= self.n_rows)
            rows = image_idxs.astype(np.int64)
            what = f"has the images 0 to {self.n_rows - 1}"
        else:
            order = np.argsort(self.image_ids)
            known = self.image_ids[order]
            places = np.searchsorted(known, image_idxs).clip(max=len(known) - 1)
            absent = known[places] != image_idxs
            rows = order[places]
            what = f"holds {self.n_rows} others"
        if absent.any():
            first = image_idxs[absent][0]
            raise DataError(
                f"{self.path}: {len(np.unique(image_idxs[absent]))} images that "
                f"questions are about are not there, the first is {first}; it {what}"
            )
        return rows


@final
class ImageRows:
    """The rows of a file of images, read when asked for.

    The file is opened at the first read and once per process, so that a copy in a
    forked or unpickled worker reads through a handle of its own.
    """

    def __init__(self, stored: StoredImages) -> None:
        self.stored = stored
        self._file: h5py.File | None = None
        self._process = -1

    def __getstate__(self) -> StoredImages:
        return self.stored

    def __setstate__(self, stored: StoredImages) -> None:
        self.stored = stored
        self._file = None
        self._process = -1

    def read(
        self, rows: Int[np.ndarray, " rows"]
    ) -> Shaped[np.ndarray, "rows channels height width"]:
        """Read some rows.

        Args:
            rows: Which rows: ascending, each once.

        Returns:
            The images, in the file's type.
        """
        dataset = self._dataset()
        images = np.empty((len(rows), *self.stored.shape), self.stored.dtype)
        # One read per run of neighbours: h5py's own indexing by a list of rows is
        # slow for long lists.
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
            first = int(rows[start])
            run = slice(first, first + int(stop - start))
            dataset.read_direct(images, run, slice(int(start), int(stop)))
        return images

    def _dataset(self) -> h5py.Dataset:
        if self._file is None or self._process != os.getpid():
            self._file = open_file(self.stored.path)
            self._process = os.getpid()
        return self._file[self.stored.dataset]


def find_images(directory: Path, split: str, image_input: ImageInput) -> StoredImages:
    """Find the images of a split in the wanted form.

    A store inside another, which asks other questions about the same images, may have
    questions alone: then the images are those of the same split of the store around it.

    Args:
        directory: The store.
        split: The split's name.
        image_input: Pixels or features.

    Returns:
        Where they are.

    Raises:
        DataError: If no file of the split has them, or they are no images.
    """
    candidates = _image_paths(directory, split)
    for path in candidates:
        with open_file(path) as file:
            images = _image_dataset(path, file, image_input)
            if images is not None:
                return _describe_images(path, file, images)
    if not stored_inputs(directory, split) and _is_store(directory.parent):
        return find_images(directory.parent, split, image_input)
    raise DataError(
        f"{directory} has no {image_input} of '{split}': not in "
        + " nor in ".join(path.name for path in candidates)
        + (f", and there is no {split}_features.h5" if len(candidates) == 1 else "")
        + _instead(directory, split)
    )


def _is_store(directory: Path) -> bool:
    return (directory / "vocab.json").is_file()


def _instead(directory: Path, split: str) -> str:
    there = " and ".join(stored_inputs(directory, split))
    return f"; there are {there} (model.stem.input chooses)" if there else ""


def stored_inputs(directory: Path, split: str) -> list[ImageInput]:
    """List the forms in which a split has its images.

    Args:
        directory: The store.
        split: The split's name.

    Returns:
        Pixels, features, both, or nothing where only questions are stored.
    """
    found = set()
    for path in _image_paths(directory, split):
        with open_file(path) as file:
            found |= {
                form
                for form in ImageInput
                if _image_dataset(path, file, form) is not None
            }
    return [form for form in ImageInput if form in found]


def _image_paths(directory: Path, split: str) -> list[Path]:
    own = question_path(directory, split)
    foreign = directory / f"{split}_features.h5"
    return [own, foreign] if foreign.is_file() else [own]


def _image_dataset(
    path: Path, file: h5py.File, image_input: ImageInput
) -> h5py.Dataset | None:
    if image_input is ImageInput.PIXELS and "images" in file:
        return find_array(path, file, "images", _N_AXES, Numbers.BYTES)
    if "features" not in file:
        return None
    features = find_array(path, file, "features", _N_AXES, Numbers.FLOATING)
    is_pixels = features.shape[1] == _RGB
    return features if is_pixels is (image_input is ImageInput.PIXELS) else None


def _describe_images(path: Path, file: h5py.File, images: h5py.Dataset) -> StoredImages:
    name = images.name.removeprefix("/")
    if not images.size:
        raise DataError(f"{path}: '{name}' is empty, its shape is {images.shape}")
    image_ids = None
    if "image_ids" in file:
        image_ids = find_array(path, file, "image_ids", 1, Numbers.WHOLE)[:]
        image_ids = image_ids.astype(np.int64)
        if len(image_ids) != len(images):
            raise DataError(
                f"{path}: {len(image_ids)} image_ids for {len(images)} {name}"
            )
    return StoredImages(
        path=path,
        dataset=name,
        shape=tuple(images.shape[1:]),
        dtype=native_type(images),
        n_rows=len(images),
        image_ids=image_ids,
    )
