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
