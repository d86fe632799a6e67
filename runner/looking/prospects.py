"""Whether anything is still to be seen of studies that are watched."""

from collections.abc import Sequence
from typing import final

from runner.looking.overview import StudyOverview
from runner.store.record import TrialState
from runner.text import count

__all__ = ["Prospects"]


@final
class Prospects:
    """Remembers which studies were seen running, to tell that nobody runs them now."""

    def __init__(self) -> None:
        """Begin, with nothing seen."""
        self._ran: set[str] = set()
        self._before: list[str] = []

    def ends(self, now: Sequence[StudyOverview]) -> list[str] | None:
        """Tell whether watching is over; a study that never ran may be started yet.

        Args:
            now: How far the studies are.

        Returns:
            A line for each study that will not be complete by itself; None while
            something may happen.
        """
        self._ran |= {one.study for one in now if one.is_running}
        left = [one for one in now if not one.is_complete]
        lines = [_why(one, has_run=one.study in self._ran) for one in left]
        # Twice: a launch may have ended after its trials were looked at.
        is_sure = lines == self._before
        self._before = lines
        return lines if not left or (is_sure and all(lines)) else None


# Empty where it may go on.
def _why(one: StudyOverview, *, has_run: bool) -> str:
    if one.is_running or one.count(TrialState.RUNNING):
        return ""
    done, wanted = one.count(TrialState.FINISHED), len(one.trials)
    so_far = f"{one.study}: {done} of {count(wanted, 'run')} complete, and nobody runs"
    if done + len(_hopeless(one)) == wanted:
        states = TrialState.FAILED, TrialState.DIVERGED
        counts = [(one.count(state), state.lower()) for state in states]
        said = ", ".join(f"{number} {state}" for number, state in counts if number)
        return f"{so_far} the others ({said}); `film retry {one.study}` does"
    if has_run:
        return f"{so_far} it any more; `film run {one.study}` goes on"
    return ""


# What failed or diverged, and whatever starts from it.
def _hopeless(one: StudyOverview) -> set[str]:
    found = {bad.trial.trial_id for bad in one.bad}
    n_before = -1
    while n_before != len(found):
        n_before = len(found)
        queued = (trial for trial in one.trials if trial.state is TrialState.QUEUED)
        found |= {t.trial.trial_id for t in queued if t.starts_from in found}
    return found
