"""What training reads of a world's loosely worded questions.

They ask about the same pictures, so that a store inside the world's folder has the
questions alone; words that the world's own never use come behind these in its
vocabulary, as CLEVR-Humans' come behind CLEVR's.
"""

from collections.abc import Iterator
from pathlib import Path

from film.data.prepare import PrepareOptions, prepare
from film.data.progress import Progress
from film.errors import DataError
from film.world.config import HUMANS_STORE, HUMANS_WORD_COUNT, WorldConfig
from film.world.layout import Layout

__all__ = ["store_humans"]


def store_humans(config: WorldConfig, directory: Path) -> Iterator[Progress]:
    """Write the store of a world's loosely worded questions, where it is missing.

    Args:
        config: The world.
        directory: Where it is, whole.

    Yields:
        How far the work is; nothing where there is nothing to do.

    Raises:
        DataError: The world was made without CLEVR's files.
    """
    out = directory / HUMANS_STORE
    if (out / "vocab.json").is_file():
        return
    source = Layout(directory, config).humans
    if not source.is_dir():
        raise DataError(
            f"{directory} was made with --store-only, and has no loosely worded "
            "questions; remove it, and make it again without"
        )
    options = PrepareOptions(
        keep_pixels=False,
        vocabulary=directory / "vocab.json",
        expand=True,
        min_word_count=HUMANS_WORD_COUNT,
        fingerprint=config.humans_fingerprint,
    )
    yield from prepare(source, out, options)
