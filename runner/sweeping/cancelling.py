"""Ask whoever runs a study to stop, on this machine or another, and wait for it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from film.validation import nearest
from runner.errors import LaunchError
from runner.store.launches import Launch
from runner.store.locks import is_held, read_owner
from runner.store.record import TrialState
from runner.store.workspace import Workspace
from runner.sweeping.stopping import ask_to_cancel, forget_wishes, is_asked

__all__ = ["Cancelled", "cancel_launch"]

_LOOK_S: Final = 0.3
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """How a cancellation ended."""

    was_running: bool
    n_complete: int
    n_runs: int


def cancel_launch(
    launch: Launch,
    only: Sequence[str],
    workspace: Workspace,
    *,
    patience_s: float = _PATIENCE_S,
) -> Cancelled:
    """Stop a running launch, or some rows of it; whole epochs are kept.

    Args:
        launch: Of the study.
        only: Patterns of rows; none is all of it.
        workspace: The store.
        patience_s: How long whoever runs it may take to hear.

    Returns:
        What there is then.

    Raises:
        LaunchError: Whoever runs it does not hear.
    """
    trial_ids = _chosen(launch, only) if only else None
    folder = workspace.study(launch.study)
    lock = folder / "launch.lock"
    was_running = is_held(lock)

    def is_over() -> bool:
        if not is_held(lock):
            return True
        if trial_ids is None or is_asked(folder):
            return False
        states = (workspace.trial(one).state() for one in trial_ids)
        return TrialState.RUNNING not in states

    if was_running:
        ask_to_cancel(folder, trial_ids)
        if not _wait(is_over, patience_s):
            owner = read_owner(lock)
            forget_wishes(folder)
            raise LaunchError(
                f"study {launch.study} is run by {owner or 'somebody'}, who does not "
                "hear; end that process"
            )
    records = {one: workspace.trial(one).read() for one in launch.trial_ids}
    progress = launch.progress(records)
    return Cancelled(
        was_running=was_running,
        n_complete=progress.runs_complete,
        n_runs=progress.runs,
    )


def _wait(is_over: Callable[[], bool], patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while not is_over():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_S)
    return True


def _chosen(launch: Launch, patterns: Sequence[str]) -> list[str]:
    chosen: dict[str, None] = {}
    for pattern in patterns:
        rows = [
            row for row in launch.rows if row == pattern or fnmatchcase(row, pattern)
        ]
        if not rows:
            raise LaunchError(
                f"no row of {launch.study} matches '{pattern}'"
                f"{nearest(pattern, list(launch.rows))} "
                f"(rows: {', '.join(launch.rows)})"
            )
        for row in rows:
            chosen |= dict.fromkeys(launch.rows[row])
    return list(chosen)
