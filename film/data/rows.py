"""Read rows of images from HDF5, at the speed of the disk."""

import os
from typing import final

import h5py
import numpy as np
from jaxtyping import Int, Shaped

from film.data.store import StoredImages, open_file

__all__ = ["ImageRows"]


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
        # One read per run of neighbours: h5py's own indexing by a list of rows
        # takes time that grows with the square of the list.
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
