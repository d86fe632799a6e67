"""Ray may be slow to start, and says so in many ways."""

from pathlib import Path

import pytest
import ray

from runner.errors import LaunchError
from runner.tune.cluster import connected
from runner.workers import Workers


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
