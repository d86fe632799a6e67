"""Watching is over when nothing more can come of a study without a command."""

from pathlib import Path

import pytest

from runner.looking.addresses import NamedTrial
from runner.looking.overview import RowOverview, StudyOverview, TrialOverview
from runner.looking.prospects import Prospects
from runner.store.record import TrialState

QUEUED, RUNNING, FAILED = TrialState.QUEUED, TrialState.RUNNING, TrialState.FAILED
DIVERGED, KILLED = TrialState.DIVERGED, TrialState.KILLED


def study(
    *states: TrialState, is_running: bool = False, chain: bool = False
) -> StudyOverview:
    """Make a study of runs in these states; in a chain, each starts from the last."""
    trials = [
        TrialOverview(
            trial=NamedTrial(study="tiny", trial_id=f"{at}", row=f"{at}", seed=0),
            state=state,
            log=Path("log.txt"),
            starts_from=f"{at - 1}" if chain and at else "",
        )
        for at, state in enumerate(states)
    ]
    rows = tuple(RowOverview(label=t.trial.row, trials=(t,)) for t in trials)
    return StudyOverview(
        study="tiny", rows=rows, is_running=is_running, owner=None, left_s=None
    )


@pytest.mark.parametrize("states", [(QUEUED, FAILED), (KILLED,), (RUNNING, DIVERGED)])
def test_what_never_ran_or_runs_for_another_study_is_watched_on(
    states: tuple[TrialState, ...],
) -> None:
    prospects = Prospects()
    for _ in range(3):
        assert prospects.ends([study(*states)]) is None


def test_what_waits_for_one_that_diverged_waits_in_vain() -> None:
    held_up = study(DIVERGED, QUEUED, QUEUED, chain=True)
    prospects = Prospects()
    assert prospects.ends([held_up]) is None
    lines = prospects.ends([held_up])
    assert lines is not None
    assert "0 of 3 runs complete, and nobody runs the others (1 diverged)" in lines[0]


def test_a_launch_that_just_ended_well_is_not_one_that_died() -> None:
    prospects = Prospects()
    assert prospects.ends([study(RUNNING, is_running=True)]) is None
    assert prospects.ends([study(KILLED)]) is None  # read before its last trial ended
    assert prospects.ends([study(TrialState.FINISHED)]) == []


def test_one_that_died_does_not_end_the_watching_of_another() -> None:
    prospects = Prospects()
    died, lives = study(KILLED), study(RUNNING, is_running=True)
    assert prospects.ends([study(KILLED, is_running=True)]) is None
    for _ in range(3):
        assert prospects.ends([died, lives]) is None
