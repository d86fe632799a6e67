"""Ray may be slow to start, and says so in many ways."""

import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import ray
from ray import tune

from runner.errors import LaunchError
from runner.sweeping.stopping import Stop
from runner.sweeping.workers import Workers
from runner.tune.cluster import connected
from runner.tune.sweeping import run_sweep
from runner.working.job import TrialJob
from studies.trial import Trial


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Exception]:
    """Give what Ray raises at its next starts."""
    to_raise: list[Exception] = []

    def init(**_: object) -> None:
        if to_raise:
            raise to_raise.pop()

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr("runner.tune.homes._ROOM", tmp_path)
    return to_raise


@pytest.mark.parametrize("comes", [True, False])
def test_who_is_asked_to_end_while_ray_starts_does_so_in_his_own_way(
    comes: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def init(**_: object) -> None:  # as Ray's
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(number))
        if comes:
            signal.raise_signal(signal.SIGTERM)

    heard: list[int] = []
    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr("runner.tune.homes._ROOM", tmp_path)
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with (
            pytest.raises(KeyboardInterrupt) if comes else nullcontext(),
            connected(Workers(jobs=1)),
        ):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_a_start_that_took_too_long_is_tried_once_more(
    starts: list[Exception],
) -> None:
    starts.append(Exception("The current node timed out during startup."))
    with connected(Workers(jobs=1)):
        assert not starts


def test_a_second_one_is_a_line_for_the_user(starts: list[Exception]) -> None:
    starts += [Exception("timed\nout"), Exception("timed out")]
    with (
        pytest.raises(LaunchError, match=r"Ray does not start .*: timed out"),
        connected(Workers(jobs=1)),
    ):
        pass


@pytest.mark.usefixtures("starts")
@pytest.mark.parametrize("kind", [RuntimeError, AssertionError, ValueError])
def test_a_crash_of_ray_itself_is_a_line_for_the_user(
    kind: type[Exception],
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fit() -> None:
        raise kind("Traceback of Ray\n  The head ran out of memory.")

    def tuner(*_: object, **__: object) -> Mock:
        return Mock(spec=tune.Tuner, fit=fit)

    monkeypatch.setattr("runner.tune.sweeping._tuner", tuner)
    listener: Any = Mock()
    stop = run_sweep([make_job(make_trial())], Workers(jobs=1), listener)
    assert stop is Stop.BROKEN
    line = f"{kind.__name__}: The head ran out of memory."
    listener.broke.assert_called_once_with(line)


@pytest.mark.usefixtures("starts")
def test_ctrl_c_that_ray_lets_through_ends_the_launch(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tuner = Mock(side_effect=KeyboardInterrupt)
    monkeypatch.setattr("runner.tune.sweeping._tuner", tuner)
    with pytest.raises(KeyboardInterrupt):
        run_sweep([make_job(make_trial())], Workers(jobs=1), Mock())
