"""What of a store nobody needs any more: found first, and removed when told to."""

import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from film.world.layout import WORLD_FILE
from runner.errors import BusyError
from runner.store.launches import Launch, read_launch
from runner.store.locks import is_held, lease
from runner.store.names import is_trial_id
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace

__all__ = ["SAFE", "Garbage", "Kind", "Removal", "find_garbage", "remove"]

_SETTLED_S: Final = 3600.0  # whoever writes a file for so long has died over it
_BUSY: Final = "somebody is at it"
_REMOVING: Final = ".removing-"
_MLFLOW: Final = re.compile(r"mlflow\.db\.(damaged|moved)-\d+(-wal|-shm)?")
_UNFINISHED_DATA: Final = ".preparing-"
_OF_A_WORLD: Final = (WORLD_FILE, ".partial")  # a whole one, and one being made
_CHECKPOINTS: Final = ("checkpoint.pt", "checkpoint.previous.pt")
_LEFT: Final = (
    "trials/.*",
    "data/.removing-*",
    ".importing-*",
    "studies/*/.*.json.*",
    ".mlflow.db.*",
    ".store.json.*",
)


class Kind(StrEnum):
    """Why something is not needed."""

    CHECKPOINTS = "checkpoints of finished trials"
    HALF_MADE = "half-made files of processes that died"
    UNWANTED = "trials that no study wants"
    WORLDS = "worlds that no launched study uses"
    MLFLOW = "MLflow stores that were set aside"


SAFE: Final = (Kind.CHECKPOINTS, Kind.HALF_MADE)  # nothing that was computed is in them


@dataclass(frozen=True, kw_only=True)
class Garbage:
    """Files or folders that belong together."""

    kind: Kind
    paths: tuple[Path, ...]
    n_bytes: int  # on the disk
    lock: Path | None  # held by whoever is at them; None where nobody can be
    note: str = ""  # what it is, for a person


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What was removed, and what was not."""

    n_bytes: int
    kept: tuple[tuple[Garbage, str], ...]  # with why


def find_garbage(workspace: Workspace, kinds: Iterable[Kind] = SAFE) -> list[Garbage]:
    """Find what could be freed; nothing is touched.

    What a living process holds, and what a launched study wants, is never in it.

    Args:
        workspace: The store.
        kinds: What to look for.

    Returns:
        What there is, by kind and path.
    """
    finders = {
        Kind.CHECKPOINTS: _checkpoints,
        Kind.HALF_MADE: _half_made,
        Kind.UNWANTED: _unwanted,
        Kind.WORLDS: _worlds,
        Kind.MLFLOW: _mlflow,
    }
    chosen = set(kinds)
    return [one for kind in Kind if kind in chosen for one in finders[kind](workspace)]


def remove(workspace: Workspace, garbage: Sequence[Garbage]) -> Removal:
    """Remove what was found, unless somebody came to need it meanwhile.

    Args:
        workspace: The store.
        garbage: Found there.

    Returns:
        What was freed.
    """
    n_bytes, kept = 0, []
    for one in garbage:
        try:
            reason = _remove(workspace, one)
        except BusyError as busy:
            reason = str(busy)
        except OSError as problem:
            reason = problem.strerror or str(problem)
        if reason:
            kept.append((one, reason))
        else:
            n_bytes += one.n_bytes
    return Removal(n_bytes=n_bytes, kept=tuple(kept))


def _remove(workspace: Workspace, one: Garbage) -> str:
    with ExitStack() as stack:
        if one.lock is not None:
            stack.enter_context(lease(one.lock, busy=lambda _: _BUSY))
        reason = _came_to_be_needed(workspace, one)
        folders = [] if reason else [_taken_away(path) for path in one.paths]
    for folder in filter(None, folders):  # takes a while, and is nobody's by now
        shutil.rmtree(folder)
    return reason


def _came_to_be_needed(workspace: Workspace, one: Garbage) -> str:
    path = one.paths[0]
    match one.kind:
        case Kind.CHECKPOINTS:  # a result that is damaged is mended from them
            return _why_unfinished(TrialFolder(path.parent))
        case Kind.UNWANTED:
            is_needed = _is_wanted(TrialFolder(path), _launches(workspace))
        case Kind.WORLDS:
            is_needed = _is_used(path, workspace)
        case _:
            is_needed = False
    return "it is wanted again" if is_needed else ""


def _why_unfinished(folder: TrialFolder) -> str:
    damage = folder.damage()
    if damage:
        return f"{' and '.join(damage)} is damaged"
    return "its trial is not finished" if folder.summary() is None else ""


# A folder goes in one step, so that nobody meets half of it.
def _taken_away(path: Path) -> Path | None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return None
    aside = path.with_name(f"{_REMOVING}{secrets.token_hex(8)}")
    path.rename(aside)
    return aside


# None where one of them cannot be read, or somebody is launching: it may want anything,
# and what counts as computed is not computed once more.
def _launches(workspace: Workspace) -> list[Launch] | None:
    homes = map(workspace.study, workspace.known_studies())
    if any(is_held(home / "launch.lock") for home in homes):
        return None
    names = workspace.launched_studies()
    found = [read_launch(workspace.study(name)) for name in names]
    launches = [launch for launch in found if launch is not None]
    return launches if len(launches) == len(found) else None


def _is_wanted(folder: TrialFolder, launches: Sequence[Launch] | None) -> bool:
    if launches is None or folder.wanted_by():
        return True
    return any(folder.trial_id in launch.trial_ids for launch in launches)


# What a study is about to learn from is made before the study is written down, and what
# a trial has to go on with is wanted by nobody else.
def _is_used(world: Path, workspace: Workspace) -> bool:
    launches = _launches(workspace)
    if launches is None:
        return True
    used = {data for launch in launches for data in launch.fingerprints.values()}
    for folder in _trials(workspace):
        if folder.state() is not TrialState.FINISHED:
            used.add(str(folder.description().get("data")))
    return world.name.rpartition("-")[2] in used


def _trials(workspace: Workspace) -> Iterator[TrialFolder]:
    if workspace.trials.is_dir():
        for path in sorted(workspace.trials.iterdir()):
            if is_trial_id(path.name) and path.is_dir() and not path.is_symlink():
                yield TrialFolder(path)


def _checkpoints(workspace: Workspace) -> Iterator[Garbage]:
    for folder in _trials(workspace):
        named = (folder.path / name for name in _CHECKPOINTS)
        paths = tuple(path for path in named if path.is_file())
        if paths and folder.state() is TrialState.FINISHED and _is_free(folder.lock):
            yield _garbage(Kind.CHECKPOINTS, paths, folder.lock, _named(folder))


def _half_made(workspace: Workspace) -> Iterator[Garbage]:
    for folder in _trials(workspace):
        places = ".*", "studies/.*", "analysis/.*"
        hidden = [path for place in places for path in folder.path.glob(place)]
        broken = folder.path.glob("checkpoint.broken.pt")
        paths = tuple(path for path in sorted([*hidden, *broken]) if _is_settled(path))
        if paths and _is_free(folder.lock):
            yield _garbage(Kind.HALF_MADE, paths, folder.lock, _named(folder))
    for pattern in _LEFT:
        for path in sorted(workspace.root.glob(pattern)):
            inner = path / "lock"  # of an import
            lock = inner if inner.is_file() and not path.is_symlink() else None
            if _is_settled(path) and (lock is None or _is_free(lock)):
                yield _garbage(Kind.HALF_MADE, (path,), lock, path.name)
    for world in sorted(workspace.root.glob("data/*/")):
        lock = world.with_name(f"{world.name}.lock")
        paths = tuple(filter(_is_settled, sorted(world.glob(f"{_UNFINISHED_DATA}*"))))
        if paths and _is_free(lock):
            yield _garbage(Kind.HALF_MADE, paths, lock, world.name)


def _unwanted(workspace: Workspace) -> Iterator[Garbage]:
    launches = _launches(workspace)
    for folder in _trials(workspace):
        if not _is_wanted(folder, launches) and _is_free(folder.lock):
            yield _garbage(Kind.UNWANTED, (folder.path,), folder.lock, _named(folder))


def _worlds(workspace: Workspace) -> Iterator[Garbage]:
    for path in sorted(workspace.root.glob("data/*-*")):
        lock = path.with_name(f"{path.name}.lock")
        if _is_world(path) and _is_free(lock) and not _is_used(path, workspace):
            yield _garbage(Kind.WORLDS, (path,), lock, path.name)


# Made here, whole or half: data that the user prepared in this place are not ours.
def _is_world(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir() or path.name[0] == ".":
        return False
    return any((path / name).exists() for name in _OF_A_WORLD)


def _mlflow(workspace: Workspace) -> Iterator[Garbage]:
    for path in sorted(workspace.root.glob("mlflow.db.*")):
        if _MLFLOW.fullmatch(path.name):
            yield _garbage(Kind.MLFLOW, (path,), None, path.name)


def _garbage(
    kind: Kind, paths: tuple[Path, ...], lock: Path | None, note: str = ""
) -> Garbage:
    n_bytes = sum(map(_size, paths))
    return Garbage(kind=kind, paths=paths, n_bytes=n_bytes, lock=lock, note=note)


def _named(folder: TrialFolder) -> str:
    said = folder.description()
    return f"{said['row']} · seed {said['seed']}" if said else folder.trial_id


def _is_free(lock: Path) -> bool:
    return not is_held(lock)


def _is_settled(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > _SETTLED_S
    except OSError:
        return False


def _size(path: Path) -> int:
    files = [path] if path.is_symlink() or not path.is_dir() else path.rglob("*")
    return sum(_blocks(file) for file in files)


def _blocks(path: Path) -> int:
    try:
        return 512 * path.lstat().st_blocks
    except OSError:  # gone meanwhile
        return 0
