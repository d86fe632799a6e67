"""A sweep that is killed, stopped and hurt loses nothing and repeats nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from film.config import Config, ImageInput
from film.data.fingerprint import data_fingerprint
from reports.load import load_results
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.working.trial import TrialJob, run_trial
from studies.study_file import read_study
from studies.trial import Trial

pytestmark = [
    pytest.mark.slow,
    # MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
    pytest.mark.filterwarnings("ignore:.*noload.*loader strategy"),
]

N_EPOCHS = 16
PATIENCE_S = 120.0
TIMES = {
    "time_ms",
    "wall_time_s",
    "questions_per_s",
    "memory_bytes",
    "gpu_memory_bytes",
}


@dataclass(frozen=True)
class Chapter:
    """How one `film run` ended, and which trials were finished then."""

    code: int
    output: str
    errors: str
    marks: Mapping[str, int]  # when each was finished, to the nanosecond
    seconds: float


@dataclass
class Sweep:
    """The command as a user sees it: processes, one after the other, and a folder."""

    words: list[str]
    workspace: Workspace
    trials: tuple[Trial, ...]
    chapters: list[Chapter] = field(default_factory=list)

    def run(
        self,
        *words: str,
        when: Callable[[], object] | None = None,
        then: Callable[[subprocess.Popen[str]], object] | None = None,
    ) -> None:
        start = time.monotonic()
        with self.errors.open("w") as errors_file:
            process = subprocess.Popen(
                [sys.executable, "-m", "runner.cli", "run", *self.words, *words],
                stdout=subprocess.PIPE,
                stderr=errors_file,
                text=True,
            )
        while when is not None and not when():
            assert process.poll() is None, self.errors.read_text()
            assert time.monotonic() - start < PATIENCE_S, "waited in vain"
            time.sleep(0.02)
        if then is not None:
            then(process)
        output, _ = process.communicate(timeout=PATIENCE_S)
        errors = self.errors.read_text()
        seconds = time.monotonic() - start
        self.chapters.append(
            Chapter(process.returncode, output, errors, self.marks(), seconds)
        )

    @property
    def errors(self) -> Path:
        """What the command says on its standard error, as it says it."""
        return self.workspace.root.with_name("errors.txt")

    def folders(self) -> list[TrialFolder]:
        return [self.workspace.trial(trial.trial_id) for trial in self.trials]

    def marks(self) -> dict[str, int]:
        return {
            folder.trial_id: (folder.path / "done.json").stat().st_mtime_ns
            for folder in self.folders()
            if folder.state() is TrialState.FINISHED
        }

    def worker(self) -> int | None:
        """Give the process of a trial that has come some way."""
        for folder in self.folders():
            if folder.state() is TrialState.RUNNING and len(folder.read().epochs) > 3:
                said = json.loads((folder.path / "state.json").read_text())
                return int(said["attempts"][-1]["pid"])
        return None


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, config: Config) -> Path:
    settings = config.flat() | {"train.max_epochs": N_EPOCHS, "train.batch_size": 2}
    path = tmp_path_factory.mktemp("study") / "crashes.yaml"
    path.write_text(
        "study: crashes\n"
        "question: Is anything lost?\n"
        f"settings: {json.dumps(settings)}\n"
        "seeds: 4\n"
        "groups:\n"
        "  Changes:\n"
        "    β := 0: {model.film.beta: zero}\n"
        "    diverges: {train.learning_rate: 1e30}\n"
    )
    return path


@pytest.fixture(scope="module")
def sweep(study: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """Kill the driver, stop it, kill a worker, let it end, and ask once more."""
    workspace = Workspace.at(tmp_path_factory.mktemp("sweep") / "store")
    words = [str(study), "--data", str(data), "--store", str(workspace.root)]
    words += ["-j", "2", "--device", "cpu"]
    names = {ImageInput.FEATURES: data_fingerprint(data, ImageInput.FEATURES)}
    sweep = Sweep(words, workspace, read_study(study).trials(names))
    sweep.run(
        "--tracking-uri",
        "http://127.0.0.1:9",
        when=lambda: sweep.marks() and "MLflow at" in sweep.errors.read_text(),
        then=lambda process: process.send_signal(signal.SIGKILL),
    )
    n_before = len(sweep.marks())
    sweep.run(
        when=lambda: len(sweep.marks()) > n_before,
        then=lambda process: process.send_signal(signal.SIGINT),
    )
    hurt: list[int | None] = []
    sweep.run(
        when=lambda: hurt.append(sweep.worker()) or hurt[-1],  # type: ignore[func-returns-value] # for its effect
        then=lambda _: os.kill(hurt[-1] or 0, signal.SIGKILL),
    )
    sweep.run()
    return sweep


def mlflow_runs(workspace: Workspace) -> dict[str, tuple[str, list[int]]]:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 2 s to import

    client: Any = MlflowClient(workspace.tracking_uri)
    experiment = client.get_experiment_by_name("film")
    query = "tags.`film.kind` = 'trial'"
    found = client.search_runs([experiment.experiment_id], query)
    names = [run.info.run_name for run in found]
    assert len(set(names)) == len(names)
    return {
        run.info.run_name: (
            run.data.tags["film.state"],
            [
                point.step
                for point in client.get_metric_history(run.info.run_id, "val/accuracy")
            ],
        )
        for run in found
    }


def test_exit_codes_tell_killed_stopped_and_failed(sweep: Sweep) -> None:
    codes = [chapter.code for chapter in sweep.chapters]
    assert codes == [-signal.SIGKILL, 130, 1, 1]  # one row diverges


def test_the_interruptions_came_in_the_middle(sweep: Sweep) -> None:
    killed, stopped, ended, _ = sweep.chapters
    assert 0 < len(killed.marks) < len(stopped.marks) < len(ended.marks) == 8


def test_what_was_finished_was_never_run_again(sweep: Sweep) -> None:
    chapters = sweep.chapters
    for earlier, later in pairwise(chapters):
        assert earlier.marks.items() <= later.marks.items()


def test_no_user_sees_a_traceback_or_another_library(sweep: Sweep) -> None:
    for chapter in sweep.chapters:
        text = chapter.output + chapter.errors
        for noise in ("Traceback", "Trial _work", "INFO", "ray"):
            assert noise not in text
    warning = sweep.chapters[0].errors
    assert warning.count("film: warning: MLflow at http://127.0.0.1:9") == 1
    assert "the same command goes on" in sweep.chapters[1].errors


def test_the_table_is_printed_and_the_report_written(sweep: Sweep) -> None:
    ended = sweep.chapters[2]
    assert "Validation accuracy: crashes" in ended.output
    page = sweep.workspace.report("crashes") / "index.html"
    assert page.as_uri() in ended.output
    assert page.is_file()


def test_with_nothing_to_launch_it_ends_at_once_and_says_the_same(
    sweep: Sweep,
) -> None:
    ended, again = sweep.chapters[2:]
    assert again.output == ended.output
    assert "12 trials: 8 done, 4 diverged, 0 to run" in again.errors
    assert again.seconds < 10  # 0.5 s where nobody else works; Ray alone takes 5


def test_every_trial_is_one_run_with_every_epoch_once(sweep: Sweep) -> None:
    runs = mlflow_runs(sweep.workspace)
    assert set(runs) == {trial.name for trial in sweep.trials}
    for name, (state, steps) in runs.items():
        if name.startswith("diverges"):
            assert (state, steps) == ("DIVERGED", [])
        else:
            assert (state, steps) == ("FINISHED", list(range(1, N_EPOCHS + 1)))


def test_reports_find_every_finished_trial(sweep: Sweep) -> None:
    results = load_results(sweep.trials, sweep.workspace.tracking_uri)
    finished = results.trials[results.trials["state"] == "FINISHED"]
    assert set(finished["trial_id"]) == set(sweep.marks()) == set(results.answers)


def test_sharing_a_worker_and_dying_change_no_bit(
    sweep: Sweep, data: Path, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    attempts = {}
    for folder in sweep.folders():
        if folder.state() is TrialState.FINISHED:
            said = json.loads((folder.path / "state.json").read_text())
            attempts[folder.trial_id] = said["attempts"]
    resumed = [one for one, tries in attempts.items() if len(tries) > 1]
    second = [  # in its worker, after another trial
        one
        for one, tries in attempts.items()
        if any(
            tries[-1]["pid"] == others[-1]["pid"]
            and others[-1]["started_at"] < tries[-1]["started_at"]
            for others in attempts.values()
        )
    ]
    assert resumed
    assert second
    for trial in sweep.trials:
        if trial.trial_id not in {resumed[0], second[0]}:
            continue
        folder = sweep.workspace.trial(trial.trial_id)
        alone = TrialFolder(tmp_path / trial.trial_id)
        threads = json.loads((folder.path / "environment.json").read_text())["threads"]
        list(
            run_trial(
                TrialJob(trial=trial, data=data, folder=alone.path, n_threads=threads)
            )
        )
        assert computed(alone) == computed(folder)
        answers = [one.path / "predictions.parquet" for one in (alone, folder)]
        assert answers[0].read_bytes() == answers[1].read_bytes()


def computed(folder: TrialFolder) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in TIMES}
        for row in folder.read().epochs
    ]
