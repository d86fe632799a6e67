"""Trials that share a process compute what each computes alone, to the bit."""

import dataclasses
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from film.data.fingerprint import data_fingerprint
from runner.store.epochs import is_same_epoch
from runner.store.trial_folder import TrialFolder
from runner.working.isolation import isolated
from runner.working.trial import TrialJob, run_trial
from studies.trial import Trial

pytestmark = pytest.mark.slow

ALONE = """
import pickle, sys
from runner.working.trial import run_trial
for _ in run_trial(pickle.load(sys.stdin.buffer)):
    pass
"""


def leave_a_mess() -> None:
    """Change whatever of a process a careless trial could change."""
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002 - the global one
    torch.manual_seed(99)
    torch.rand(7)
    np.seterr(all="raise")
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(mode=False)
    torch.set_num_threads(2)
    torch.set_float32_matmul_precision("medium")
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(mode=True)
    torch.backends.cudnn.benchmark = True


@pytest.fixture(autouse=True)
def _clean_up() -> None:
    with isolated(1):
        pass


def copied(job: TrialJob, folder: Path) -> TrialJob:
    return dataclasses.replace(job, folder=folder / job.trial.trial_id)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    content = torch.load(folder / "best.pt", weights_only=True)
    found: dict[str, torch.Tensor] = content["network"]
    return found


def same(one: Path, other: Path) -> bool:
    here, there = weights(one), weights(other)
    rows = [TrialFolder(folder).read().epochs for folder in (one, other)]
    answers = [(folder / "predictions.parquet").read_bytes() for folder in (one, other)]
    return (
        here.keys() == there.keys()
        and all(torch.equal(here[name], there[name]) for name in here)
        and len(rows[0]) == len(rows[1]) > 0
        and all(is_same_epoch(*pair) for pair in zip(*rows, strict=True))
        and answers[0] == answers[1]
    )


def test_alone_or_after_others_the_bits_are_the_same(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    data: Path,
    tmp_path: Path,
) -> None:
    blind = make_trial("lstm", model__architecture="lstm", model__lstm__hidden=4)
    trials = [
        make_trial(),
        dataclasses.replace(blind, data=data_fingerprint(data, None)),
    ]
    jobs = [make_job(trial) for trial in trials]
    for job in jobs:
        subprocess.run(
            [sys.executable, "-c", ALONE],
            input=pickle.dumps(copied(job, tmp_path / "alone")),
            check=True,
        )
    for job in reversed([*jobs, make_job(make_trial("wide", model__width=8))]):
        leave_a_mess()
        list(run_trial(copied(job, tmp_path / "shared")))
    for trial in trials:
        places = [tmp_path / name / trial.trial_id for name in ("alone", "shared")]
        assert same(*places), trial.row
    other = [tmp_path / "alone" / trial.trial_id for trial in trials]
    assert not same(other[0], other[1])  # the comparison sees differences


def test_what_a_trial_changes_ends_with_it(tmp_path: Path) -> None:
    variables, folder = dict(os.environ), Path.cwd()
    with isolated(1):
        os.environ["FILM_LEAK"] = "1"
        os.environ.pop("PATH")
        os.chdir(tmp_path)
        leave_a_mess()
    assert dict(os.environ) == variables
    assert Path.cwd() == folder
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == 1
    assert torch.rand(1).device == torch.device("cpu")
    assert not torch.are_deterministic_algorithms_enabled()
    assert np.geterr()["invalid"] == "warn"


def test_every_trial_draws_the_same_numbers_that_nobody_should_draw() -> None:
    drawn = []
    for _ in range(2):
        leave_a_mess()
        with isolated(1):
            numbers = [float(torch.rand(1)), float(np.random.rand())]  # noqa: NPY002
            drawn.append([*numbers, random.random()])  # noqa: S311 - no secrets
    assert drawn[0] == drawn[1]


def test_memory_and_how_it_was_run_are_recorded(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> None:
    from runner.working.revision import Revision  # noqa: PLC0415 - only here

    changed = Revision(commit="c0ffee", diff="-a\n+b\n")
    job = dataclasses.replace(
        make_job(make_trial()),
        command=("film", "run", "--tracking-uri", "http://me:word@host:5000"),
        revision=changed,
    )
    list(run_trial(job))
    record = TrialFolder(job.folder).read()
    for row in record.epochs:
        assert row["memory_bytes"] > 50 * 2**20
        assert row["gpu_memory_bytes"] is None
    assert record.peak_memory_bytes is not None
    assert record.peak_memory_bytes >= record.epochs[-1]["memory_bytes"]
    assert record.peak_gpu_memory_bytes is None
    said = json.loads((job.folder / "environment.json").read_text())
    assert said["git"] == {"commit": "c0ffee", "has_changes": True}
    assert "word" not in said["command"]
    assert (job.folder / "changes.diff").read_text() == "-a\n+b\n"
