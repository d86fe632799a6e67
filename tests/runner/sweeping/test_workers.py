"""The machine is shared so that no trial waits for what will never be."""

import pytest

from runner.errors import LaunchError
from runner.sweeping.workers import Workers, choose_workers, n_cores


def test_the_cpu_has_a_trial_per_core() -> None:
    workers = choose_workers("auto", None, 1.0, n_gpus=0)
    assert workers == Workers(jobs=n_cores(), n_threads=1)
    assert str(workers).startswith(f"{n_cores()} worker")


def test_fewer_jobs_have_more_threads() -> None:
    assert choose_workers("cpu", 1, 1.0, n_gpus=4).n_threads == n_cores()
    assert choose_workers("cpu", 1000, 1.0, n_gpus=0).n_threads == 1


@pytest.mark.parametrize(
    ("n_gpus", "share", "jobs"), [(1, 1.0, 1), (1, 0.25, 4), (2, 0.4, 4), (4, 1.0, 4)]
)
def test_gpus_are_shared(n_gpus: int, share: float, jobs: int) -> None:
    workers = choose_workers("auto", None, share, n_gpus=n_gpus)
    assert (workers.device, workers.jobs, workers.n_gpus) == ("cuda", jobs, n_gpus)
    assert choose_workers("cuda", 1, share, n_gpus=n_gpus).jobs == 1
    assert choose_workers("cuda", 99, share, n_gpus=n_gpus).jobs == jobs


@pytest.mark.parametrize(
    ("n_gpus", "share", "message"),
    [
        (0, 1.0, r"to have 1 GPU, but torch sees 0 GPUs; take --device cpu$"),
        (4, 2.0, r"^--gpus-per-trial 2: a trial trains on one GPU; give 1, or a share"),
        (4, 1.5, r"^--gpus-per-trial 1.5: a trial trains on one GPU"),
    ],
)
def test_what_cannot_be_had_is_refused(n_gpus: int, share: float, message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        choose_workers("cuda", None, share, n_gpus=n_gpus)
