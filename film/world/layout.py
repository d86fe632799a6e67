"""Where everything of a world is, while it grows and when it is whole.

A whole world has CLEVR's own files in ``CLEVR_v1.0`` (CoGenT's in
``CLEVR_CoGenT_v1.0``), loosely worded questions in ``CLEVR-Humans``, and the store that
training reads. While it grows, ``.parts`` says what is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from film.world.config import WorldConfig

__all__ = ["CLEVR_FOLDER", "COGENT_FOLDER", "HUMANS_FOLDER", "WORLD_FILE", "Layout"]

CLEVR_FOLDER: Final = "CLEVR_v1.0"
"""Where in a world CLEVR's own files are."""

COGENT_FOLDER: Final = "CLEVR_CoGenT_v1.0"
"""Where they are in a world with CoGenT's splits."""

HUMANS_FOLDER: Final = "CLEVR-Humans"
"""Where the loosely worded questions are."""

WORLD_FILE: Final = "world.json"
"""What says which world a folder holds."""


@final
@dataclass(frozen=True)
class Layout:
    """The places of one world.

    Attributes:
        root: The folder of the world.
        config: The world.
    """

    root: Path
    config: WorldConfig

    @property
    def source(self) -> Path:
        """The folder in CLEVR's layout."""
        return self.root / (COGENT_FOLDER if self.config.cogent else CLEVR_FOLDER)

    @property
    def humans(self) -> Path:
        """The folder in CLEVR-Humans' layout."""
        return self.root / HUMANS_FOLDER

    @property
    def parts(self) -> Path:
        """Where the parts are that are done."""
        return self.root / ".parts"

    @property
    def scratch(self) -> Path:
        """Where files are written before they take their names."""
        return self.root / ".parts" / "unfinished"

    def images(self, split: str) -> Path:
        """Say where a split's pictures are.

        Args:
            split: The split.

        Returns:
            The folder.
        """
        return self.source / "images" / split

    def masks(self, split: str) -> Path:
        """Say where a split's pictures of object numbers are.

        Args:
            split: The split.

        Returns:
            The folder.
        """
        return self.source / "masks" / split

    def entries(self, split: str, kind: str) -> Path:
        """Say where a split's scenes or questions are.

        Args:
            split: The split.
            kind: ``scenes``, ``questions`` or ``humans``.

        Returns:
            The file.
        """
        if kind == "humans":
            return self.humans / f"CLEVR-Humans-{split}.json"
        return self.source / kind / f"CLEVR_{split}_{kind}.json"

    def store(self, split: str) -> Path:
        """Say where training finds a split.

        Args:
            split: The split; CoGenT's condition A has the plain names there.

        Returns:
            The file.
        """
        return self.root / f"{split.removesuffix('A')}.h5"

    def part(self, split: str, kind: str, numbers: Sequence[int]) -> Path:
        """Say where a part is recorded.

        Args:
            split: The split.
            kind: ``scenes`` or ``questions``.
            numbers: The part's scenes.

        Returns:
            The file.
        """
        return self.parts / f"{split}-{kind}-{numbers[0]:06d}.json"

    def stored(self, split: str) -> Path:
        """Say where it is recorded that a split's store is done.

        Args:
            split: The split.

        Returns:
            The file.
        """
        return self.parts / f"{split}-stored.json"
