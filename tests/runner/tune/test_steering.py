"""What a sweep makes of workers that die, without Ray."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner.guards import Limits
from runner.job import TrialJob
from runner.needs import Peaks
from runner.progress import Heartbeat
from runner.stopping import Stop, Wish
from runner.store.record import TrialFolder, TrialState
from runner.store.staging import Collector
from runner.tune.interruption import Interruption
from runner.tune.steering import Sweep
from runner.workers import Workers
from studies.trial import Trial

SIGKILLED = "The actor died unexpectedly: End of file."


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.wish = Wish()
        self.peaks = Peaks()

    def expected(self, trial_id: str) -> Peaks:
        del trial_id
        return self.peaks

    def started(self, trial_id: str) -> None:
        self.heard.append(("started", trial_id))

    def waits(self, trial_id: str, why: str) -> None:
        self.heard.append(("waits", trial_id, why))

    def beat(self, trial_id: str, heartbeat: Heartbeat) -> None:
        self.heard.append(("beat", trial_id, str(heartbeat.epoch)))

    def died(self, trial_id: str, why: str) -> None:
        self.heard.append(("died", trial_id, why))

    def ended(self, trial_id: str) -> None:
        self.heard.append(("ended", trial_id))

    def screened(self, trial_id: str, epoch: int) -> None:
        self.heard.append(("screened", trial_id, str(epoch)))

    def hear(self) -> Wish:
        wish, self.wish = self.wish, Wish()
        return wish

    def stopping(self, why: Stop) -> None:
        self.heard.append(("stopping", why.name))

    def broke(self, why: str) -> None:
        self.heard.append(("broke", why))


@pytest.fixture
def jobs(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> list[TrialJob]:
    jobs = [make_job(make_trial(seed=seed)) for seed in range(3)]
    for job in jobs:
        TrialFolder(job.folder).describe(job.trial)
    return jobs


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def sweep(jobs: list[TrialJob], listener: Listener) -> Sweep:
    workers = Workers(jobs=2, limits=Limits(n_deaths=2))
    return Sweep(jobs, workers, listener, Interruption(), Collector(None, []))


def add_epochs(folder: Path, last: int) -> None:
    for epoch in range(1, last + 1):
        TrialFolder(folder).add_epoch({"epoch": epoch, "wall_time_s": 1.0})


def taken(sweep: Sweep) -> int | None:
    config = sweep.next()
    return None if config is None else config["index"]


def test_no_more_trials_than_jobs_run_at_once(sweep: Sweep) -> None:
    assert [taken(sweep) for _ in range(3)] == [0, 1, None]
    sweep.ended(0)
    assert taken(sweep) == 2


def test_a_worker_is_told_what_such_trials_took(
    sweep: Sweep, listener: Listener
) -> None:
    listener.peaks = Peaks(memory=7, gpu_memory=9)
    assert sweep.next() == {"index": 0, "memory": 7, "gpu_memory": 9}


def test_a_killed_worker_s_trial_goes_on_in_another(
    sweep: Sweep, listener: Listener, jobs: list[TrialJob]
) -> None:
    assert taken(sweep) == 0
    add_epochs(jobs[0].folder, 3)
    sweep.failed(0, SIGKILLED)
    why = "its process was killed by signal 9 (SIGKILL) after epoch 3"
    assert listener.heard == [("died", jobs[0].trial.trial_id, why)]
    assert taken(sweep) == 0


def test_one_that_gets_no_further_is_given_up_with_what_is_known(
    sweep: Sweep, listener: Listener, jobs: list[TrialJob]
) -> None:
    for _ in range(2):
        assert taken(sweep) == 0
        with jobs[0].folder.joinpath("log.txt").open("a") as log:
            log.write("Fatal Python error: Segmentation fault\n\nThread 0x1:\n")
        sweep.failed(0, SIGKILLED)
    record = TrialFolder(jobs[0].folder).read()
    assert record.state is TrialState.FAILED
    assert record.error == (
        "its process crashed (Segmentation fault), 2 times without a new epoch"
    )
    assert listener.heard[-1] == ("ended", jobs[0].trial.trial_id)
    assert taken(sweep) == 1


def test_a_crash_of_an_earlier_launch_is_not_told_again(
    sweep: Sweep, listener: Listener, jobs: list[TrialJob]
) -> None:
    log = jobs[0].folder / "log.txt"
    log.write_text("Fatal Python error: Segmentation fault\n")
    TrialFolder(jobs[0].folder).fail("of an earlier launch")
    assert taken(sweep) == 0
    sweep.failed(0, SIGKILLED)
    assert listener.heard == [
        ("died", jobs[0].trial.trial_id, "its process was killed by signal 9 (SIGKILL)")
    ]


def test_what_a_guard_ended_is_over_with_the_guard_s_reason(
    sweep: Sweep, listener: Listener, jobs: list[TrialJob]
) -> None:
    assert taken(sweep) == 0
    TrialFolder(jobs[0].folder).fail("it took 3 GiB of memory")
    sweep.failed(0, SIGKILLED)
    assert listener.heard == [("ended", jobs[0].trial.trial_id)]
    assert TrialFolder(jobs[0].folder).read().error == "it took 3 GiB of memory"
    assert taken(sweep) == 1


def test_trials_that_are_cancelled_are_not_started(
    sweep: Sweep, listener: Listener, jobs: list[TrialJob]
) -> None:
    listener.wish = Wish(dropped=frozenset({jobs[1].trial.trial_id}))
    sweep.look()
    assert [taken(sweep) for _ in range(2)] == [0, 2]


def test_a_wish_to_stop_is_passed_on_once(
    sweep: Sweep, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("os.kill", lambda _, number: sent.append(number))
    sweep.pass_on()
    listener.wish = Wish(stop=Stop.BUDGET)
    sweep.look()
    for _ in range(2):
        sweep.pass_on()
    assert sweep.is_over
    assert len(sent) == 1
    assert listener.heard == [("stopping", "BUDGET")]


def test_what_was_screened_is_marked_so_that_it_can_go_on(
    sweep: Sweep, listener: Listener, jobs: list[TrialJob]
) -> None:
    folder = TrialFolder(jobs[0].folder)
    assert taken(sweep) == 0
    epochs = folder.attempt()
    epochs.__enter__()
    add_epochs(jobs[0].folder, 2)
    epochs.__exit__(GeneratorExit, GeneratorExit(), None)
    sweep.cut[0] = 2
    sweep.ended(0)
    sweep.note_screened()
    record = folder.read()
    assert (record.state, record.screened_at_epoch) == (TrialState.KILLED, 2)
    assert listener.heard == [("screened", jobs[0].trial.trial_id, "2")]


def test_jobs_are_sent_one_by_one_and_their_code_once(jobs: list[TrialJob]) -> None:
    import pickle  # noqa: PLC0415 - as Ray does

    from runner.revision import Revision  # noqa: PLC0415 - only here
    from runner.tune.working import packed  # noqa: PLC0415 - only here

    code = Revision(commit="c0ffee", diff="+" * 100_000)
    sent = packed([replace(job, revision=code) for job in jobs])
    assert sent["revision"] == code
    assert all(len(one) < 20_000 for one in sent["jobs"])
    assert [pickle.loads(one) for one in sent["jobs"]] == jobs  # noqa: S301 - ours
