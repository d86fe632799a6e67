"""Where a study's data come from: a prepared folder, or a world made when needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from film.config import ImageInput
from film.data.progress import Progress
from film.errors import DataError
from film.world.config import WorldConfig
from runner.store.files import absolute
from runner.store.locks import exclusive
from runner.store.workspace import Workspace

__all__ = ["DataSource", "find_source", "make_here", "make_missing"]


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """Data by their names, which are known before a world is made."""

    directory: Path
    fingerprints: Mapping[ImageInput | None, str]
    world: WorldConfig | None  # what to make where it is missing

    @property
    def is_there(self) -> bool:
        """Whether there is something to learn from already."""
        last_written = "vocab.json" if self.world is None else "world.json"
        return (self.directory / last_written).is_file()


def find_source(
    name: str,
    world: WorldConfig | None,
    given: Path | None,
    inputs: Sequence[ImageInput | None],
    workspace: Workspace,
) -> DataSource:
    """Find out what to learn from.

    Args:
        name: Who asks, for messages.
        world: The world that is wanted; None where the data have to be given.
        given: A prepared folder.
        inputs: What of pictures is used; None is nothing.
        workspace: Where worlds are kept.

    Returns:
        The source; a world need not exist yet.

    Raises:
        DataError: Data are missing, or given to a study that brings its own.
    """
    if world is not None:
        fingerprints = dict.fromkeys(inputs, world.fingerprint)
        return DataSource(
            directory=workspace.world(world), fingerprints=fingerprints, world=world
        )
    if given is None:
        raise DataError(
            f"{name} learns from CLEVR: give --data DIR, a folder that "
            "`film data prepare` wrote, or set FILM_DATA"
        )
    from film.data.fingerprint import data_fingerprint  # noqa: PLC0415 - needs NumPy

    directory = absolute(given)
    if not directory.is_dir():
        raise DataError(f"--data {given}: no such folder")
    return DataSource(
        directory=directory,
        fingerprints={one: data_fingerprint(directory, one) for one in inputs},
        world=None,
    )


def make_missing(source: DataSource, *, processes: int) -> Iterator[Progress]:
    """Make the world of a source where it is not there yet, or not whole.

    Args:
        source: What is to be learnt from.
        processes: How many processes may draw.

    Yields:
        How far the work is; nothing where there is nothing to make.
    """
    if source.world is None:
        return
    from film.world.making import make_world  # noqa: PLC0415 - needs torch

    lock = source.directory.with_name(f"{source.directory.name}.lock")
    with exclusive(lock):
        yield from make_world(source.world, source.directory, processes=processes)


def make_here(world: WorldConfig, directory: Path, *, processes: int) -> None:
    """Make a world on a machine that has none.

    Args:
        world: What to make.
        directory: Where.
        processes: How many processes may draw.
    """
    source = DataSource(directory=directory, fingerprints={}, world=world)
    if not source.is_there:
        for _ in make_missing(source, processes=processes):
            pass
