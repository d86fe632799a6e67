"""What a launch that only screens left: which rows looked promising, and how far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runner.plan import LaunchPlan
from runner.store.record import Record
from studies.trial import Trial

__all__ = ["ScreenedRow", "screened_rows", "unscreened"]


@dataclass(frozen=True, kw_only=True)
class ScreenedRow:
    """A row of the table of a screening."""

    label: str
    runs: int
    finished: int
    screened: int
    epochs: int  # of its runs together
    best_val_accuracy: float | None  # mean over runs, each at its last epoch


def unscreened(plan: LaunchPlan, records: Mapping[str, Record]) -> LaunchPlan:
    """Leave out what an earlier screening ended: it would do so again.

    Args:
        plan: What is missing.
        records: Of the wanted trials.

    Returns:
        The plan of another screening.
    """
    kept = [
        trial
        for trial in plan.to_run
        if records[trial.trial_id].screened_at_epoch is None
    ]
    return replace(plan, to_run=tuple(kept))


def screened_rows(
    trials: Sequence[Trial], records: Mapping[str, Record]
) -> list[ScreenedRow]:
    """Sum up a screening.

    Args:
        trials: All that were wanted.
        records: Of them.

    Returns:
        Rows, those that came furthest first, then by accuracy.
    """
    labels = dict.fromkeys(trial.row for trial in trials)
    by_row = {
        label: [records[trial.trial_id] for trial in trials if trial.row == label]
        for label in labels
    }
    rows = [_row(label, some) for label, some in by_row.items()]
    return sorted(rows, key=lambda row: (-row.epochs, -(row.best_val_accuracy or 0)))


def _row(label: str, records: Sequence[Record]) -> ScreenedRow:
    best = [one.epochs[-1]["best_val_accuracy"] for one in records if one.epochs]
    return ScreenedRow(
        label=label,
        runs=len(records),
        finished=sum(one.summary is not None for one in records),
        screened=sum(one.screened_at_epoch is not None for one in records),
        epochs=sum(len(one.epochs) for one in records),
        best_val_accuracy=sum(best) / len(best) if best else None,
    )
