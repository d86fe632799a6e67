"""The files that a finished trial leaves, and whether they are as it left them."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from runner.store.files import if_there

__all__ = ["ANSWERS", "EPOCHS", "damaged_results", "measured_results"]

ANSWERS: Final = "predictions.parquet"
EPOCHS: Final = "metrics.jsonl"
_RESULTS: Final = ("best.pt", ANSWERS, EPOCHS)


def measured_results(folder: Path) -> dict[str, dict[str, Any]]:
    """Measure the results of a trial that ends.

    Args:
        folder: The trial's.

    Returns:
        Size in bytes and SHA-256, by name, of those that are there.
    """
    paths = [folder / name for name in _RESULTS]
    return {
        path.name: {"size": path.stat().st_size, "sha256": _sha256(path)}
        for path in paths
        if path.is_file()
    }


def damaged_results(folder: Path, files: object, *, deeply: bool) -> tuple[str, ...]:
    """Compare the results of a trial with what was measured at its end.

    Args:
        folder: The trial's.
        files: What `measured_results` found, as read from a file: older marks have
            nothing, and a damaged one has anything.
        deeply: Read them whole; else their sizes alone are compared.

    Returns:
        Names of files that are missing or not as they were.
    """
    known = files if isinstance(files, dict) else {}
    return tuple(
        name
        for name in _RESULTS
        if name in known
        and not _is_as_it_was(folder / name, known[name], deeply=deeply)
    )


def _is_as_it_was(path: Path, known: object, *, deeply: bool) -> bool:
    if not isinstance(known, dict):
        return False
    return bool(if_there(path, partial(_is_same, known=known, deeply=deeply)))


def _is_same(path: Path, known: Mapping[str, object], *, deeply: bool) -> bool:
    if path.stat().st_size != known.get("size"):
        return False
    return not deeply or _sha256(path) == known.get("sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
