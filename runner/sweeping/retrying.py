"""Run again what failed or diverged, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runner.errors import LaunchError
from runner.looking.addresses import named_trials, rows_matching
from runner.planning.request import Choice, Request, find_launch, launched_file
from runner.store.record import TrialState
from runner.store.workspace import Workspace

__all__ = ["Retry", "find_retry", "launched_request"]

_BAD: Final = (TrialState.FAILED, TrialState.DIVERGED)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Trials to run again, instead of all that are not finished."""

    trial_ids: frozenset[str]
    from_start: bool = False  # also those that could go on from a checkpoint

    def prepare(self, workspace: Workspace) -> None:
        """Let trials begin at their first epoch, where that is asked for.

        Whoever diverged does so anyway.

        Args:
            workspace: The store.
        """
        if not self.from_start:
            return
        for trial_id in sorted(self.trial_ids):
            folder = workspace.trial(trial_id)
            with folder.hold():
                if folder.state() is TrialState.FAILED:
                    folder.forget_progress()


def launched_request(study: str, data: Path | None, workspace: Workspace) -> Request:
    """Ask for just what was asked for last.

    Args:
        study: A study that was launched, by name or file.
        data: A prepared folder, for a study without its own data.
        workspace: The store.

    Returns:
        The request.

    Raises:
        LaunchError: The study was edited since, so that a launch comes first.
    """
    launch = find_launch(study, workspace)
    is_name = study == launch.study
    file = launched_file(launch, workspace) if is_name else study
    choice = Choice(n_seeds=len(launch.seeds))
    request = Request.of(file, choice, data, workspace)
    wanted = set(launch.trial_ids)
    trials = tuple(one for one in request.trials if one.trial_id in wanted)
    if wanted != {one.trial_id for one in trials}:
        raise LaunchError(
            f"study {launch.study}, or its data, is not as it was launched: "
            "`film run` it, then retry"
        )
    return replace(request, trials=trials)


def find_retry(
    study: str, rows: Sequence[str], workspace: Workspace, *, from_start: bool
) -> Retry:
    """Find what failed or diverged of a launched study.

    Args:
        study: By name or file.
        rows: Addresses of trials to choose from; none means all.
        workspace: The store.
        from_start: Whether none of them is to go on from a checkpoint.

    Returns:
        What to run again, which may be nothing.
    """
    trials = named_trials(find_launch(study, workspace))
    bad = (
        one.trial_id
        for one in rows_matching(rows, trials)
        if workspace.trial(one.trial_id).state() in _BAD
    )
    return Retry(trial_ids=frozenset(bad), from_start=from_start)
