"""How the machines of a cluster are shared between trials."""

import pytest

from runner.errors import LaunchError
from runner.sweeping.machines import Machine, choose_cluster_workers
from runner.sweeping.workers import Workers


def choose(
    *machines: Machine,
    device: str = "auto",
    jobs: int | None = None,
    gpus_per_trial: float = 1.0,
) -> Workers:
    return choose_cluster_workers(
        machines, device, jobs, gpus_per_trial, address="head:6379"
    )


HEAD = Machine(name="head", cpus=0)
SMALL = Machine(name="small", cpus=4)
LARGE = Machine(name="large", cpus=16, gpus=4)


def test_without_gpus_every_cpu_gets_a_trial() -> None:
    workers = choose(HEAD, SMALL, SMALL)
    assert (workers.jobs, workers.device, workers.n_threads) == (8, "cpu", 1)
    assert workers.per_machine == 4


def test_with_gpus_every_gpu_gets_a_trial_and_its_part_of_the_cpus() -> None:
    workers = choose(HEAD, LARGE, LARGE, SMALL)
    assert (workers.jobs, workers.device, workers.n_threads) == (8, "cuda", 4)
    assert (workers.n_gpus, workers.cpus_per_trial, workers.per_machine) == (8, 4, 4)


def test_shares_of_gpus_add_up_on_each_machine() -> None:
    workers = choose(LARGE, gpus_per_trial=0.3)
    assert (workers.jobs, workers.n_threads) == (12, 1)


def test_a_machine_with_few_cpus_takes_no_more_trials_than_these() -> None:
    narrow = Machine(name="narrow", cpus=2, gpus=8)
    assert choose(narrow).jobs == 2


def test_fewer_jobs_have_more_threads_each_where_all_of_them_still_fit() -> None:
    assert choose(SMALL, SMALL, jobs=2).n_threads == 4
    assert choose(SMALL, SMALL, jobs=3).n_threads == 2
    assert choose(SMALL, LARGE, device="cpu", jobs=2).n_threads == 8


def test_more_jobs_than_there_is_room_for_wait_for_machines_that_join() -> None:
    workers = choose(SMALL, jobs=100)
    assert (workers.jobs, workers.n_threads) == (100, 1)


def test_on_the_cpu_no_gpu_is_asked_for() -> None:
    workers = choose(LARGE, device="cpu")
    assert (workers.jobs, workers.n_gpus, workers.gpus_per_trial) == (16, 0, 0.0)


def test_a_plan_says_where_the_workers_are() -> None:
    assert str(choose(LARGE, gpus_per_trial=0.5)) == (
        "8 workers of the cluster at head:6379, 0.5 GPU each"
    )


@pytest.mark.parametrize(
    ("device", "gpus_per_trial", "line"),
    [
        ("cuda", 1.0, "no machine of the cluster has a CPU and 1 GPU"),
        ("cuda", 2.0, "--gpus-per-trial 2: a trial trains on one GPU; give 1, or"),
    ],
)
def test_what_no_machine_has_is_refused_with_what_they_have(
    device: str, gpus_per_trial: float, line: str
) -> None:
    with pytest.raises(LaunchError, match=line):
        choose(SMALL, device=device, gpus_per_trial=gpus_per_trial)


def test_a_cluster_that_offers_nothing_is_refused() -> None:
    with pytest.raises(LaunchError, match=r"has a CPU .*they offer 0 CPU \+ 0 GPU"):
        choose(HEAD)
