"""A launch that ends early says so, and its exit code is never 0."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.plan import plan_launch
from runner.store.record import Record, TrialState
from runner.store.workspace import Workspace
from runner.sweeping.screening import screened_rows, unscreened
from runner.sweeping.stopping import Stop, ask_to_cancel
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Sweep = Callable[..., Stop | None]


@pytest.fixture
def run(
    film: Film, study_file: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Give `film run`, with a sweep that is no sweep."""

    def launch(sweep: Sweep, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("runner.sweeping.sweep.sweep", sweep)
        uri = ("--tracking-uri", "http://127.0.0.1:9")
        return film("run", study_file, "--data", data, "--store", "store", *uri, *words)

    return launch


def until_it_is_to_stop(*arguments: Any, screens: bool) -> Stop:
    view = arguments[3]
    assert not screens
    while True:
        wish = view.hear()
        if wish.stop is not None:
            view.stopping(wish.stop)
            stop: Stop = wish.stop
            return stop


def test_a_budget_that_is_used_up_is_code_1_and_says_what_is_left(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    code, output, error = run(until_it_is_to_stop, "--budget", "1s")
    assert code == 1
    assert "the budget is used up: 6 of 6 runs are left; the same command" in error
    assert output == ""


def test_a_cancelled_launch_is_code_130(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    folder = Workspace.at(Path("store")).study("tiny")

    def sweep(*arguments: Any, screens: bool) -> Stop:
        ask_to_cancel(folder, None)
        return until_it_is_to_stop(*arguments, screens=screens)

    code, _, error = run(sweep)
    assert code == 130
    assert "cancelled; whole epochs are kept" in error
    assert "cancelled with 0 of 6 runs complete; the same command goes on" in error


def test_while_machines_are_asked_a_row_that_is_cancelled_is_left_for_later(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    folder = Workspace.at(Path("store")).study("tiny")
    heard = []

    def sweep(*arguments: Any, screens: bool) -> Stop | None:
        del screens
        view = arguments[3]
        time.sleep(0.6)  # the disk is read now and then
        ask_to_cancel(folder, ["one"])
        heard.extend([view.stop_wished(), view.hear().dropped])
        time.sleep(0.6)
        ask_to_cancel(folder, None)
        stop: Stop | None = view.stop_wished()
        return stop

    code, _, _ = run(sweep)
    assert heard == [None, {"one"}]
    assert code == 130


@pytest.mark.parametrize("stop", [Stop.INTERRUPTED, Stop.BUDGET])
def test_a_stop_that_comes_after_the_last_trial_is_none(
    run: Callable[..., tuple[int, str, str]],
    settle: Callable[..., object],
    stop: Stop,
) -> None:
    def sweep(trials: Sequence[Trial], *_: object, screens: bool) -> Stop:
        assert not screens
        for trial in trials:
            settle(trial, TrialState.FINISHED, epochs=1)
        return stop

    code, output, error = run(sweep)
    assert code == 0
    assert "the same command goes on" not in error
    assert "β := 0" in output


def test_where_ray_itself_fails_the_code_is_1_and_nothing_is_lost(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    code, _, error = run(lambda *_, **__: Stop.BROKEN)
    assert code == 1
    assert "Ray failed with 0 of 6 runs complete; the same command goes on" in error


def test_what_was_asked_of_an_earlier_launch_does_not_stop_this_one(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    ask_to_cancel(Workspace.at(Path("store")).study("tiny"), None)
    heard = []

    def sweep(*arguments: Any, screens: bool) -> None:
        del screens
        heard.append(arguments[3].hear())

    code, _, _ = run(sweep)
    assert code == 1  # nothing was trained
    assert [wish.stop for wish in heard] == [None]


def test_what_was_launched_from_a_file_goes_on_by_its_name(
    film: Film,
    launch_tiny: Callable[..., list[Trial]],
    study_file: Path,
    data: Path,
) -> None:
    launch_tiny()
    words = ("--data", data, "--store", "store")
    code, output, _ = film("plan", "tiny", *words)
    assert code == 0
    assert "6 to run" in output
    study_file.rename(study_file.with_name("moved.yaml"))
    code, _, error = film("plan", "tiny", *words)
    assert code == 2
    assert f"was launched from {study_file}, which is gone" in error


def test_limits_reach_the_workers(run: Callable[..., tuple[int, str, str]]) -> None:
    seen = []

    def sweep(*arguments: Any, screens: bool) -> None:
        seen.append((arguments[2].limits, screens))

    words = ("--memory-per-trial", "64MB", "--hang-after", "2m", "--max-crashes", "7")
    run(sweep, *words, "--screen")
    ((limits, screens),) = seen
    assert (limits.memory_bytes, limits.is_share) == (64_000_000, False)
    assert (limits.hang_after_s, limits.n_deaths) == (120, 7)
    assert screens


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--budget", "6 hours"), "is no duration; write it as 90s, 30m, 6h or 1d"),
        (("--memory-per-trial", "lots"), "is no amount of memory; write it as 500MB"),
        (("--memory-per-trial", "900T"), "--memory-per-trial 921600.0 GiB: only"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    run: Callable[..., tuple[int, str, str]], words: tuple[str, ...], message: str
) -> None:
    code, _, error = run(until_it_is_to_stop, *words)
    assert code == 2
    assert message in error


def test_a_screening_prints_its_own_table_marked_as_such(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    code, output, _ = run(lambda *_, **__: None, "--screen")
    assert code == 1
    assert output.startswith("SCREENING of tiny, no result:")
    assert "screened out" in output
    assert "`film run tiny` trains the others to their end" in output


def record(epochs: int, *, screened: int | None = None) -> Record:
    rows = [
        {"epoch": n, "best_val_accuracy": n / 10, "wall_time_s": 1.0}
        for n in range(1, epochs + 1)
    ]
    return Record(state=TrialState.KILLED, epochs=rows, screened_at_epoch=screened)


def test_rows_that_came_furthest_are_first(make_trial: Callable[..., Trial]) -> None:
    trials = [make_trial(), make_trial("a", train__batch_size=8)]
    records = {trials[0].trial_id: record(1, screened=1), trials[1].trial_id: record(3)}
    rows = screened_rows(trials, records)
    assert [(row.label, row.epochs, row.screened) for row in rows] == [
        ("a", 3, 0),
        ("baseline", 1, 1),
    ]
    assert [row.best_val_accuracy for row in rows] == [0.3, 0.1]


def test_another_screening_leaves_out_what_one_has_ended(
    make_trial: Callable[..., Trial],
) -> None:
    trials = [make_trial(), make_trial("a", train__batch_size=8)]
    records = {trials[0].trial_id: record(1, screened=1), trials[1].trial_id: record(3)}
    states = {one: said.state for one, said in records.items()}
    plan = plan_launch(trials, states)
    assert unscreened(plan, records).to_run == (trials[1],)
