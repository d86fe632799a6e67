"""The log of a trial: all that its attempts said, and what they go on to say."""

import codecs
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from runner.looking.addresses import NamedTrial
from runner.store.locks import is_held
from runner.store.record import TrialState
from runner.store.workspace import Workspace

__all__ = ["follow", "is_at_work", "read_log", "start_of_last"]

_PAUSE_S: Final = 0.5
_CHUNK: Final = 1 << 20
_OVER: Final = (TrialState.FINISHED, TrialState.DIVERGED)


def start_of_last(path: Path, n_lines: int | None) -> int:
    """Find where the last lines of a log begin.

    Args:
        path: The file, which need not exist.
        n_lines: How many; None is all.

    Returns:
        How many bytes stand before them.
    """
    if n_lines is None or not path.exists():
        return 0
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    return len(content) - sum(map(len, lines[max(len(lines) - n_lines, 0) :]))


def read_log(path: Path, n_lines: int | None = None) -> str:
    """Read what a log says so far.

    Args:
        path: The file, which need not exist.
        n_lines: How many of its last lines; None is all.

    Returns:
        Whole lines, and perhaps the beginning of one that is being written.
    """
    chunks = _from(path, start_of_last(path, n_lines))
    return b"".join(chunks).decode(errors="replace")


def follow(
    path: Path,
    goes_on: Callable[[], bool],
    *,
    start: int = 0,
    pause_s: float = _PAUSE_S,
) -> Iterator[str]:
    """Read what is added to a log.

    Args:
        path: The file, which need not exist yet.
        goes_on: Asked, before each look, whether more can come.
        start: How many bytes were read before.
        pause_s: Between two looks.

    Yields:
        What is new, as soon as it is there.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    position = start
    while True:
        is_last = not goes_on()  # asked first: what was said before is read below
        for chunk in _from(path, position):
            position += len(chunk)
            text = decoder.decode(chunk)
            if text:
                yield text
        if is_last:
            return
        time.sleep(pause_s)


def is_at_work(trial: NamedTrial, workspace: Workspace) -> bool:
    """Tell whether a trial may still say something.

    Args:
        trial: Which.
        workspace: The store.

    Returns:
        Whether it runs, or somebody runs its study and it is not at its end.
    """
    state = workspace.trial(trial.trial_id).state()
    if state is TrialState.RUNNING:
        return True
    if state in _OVER or not trial.study:
        return False
    return is_held(workspace.study(trial.study) / "launch.lock")


def _from(path: Path, position: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(position)
            while chunk := file.read(_CHUNK):
                yield chunk
    except FileNotFoundError:
        return
