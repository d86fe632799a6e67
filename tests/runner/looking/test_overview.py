"""How far a study is follows from its folders, and only news are read again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.looking.addresses import named_trials
from runner.looking.overview import StudyOverview, TrialReader, study_overview
from runner.store.files import read_json, write_json
from runner.store.launches import Launch, read_launch
from runner.store.locks import lease
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial

Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


@pytest.fixture
def trials(launch_tiny: Launched) -> list[Trial]:
    return launch_tiny(2)  # baseline, β := 0, γ := 1 with seed 0, then with seed 1


def launch_of(workspace: Workspace) -> Launch:
    launch = read_launch(workspace.study("tiny"))
    assert launch is not None
    return launch


@pytest.fixture
def overview(trials: list[Trial], workspace: Workspace) -> Callable[[], StudyOverview]:
    assert trials
    reader = TrialReader(workspace)
    return lambda: study_overview(launch_of(workspace), workspace, reader)


def test_every_state_is_counted_in_its_row(
    trials: list[Trial], settle: Settle, overview: Callable[[], StudyOverview]
) -> None:
    settle(trials[0], TrialState.FINISHED, epochs=3)
    settle(trials[1], TrialState.FAILED, epochs=1)
    settle(trials[4], TrialState.DIVERGED)
    settle(trials[2], TrialState.KILLED, epochs=2)
    now = overview()
    assert {state: now.count(state) for state in TrialState} == {
        TrialState.QUEUED: 2,
        TrialState.RUNNING: 0,
        TrialState.FINISHED: 1,
        TrialState.FAILED: 1,
        TrialState.KILLED: 1,
        TrialState.DIVERGED: 1,
    }
    baseline, beta, gamma = now.rows
    assert (baseline.label, baseline.epochs, baseline.best_val_accuracy) == (
        "baseline",
        3,
        3 / 8,
    )
    assert beta.count(TrialState.FAILED) == beta.count(TrialState.DIVERGED) == 1
    assert (gamma.epochs, gamma.best_val_accuracy) == (2, 2 / 8)
    errors = [(one.trial.name, one.error) for one in now.bad]
    assert errors == [
        ("β := 0 · seed 0", "no such file"),
        ("β := 0 · seed 1", "the loss is nan"),
    ]
    assert not now.is_complete
    assert now.rows_complete == 0


def test_a_study_is_complete_when_every_run_is_finished(
    trials: list[Trial], settle: Settle, overview: Callable[[], StudyOverview]
) -> None:
    for trial in trials:
        settle(trial, TrialState.FINISHED, epochs=3)
    now = overview()
    assert now.is_complete
    assert now.rows_complete == 3
    assert now.left_s == 0


def test_the_time_left_is_of_what_is_to_be_done_and_may_be(
    trials: list[Trial], settle: Settle, overview: Callable[[], StudyOverview]
) -> None:
    assert overview().left_s is None
    settle(trials[0], TrialState.KILLED, epochs=1)  # two seconds an epoch, three epochs
    settle(trials[1], TrialState.DIVERGED)
    settle(trials[2], TrialState.FINISHED, epochs=3)
    # Two epochs of the killed one, and three of each of the three that never started.
    assert overview().left_s == 2.0 * (2 + 3 * 3)


def test_who_runs_a_study_is_named_while_it_runs(
    workspace: Workspace, overview: Callable[[], StudyOverview]
) -> None:
    with lease(workspace.study("tiny") / "launch.lock"):
        now = overview()
        assert now.is_running
        assert now.owner is not None
        assert now.owner.pid > 1
    assert not overview().is_running
    assert overview().owner is None


def test_only_what_was_written_is_read_again(
    trials: list[Trial],
    settle: Settle,
    workspace: Workspace,
    overview: Callable[[], StudyOverview],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for trial in trials[:4]:
        settle(trial, TrialState.KILLED, epochs=1)
    before = overview()
    read: list[Path] = []
    summary = TrialFolder.summary
    monkeypatch.setattr(
        TrialFolder, "summary", lambda one: read.append(one.path) or summary(one)
    )
    assert overview() == before
    assert read == []
    settle(trials[3], TrialState.KILLED, epochs=2)
    settle(trials[5], TrialState.FAILED)
    read.clear()
    now = overview()
    assert {path.name for path in read} == {trials[3].trial_id, trials[5].trial_id}
    assert now.rows[0].epochs == 3
    assert now.count(TrialState.FAILED) == 1
    shutil.rmtree(workspace.trial(trials[3].trial_id).path)
    assert overview().rows[0].epochs == 1


def test_a_worker_s_death_is_seen_though_it_wrote_nothing(
    trials: list[Trial], workspace: Workspace, overview: Callable[[], StudyOverview]
) -> None:
    folder = workspace.trial(trials[0].trial_id)
    folder.describe(trials[0])
    with folder.hold():
        attempt = folder.attempt()
        attempt.__enter__()
        state = (folder.path / "state.json").read_bytes()
        assert overview().count(TrialState.RUNNING) == 1
    assert (folder.path / "state.json").read_bytes() == state
    assert overview().count(TrialState.KILLED) == 1


def test_a_worker_that_was_thought_dead_is_seen_to_live(
    trials: list[Trial],
    workspace: Workspace,
    overview: Callable[[], StudyOverview],
) -> None:
    folder = workspace.trial(trials[0].trial_id)
    folder.describe(trials[0])
    write_json(folder.path / "state.json", {"state": "RUNNING"})
    assert overview().count(TrialState.KILLED) == 1  # its beat was late
    with folder.hold():
        assert overview().count(TrialState.RUNNING) == 1


def test_what_was_screened_is_marked(
    trials: list[Trial], settle: Settle, overview: Callable[[], StudyOverview]
) -> None:
    folder = settle(trials[0], TrialState.KILLED, epochs=1)
    path = folder.path / "state.json"
    write_json(path, read_json(path) | {"screened_at_epoch": 1})
    assert [row.screened for row in overview().rows] == [1, 0, 0]


def test_trials_of_a_launch_carry_their_seeds(
    trials: list[Trial], workspace: Workspace
) -> None:
    named = named_trials(launch_of(workspace))
    assert {(one.row, one.seed, one.trial_id) for one in named} == {
        (trial.row, trial.seed, trial.trial_id) for trial in trials
    }
