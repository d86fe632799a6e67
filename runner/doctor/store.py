"""Whether the store takes what is written, keeps locks, and holds nothing broken."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner.doctor.finding import Finding, fail, ok, warning
from runner.doctor.machine import existing
from runner.store.files import write_text
from runner.store.launches import read_launch
from runner.store.locks import exclusive, is_held, read_owner
from runner.store.names import is_trial_id
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.text import count

__all__ = [
    "check_leases",
    "check_locks",
    "check_records",
    "check_worlds",
    "check_writable",
]

_MOST_NAMED: Final = 5  # of a kind, in one line
_CHILD_S: Final = 30
_BUSY: Final = 3
_TRY_LOCK: Final = f"""
import fcntl, sys
with open(sys.argv[1], "a") as file:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit({_BUSY})
"""


def check_writable(workspace: Workspace) -> Iterator[Finding]:
    """See whether files can be written where the store is, whole or not at all.

    Args:
        workspace: The store.

    Yields:
        What was found.
    """
    place = existing(workspace.root)
    if not place.is_dir():
        yield fail(f"{place} is a file", "give another --store")
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".film-doctor-", dir=place) as folder:
            path = Path(folder) / "file"
            for text in ("one", "two"):
                write_text(path, text)
            is_right = path.read_text(encoding="utf-8") == "two"
    except OSError as error:
        yield fail(
            f"{place}: {error.strerror or error}",
            "give a --store (or FILM_STORE) that this user may write to",
        )
        return
    if not is_right:
        yield fail(f"{place} does not keep what is written", "give another --store")
    elif place == workspace.root:
        yield ok(f"{place} takes what is written")
    else:
        yield ok(f"{workspace.root} does not exist yet, and can be made in {place}")


def check_locks(workspace: Workspace) -> Iterator[Finding]:
    """See whether a lock keeps another process out where the store is.

    Args:
        workspace: The store.

    Yields:
        What was found.
    """
    place = existing(workspace.root)
    try:
        with tempfile.TemporaryDirectory(prefix=".film-doctor-", dir=place) as folder:
            path = Path(folder) / "lock"
            with exclusive(path):
                while_held = _try_lock(path)
            after = _try_lock(path)
    except OSError:  # `check_writable` says it
        return
    if (while_held, after) == (_BUSY, 0):
        yield ok("a lock keeps another process out, and is free afterwards")
    else:
        yield warning(
            f"locks (flock) do not work in {place}",
            "launches there tell each other apart by a file that is touched every two "
            "seconds instead; a local disk, or NFS 4, does better",
        )


def _try_lock(path: Path) -> int:
    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _TRY_LOCK, str(path)],
        check=False,
        capture_output=True,
        timeout=_CHILD_S,
    )
    return ended.returncode


def check_records(workspace: Workspace) -> Iterator[Finding]:
    """Look for records that were torn, and checkpoints that were cut.

    Args:
        workspace: The store.

    Yields:
        What was found.
    """
    folders = _folders(workspace)
    damaged = [(folder.path, names) for folder in folders if (names := _torn(folder))]
    if damaged:
        named = [f"{path.name} ({', '.join(names)})" for path, names in damaged]
        yield warning(
            f"{count(len(damaged), 'trial')} with damaged files: {_some(named)}",
            "nothing else is lost: `film run` of their study computes again what was "
            "in them, from the last whole checkpoint",
        )
    names = [path.name for path in sorted(workspace.root.glob("studies/*"))]
    lost = [
        name
        for name in names
        if (workspace.study(name) / "launch.json").exists()
        and read_launch(workspace.study(name)) is None
    ]
    if lost:
        yield warning(
            f"launches that cannot be read: {_some(lost)}",
            "`film run` the study once more: it writes them anew, and repeats nothing",
        )
    if not damaged and not lost:
        yield ok(f"{count(len(folders), 'trial')} recorded, none of them damaged")


# What has to be JSON; of checkpoints only whether their end, written last, is there.
def _torn(folder: TrialFolder) -> list[str]:
    names = ("config.json", "state.json", "done.json", "environment.json")
    found = [folder.path / name for name in names]
    torn = [path.name for path in found if path.exists() and not _is_json(path)]
    done = folder.path / "done.json"
    if done.exists() and done.name not in torn and folder.summary() is None:
        torn.append("results")  # missing, or of another size than at the end
    checkpoints = sorted(folder.path.glob("checkpoint*.pt"))
    return torn + [one.name for one in checkpoints if not zipfile.is_zipfile(one)]


def _is_json(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (OSError, ValueError):
        return False


def check_leases(workspace: Workspace) -> Iterator[Finding]:
    """Tell who is at work in the store, and what was left when somebody died.

    Args:
        workspace: The store.

    Yields:
        What was found.
    """
    names = workspace.launched_studies()
    locks = {name: workspace.study(name) / "launch.lock" for name in names}
    running = [name for name, lock in locks.items() if is_held(lock)]
    for name in running:
        yield ok(f"study {name} is being run by {read_owner(locks[name]) or 'someone'}")
    dead = [
        name
        for name, lock in locks.items()
        if name not in running and read_owner(lock) is not None
    ]
    if dead:
        yield warning(
            f"whoever ran these was killed: {_some(dead)}",
            "`film run` goes on; what they left is taken over",
        )
    cut = [
        folder.trial_id
        for folder in _folders(workspace)
        if not running and folder.state() is TrialState.KILLED
    ]
    if cut:
        yield warning(
            f"{count(len(cut), 'trial')} stopped on the way: {_some(cut)}",
            "`film run` of their study goes on from their last whole epoch",
        )
    if not running and not dead and not cut:
        yield ok("nobody is at work here, and nothing was left half done")


def check_worlds(workspace: Workspace) -> Iterator[Finding]:
    """Look for worlds that are not whole yet.

    Args:
        workspace: The store.

    Yields:
        What was found.
    """
    data = workspace.root / "data"
    worlds = [path for path in sorted(data.glob("*")) if path.is_dir()]
    for path in worlds:
        if (path / "world.json").is_file():
            continue
        if is_held(path.with_name(f"{path.name}.lock")):
            yield ok(f"world {path.name} is being made")
        else:
            yield warning(
                f"world {path.name} is half made",
                "`film run` of a study that wants it goes on with it",
            )
    whole = [path for path in worlds if (path / "world.json").is_file()]
    if len(whole) == len(worlds):
        yield ok(f"{count(len(whole), 'world')} made")


def _folders(workspace: Workspace) -> list[TrialFolder]:
    if not workspace.trials.is_dir():
        return []
    with os.scandir(workspace.trials) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir())
    return [workspace.trial(name) for name in names if is_trial_id(name)]


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
