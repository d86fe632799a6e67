"""What is asked of a study is written down with its trials."""

from collections.abc import Callable
from pathlib import Path

from runner.planning.request import Choice, Request
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial


def test_a_finished_trial_whose_description_was_torn_is_described_again(
    workspace: Workspace,
    study_file: Path,
    data: Path,
    launch_tiny: Callable[..., list[Trial]],
    settle: Callable[..., TrialFolder],
) -> None:
    first, second, *_ = launch_tiny(1)
    folder = settle(first, TrialState.FINISHED, epochs=1)
    (folder.path / "config.json").write_text('{"row": "base')
    assert not folder.is_recorded
    Request.of(str(study_file), Choice(), data, workspace).write_down()
    assert folder.description()["row"] == first.row
    assert folder.state() is TrialState.FINISHED
    assert not workspace.trial(second.trial_id).path.exists()  # nothing was started
