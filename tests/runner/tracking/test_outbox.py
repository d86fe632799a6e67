"""What is put down is done once, by a thread, as it is by then."""

import threading
import time
from pathlib import Path

import pytest

from runner.tracking.outbox import Lane, Outbox, Task


class Worker:
    """Notes what it is given, and may be held."""

    def __init__(self) -> None:
        self.done: list[Task] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, task: Task) -> None:
        self.may_go.wait(30)
        self.done.append(task)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def task(name: str, lane: Lane = Lane.NOW, *, again: bool = False) -> Task:
    return Task(home=Path(name), lane=lane, again=again)


def names(worker: Worker) -> list[str]:
    return [str(one.home) for one in worker.done]


def test_a_folder_that_is_put_down_often_is_done_once(worker: Worker) -> None:
    outbox = Outbox(worker)
    for _ in range(50):
        outbox.put(task("a", Lane.SOON))
    outbox.hurry()
    assert outbox.wait(silence_s=10, within_s=10) == ""
    assert names(worker) == ["a"]


def test_news_of_a_trial_are_gathered_for_a_moment(worker: Worker) -> None:
    outbox = Outbox(worker)
    start = time.monotonic()
    outbox.put(task("a", Lane.SOON))
    time.sleep(0.2)
    assert worker.done == []
    while not worker.done and time.monotonic() - start < 30:
        time.sleep(0.05)
    assert time.monotonic() - start > 1.5


def test_what_somebody_waits_for_comes_before_the_rest(worker: Worker) -> None:
    outbox = Outbox(worker)
    worker.may_go.clear()
    outbox.put(task("first"))
    for name in "xyz":
        outbox.put(task(name, Lane.SOME_TIME))
    outbox.put(task("y", Lane.NOW, again=True))
    outbox.put(task("now"))
    worker.may_go.set()
    assert outbox.wait(silence_s=10, within_s=10) == ""
    assert names(worker)[:3] == ["first", "y", "now"]
    assert worker.done[1].again


def test_nobody_waits_longer_than_an_answer_takes(worker: Worker) -> None:
    outbox = Outbox(worker)
    worker.may_go.clear()
    outbox.put(task("a"))
    with outbox.asking():
        assert "no answer for" in outbox.wait(silence_s=0.2, within_s=None)
    assert "within 0 s" in outbox.wait(silence_s=10, within_s=0.2)
    worker.may_go.set()
    assert outbox.wait(silence_s=10, within_s=10) == ""


def test_in_a_pause_nothing_is_done_and_nobody_waits(worker: Worker) -> None:
    outbox = Outbox(worker)
    outbox.pause(60)
    outbox.put(task("a"))
    assert outbox.wait(silence_s=10, within_s=10) == ""
    assert worker.done == []
    outbox.hurry()
    assert outbox.wait(silence_s=10, within_s=10) == ""
    assert names(worker) == ["a"]


def test_the_thread_ends_with_the_work(worker: Worker) -> None:
    outbox = Outbox(worker)
    for name in "ab":
        before = threading.active_count()
        outbox.put(task(name))
        assert outbox.wait(silence_s=10, within_s=10) == ""
        end = time.monotonic() + 10
        while threading.active_count() > before and time.monotonic() < end:
            time.sleep(0.01)
        assert threading.active_count() == before
    assert names(worker) == ["a", "b"]


def test_work_that_stands_still_before_it_asks_anything_is_given_up(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.tracking.outbox._OWN_S", 0.3)
    outbox = Outbox(worker)
    worker.may_go.clear()
    outbox.put(task("a"))
    assert outbox.wait(silence_s=0.1, within_s=30).startswith("nothing was sent for")
    worker.may_go.set()
    assert outbox.wait(silence_s=10, within_s=10) == ""
