"""Decide what to launch: what is wanted, minus what is recorded. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from film.config import Config
from film.validation import nearest
from runner.errors import LaunchError
from runner.store.record import TrialState
from runner.text import count
from studies.row import Row
from studies.study import Study
from studies.trial import BASELINE, Trial

__all__ = [
    "InertSettings",
    "LaunchPlan",
    "Past",
    "RowPlan",
    "choose_rows",
    "choose_seeds",
    "find_inert",
    "plan_launch",
    "plan_rows",
]


@dataclass(frozen=True, kw_only=True)
class LaunchPlan:
    """Wanted trials, by what has to be done about them."""

    done: tuple[Trial, ...]
    to_run: tuple[Trial, ...]
    diverged: tuple[Trial, ...]  # would diverge again, so left alone
    left: tuple[Trial, ...] = ()  # neither at an end, nor to be retried
    held_up: tuple[Trial, ...] = ()  # what they start from is not there, nor to be run

    @property
    def n_trials(self) -> int:
        """How many trials are wanted."""
        parts = self.done, self.to_run, self.diverged, self.left, self.held_up
        return sum(map(len, parts))

    def summary(self, workers: str = "") -> str:
        """Say the plan in a line.

        Args:
            workers: On what it will run, such as ``2 workers``.

        Returns:
            ``14 trials: 0 done, 14 to run on 2 workers``.
        """
        line = f"{count(self.n_trials, 'trial')}: {len(self.done)} done"
        if self.diverged:
            line += f", {len(self.diverged)} diverged"
        if self.left:
            line += f", {len(self.left)} left alone"
        if self.held_up:
            line += f", {len(self.held_up)} waiting for what they start from"
        line += f", {len(self.to_run)} to run"
        return f"{line} on {workers}" if workers and self.to_run else line


def plan_launch(
    wanted: Sequence[Trial],
    states: Mapping[str, TrialState],
    *,
    retry: Collection[str] | None = None,
) -> LaunchPlan:
    """Subtract what is recorded from what is wanted.

    A trial that failed or was killed is launched again and goes on from its last
    checkpoint. One that diverged would do so again. One that starts from another's
    weights is launched where that one is finished, or launched too.

    Args:
        wanted: Trials, in the order in which they should run, what others start from
            before these.
        states: Recorded states by ``trial_id``; absent is never started.
        retry: Launch these alone, also where they diverged; None launches whatever
            is neither finished nor diverged.

    Returns:
        The plan, each computation once.
    """
    unique = {trial.trial_id: trial for trial in wanted}
    done, to_run, diverged, left, held_up = [], [], [], [], []
    ready = {""}
    for trial_id, trial in unique.items():
        match states.get(trial_id, TrialState.QUEUED):
            case TrialState.FINISHED:
                done.append(trial)
                ready.add(trial_id)
            case _ if trial.parent not in ready:
                held_up.append(trial)
            case _ if retry is not None and trial_id in retry:
                to_run.append(trial)
                ready.add(trial_id)
            case TrialState.DIVERGED:
                diverged.append(trial)
            case _ if retry is not None:
                left.append(trial)
            case _:
                to_run.append(trial)
                ready.add(trial_id)
    return LaunchPlan(
        done=tuple(done),
        to_run=tuple(to_run),
        diverged=tuple(diverged),
        left=tuple(left),
        held_up=tuple(held_up),
    )


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is recorded of one trial, as far as a plan asks."""

    state: TrialState = TrialState.QUEUED
    epochs: int = 0
    study: str = ""  # that wanted it first; empty where no study did
    row: str = ""  # by which name


@dataclass(frozen=True, kw_only=True)
class RowPlan:
    """What would be done about the runs of one row."""

    row: str
    group: str
    runs: int
    done: int
    to_go_on: int  # begun, and not at an end
    epochs_there: int  # of those together
    new: int
    failed: int  # of those that go on or are new: they failed the last time
    diverged: int
    done_as: Mapping[tuple[str, str], int]  # by another study or name, of those done


def plan_rows(
    wanted: Sequence[Trial], plan: LaunchPlan, past: Mapping[str, Past]
) -> tuple[RowPlan, ...]:
    """Count what a plan does, row by row.

    Args:
        wanted: All trials that were asked for.
        plan: What is done about them.
        past: What is recorded, by ``trial_id``; absent is nothing.

    Returns:
        Rows, in the order of the trials.
    """
    by_row: dict[str, list[Trial]] = defaultdict(list)
    for trial in wanted:
        by_row[trial.row].append(trial)
    to_run = {trial.trial_id for trial in plan.to_run}
    done = {trial.trial_id for trial in plan.done}
    diverged = {trial.trial_id for trial in plan.diverged}
    rows = []
    for row, trials in by_row.items():
        runs = {trial.trial_id: past.get(trial.trial_id, Past()) for trial in trials}
        begun = [runs[one].epochs for one in runs if one in to_run and runs[one].epochs]
        n_to_run = sum(one in to_run for one in runs)
        failed = [runs[one].state is TrialState.FAILED for one in runs if one in to_run]
        rows.append(
            RowPlan(
                row=row,
                group=trials[0].group,
                runs=len(trials),
                done=sum(one in done for one in runs),
                to_go_on=len(begun),
                epochs_there=sum(begun),
                new=n_to_run - len(begun),
                failed=sum(failed),
                diverged=sum(one in diverged for one in runs),
                done_as=Counter(
                    (its.study, its.row)
                    for one, its in runs.items()
                    if one in done
                    and its.row
                    and (its.study, its.row) != (trials[0].study, row)
                ),
            )
        )
    return tuple(rows)


@dataclass(frozen=True, kw_only=True)
class InertSettings:
    """Settings that do nothing in some rows, for one reason."""

    rows: tuple[str, ...]
    settings: tuple[str, ...]
    why: str
    is_own: bool  # the row itself sets them, and not the study


def find_inert(rows: Sequence[Row]) -> tuple[InertSettings, ...]:
    """Find settings that were given and make no difference, so that they are dropped.

    Args:
        rows: Of a study.

    Returns:
        The settings that differ from the paper's, or that a row names, and do nothing
        there, with the rows for which that is so.
    """
    found: dict[tuple[tuple[str, ...], str, bool], list[str]] = defaultdict(list)
    for row in rows:
        by_reason: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for name, why in _given(row).items():
            by_reason[why, name in row.changes].append(name)
        for (why, is_own), names in by_reason.items():
            found[tuple(names), why, is_own].append(row.label)
    return tuple(
        InertSettings(rows=tuple(labels), settings=settings, why=why, is_own=is_own)
        for (settings, why, is_own), labels in found.items()
    )


def _given(row: Row) -> dict[str, str]:
    values, defaults = row.config.flat(), Config().flat()
    return {
        name: why
        for name, why in row.config.inert().items()
        if name in row.changes or values[name] != defaults[name]
    }


def choose_rows(
    study: Study, only: Iterable[str], exclude: Iterable[str]
) -> tuple[str, ...]:
    """Choose rows by shell-style patterns of their labels; the baseline stays.

    So do rows whose weights a chosen one starts from, and the evaluations of chosen
    rows. With a row, what starts from its weights is left out.

    Args:
        study: The study.
        only: Patterns of rows to keep; none keeps all.
        exclude: Patterns of rows to leave out.

    Returns:
        Labels, in the study's order.
    """
    labels = [row.label for row in study.rows]
    kept = {BASELINE} | (_matching(labels, only) if only else set(labels))
    dropped = _matching(labels, exclude) - {BASELINE}
    for row in study.rows:
        if row.parent in dropped:
            dropped.add(row.label)
        if row.is_evaluation and row.parent in kept:
            kept.add(row.label)
    kept -= dropped
    for row in reversed(study.rows):
        if row.label in kept and row.parent:
            kept.add(row.parent)
    return tuple(label for label in labels if label in kept)


def choose_seeds(study: Study, count: int | None) -> tuple[int, ...]:
    """Choose how many seeds to run: the study's first, then new ones.

    Args:
        study: The study.
        count: How many; None keeps the study's own.

    Returns:
        Different seeds.
    """
    if count is None:
        return study.seeds
    unused = (seed for seed in range(count + max(study.seeds) + 1))
    more = [seed for seed in unused if seed not in study.seeds]
    return (*study.seeds, *more)[:count]


def _matching(labels: Sequence[str], patterns: Iterable[str]) -> set[str]:
    found = set()
    for pattern in patterns:
        matches = {
            label
            for label in labels
            if label == pattern or fnmatchcase(label, pattern)  # labels may have [
        }
        if not matches:
            raise LaunchError(
                f"no row matches '{pattern}'{nearest(pattern, labels)} "
                f"(rows: {', '.join(labels)})"
            )
        found |= matches
    return found
