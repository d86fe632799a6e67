"""How far a study is, read from its trials; only what changed is read again."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, final

from runner.looking.addresses import NamedTrial, named_trials
from runner.store.launches import Launch
from runner.store.locks import Owner, is_held, read_owner
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.sweeping.progress import estimate_left_s

__all__ = [
    "RowOverview",
    "StudyOverview",
    "TrialOverview",
    "TrialReader",
    "study_overview",
]

_BAD: Final = (TrialState.FAILED, TrialState.DIVERGED)
_WATCHED: Final = ("done.json", "state.json", "metrics.jsonl")
_Stamps = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, kw_only=True)
class TrialOverview:
    """What a table says of a trial."""

    trial: NamedTrial
    state: TrialState
    log: Path
    error: str = ""  # one line, where it failed
    epochs: int = 0
    max_epochs: int | None = None  # None where it is finished, or was never described
    best_val_accuracy: float | None = None  # so far
    wall_time_s: float = 0.0
    screened_at_epoch: int | None = None  # cut short by a launch that only screened
    starts_from: str = ""  # trial_id of the one whose weights it takes


@dataclass(frozen=True, kw_only=True)
class RowOverview:
    """How far the runs of one row are."""

    label: str
    trials: tuple[TrialOverview, ...]

    def count(self, state: TrialState) -> int:
        """Count the runs in a state.

        Args:
            state: Which.

        Returns:
            How many.
        """
        return sum(one.state is state for one in self.trials)

    @property
    def is_complete(self) -> bool:
        """Whether every run is finished."""
        return self.count(TrialState.FINISHED) == len(self.trials)

    @property
    def epochs(self) -> int:
        """Of its runs together."""
        return sum(one.epochs for one in self.trials)

    @property
    def best_val_accuracy(self) -> float | None:
        """Mean of the best so far, over the runs that have an epoch."""
        best = [
            one.best_val_accuracy
            for one in self.trials
            if one.best_val_accuracy is not None
        ]
        return sum(best) / len(best) if best else None

    @property
    def screened(self) -> int:
        """How many runs were cut short by a launch that only screened."""
        return sum(one.screened_at_epoch is not None for one in self.trials)


@dataclass(frozen=True, kw_only=True)
class StudyOverview:
    """How far a study is at one moment."""

    study: str
    rows: tuple[RowOverview, ...]
    is_running: bool  # somebody launched it, and lives
    owner: Owner | None  # who; None where nobody runs it, or it is not known
    left_s: float | None  # of training, on as many workers as are at it, or on one

    @property
    def trials(self) -> tuple[TrialOverview, ...]:
        """All runs, row by row."""
        return tuple(one for row in self.rows for one in row.trials)

    @property
    def is_complete(self) -> bool:
        """Whether every wanted run is finished."""
        return all(row.is_complete for row in self.rows)

    @property
    def rows_complete(self) -> int:
        """How many rows have all of their runs."""
        return sum(row.is_complete for row in self.rows)

    @property
    def bad(self) -> tuple[TrialOverview, ...]:
        """What failed or diverged, and what waits in vain for such a one."""
        return tuple(
            one
            for one in self.trials
            if one.state in _BAD or (one.state is TrialState.QUEUED and one.error)
        )

    def count(self, state: TrialState) -> int:
        """Count the runs in a state.

        Args:
            state: Which.

        Returns:
            How many.
        """
        return sum(row.count(state) for row in self.rows)


def study_overview(
    launch: Launch, workspace: Workspace, reader: "TrialReader"
) -> StudyOverview:
    """Tell how far a study is.

    Args:
        launch: What was last asked of it.
        workspace: The store.
        reader: Reads its trials.

    Returns:
        The overview.
    """
    by_row = defaultdict(list)
    for trial in named_trials(launch):
        by_row[trial.row].append(reader.read(trial))
    rows = tuple(
        RowOverview(label=label, trials=tuple(trials))
        for label, trials in by_row.items()
    )
    lock = workspace.study(launch.study) / "launch.lock"
    is_running = is_held(lock)
    return StudyOverview(
        study=launch.study,
        rows=rows,
        is_running=is_running,
        owner=read_owner(lock) if is_running else None,
        left_s=_left_s(rows),
    )


@final
class TrialReader:
    """Reads trials' folders, and again only what was written since.

    Every file of a folder that says how far a trial is gets replaced whole, so that
    its number, size and time tell whether it is another one.
    """

    def __init__(self, workspace: Workspace) -> None:
        """Prepare to read.

        Args:
            workspace: The store.
        """
        self._workspace = workspace
        self._read: dict[str, tuple[_Stamps, TrialOverview]] = {}

    def read(self, trial: NamedTrial) -> TrialOverview:
        """Tell how far a trial is.

        Args:
            trial: Which.

        Returns:
            Its overview.
        """
        folder = self._workspace.trial(trial.trial_id)
        stamps = tuple(_stamps(folder.path))
        before = self._read.get(trial.trial_id)
        if before is None or before[0] != stamps or _may_wait(before[1]):
            now = _overview(trial, folder)
        elif _may_differ(before[1].state, folder):
            now = replace(before[1], trial=trial, state=folder.state())
        else:
            return replace(before[1], trial=trial)
        self._read[trial.trial_id] = (stamps, now)
        return now


# What it starts from may have failed since: that is said elsewhere.
def _may_wait(before: TrialOverview) -> bool:
    return before.state is TrialState.QUEUED and bool(before.starts_from)


# A lock tells what no file does: that a process died, or lives after all.
def _may_differ(state: TrialState, folder: TrialFolder) -> bool:
    if state is TrialState.KILLED:
        return is_held(folder.lock)
    return state is TrialState.RUNNING


def _stamps(folder: Path) -> Iterator[tuple[int, int, int] | None]:
    for name in _WATCHED:
        try:
            said = (folder / name).stat()
        except OSError:
            yield None
        else:
            yield said.st_ino, said.st_size, said.st_mtime_ns


# The mark of a finished trial says all; what is under way has to be counted.
def _overview(trial: NamedTrial, folder: TrialFolder) -> TrialOverview:
    summary = folder.summary()
    if summary is not None:
        return TrialOverview(
            trial=trial,
            state=TrialState.FINISHED,
            log=folder.log,
            epochs=int(summary.get("epochs", 0)),
            best_val_accuracy=summary["best_val_accuracy"],
            wall_time_s=float(summary.get("wall_time_s", 0.0)),
        )
    record = folder.read()
    last = record.epochs[-1] if record.epochs else {}
    said = folder.description()
    stage = said.get("stage", {})
    max_epochs = said.get("config", {}).get("train.max_epochs")
    is_trained = stage.get("learn", True) is not None
    return TrialOverview(
        trial=trial,
        state=record.state,
        log=folder.log,
        error=record.error or _why_it_waits(folder, record.state, stage),
        epochs=len(record.epochs),
        max_epochs=max_epochs * is_trained if isinstance(max_epochs, int) else None,
        best_val_accuracy=last.get("best_val_accuracy"),
        wall_time_s=record.wall_time_s,
        screened_at_epoch=record.screened_at_epoch,
        starts_from=stage.get("parent", ""),
    )


def _why_it_waits(
    folder: TrialFolder, state: TrialState, stage: Mapping[str, Any]
) -> str:
    if state is not TrialState.QUEUED or not stage.get("parent"):
        return ""
    parent = TrialFolder(folder.path.with_name(stage["parent"]))
    its = parent.state()
    if its not in _BAD:
        return ""
    said = parent.description()
    return f"it starts from {said['row']} · seed {said['seed']}, which {its.lower()}"


def _left_s(rows: Sequence[RowOverview]) -> float | None:
    spent: dict[str, list[tuple[int, float]]] = {}
    remaining: dict[str, list[int]] = defaultdict(list)
    usual = max(
        (one.max_epochs or one.epochs for row in rows for one in row.trials), default=0
    )
    n_running = 0
    for row in rows:
        spent[row.label] = [(one.epochs, one.wall_time_s) for one in row.trials]
        for one in row.trials:
            n_running += one.state is TrialState.RUNNING
            if one.state is not TrialState.FINISHED and one.state not in _BAD:
                most = usual if one.max_epochs is None else one.max_epochs
                left = most - one.epochs
                remaining[row.label].append(max(left, 0))
    return estimate_left_s(spent, remaining, jobs=max(n_running, 1))
