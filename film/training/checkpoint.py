"""Everything that training needs to go on as if it had never stopped."""

import hashlib
import logging
import os
import re
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, cast

import torch

from film.errors import TrainingError

__all__ = [
    "BrokenFileError",
    "Checkpoint",
    "forget_previous",
    "load_tensors",
    "newest_checkpoint",
    "read_checkpoint",
    "save_tensors",
]

_LOGGER: Final = logging.getLogger(__name__)
_FORMAT: Final = 1
_NAMES: Final = ("checkpoint.pt", "checkpoint.previous.pt")
_BROKEN: Final = "checkpoint.broken.pt"
_MARK: Final = b"\nsha256:"
_TRAILER: Final = len(_MARK) + 64
_CHUNK: Final = 2**20


class BrokenFileError(TrainingError):
    """A file is not as it was written."""


@dataclass(kw_only=True)
class Checkpoint:
    """The state of a run after a whole number of epochs.

    Nothing random is in it: what a run draws in an epoch follows from its seed and
    the epoch's number.
    """

    run: dict[str, Any]  # what is trained: settings, seed, data
    network: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    history: list[dict[str, Any]]  # metrics of every finished epoch
    best_network: dict[str, torch.Tensor]  # weights of the best epoch so far
    best_answers: torch.Tensor  # given to the validation questions in that epoch
    # Epochs × bits: what was right. None of a run that began before it was kept.
    right: torch.Tensor | None = None
    objective: dict[str, torch.Tensor] = field(default_factory=dict)  # what it keeps

    def save(self, directory: Path) -> None:
        """Write the checkpoint, whole or not at all; the one before it is kept.

        Args:
            directory: Where.
        """
        newest, previous = (directory / name for name in _NAMES)
        save_tensors({"format": _FORMAT, **vars(self)}, newest, keep=previous)


def newest_checkpoint(directory: Path, run: dict[str, Any]) -> Checkpoint | None:
    """Read the newest checkpoint of a run that is whole.

    A broken one is set aside, with a line in the log: then the one before it is taken,
    and what follows is computed once more, to the same bits.

    Args:
        directory: Where the run keeps its files.
        run: What is to be trained.

    Returns:
        The state to go on from; None where training has to begin anew.
    """
    n_broken = 0
    for name in _NAMES:
        path = directory / name
        if not path.exists():
            continue
        try:
            checkpoint = read_checkpoint(path, run)
        except BrokenFileError as error:
            n_broken += 1
            path.replace(directory / _BROKEN)
            _LOGGER.warning("%s; it is kept as %s", error, _BROKEN)
        else:
            if n_broken:
                n_epochs = len(checkpoint.history)
                _LOGGER.warning("going on from %s, after epoch %d", name, n_epochs)
            return checkpoint
    if n_broken:
        _LOGGER.warning("no checkpoint is whole: training begins anew")
    return None


def forget_previous(directory: Path) -> None:
    """Remove the checkpoint before the newest, once what a run leaves is written.

    Args:
        directory: Where the run keeps its files.
    """
    (directory / _NAMES[1]).unlink(missing_ok=True)


def read_checkpoint(path: Path, run: dict[str, Any]) -> Checkpoint:
    """Read a checkpoint back, if it is this run's.

    Args:
        path: The file.
        run: What is to be trained.

    Returns:
        The state to go on from.

    Raises:
        TrainingError: The file is broken, or another run's.
    """
    content = load_tensors(path)
    if content.pop("format", None) != _FORMAT:
        raise TrainingError(f"{path}: is not a checkpoint that this version reads")
    theirs = content["run"]
    different = [key for key in run if run[key] != theirs.get(key)]
    if different:
        raise TrainingError(
            f"{path}: belongs to another run (other {' and '.join(different)}); "
            "take an empty folder"
        )
    return Checkpoint(**content)


def save_tensors(
    content: dict[str, Any], path: Path, *, keep: Path | None = None
) -> None:
    """Write tensors and plain values to a file, whole or not at all.

    A checksum follows what torch writes, and reads past: it has none that it heeds.

    Args:
        content: What to write.
        path: Where; an older file is replaced.
        keep: Where to keep that older file; None is nowhere.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            _write(content, file)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            path.replace(keep)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_tensors(path: Path) -> dict[str, Any]:
    """Read tensors and plain values; nothing in the file can run code.

    Args:
        path: A file that `save_tensors` wrote.

    Returns:
        What it holds, on the CPU.

    Raises:
        TrainingError: The file is missing, or holds something else.
        BrokenFileError: It is not as it was written.
    """
    try:
        is_sound = _has_its_sum(path)
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file") from None
    if is_sound is False:
        raise BrokenFileError(f"{path}: cannot be read as weights: its sum is another")
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickles that are unusual
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if isinstance(error, MemoryError):  # not the file's fault
            raise
        line = _why_not(error)
        kind = TrainingError if is_sound else BrokenFileError
        raise kind(f"{path}: cannot be read as weights: {line}") from None
    if not isinstance(content, dict):
        raise TrainingError(f"{path}: holds a {type(content).__name__}, not weights")
    return content


# Torch advises at length how to execute what it refuses to.
def _why_not(error: Exception) -> str:
    called = re.search(r"GLOBAL (\S+)", str(error))
    if called:
        return f"it calls {called[1]}, which is not executed"
    line = next(iter(str(error).splitlines()), "")
    return line.partition(". ")[0] or type(error).__name__


class _Summing:
    """Sums what passes to a file; torch hides what the file itself complains of."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()
        self.problem: OSError | None = None

    def write(self, some: bytes | memoryview) -> int:
        self.sum.update(some)
        try:
            return self._file.write(some)
        except OSError as error:
            self.problem = error
            raise

    def flush(self) -> None:
        self._file.flush()


def _write(content: dict[str, Any], file: IO[bytes]) -> None:
    summing = _Summing(file)
    try:
        torch.save(content, cast("IO[bytes]", summing))  # all that torch asks of it
    except RuntimeError:
        if summing.problem is not None:  # a full disk, for instance
            raise summing.problem from None
        raise
    file.write(_MARK + summing.sum.hexdigest().encode())


# None where a file has no sum, as others write it, or torn off with its end.
def _has_its_sum(path: Path) -> bool | None:
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END) - _TRAILER
        if length < 0:
            return None
        file.seek(length)
        mark = file.read()
        if not mark.startswith(_MARK):
            return None
        file.seek(0)
        digest = hashlib.sha256()
        while length and (some := file.read(min(length, _CHUNK))):
            digest.update(some)
            length -= len(some)
    return digest.hexdigest().encode() == mark.removeprefix(_MARK)
