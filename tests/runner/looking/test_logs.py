"""A trial's log can be read while it grows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.looking.addresses import find_one
from runner.looking.logs import follow, is_at_work, read_log
from runner.store.locks import lease
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial

Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.txt"
    path.write_text("one\ntwo: β\nthr")
    return path


@pytest.mark.parametrize(
    ("n_lines", "text"),
    [
        (None, "one\ntwo: β\nthr"),
        (0, ""),
        (1, "thr"),
        (2, "two: β\nthr"),
        (9, "one\ntwo: β\nthr"),
    ],
)
def test_the_last_lines_may_be_wanted_alone(
    log: Path, n_lines: int | None, text: str
) -> None:
    assert read_log(log, n_lines) == text


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none") == read_log(tmp_path / "none", 3) == ""


def test_bytes_that_are_no_text_are_no_error(log: Path) -> None:
    log.write_bytes(b"\xff\xfe torn \xce")
    assert "torn" in read_log(log)


def test_what_is_added_is_read_once_and_whole_letters_alone(log: Path) -> None:
    looks = iter([True, True, True, False])

    def goes_on() -> bool:
        with log.open("ab") as file:
            file.write(next(parts, b""))
        return next(looks)

    parts = iter([b"ee\n", "β".encode()[:1], "β".encode()[1:], b" end\n"])
    said = list(follow(log, goes_on, start=4, pause_s=0.01))
    assert said == ["two: β\nthree\n", "β", " end\n"]


def test_a_log_may_begin_while_it_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    looks = iter([True, True, False])

    def goes_on() -> bool:
        more = next(looks)
        if not more:
            path.write_text("at last\n")
        return more

    assert list(follow(path, goes_on, pause_s=0.01)) == ["at last\n"]


def test_a_trial_may_say_more_while_it_or_its_study_is_run(
    launch_tiny: Launched, settle: Settle, workspace: Workspace
) -> None:
    first, second, _ = launch_tiny(1)
    trial = find_one("baseline", workspace, study=None)
    assert not is_at_work(trial, workspace)
    with lease(workspace.study("tiny") / "launch.lock"):
        assert is_at_work(trial, workspace)
        settle(first, TrialState.FINISHED, epochs=1)
        assert not is_at_work(trial, workspace)
    other = find_one(second.trial_id, workspace, study=None)
    folder = settle(second, TrialState.KILLED)
    with folder.hold(), folder.attempt():
        assert is_at_work(other, workspace)
    assert not is_at_work(other, workspace)
