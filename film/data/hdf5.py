"""Open HDF5 files and find the arrays in them, whoever wrote them."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, final

import h5py
import numpy as np

from film.errors import DataError

__all__ = ["Numbers", "find_array", "native_type", "open_file", "system_errors"]


@final
class Numbers(StrEnum):
    """What kind of numbers an array holds."""

    WHOLE = "whole numbers"
    FLOATING = "floating-point numbers"
    BYTES = "uint8"


def open_file(path: Path) -> h5py.File:
    """Open an HDF5 file for reading.

    Args:
        path: The file.

    Returns:
        The open file, to be closed by the caller.

    Raises:
        DataError: If it is missing, no HDF5 file, or cut off.
    """
    try:
        return h5py.File(path, "r")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise DataError(
            f"{path} is no HDF5 file or is cut off ({str(error).splitlines()[0]})"
        ) from None


@contextmanager
def system_errors(path: Path) -> Iterator[None]:
    """Raise what the system refuses HDF5, such as a full disk, as Python does.

    HDF5's own message is a page long, and no OSError where it fails to close a file.

    Args:
        path: What is written, for the message.

    Yields:
        Nothing.

    Raises:
        OSError: With the system's number and reason.
        RuntimeError: For any other reason that there was.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        told = re.search(r"errno = (\d+)", str(error))
        if told is not None:
            number = int(told[1])
            raise OSError(number, os.strerror(number), str(path)) from None
        raise


def find_array(
    path: Path, file: h5py.File, name: str, n_axes: int, kind: Numbers
) -> h5py.Dataset:
    """Find an array in a file and make sure that it is of the right kind.

    Args:
        path: The file's path, for the message.
        file: The open file, which has something of that name.
        name: The array's name.
        n_axes: How many axes it should have.
        kind: What it should hold.

    Returns:
        The array, not read yet.

    Raises:
        DataError: If it is a group, or has other axes or other numbers.
    """
    wanted = f"not {kind} with {n_axes} axes"
    found = file[name]
    if not isinstance(found, h5py.Dataset):
        raise DataError(f"{path}: '{name}' is a group, {wanted}")
    if found.shape is None or len(found.shape) != n_axes or not _holds(found, kind):
        raise DataError(
            f"{path}: '{name}' is {found.dtype} with shape {found.shape}, {wanted}"
        )
    return found


def native_type(array: h5py.Dataset) -> np.dtype[Any]:
    """Give the type of an array's numbers in the byte order of this machine.

    Args:
        array: An array in a file, which may come from another machine.

    Returns:
        The type to read it as; PyTorch takes no other byte order.
    """
    native: np.dtype[Any] = array.dtype.newbyteorder("=")
    return native


def _holds(array: h5py.Dataset, kind: Numbers) -> bool:
    match kind:
        case Numbers.WHOLE:
            return np.issubdtype(array.dtype, np.integer)
        case Numbers.FLOATING:
            return np.issubdtype(array.dtype, np.floating)
        case Numbers.BYTES:
            return bool(array.dtype == np.uint8)
