"""Real sweeps that are screened, cancelled in part, and stopped while they start."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from film.config import Config, ImageInput
from film.data.fingerprint import data_fingerprint
from runner.planning.request import find_launch
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.sweeping.cancelling import cancel_launch
from studies.study_file import read_study
from studies.trial import Trial

pytestmark = pytest.mark.slow

N_EPOCHS = 18
PATIENCE_S = 240.0


@dataclass
class Launches:
    """`film run` as a user calls it, on one store."""

    words: list[str]
    workspace: Workspace
    trials: tuple[Trial, ...]

    def start(self, *words: str) -> subprocess.Popen[str]:
        # Pretended GPUs: trials on the CPU must not see them.
        return subprocess.Popen(
            [sys.executable, "-m", "runner.cli", "run", *self.words, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "0,1"},
        )

    def folders(self, row: str | None = None) -> list[TrialFolder]:
        return [
            self.workspace.trial(trial.trial_id)
            for trial in self.trials
            if row in {None, trial.row}
        ]

    def states(self, row: str | None = None) -> set[TrialState]:
        return {folder.state() for folder in self.folders(row)}


@pytest.fixture(scope="module")
def launches(
    config: Config, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Launches:
    home = tmp_path_factory.mktemp("wishes")
    settings = config.flat() | {"train.max_epochs": N_EPOCHS, "train.batch_size": 2}
    study = home / "wishes.yaml"
    study.write_text(
        "study: wishes\n"
        "question: Who is heard?\n"
        f"settings: {json.dumps(settings)}\n"
        "seeds: 2\n"
        "groups:\n"
        "  Changes:\n"
        "    slow: {train.learning_rate: 1e-7}\n"
    )
    workspace = Workspace.at(home / "store")
    names = {ImageInput.FEATURES: data_fingerprint(data, ImageInput.FEATURES)}
    words = [str(study), "--data", str(data), "--store", str(workspace.root)]
    words += ["-j", "2", "--device", "cpu", "--tracking-uri", "http://127.0.0.1:9"]
    return Launches(words, workspace, read_study(study).trials(names))


def until(happens: Callable[[], object], process: subprocess.Popen[str]) -> None:
    start = time.monotonic()
    while not happens():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - start < PATIENCE_S, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def screened(
    launches: Launches,
) -> tuple[str, dict[str, int], dict[str, TrialState]]:
    """Screen; what the folders say then, before another test goes on with them."""
    process = launches.start("--screen")
    output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, errors
    assert output, errors
    said = {folder.trial_id: folder.read() for folder in launches.folders()}
    ended = {
        one: record.screened_at_epoch
        for one, record in said.items()
        if record.screened_at_epoch is not None
    }
    assert all(len(said[one].epochs) == epoch for one, epoch in ended.items())
    states = {folder.trial_id: folder.state() for folder in launches.folders()}
    return output, ended, states


def test_a_screening_ends_some_early_and_others_not(
    screened: tuple[str, dict[str, int], dict[str, TrialState]], launches: Launches
) -> None:
    output, ended, states = screened
    assert output.startswith("SCREENING of wishes, no result")
    assert 0 < len(ended) < len(launches.trials)
    assert set(ended.values()) <= {2, 6}
    for one, state in states.items():
        assert state is (TrialState.KILLED if one in ended else TrialState.FINISHED)


def test_trials_on_the_cpu_see_no_gpu(
    screened: tuple[str, dict[str, int], dict[str, TrialState]], launches: Launches
) -> None:
    assert screened
    for folder in launches.folders():
        said = json.loads((folder.path / "environment.json").read_text())
        assert (said["device"], said["visible_gpus"]) == ("cpu", "")


def test_a_row_that_is_cancelled_ends_and_the_others_go_on(
    screened: tuple[str, dict[str, int], dict[str, TrialState]], launches: Launches
) -> None:
    _, ended, _ = screened
    rows = [trial.row for trial in launches.trials if trial.trial_id in ended]
    row = max(rows, key=rows.count)
    process = launches.start()
    until(lambda: TrialState.RUNNING in launches.states(row), process)
    launch = find_launch("wishes", launches.workspace)
    said = cancel_launch(launch, [f"{row[:-1]}?"], launches.workspace)
    assert said.was_running
    assert TrialState.RUNNING not in launches.states(row)
    output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, (output, errors)
    assert TrialState.KILLED in launches.states(row)
    (other,) = {trial.row for trial in launches.trials} - {row}
    assert launches.states(other) == {TrialState.FINISHED}  # also what was screened


def test_a_launch_that_is_stopped_while_it_starts_leaves_nothing_running(
    launches: Launches,
) -> None:
    process = launches.start()
    assert process.stderr is not None
    assert "to run on 2 workers" in process.stderr.readline()
    children: list[psutil.Process] = []

    def raylets() -> bool:
        children[:] = psutil.Process(process.pid).children(recursive=True)
        return any("gcs_server" in child.name() for child in children)

    until(raylets, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_a_worker_that_stands_still_as_a_whole_is_ended_and_its_trial_goes_on(
    launches: Launches, tmp_path: Path
) -> None:
    launches = replace(launches, workspace=Workspace.at(tmp_path / "store"))
    process = launches.start(
        *("--store", str(launches.workspace.root), "--hang-after", "15s")
    )

    def busy() -> list[int]:
        running = [
            folder
            for folder in launches.folders()
            if folder.state() is TrialState.RUNNING and len(folder.read().epochs) > 1
        ]
        said = [json.loads((one.path / "state.json").read_text()) for one in running]
        return [int(one["attempts"][-1]["pid"]) for one in said]

    until(busy, process)
    os.kill(busy()[0], signal.SIGSTOP)
    output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, (output, errors)
    (line,) = [line for line in errors.splitlines() if "stood still as a whole" in line]
    assert "it goes on from there" in line
    assert launches.states() == {TrialState.FINISHED}
