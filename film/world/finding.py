"""Find CLEVR's own files in a folder, which may be a world."""

from pathlib import Path
from typing import Final

__all__ = ["find_clevr"]

_QUESTIONS: Final = ("questions", "CLEVR-Humans-*.json")
_IN_A_WORLD: Final = "CLEVR_*v1.0"


def find_clevr(directory: Path) -> Path:
    """Find the folder that has CLEVR's layout.

    Args:
        directory: CLEVR, CoGenT or CLEVR-Humans as unpacked, or a folder that has
            one of the first two in it, such as a world.

    Returns:
        The folder; the one given where nothing better is found.
    """
    if not any(any(directory.glob(pattern)) for pattern in _QUESTIONS):
        for inner in sorted(directory.glob(_IN_A_WORLD)):
            if (inner / "questions").is_dir():
                return inner
    return directory
