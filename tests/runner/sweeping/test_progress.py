"""The time left follows from the epochs that were seen."""

from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from runner.store.record import TrialState
from runner.sweeping.display import shown
from runner.sweeping.progress import Board, Heartbeat, clock, estimate_left_s
from studies.trial import Trial


def beat(epoch: int, seconds: float, accuracy: float = 0.5) -> Heartbeat:
    return Heartbeat(epoch=epoch, best_val_accuracy=accuracy, wall_time_s=seconds)


def test_without_an_epoch_nothing_is_known() -> None:
    assert estimate_left_s({}, {"a": [3]}, jobs=1) is None
    assert estimate_left_s({"a": [(0, 0.0)]}, {"a": [3]}, jobs=1) is None


def test_a_row_s_own_epochs_count_and_others_take_the_mean() -> None:
    spent = {"slow": [(1, 4.0)], "fast": [(2, 2.0), (2, 2.0)]}
    remaining = {"slow": [2], "fast": [3], "unseen": [2]}
    assert estimate_left_s(spent, remaining, jobs=1) == 2 * 4 + 3 * 1 + 2 * 2.5


def test_jobs_share_the_work_but_not_one_trial() -> None:
    spent = {"a": [(1, 1.0)]}
    assert estimate_left_s(spent, {"a": [4, 4, 4, 4]}, jobs=2) == 8
    assert estimate_left_s(spent, {"a": [6, 1]}, jobs=2) == 6
    assert estimate_left_s(spent, {}, jobs=2) == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.4, "0:00"),
        (42, "0:42"),
        (3723, "1:02:03"),
        (183_600, "2 d 03 h"),
    ],
)
def test_durations_are_written_for_people(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text


def test_a_board_counts_only_new_epochs(make_trial: Callable[..., Trial]) -> None:
    trials = [make_trial(seed=seed) for seed in (0, 1)]
    first, second = (trial.trial_id for trial in trials)
    board = Board(trials, trials, jobs=1, clock=lambda: 0.0)
    board.recall(first, beat(1, 100.0, accuracy=0.25))
    assert board.left_s() is None
    board.move(first, TrialState.RUNNING)
    board.beat(first, beat(1, 100.0))  # replayed
    assert board.left_s() is None
    board.beat(first, beat(2, 102.0, accuracy=0.75))
    assert board.left_s() == 2.0 * (1 + 3)
    (row,) = board.rows()
    assert (row.wanted, row.running, row.finished, row.epochs) == (2, 1, 0, 2)
    assert row.best_val_accuracy == 0.75
    board.move(first, TrialState.FINISHED)
    board.move(second, TrialState.FAILED)
    assert board.left_s() == 0.0
    (row,) = board.rows()
    assert (row.finished, row.failed, row.running) == (1, 1, 0)


def test_a_terminal_shows_a_line_per_row(make_trial: Callable[..., Trial]) -> None:
    trials = [make_trial(), make_trial("[odd] row", train__max_epochs=9)]
    board = Board(trials, trials, jobs=1)
    board.beat(trials[0].trial_id, beat(3, 1.0, accuracy=0.875))
    output = StringIO()
    console = Console(file=output, force_terminal=True, width=90, height=30)
    with shown(board, console) as display:
        display.say("a line [that] stays")
    text = output.getvalue()
    assert "87.5 %" in text
    assert "[odd] row" in text
    assert "0/9" in text
    assert "0 of 2 runs done" in text
    assert "a line [that] stays" in text


def test_rows_that_do_not_fit_are_counted(make_trial: Callable[..., Trial]) -> None:
    trials = [make_trial(f"row {n}", train__max_epochs=n) for n in range(1, 31)]
    board = Board(trials, trials, jobs=1)
    board.move(trials[29].trial_id, TrialState.RUNNING)
    output = StringIO()
    console = Console(file=output, force_terminal=True, width=90, height=20)
    with shown(board, console):
        pass
    assert "and 17 more rows" in output.getvalue()
    assert "row 30" in output.getvalue()


def test_elsewhere_lines_are_plain(make_trial: Callable[..., Trial]) -> None:
    trials = [make_trial()]
    output = StringIO()
    with shown(Board(trials, trials, jobs=1), Console(file=output)) as display:
        display.refresh()
        display.say("only this")
    assert output.getvalue() == "only this\n"
