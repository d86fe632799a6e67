"""Every trial has its turn; one whose process dies comes back, but not for ever."""

from runner.sweeping.lineup import Lineup


def test_trials_are_taken_in_order_and_then_no_more() -> None:
    lineup = Lineup(3, n_deaths=3)
    assert [lineup.take() for _ in range(4)] == [0, 1, 2, None]
    assert lineup.n_running == 3
    for number in range(3):
        assert not lineup.is_over
        lineup.end(number)
    assert lineup.is_over


def test_one_that_died_is_next() -> None:
    lineup = Lineup(3, n_deaths=3)
    lineup.take()
    assert lineup.die(0, epochs=0) == 0
    assert [lineup.take() for _ in range(3)] == [0, 1, 2]


def test_one_that_dies_without_a_new_epoch_is_given_up() -> None:
    lineup = Lineup(1, n_deaths=3)
    said = []
    for _ in range(3):
        assert lineup.take() == 0
        said.append(lineup.die(0, epochs=5))
    assert said == [0, 0, 3]
    assert lineup.is_over


def test_a_new_epoch_is_a_new_count() -> None:
    lineup = Lineup(1, n_deaths=2)
    for epochs in range(10):
        assert lineup.take() == 0
        assert lineup.die(0, epochs=epochs) == 0
    lineup.take()
    assert lineup.die(0, epochs=9) == 2


def test_what_is_dropped_waits_no_longer_and_what_runs_is_named() -> None:
    lineup = Lineup(4, n_deaths=3)
    assert (lineup.take(), lineup.take()) == (0, 1)
    assert lineup.drop({1, 2}) == {1}
    assert lineup.take() == 3
    assert lineup.take() is None


def test_what_starts_from_another_waits_for_it_while_others_begin() -> None:
    lineup = Lineup(3, n_deaths=3, after={1: 0})
    assert [lineup.take() for _ in range(3)] == [0, 2, None]
    lineup.end(0)
    assert lineup.settle(0, is_finished=True) == []
    assert lineup.take() == 1


def test_what_starts_from_a_failed_one_waits_no_longer_nor_what_follows() -> None:
    lineup = Lineup(4, n_deaths=3, after={1: 0, 2: 1})
    lineup.take()
    lineup.end(0)
    assert not lineup.is_over
    assert lineup.settle(0, is_finished=False) == [1, 2]
    assert not lineup.waits(1)
    assert lineup.take() == 3
    lineup.end(3)
    assert lineup.is_over


def test_one_that_died_keeps_those_behind_it_waiting() -> None:
    lineup = Lineup(2, n_deaths=3, after={1: 0})
    lineup.take()
    lineup.die(0, epochs=0)
    assert lineup.waits(0)
    assert lineup.take() == 0
    assert lineup.take() is None


def test_with_what_is_dropped_goes_what_starts_from_it() -> None:
    lineup = Lineup(4, n_deaths=3, after={1: 0, 2: 1})
    assert lineup.drop({0}) == set()
    assert lineup.take() == 3
    lineup.end(3)
    assert lineup.is_over


def test_what_starts_from_one_that_runs_is_decided_when_that_ends() -> None:
    lineup = Lineup(2, n_deaths=3, after={1: 0})
    lineup.take()
    assert lineup.drop({0}) == {0}
    assert lineup.waits(1)
    lineup.end(0)
    assert lineup.settle(0, is_finished=False) == [1]
    assert lineup.is_over
