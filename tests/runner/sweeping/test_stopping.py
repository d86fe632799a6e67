"""Whoever runs a study hears what others ask of it, once."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from runner.sweeping.stopping import (
    Stop,
    Wish,
    Wishes,
    ask_to_cancel,
    is_asked,
    only_newer_wishes,
)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_wish_it_goes_on(tmp_path: Path) -> None:
    assert Wishes(tmp_path).hear() == Wish()


def test_a_budget_ends_at_its_time(tmp_path: Path) -> None:
    clock = Clock()
    wishes = Wishes(tmp_path, ends_at=160.0, clock=clock)
    assert wishes.stop() is None
    clock.now = 160.0
    assert wishes.stop() is Stop.BUDGET
    assert wishes.hear() == Wish(stop=Stop.BUDGET)


def test_a_cancellation_is_heard_once(tmp_path: Path) -> None:
    clock = Clock()
    wishes = Wishes(tmp_path, clock=clock)
    assert wishes.hear() == Wish()
    ask_to_cancel(tmp_path, None)
    assert wishes.hear() == Wish()  # the disk is not asked all the time
    clock.now += 1
    assert wishes.hear() == Wish(stop=Stop.CANCELLED)
    assert not is_asked(tmp_path)
    clock.now += 1
    assert wishes.hear() == Wish()


def test_some_trials_are_cancelled_and_asking_twice_adds_up(tmp_path: Path) -> None:
    ask_to_cancel(tmp_path, ["a"])
    ask_to_cancel(tmp_path, ["b"])
    wishes = Wishes(tmp_path)
    assert wishes.stop() is None
    assert is_asked(tmp_path)  # kept for when trials run
    assert wishes.hear() == Wish(dropped=frozenset({"a", "b"}))
    assert not is_asked(tmp_path)


def test_all_of_it_is_more_than_some(tmp_path: Path) -> None:
    ask_to_cancel(tmp_path, None)
    ask_to_cancel(tmp_path, ["b"])
    assert Wishes(tmp_path).hear() == Wish(stop=Stop.CANCELLED)


def test_a_wish_of_an_earlier_launch_is_forgotten(tmp_path: Path) -> None:
    ask_to_cancel(tmp_path, None)
    for _ in range(2):
        with only_newer_wishes(tmp_path, nullcontext()):
            assert Wishes(tmp_path).hear() == Wish()


def test_what_is_asked_as_soon_as_a_launch_can_be_seen_is_heard(tmp_path: Path) -> None:
    @contextmanager
    def launch() -> Iterator[None]:
        ask_to_cancel(tmp_path, None)
        yield

    ask_to_cancel(tmp_path, ["a"])
    with only_newer_wishes(tmp_path, launch()):
        assert Wishes(tmp_path).hear() == Wish(stop=Stop.CANCELLED)
