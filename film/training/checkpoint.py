"""Everything that training needs to go on as if it had never stopped."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from film.errors import TrainingError

__all__ = ["Checkpoint", "load_tensors", "read_checkpoint", "save_tensors"]

_FORMAT = 1


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

    def save(self, path: Path) -> None:
        """Write the checkpoint, whole or not at all.

        Args:
            path: Where; an older one is replaced.
        """
        save_tensors({"format": _FORMAT, **vars(self)}, path)


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


def save_tensors(content: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values to a file, whole or not at all.

    Args:
        content: What to write.
        path: Where; an older file is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
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
        TrainingError: The file is missing or broken.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file") from None
    except Exception as error:  # noqa: BLE001 - a broken file fails in a dozen ways
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"{path}: cannot be read as weights: {line}") from None
    if not isinstance(content, dict):
        raise TrainingError(f"{path}: holds a {type(content).__name__}, not weights")
    return content
