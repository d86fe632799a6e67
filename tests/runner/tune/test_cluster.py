"""The same command on a cluster: trials move, machines fail, and no bit changes."""

import contextlib
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import psutil
import pytest
import torch

from film.config import Config, ImageInput
from film.data.fingerprint import data_fingerprint
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.working.trial import TrialJob, run_trial
from studies.study_file import read_study
from studies.trial import Trial

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PATIENCE_S = 400.0  # of a machine with much else to do; it takes a tenth otherwise
N_EPOCHS = 24
LOST = r"was lost .*with its machine\)?( after epoch \d+; it goes on|; it begins again)"
NOT_COMPUTED = {
    "time_ms",
    "wall_time_s",
    "questions_per_s",
    "memory_bytes",
    "gpu_memory_bytes",
}


@dataclass(frozen=True)
class PretendedCluster:
    """Machines of another process, whose own are what a driver has to find."""

    address: str
    environment: Mapping[str, str]
    to: IO[str]
    of: IO[str]

    def ask(self, line: str) -> str:
        self.to.write(f"{line}\n")
        self.to.flush()
        return said(self.of)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def film(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return self.start("-m", "runner.cli", *words, **environment)


@pytest.fixture(scope="module")
def cluster() -> Iterator[PretendedCluster]:
    home = Path(tempfile.mkdtemp(prefix="ftc-", dir="/tmp"))  # sockets: short paths
    (home / "token").write_text("0123456789abcdef" * 4)
    environment = {
        **os.environ,
        "RAY_TMPDIR": str(home),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(home / "token"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_memory_monitor_refresh_ms": "0",
        "RAY_raylet_start_wait_time_s": "180",  # of a machine with much else to do
        "RAY_worker_register_timeout_seconds": "240",
        "OMP_NUM_THREADS": "1",
    }
    with (home / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "pretended_cluster.py")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdin
            assert process.stdout
            address = said(process.stdout)
            assert address, (home / "log.txt").read_text()
            environment["RAY_ADDRESS"] = address  # what "auto" means
            yield PretendedCluster(address, environment, process.stdin, process.stdout)
        finally:
            process.communicate(timeout=60)
            shutil.rmtree(home, ignore_errors=True)


def said(of: IO[str]) -> str:
    for line in of:
        word, _, answer = line.strip().partition(" ")
        if word == "answer":
            return answer
    return ""


@dataclass(frozen=True)
class Sweep:
    """A study that runs on the cluster while a machine of it is lost."""

    workspace: Workspace
    trials: Sequence[Trial]
    code: int
    output: str
    errors: str

    def folders(self) -> list[TrialFolder]:
        return [self.workspace.trial(trial.trial_id) for trial in self.trials]

    def attempts(self) -> dict[str, int]:
        return {
            folder.trial_id: len(state_of(folder)["attempts"])
            for folder in self.folders()
        }


def state_of(folder: TrialFolder) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder.path / "state.json").read_text())
    return said


def computed(folder: TrialFolder) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in NOT_COMPUTED}
        for row in folder.read().epochs
    ]


def is_under_way(folders: Sequence[TrialFolder], raylet: str) -> bool:
    """Tell whether a process of that machine has come some way with a trial."""
    for folder in folders:
        if folder.state() is TrialState.RUNNING and len(folder.read().epochs) > 2:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker = psutil.Process(state_of(folder)["attempts"][-1]["pid"])
                if worker.ppid() == int(raylet):
                    return True
    return False


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, config: Config) -> Path:
    settings = config.flat() | {"train.max_epochs": N_EPOCHS, "train.batch_size": 2}
    path = tmp_path_factory.mktemp("study") / "moving.yaml"
    path.write_text(
        "study: moving\n"
        "question: Does it matter where?\n"
        f"settings: {json.dumps(settings)}\n"
        "seeds: 2\n"
        "groups:\n"
        "  Changes:\n"
        "    β := 0: {model.film.beta: zero}\n"
    )
    return path


@pytest.fixture(scope="module", params=["shared", "sent"])
def sweep(
    request: pytest.FixtureRequest,
    cluster: PretendedCluster,
    study: Path,
    data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Sweep:
    """Lose a machine as soon as every trial is some epochs old."""
    home = tmp_path_factory.mktemp(request.param)
    workspace = Workspace.at(home / "store")
    names = {ImageInput.FEATURES: data_fingerprint(data, ImageInput.FEATURES)}
    trials = read_study(study).trials(names)
    words = ["run", str(study), "--data", str(data), "--store", str(workspace.root)]
    words += ["--device", "cpu", "--address", "auto"]
    if request.param == "sent":
        words += ["--storage", (home / "far").as_uri()]
    number, raylet = cluster.ask("add 2 1").split()
    process = cluster.film(*words)
    try:
        start = time.monotonic()
        while not is_under_way(
            [workspace.trial(one.trial_id) for one in trials], raylet
        ):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() - start < PATIENCE_S, "waited in vain"
            time.sleep(0.05)
        cluster.ask(f"lose {number}")
        output, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return Sweep(workspace, trials, process.returncode, output, errors)


def test_a_lost_machine_costs_no_trial(sweep: Sweep) -> None:
    assert sweep.code == 0, sweep.errors
    assert {folder.state() for folder in sweep.folders()} == {TrialState.FINISHED}
    assert "Validation accuracy: moving" in sweep.output
    assert "4 workers of the cluster" in sweep.errors
    assert "Traceback" not in sweep.output + sweep.errors


def test_its_trials_go_on_elsewhere_from_their_checkpoints(sweep: Sweep) -> None:
    moved = [one for one, count in sweep.attempts().items() if count > 1]
    assert moved
    assert len(re.findall(LOST, sweep.errors)) >= len(moved), sweep.errors
    for folder in sweep.folders():
        epochs = [row["epoch"] for row in folder.read().epochs]
        assert epochs == list(range(1, N_EPOCHS + 1))


def test_moving_to_another_machine_changes_no_bit(
    sweep: Sweep, data: Path, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    moved = {one for one, count in sweep.attempts().items() if count > 1}
    trial = next(trial for trial in sweep.trials if trial.trial_id in moved)
    alone = TrialFolder(tmp_path / trial.trial_id)
    list(run_trial(TrialJob(trial=trial, data=data, folder=alone.path)))
    folder = sweep.workspace.trial(trial.trial_id)
    assert computed(alone) == computed(folder)
    answers = [one.path / "predictions.parquet" for one in (alone, folder)]
    assert answers[0].read_bytes() == answers[1].read_bytes()
    assert folder.damage() == ()


def test_trials_on_the_cpu_see_no_gpu_of_their_machine(sweep: Sweep) -> None:
    for folder in sweep.folders():
        said = json.loads((folder.path / "environment.json").read_text())
        assert said["visible_gpus"] == ""


def test_where_a_trial_ran_its_code_is_still_named(sweep: Sweep) -> None:
    for folder in sweep.folders():
        said = json.loads((folder.path / "environment.json").read_text())
        assert said["git"] is None or len(said["git"]["commit"]) == 40
        assert said["threads"] == 1


def test_shares_of_a_gpu_are_packed_two_to_each(
    cluster: PretendedCluster,
    make_trial: Callable[..., Trial],
    make_job: Callable[[Trial], TrialJob],
    tmp_path: Path,
) -> None:
    jobs = [replace(make_job(make_trial(seed=seed)), device="cpu") for seed in range(4)]
    for job in jobs:
        TrialFolder(job.folder).describe(job.trial)
    number, _ = cluster.ask("add 4 2").split()
    output, _ = run_packed(cluster, jobs, tmp_path / "jobs")
    cluster.ask(f"lose {number}")
    assert f"4 workers of the cluster at {cluster.address}, 0.5 GPU each" in output
    said = [json.loads((job.folder / "environment.json").read_text()) for job in jobs]
    assert Counter(one["visible_gpus"] for one in said) == {"0": 2, "1": 2}


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ({"RAY_AUTH_TOKEN_PATH": "/nowhere"}, "no token of the cluster"),
        ({"RAY_AUTH_TOKEN": "f" * 64}, "refuses the token of this machine"),
        ({"RAY_AUTH_MODE": "disabled"}, "the cluster wants a token"),
    ],
)
def test_a_wrong_token_is_one_line_in_seconds(
    cluster: PretendedCluster,
    study: Path,
    data: Path,
    broken: Mapping[str, str],
    line: str,
) -> None:
    words = ["plan", str(study), "--data", str(data), "--address", cluster.address]
    output, errors = cluster.film(*words, **broken).communicate(timeout=60)
    assert output == ""
    assert errors.count("\n") == 1
    assert line in errors


def test_data_that_a_machine_does_not_have_stop_a_launch_before_it_begins(
    cluster: PretendedCluster,
    make_trial: Callable[..., Trial],
    make_job: Callable[[Trial], TrialJob],
    tmp_path: Path,
) -> None:
    job = replace(make_job(make_trial()), data=tmp_path / "elsewhere")
    TrialFolder(job.folder).describe(job.trial)
    number, _ = cluster.ask("add 1 1").split()
    output, _ = run_packed(cluster, [job], tmp_path / "jobs")
    cluster.ask(f"lose {number}")
    assert "refused: machine " in output
    assert f"of the cluster: the data are not there: no folder {job.data}" in output
    assert TrialFolder(job.folder).state() is TrialState.QUEUED


def run_packed(
    cluster: PretendedCluster, jobs: Sequence[TrialJob], file: Path
) -> tuple[str, str]:
    file.write_bytes(pickle.dumps(jobs))
    words = [str(HERE / "packing.py"), cluster.address, str(file)]
    return cluster.start(*words).communicate(timeout=PATIENCE_S)
