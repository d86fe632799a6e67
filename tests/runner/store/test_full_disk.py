"""A disk that fills at any moment: nothing torn stands, and the trial goes on later."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from film.training.checkpoint import load_tensors
from runner.store.epochs import Epochs, is_same_epoch
from runner.store.files import is_disk_full
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.working.trial import TrialJob, run_trial
from studies.trial import Trial

_KB = 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "film-test", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(filler: Path, left_kb: int) -> None:
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4 * _KB))
    os.truncate(filler, max(filler.stat().st_size - left_kb * _KB, 0))


def nothing_is_torn(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir() or path.name.startswith("."):
            continue
        match path.suffix:
            case ".json":
                assert isinstance(json.loads(path.read_bytes()), dict)
            case ".jsonl":
                content = path.read_bytes()
                assert len(Epochs(content)) == content.count(b"\n")
            case ".pt":
                load_tensors(path)
            case ".parquet":
                pq.read_table(path)


def test_a_trial_whose_disk_fills_goes_on_when_there_is_room(
    make_trial: Callable[..., Trial], data: Path, small_disk: Path, tmp_path: Path
) -> None:
    trial = make_trial()
    job = TrialJob(trial=trial, data=data, folder=tmp_path / "whole")
    list(run_trial(job))
    whole = TrialFolder(job.folder).read()
    filler, n_full = small_disk / "filler", 0
    for left in (0, 8, 20, 36, 64, 96):
        job = TrialJob(trial=trial, data=data, folder=small_disk / f"{left}")
        folder = TrialFolder(job.folder)
        fill(filler, left)
        try:
            list(run_trial(job))
        except OSError as problem:
            assert is_disk_full(problem)  # noqa: PT017 - it may also have room
            n_full += 1
            assert folder.state() in {TrialState.QUEUED, TrialState.KILLED}
            assert folder.read().summary is None
        nothing_is_torn(job.folder)
        filler.unlink()
        list(run_trial(job))
        record = folder.read()
        assert record.state is TrialState.FINISHED
        assert all(map(is_same_epoch, record.epochs, whole.epochs))
        assert len(record.epochs) == len(whole.epochs)
        for path in job.folder.rglob("*"):
            if path.is_file():
                path.unlink()
    assert n_full >= 3
