"""The first reason to stop counts; a second signal leaves at once."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runner.sweeping.stopping import Stop
from runner.tune.interruption import Interruption


@pytest.mark.parametrize("first", [Stop.BUDGET, Stop.CANCELLED, Stop.BROKEN])
def test_ctrl_c_while_it_stops_tidily_is_not_the_reason(first: Stop) -> None:
    with Interruption() as interruption:
        interruption.request(first)
        signal.raise_signal(signal.SIGINT)
    assert interruption.reason is first


def test_ctrl_c_counts_where_nothing_was_asked_before() -> None:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        interruption.request(Stop.BUDGET)
    assert interruption.reason is Stop.INTERRUPTED


@pytest.fixture
def hang_up() -> Iterator[Callable[[Any], object]]:
    """Give what sets how this process takes a closed terminal."""
    before = signal.getsignal(signal.SIGHUP)
    yield lambda way: signal.signal(signal.SIGHUP, way)
    signal.signal(signal.SIGHUP, before)


def test_a_closed_terminal_is_told_of_twice_and_stops_tidily(
    hang_up: Callable[[Any], object],
) -> None:
    hang_up(signal.SIG_DFL)
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
    assert interruption.reason is Stop.INTERRUPTED


def test_nohup_is_heard(hang_up: Callable[[Any], object]) -> None:
    hang_up(signal.SIG_IGN)
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGHUP)
    assert interruption.reason is None


TWICE = """
import signal
from runner.sweeping.stopping import Stop
from runner.tune.interruption import Interruption

with Interruption() as interruption:
    {before}
    signal.raise_signal(signal.SIGTERM)
    print("goes on", flush=True)
    signal.raise_signal(signal.SIGINT)
    print("goes on still")
"""


@pytest.mark.parametrize("before", ["pass", "interruption.request(Stop.BUDGET)"])
def test_a_second_signal_leaves_at_once(before: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", TWICE.format(before=before)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 128 + signal.SIGINT
    assert ended.stdout == "goes on\n"
    assert ended.stderr.endswith("film: stopped at once\n")
