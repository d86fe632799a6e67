"""What is broken or left in a store is found, and nothing is changed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.doctor import store
from runner.doctor.finding import Level
from runner.doctor.store import (
    check_leases,
    check_locks,
    check_records,
    check_worlds,
    check_writable,
)
from runner.store.locks import exclusive, lease
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial

Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


def test_a_store_that_is_not_there_is_not_made(workspace: Workspace) -> None:
    (found,) = check_writable(workspace)
    assert "does not exist yet, and can be made in" in found.said
    assert [one.level for one in check_records(workspace)] == [Level.OK]
    assert [one.level for one in check_leases(workspace)] == [Level.OK]
    assert [one.level for one in check_worlds(workspace)] == [Level.OK]
    assert [one.level for one in check_locks(workspace)] == [Level.OK]
    assert not workspace.root.exists()
    assert list(workspace.root.parent.iterdir()) == []


def test_a_store_that_cannot_be_written_to_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.root.mkdir()
    assert [one.level for one in check_writable(workspace)] == [Level.OK]

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store, "write_text", refuse)
    (found,) = check_writable(workspace)
    assert found.level is Level.FAIL
    assert found.said == f"{workspace.root}: Permission denied"
    assert list(workspace.root.iterdir()) == []


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,) = check_writable(Workspace.at(tmp_path / "file"))
    assert found.level is Level.FAIL


def test_locks_that_keep_nobody_out_are_seen(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_TRY_LOCK", "pass")
    (found,) = check_locks(workspace)
    assert found.level is Level.WARNING


def test_where_nothing_can_be_written_no_locks_are_tried(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store.tempfile, "TemporaryDirectory", refuse)
    assert list(check_locks(workspace)) == []
    assert [one.level for one in check_writable(workspace)] == [Level.FAIL]


def test_torn_files_and_cut_checkpoints_are_named(
    launch_tiny: Launched, settle: Settle, workspace: Workspace
) -> None:
    first, second, third = launch_tiny(1)
    torn = settle(first, TrialState.KILLED, epochs=1)
    (torn.path / "state.json").write_text('{"state": "KIL')
    (torn.path / "checkpoint.pt").write_bytes(b"PK\x03\x04 and no end")
    done = settle(second, TrialState.FINISHED, epochs=3)
    assert done.summary() is not None
    (done.path / "done.json").write_text("{}")
    settle(third, TrialState.FINISHED, epochs=3)
    (found,) = check_records(workspace)
    assert found.level is Level.WARNING
    assert found.said.startswith("2 trials with damaged files: ")
    assert f"{first.trial_id} (state.json, checkpoint.pt)" in found.said
    assert f"{second.trial_id} (results)" in found.said
    (workspace.study("tiny") / "launch.json").write_text("{")
    assert [one.said for one in check_records(workspace)][1] == (
        "launches that cannot be read: tiny"
    )


def test_whole_records_are_counted(
    launch_tiny: Launched, settle: Settle, workspace: Workspace
) -> None:
    for trial in launch_tiny(1):
        settle(trial, TrialState.FINISHED, epochs=3)
    (found,) = check_records(workspace)
    assert found.said == "3 trials recorded, none of them damaged"


def test_who_is_at_work_or_died_is_said(
    launch_tiny: Launched, settle: Settle, workspace: Workspace
) -> None:
    first, *_ = launch_tiny(1)
    lock = workspace.study("tiny") / "launch.lock"
    with lease(lock):
        (found,) = check_leases(workspace)
        assert found.said.startswith("study tiny is being run by process ")
    words = (
        "import os, sys, pathlib\n"
        "from runner.store.locks import lease\n"
        "with lease(pathlib.Path(sys.argv[1])):\n    os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", words, str(lock)], check=True)
    settle(first, TrialState.KILLED, epochs=1)
    dead, cut = check_leases(workspace)
    assert dead.said == "whoever ran these was killed: tiny"
    assert cut.said == f"1 trial stopped on the way: {first.trial_id}"
    assert dead.level is cut.level is Level.WARNING


def test_half_made_worlds_are_named(workspace: Workspace) -> None:
    whole, half = (workspace.root / "data" / name for name in ("a", "b"))
    for folder in (whole, half):
        folder.mkdir(parents=True)
    (whole / "world.json").write_text("{}")
    (found,) = check_worlds(workspace)
    assert found.said == "world b is half made"
    with exclusive(half.with_name("b.lock")):
        (found,) = check_worlds(workspace)
    assert found.said == "world b is being made"
    (half / "world.json").write_text("{}")
    (found,) = check_worlds(workspace)
    assert found.said == "2 worlds made"


def test_many_names_are_cut() -> None:
    assert store._some(list("abcde")) == "a, b, c, d, e"
    assert store._some(list("abcdefg")) == "a, b, c, d, e and 2 more"
