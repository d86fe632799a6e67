"""Decide what to launch: what is wanted, minus what is recorded. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from film.validation import nearest
from runner.errors import LaunchError
from runner.store.record import TrialState
from studies.study import Study
from studies.trial import BASELINE, Trial

__all__ = ["LaunchPlan", "choose_rows", "choose_seeds", "plan_launch"]


@dataclass(frozen=True, kw_only=True)
class LaunchPlan:
    """Wanted trials, by what has to be done about them."""

    done: tuple[Trial, ...]
    to_run: tuple[Trial, ...]
    diverged: tuple[Trial, ...]  # would diverge again, so left alone

    @property
    def n_trials(self) -> int:
        """How many trials are wanted."""
        return len(self.done) + len(self.to_run) + len(self.diverged)

    def summary(self, workers: str = "") -> str:
        """Say the plan in a line.

        Args:
            workers: On what it will run, such as ``2 workers``.

        Returns:
            ``14 trials: 0 done, 14 to run on 2 workers``.
        """
        line = f"{_count(self.n_trials, 'trial')}: {len(self.done)} done"
        if self.diverged:
            line += f", {len(self.diverged)} diverged"
        line += f", {len(self.to_run)} to run"
        return f"{line} on {workers}" if workers and self.to_run else line


def plan_launch(
    wanted: Sequence[Trial],
    states: Mapping[str, TrialState],
    *,
    retry_diverged: bool = False,
) -> LaunchPlan:
    """Subtract what is recorded from what is wanted.

    A trial that failed or was killed is launched again and goes on from its last
    checkpoint. One that diverged would do so again.

    Args:
        wanted: Trials, in the order in which they should run.
        states: Recorded states by ``trial_id``; absent is never started.
        retry_diverged: Launch diverged trials once more, from their first epoch.

    Returns:
        The plan, each computation once.
    """
    unique = {trial.trial_id: trial for trial in wanted}
    done, to_run, diverged = [], [], []
    for trial_id, trial in unique.items():
        match states.get(trial_id, TrialState.QUEUED):
            case TrialState.FINISHED:
                done.append(trial)
            case TrialState.DIVERGED if not retry_diverged:
                diverged.append(trial)
            case _:
                to_run.append(trial)
    return LaunchPlan(done=tuple(done), to_run=tuple(to_run), diverged=tuple(diverged))


def choose_rows(
    study: Study, only: Iterable[str], exclude: Iterable[str]
) -> tuple[str, ...]:
    """Choose rows by shell-style patterns of their labels; the baseline stays.

    Args:
        study: The study.
        only: Patterns of rows to keep; none keeps all.
        exclude: Patterns of rows to leave out.

    Returns:
        Labels, in the study's order.
    """
    labels = [row.label for row in study.rows]
    kept = _matching(labels, only) if only else set(labels)
    dropped = _matching(labels, exclude)
    return tuple(
        label
        for label in labels
        if label == BASELINE or (label in kept and label not in dropped)
    )


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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
