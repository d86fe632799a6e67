"""Make a world: ``film data make``.

The folder gets CLEVR's own files and, read from them by the same code that reads CLEVR,
the store that training reads: ``vocab.json`` and one file per split with pixels and
features. ``world.json`` says what it was made from.

The world grows in a hidden folder in small parts. Each part is written down when it is
done, and what is written down is not made again after an interruption.
"""

import fcntl
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Final

from film.data.prepare import PrepareOptions, prepare
from film.data.progress import Progress
from film.errors import ConfigError, DataError
from film.world.config import EXTRACTOR_VERSION, GENERATOR_VERSION, WorldConfig
from film.world.drawing import (
    PICTURES_PER_PART,
    SCENES_PER_BALANCE,
    ask_part,
    draw_part,
    read_part,
    split_up,
)
from film.world.features.extraction import EXTRACTOR_NAME, extract_features
from film.world.layout import CLEVR_FOLDER, COGENT_FOLDER, WORLD_FILE, Layout
from film.world.needs import (
    Needs,
    check_room,
    estimate_needs,
    stored_size,
    used_bytes,
)
from film.world.parts import flush, read_record, write_record, write_whole
from film.world.pictures.rendering import check_renderer

__all__ = [
    "CLEVR_FOLDER",
    "COGENT_FOLDER",
    "WORLD_FILE",
    "check_disk",
    "has_source",
    "make_world",
    "plan_world",
]

_PARTIAL: Final = ".partial"  # where a world grows inside its folder
_LOCK: Final = ".lock"

Entry = dict[str, Any]
_Apply = Callable[[Callable[[range], int], Sequence[range]], Iterator[int]]


def plan_world(
    config: WorldConfig,
    directory: Path,
    *,
    processes: int = 1,
    store_only: bool = False,
) -> Needs | None:
    """Say what making a world will need, and touch nothing.

    Args:
        config: The world.
        directory: Where it would go.
        processes: How many would draw side by side.
        store_only: Whether only the store would be kept.

    Returns:
        The needs; None where the folder holds the world already.

    Raises:
        ConfigError: If there is to be no process.
    """
    if processes < 1:
        raise ConfigError(f"processes must be at least 1, got {processes}")
    if store_only and config.masks:
        raise ConfigError(
            "masks are written beside the pictures, and --store-only keeps neither; "
            "leave one of the two out"
        )
    if _is_made(config, directory):
        return None
    check_renderer(config)
    return estimate_needs(config, processes=processes, store_only=store_only)


def check_disk(needs: Needs, directory: Path) -> None:
    """Refuse a world that the disk cannot hold.

    Args:
        needs: What the world needs.
        directory: Where it goes; what is there of it already counts.
    """
    check_room(needs, directory, there=used_bytes(directory))  # moved out or not


def has_source(config: WorldConfig, directory: Path) -> bool:
    """Say whether a world that is made has CLEVR's files too.

    Args:
        config: The world.
        directory: Where it is.

    Returns:
        False where only its store was kept.
    """
    return Layout(directory, config).source.is_dir()


def make_world(
    config: WorldConfig,
    directory: Path,
    *,
    processes: int = 1,
    store_only: bool = False,
) -> Iterator[Progress]:
    """Make a world, unless the folder holds it already.

    Args:
        config: The world.
        directory: Where it goes. Until the very end it holds only hidden files, with
            which a later call goes on.
        processes: How many draw side by side; the world does not depend on it.
        store_only: Keep the store that training reads, and remove CLEVR's files of
            each split once it has them.

    Yields:
        How far the work is; nothing where there is nothing to do.
    """
    needs = plan_world(config, directory, processes=processes, store_only=store_only)
    if needs is None:
        return
    check_disk(needs, directory)
    directory.mkdir(parents=True, exist_ok=True)
    with _said_in_one_line(directory), _alone_in(directory):
        if _is_made(config, directory):  # someone else was quicker
            return
        layout = Layout(directory / _PARTIAL, config)
        if _recorded(layout.root) != config.fingerprint:
            steps = _grow(layout, processes, store_only=store_only)
            yield from needs.follow(steps)
        _move_out(layout)
        (directory / _LOCK).unlink()  # only now: who comes later finds the world


# The world grows inside its folder, which may be where a shell stands, a link or the
# root of a disk, and is therefore never replaced.
def _grow(layout: Layout, processes: int, *, store_only: bool) -> Iterator[Progress]:
    _begin(layout)
    with _workers(processes) as apply:
        for split, n_scenes in layout.config.splits.items():
            if not (store_only and _is_stored(layout, split)):
                yield from _make_split(layout, split, n_scenes, apply)
                yield from _store_split(layout, split)
            if store_only:
                _drop_source(layout, split)
    if store_only:
        shutil.rmtree(layout.source, ignore_errors=True)
        shutil.rmtree(layout.humans, ignore_errors=True)
    text = json.dumps(_description(layout.config), indent=2)
    write_whole(layout.root / WORLD_FILE, [text.encode()], layout.scratch)


# Go on with what is there of the same world. Half of another may be hours of work.
def _begin(layout: Layout) -> None:
    begun = _recorded(layout.parts)
    if begun not in {None, layout.config.fingerprint}:
        raise DataError(
            f"{layout.root.parent} holds half of another world ({begun}, not "
            f"{layout.config.fingerprint}); go on with its settings, name another "
            f"folder, or remove {layout.root}"
        )
    if begun is None:
        if layout.root.exists():
            shutil.rmtree(layout.root)
        layout.scratch.mkdir(parents=True)
        description = _description(layout.config)
        write_record(layout.parts / WORLD_FILE, description, layout.scratch)
    layout.scratch.mkdir(exist_ok=True)
    for left in layout.scratch.iterdir():
        left.unlink(missing_ok=True)


# Move what says that a world is there at the end, so that half a world is none.
def _move_out(layout: Layout) -> None:
    if layout.parts.exists():
        shutil.rmtree(layout.parts)
    last = ("vocab.json", WORLD_FILE)
    names = {path.name for path in layout.root.iterdir()}
    for name in (*sorted(names.difference(last)), *last):
        if name in names:
            (layout.root / name).rename(layout.root.parent / name)
    layout.root.rmdir()


# What stops the work from outside is said in a line; the parts that are done stay.
@contextmanager
def _said_in_one_line(directory: Path) -> Iterator[None]:
    kept = "what is made so far is kept, and the same command goes on from there"
    try:
        yield
    except BrokenProcessPool:
        raise DataError(
            f"{directory}: a process that draws was ended, maybe for want of memory; "
            f"{kept} (fewer jobs take less memory)"
        ) from None
    except OSError as error:
        reason = str(error) if error.errno is None else os.strerror(error.errno)
        raise DataError(
            f"{directory}: {reason}, while the world was made; {kept}"
        ) from None


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
    layout = Layout(directory, config)
    wanted = ["vocab.json", *(layout.store(split).name for split in config.splits)]
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
    layout: Layout, split: str, n_scenes: int, apply: _Apply
) -> Iterator[Progress]:
    for kind in ("scenes", "questions", "humans"):
        layout.entries(split, kind).parent.mkdir(parents=True, exist_ok=True)
    layout.images(split).mkdir(parents=True, exist_ok=True)
    if layout.config.masks:
        layout.masks(split).mkdir(parents=True, exist_ok=True)
    yield from _in_parts(
        f"{split}: pictures",
        partial(draw_part, layout, split),
        split_up(n_scenes, PICTURES_PER_PART),
        apply,
    )
    n_questions = yield from _in_parts(
        f"{split}: questions",
        partial(ask_part, layout, split),
        split_up(n_scenes, SCENES_PER_BALANCE),
        apply,
    )
    if not n_questions:
        raise DataError(
            f"no question of the kinds asked for fits any scene of '{split}'; ask for "
            "other question_types or reasoning, or for more objects or colors"
        )
    for kind in ("scenes", "questions", "humans"):
        chunks = _joined(layout, split, n_scenes, kind)
        write_whole(layout.entries(split, kind), chunks, layout.scratch)


# The text of one of CLEVR's files, part by part: a large world has gigabytes of it.
def _joined(layout: Layout, split: str, n_scenes: int, kind: str) -> Iterator[bytes]:
    info = {"split": split, "version": "1.0", "world": layout.config.fingerprint}
    key = "scenes" if kind == "scenes" else "questions"
    yield f'{{"info": {json.dumps(info)}, "{key}": ['.encode()
    per_part = PICTURES_PER_PART if kind == "scenes" else SCENES_PER_BALANCE
    n_written = 0
    for numbers in split_up(n_scenes, per_part):
        for entry in read_part(layout, split, kind, numbers):
            if kind == "questions":
                entry["question_index"] = n_written
            comma = ", " if n_written else ""
            yield (comma + json.dumps(entry)).encode()
            n_written += 1
    yield b"]}"


# Let the code that reads CLEVR read the split, one by one: what is stored is kept.
def _store_split(layout: Layout, split: str) -> Iterator[Progress]:
    if _is_stored(layout, split):
        return
    store = layout.store(split)
    options = PrepareOptions(
        splits=(store.stem,),
        image_size=stored_size(layout.config),
        extractor=extract_features,
        extractor_name=EXTRACTOR_NAME,
        fingerprint=layout.config.fingerprint,
    )
    for step in prepare(layout.source, layout.root, options):
        what = step.stage.rpartition(": ")[2]
        yield Progress(f"{split}: store {what}", step.done, step.total)
    flush(store)
    flush(layout.root / "vocab.json")
    size = {"bytes": store.stat().st_size}
    write_record(layout.stored(split), size, layout.scratch)


def _is_stored(layout: Layout, split: str) -> bool:
    record, store = read_record(layout.stored(split)), layout.store(split)
    return (
        record is not None
        and store.is_file()
        and record["bytes"] == store.stat().st_size
    )


def _drop_source(layout: Layout, split: str) -> None:
    for kind in ("scenes", "questions", "humans"):
        layout.entries(split, kind).unlink(missing_ok=True)
    for folder in (layout.images(split), layout.masks(split)):
        shutil.rmtree(folder, ignore_errors=True)
    for kind in ("scenes", "questions"):
        for path in layout.parts.glob(f"{split}-{kind}-*.json"):
            path.unlink()


# Do the work for every part and add up the numbers that it gives.
def _in_parts(
    stage: str, work: Callable[[range], int], parts: Sequence[range], apply: _Apply
) -> Generator[Progress, None, int]:
    total = sum(map(len, parts))
    done = count = 0
    yield Progress(stage, done, total)
    for part, counted in zip(parts, apply(work, parts), strict=True):
        count += counted
        done += len(part)
        yield Progress(stage, done, total)
    return count


# A function like map that works with as many processes.
@contextmanager
def _workers(processes: int) -> Iterator[_Apply]:
    if processes == 1:
        yield map
        return
    # Spawned, not forked: the caller may run threads of torch or Ray.
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_begin_worker
    )
    try:
        with _interrupts_kept_off():
            pool.submit(os.getpid)  # starts them all
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


# What is started meanwhile ignores Ctrl-C from its first breath.
@contextmanager
def _interrupts_kept_off() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may change what a signal does
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# Ctrl-C reaches every process of a terminal; the one that gave the work ends it.
def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


# A pool's processes outlive a parent that was killed, and wait for ever.
def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
