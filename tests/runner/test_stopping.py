"""Whoever runs a study hears what others ask of it, once."""

from pathlib import Path

from runner.stopping import (
    Stop,
    Wish,
    Wishes,
    ask_to_cancel,
    forget_wishes,
    is_asked,
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
    forget_wishes(tmp_path)
    forget_wishes(tmp_path)
    assert Wishes(tmp_path).hear() == Wish()
