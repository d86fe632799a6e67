"""What a machine says that cannot do what is asked; here it is this one."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest

from film.config import Config, ImageInput
from film.data.fingerprint import data_fingerprint
from film.world.config import WorldConfig
from runner.errors import LaunchError
from runner.sweeping.stopping import Stop
from runner.sweeping.workers import Workers
from runner.tune import nodes
from runner.tune.nodes import (
    CODE_VARIABLE,
    _Data,
    _look,
    _may_get_a_trial,
    _Needs,
    _token,
    _versions,
    check_machines,
    digest_of_code,
)
from runner.tune.sweeping import run_sweep
from runner.working.job import TrialJob
from studies.splits import Needed
from studies.trial import Trial

FAR = Workers(jobs=1, address="head:6379", storage="file:///shared")


@pytest.fixture
def needs(data: Path, tmp_path: Path) -> Iterator[_Needs]:
    wanted = _Data(
        directory=data,
        needed=Needed.by(Config().model),
        fingerprint=data_fingerprint(data, ImageInput.FEATURES),
        world=None,
    )
    with _token(tmp_path / "store" / "trials") as token:
        yield _Needs(versions=_versions(), data=(wanted,), token=token)


def test_a_machine_that_has_everything_has_nothing_to_say(needs: _Needs) -> None:
    assert _look(needs) == ""
    assert needs.token is not None
    assert list(needs.token.parent.iterdir()) == [needs.token]


def test_the_token_is_gone_afterwards(tmp_path: Path) -> None:
    with _token(tmp_path / "trials") as token:
        assert token.exists()
    assert list((tmp_path / "trials").iterdir()) == []


@pytest.mark.parametrize("name", ["Python", "torch", "numpy"])
def test_another_version_is_named_on_both_sides(needs: _Needs, name: str) -> None:
    other = replace(needs, versions={**needs.versions, name: "0.0"})
    said = _look(other)
    assert said.startswith(f"it has another version of {name} ({_versions()[name]})")
    assert "(0.0)" in said


def test_code_that_is_not_what_was_sent_is_named(
    needs: _Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CODE_VARIABLE, "another")
    assert "than film sent (another)" in _look(needs)


def test_code_is_told_apart_by_its_names_and_its_words(tmp_path: Path) -> None:
    def code(folder: str, name: str, text: str) -> str:
        package = tmp_path / folder / "film"
        package.mkdir(parents=True)
        (package / name).write_text(text)
        return digest_of_code([package])

    first = code("one", "fit.py", "x = 1")
    assert code("two", "fit.py", "x = 1") == first
    assert code("three", "fit.py", "x = 2") != first
    assert code("four", "fat.py", "x = 1") != first


def test_data_that_are_not_there_are_missed(needs: _Needs, tmp_path: Path) -> None:
    missing = replace(needs.data[0], directory=tmp_path / "none")
    assert _look(replace(needs, data=(missing,))) == (
        f"the data are not there: no folder {tmp_path / 'none'}"
    )


def test_data_that_cannot_be_read_are_said_to_be_so(
    needs: _Needs, tmp_path: Path
) -> None:
    empty = replace(needs.data[0], directory=tmp_path)
    assert "cannot be read" in _look(replace(needs, data=(empty,)))


def test_other_data_than_planned_are_refused(needs: _Needs) -> None:
    other = replace(needs.data[0], fingerprint="planned")
    assert "holds other data" in _look(replace(needs, data=(other,)))


def test_a_folder_of_the_same_name_is_not_the_store(
    needs: _Needs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "_DELAY_S", 0.0)
    elsewhere = tmp_path / "store" / "trials" / ".shared-of-another"
    said = _look(replace(needs, token=elsewhere))
    assert said.startswith(f"{tmp_path / 'store'} is not the folder that it is where")
    assert "--storage" in said


def test_a_disk_whose_locks_do_not_reach_is_refused(
    needs: _Needs, tmp_path: Path
) -> None:
    unlocked = tmp_path / "store" / "trials" / ".shared-and-free"
    unlocked.touch()
    assert "locks in" in _look(replace(needs, token=unlocked))


def test_a_disk_that_takes_no_files_is_refused(
    needs: _Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    assert "it cannot write to" in _look(needs)


def test_what_nobody_thought_of_is_still_one_line(
    needs: _Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> str:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(nodes, "_other_versions", fail)
    assert _look(needs) == "ZeroDivisionError: two lines"


def test_only_machines_with_room_for_a_trial_are_asked() -> None:
    on_cpus = Workers(jobs=2, n_threads=2, address="head:6379")
    assert _may_get_a_trial({"CPU": 2.0}, on_cpus)
    assert not _may_get_a_trial({"CPU": 1.0}, on_cpus)
    on_gpus = replace(on_cpus, n_gpus=2, gpus_per_trial=0.5)
    assert _may_get_a_trial({"CPU": 2.0, "GPU": 1.0}, on_gpus)
    assert not _may_get_a_trial({"CPU": 8.0}, on_gpus)


@pytest.fixture
def job(make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]) -> Any:
    """Give a job whose world every machine has to make first."""
    return replace(make_job(make_trial()), world=Mock(spec=WorldConfig))


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give a cluster that never answers, and how long it was listened to each time."""
    node = {
        "NodeID": "abcdef" + 50 * "0",
        "NodeManagerHostname": "there",
        "Alive": True,
    }
    waits: list[float] = []

    def wait(
        asked: list[Any], *, num_returns: int, timeout: float
    ) -> tuple[list[Any], list[Any]]:
        assert num_returns == len(asked)
        waits.append(timeout)
        time.sleep(0.001)
        assert len(waits) < 100, "it waits for ever"
        return [], asked

    monkeypatch.setattr(nodes, "_may_get_a_trial", lambda *_: True)
    monkeypatch.setattr(nodes.ray, "nodes", lambda: [{**node, "Resources": {}}])
    monkeypatch.setattr(nodes.ray, "remote", Mock())
    monkeypatch.setattr(nodes.ray, "wait", wait)
    return waits


def test_a_sweep_whose_machines_make_a_world_can_be_stopped(
    job: TrialJob, silence: list[float]
) -> None:
    wishes = iter([None, None, Stop.BUDGET])
    assert check_machines([job], FAR, lambda: next(wishes)) is Stop.BUDGET
    assert len(silence) == 2
    assert max(silence) < 1


def test_a_machine_that_makes_nothing_and_is_silent_is_named(
    job: TrialJob, silence: list[float]
) -> None:
    readers = replace(job, world=None)
    line = r"machine there \(abcdef\) of the cluster: it does not answer within 0 s"
    with pytest.raises(LaunchError, match=line):
        check_machines([readers], FAR, lambda: None, patience_s=0.001)
    assert silence


@pytest.mark.usefixtures("silence")
def test_a_sweep_that_is_cancelled_while_machines_are_asked_runs_nothing(
    job: TrialJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.tune.sweeping.connected", MagicMock())
    monkeypatch.setattr("runner.tune.sweeping._tuner", Mock(side_effect=AssertionError))
    listener: Any = Mock()
    listener.stop_wished.return_value = Stop.CANCELLED
    assert run_sweep([job], FAR, listener) is Stop.CANCELLED
    listener.stopping.assert_called_once_with(Stop.CANCELLED)
