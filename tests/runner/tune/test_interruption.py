"""The first reason to stop counts; a second signal leaves at once."""

import signal
import subprocess
import sys

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


def test_a_closed_terminal_is_told_of_twice_and_stops_tidily() -> None:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
    assert interruption.reason is Stop.INTERRUPTED


def test_nohup_is_heard() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGHUP)
        assert interruption.reason is None
    finally:
        signal.signal(signal.SIGHUP, before)


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
