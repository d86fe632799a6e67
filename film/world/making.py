"""Make a world: ``film data make``.

The folder gets CLEVR's own files under ``CLEVR_v1.0`` and, read from them by the same
code that reads CLEVR, the store that training reads: ``vocab.json`` and one file per
split with pixels and features. ``world.json`` says what it was made from.
"""

import fcntl
import json
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from film.data.prepare import PrepareOptions, prepare
from film.data.progress import Progress
from film.errors import ConfigError, DataError
from film.world.config import EXTRACTOR_VERSION, GENERATOR_VERSION, WorldConfig
from film.world.drawing import SCENES_PER_BALANCE, ask_questions, draw_pictures
from film.world.features import extract_features

__all__ = ["CLEVR_FOLDER", "WORLD_FILE", "make_world"]

CLEVR_FOLDER: Final = "CLEVR_v1.0"
"""Where in a world CLEVR's own files are."""

WORLD_FILE: Final = "world.json"
"""What says which world a folder holds."""

_PARTIAL: Final = ".partial"  # where a world grows inside its folder
_LOCK: Final = ".lock"

_PICTURES_PER_PART: Final = 20

Entry = dict[str, Any]
_Apply = Callable[
    [Callable[[Any], list[Entry]], Sequence[Sequence[Any]]], Iterator[list[Entry]]
]


def make_world(
    config: WorldConfig, directory: Path, *, processes: int = 1
) -> Iterator[Progress]:
    """Make a world, unless the folder holds it already.

    Args:
        config: The world.
        directory: Where it goes. Until the very end it holds only hidden files, of
            which a later call makes good use or gets rid.
        processes: How many draw side by side; the world does not depend on it.

    Yields:
        How far the work is; nothing where there is nothing to do.

    Raises:
        ConfigError: If there is to be no process.
    """
    if processes < 1:
        raise ConfigError(f"processes must be at least 1, got {processes}")
    if _is_made(config, directory):
        return
    directory.mkdir(parents=True, exist_ok=True)
    with _alone_in(directory):
        if _is_made(config, directory):  # someone else was quicker
            return
        partial_world = directory / _PARTIAL
        if _recorded(partial_world) != config.fingerprint:
            yield from _make_in(partial_world, config, processes)
        _move_out(partial_world)
        (directory / _LOCK).unlink()  # only now: who comes later finds the world


# The world grows inside its folder, which may be where a shell stands, a link or the
# root of a disk, and is therefore never replaced.
def _make_in(
    partial_world: Path, config: WorldConfig, processes: int
) -> Iterator[Progress]:
    if partial_world.exists():
        shutil.rmtree(partial_world)
    source = partial_world / CLEVR_FOLDER
    for folder in ("scenes", "questions"):
        (source / folder).mkdir(parents=True)
    with _workers(processes) as apply:
        for split, n_scenes in config.splits.items():
            yield from _make_split(config, split, n_scenes, source, apply)
    options = PrepareOptions(
        image_size=(config.height, config.width),
        extractor=extract_features,
        fingerprint=config.fingerprint,
    )
    yield from prepare(source, partial_world, options)
    _write_json(partial_world / WORLD_FILE, _description(config), indent=2)


# Move what says that a world is there at the end, so that half a world is none.
def _move_out(partial_world: Path) -> None:
    last = ("vocab.json", WORLD_FILE)
    names = {path.name for path in partial_world.iterdir()}
    for name in (*sorted(names.difference(last)), *last):
        if name in names:
            (partial_world / name).rename(partial_world.parent / name)
    partial_world.rmdir()


# The operating system frees the lock when its holder ends, however it ends.
@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    with (directory / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"a world is being made in {directory}; wait for it or name another "
                "folder"
            ) from None
        yield


def _is_made(config: WorldConfig, directory: Path) -> bool:
    if not directory.exists():
        return False
    if not directory.is_dir():
        raise DataError(f"{directory} is a file; a world is a folder")
    if {path.name for path in directory.iterdir()} <= {_PARTIAL, _LOCK}:
        return False
    fingerprint = _recorded(directory)
    if fingerprint is None:
        if _recorded(directory / _PARTIAL) == config.fingerprint:
            return False  # stopped while its files were moved
        raise DataError(
            f"{directory} is not empty and holds no world; name another folder"
        )
    if fingerprint != config.fingerprint:
        raise DataError(
            f"{directory} holds another world ({fingerprint}, not "
            f"{config.fingerprint}); name another folder or remove it"
        )
    wanted = ["vocab.json", *(f"{split}.h5" for split in config.splits)]
    missing = [name for name in wanted if not (directory / name).is_file()]
    if missing:
        raise DataError(
            f"{directory} lacks {', '.join(missing)}; remove it and make it again"
        )
    return True


# The fingerprint of the world that a folder holds, if it holds one.
def _recorded(directory: Path) -> str | None:
    try:
        found = json.loads((directory / WORLD_FILE).read_text(encoding="utf-8"))
        return str(found["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _description(config: WorldConfig) -> Entry:
    return {
        "fingerprint": config.fingerprint,
        "generator_version": GENERATOR_VERSION,
        "extractor_version": EXTRACTOR_VERSION,
        "settings": config.model_dump(mode="json"),
    }


def _make_split(
    config: WorldConfig, split: str, n_scenes: int, source: Path, apply: _Apply
) -> Iterator[Progress]:
    folder = source / "images" / split
    folder.mkdir(parents=True)
    numbers = range(n_scenes)
    scenes = yield from _in_parts(
        f"{split}: pictures",
        partial(draw_pictures, config, split, folder),
        [
            numbers[start : start + _PICTURES_PER_PART]
            for start in range(0, n_scenes, _PICTURES_PER_PART)
        ],
        apply,
    )
    questions = yield from _in_parts(
        f"{split}: questions",
        partial(ask_questions, config, split),
        [
            scenes[start : start + SCENES_PER_BALANCE]
            for start in range(0, n_scenes, SCENES_PER_BALANCE)
        ],
        apply,
    )
    if not questions:
        raise DataError(
            f"no question of the kinds asked for fits any scene of '{split}'; ask for "
            "other question_types or reasoning, or for more objects or colors"
        )
    for index, question in enumerate(questions):
        question["question_index"] = index
    info = {"split": split, "version": "1.0", "world": config.fingerprint}
    for kind, entries in (("scenes", scenes), ("questions", questions)):
        path = source / kind / f"CLEVR_{split}_{kind}.json"
        _write_json(path, {"info": info, kind: entries})


# Apply the work to every part and join the results in order.
def _in_parts(
    stage: str,
    work: Callable[[Any], list[Entry]],
    parts: Sequence[Sequence[Any]],
    apply: _Apply,
) -> Generator[Progress, None, list[Entry]]:
    total = sum(len(part) for part in parts)
    done = 0
    joined: list[Entry] = []
    yield Progress(stage, done, total)
    for part, entries in zip(parts, apply(work, parts), strict=True):
        joined += entries
        done += len(part)
        yield Progress(stage, done, total)
    return joined


# A function like map that works with as many processes.
@contextmanager
def _workers(processes: int) -> Iterator[_Apply]:
    if processes == 1:
        yield map
        return
    # Spawned, not forked: the caller may run threads of torch or Ray.
    pool = ProcessPoolExecutor(processes, get_context("spawn"))
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def _write_json(path: Path, content: Entry, indent: int | None = None) -> None:
    path.write_text(json.dumps(content, indent=indent), encoding="utf-8")
