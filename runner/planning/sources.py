"""Where a study's data come from: a prepared folder, or a world made when needed."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from film.data.progress import Progress
from film.errors import DataError
from film.world.config import HUMANS_STORE, WorldConfig
from runner.store.files import absolute
from runner.store.locks import exclusive, is_held
from runner.store.workspace import Workspace
from studies.splits import Needed

_LOGGER: Final = logging.getLogger(__name__)

__all__ = ["DataSource", "find_source", "make_here", "make_missing"]


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """Data by their names, which are known before a world is made."""

    directory: Path
    fingerprints: Mapping[str | None, str]
    world: WorldConfig | None  # what to make where it is missing
    stores: tuple[str, ...] = ()  # folders in it that are learnt from too

    @property
    def is_there(self) -> bool:
        """Whether there is something to learn from already."""
        last_written = "vocab.json" if self.world is None else "world.json"
        inside = (self.directory / store / "vocab.json" for store in self.stores)
        return (self.directory / last_written).is_file() and all(
            path.is_file() for path in inside
        )


def find_source(
    name: str,
    world: WorldConfig | None,
    given: Path | None,
    needed: Mapping[str | None, Needed],
    workspace: Workspace,
) -> DataSource:
    """Find out what to learn from.

    Args:
        name: Who asks, for messages.
        world: The world that is wanted; None where the data have to be given.
        given: A prepared folder.
        needed: What is needed of the data, by what to call it.
        workspace: Where worlds are kept.

    Returns:
        The source; a world need not exist yet.

    Raises:
        DataError: Data are missing, or given to a study that brings its own.
    """
    wanted = (one.splits.store for one in needed.values())
    stores = tuple(dict.fromkeys(filter(None, wanted)))
    if world is not None:
        return DataSource(
            directory=workspace.world(world),
            fingerprints={
                key: world.humans_fingerprint if one.splits.store else world.fingerprint
                for key, one in needed.items()
            },
            world=world,
            stores=stores,
        )
    if given is None:
        raise DataError(
            f"{name} learns from CLEVR: give --data DIR, a folder that "
            "`film data prepare` wrote, or set FILM_DATA"
        )
    directory = absolute(given)
    if not directory.is_dir():
        raise DataError(f"--data {given}: no such folder")
    return DataSource(
        directory=directory,
        fingerprints={key: _fingerprint(directory, one) for key, one in needed.items()},
        world=None,
        stores=stores,
    )


def _fingerprint(directory: Path, needed: Needed) -> str:
    from film.data.fingerprint import data_fingerprint  # noqa: PLC0415 - needs NumPy

    splits = needed.splits
    store = directory / splits.store
    if not (store / "vocab.json").is_file() and splits.store:
        raise DataError(
            f"{directory} has no folder {splits.store}, which this study learns from "
            f"too: `film data prepare SOURCE {store} --no-pixels --vocabulary "
            f"{directory / 'vocab.json'} --expand --min-word-count 5` makes it"
        )
    return data_fingerprint(
        store, needed.image_input, splits.names, with_programs=needed.programs
    )


def make_missing(source: DataSource, *, processes: int) -> Iterator[Progress]:
    """Make the world of a source where it is not there yet, or not whole.

    Args:
        source: What is to be learnt from.
        processes: How many processes may draw.

    Yields:
        How far the work is; nothing where there is nothing to make.
    """
    if source.world is None or source.is_there:
        return
    from film.world.humans import store_humans  # noqa: PLC0415 - needs torch
    from film.world.making import make_world  # noqa: PLC0415 - needs torch

    lock = source.directory.with_name(f"{source.directory.name}.lock")
    if is_held(lock):
        _LOGGER.warning(
            "%s is being made by another process; waiting for it", source.directory
        )
    with exclusive(lock):
        yield from make_world(source.world, source.directory, processes=processes)
        if HUMANS_STORE in source.stores:
            yield from store_humans(source.world, source.directory)


def make_here(
    world: WorldConfig, directory: Path, *, processes: int, store: str = ""
) -> None:
    """Make a world on a machine that has none.

    Args:
        world: What to make.
        directory: Where.
        processes: How many processes may draw.
        store: A folder in it that is learnt from.
    """
    stores = (store,) if store else ()
    source = DataSource(
        directory=directory, fingerprints={}, world=world, stores=stores
    )
    for _ in make_missing(source, processes=processes):
        pass
