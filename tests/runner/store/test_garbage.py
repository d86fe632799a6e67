"""Only what nobody needs goes, and only what was asked for."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.store import files
from runner.store.files import write_json
from runner.store.garbage import SAFE, Garbage, Kind, find_garbage, remove
from runner.store.launches import write_launch
from runner.store.locks import lease
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.study_file import read_study
from studies.trial import Trial

LONG_AGO = (1e9, 1e9)


@pytest.fixture
def finished(
    workspace: Workspace, make_trial: Callable[..., Trial]
) -> Callable[..., TrialFolder]:
    def finish(seed: int = 0, study: str = "tiny") -> TrialFolder:
        trial = make_trial(seed=seed, study=study)
        folder = workspace.trial(trial.trial_id)
        folder.describe(trial)
        with folder.attempt():
            for name in ("best.pt", "predictions.parquet", "checkpoint.pt"):
                (folder.path / name).write_bytes(name.encode() * 1000)
        folder.finish({"best_val_accuracy": 0.5})
        return folder

    return finish


def paths(found: list[Garbage]) -> set[Path]:
    return {path for one in found for path in one.paths}


def test_a_finished_trial_needs_its_checkpoints_no_longer(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    folder = finished()
    (folder.path / "checkpoint.previous.pt").write_bytes(b"older")
    found = find_garbage(workspace)
    (one,) = found
    assert one.kind is Kind.CHECKPOINTS
    assert one.note == "baseline · seed 0"
    assert {path.name for path in one.paths} == {
        "checkpoint.pt",
        "checkpoint.previous.pt",
    }
    assert one.n_bytes > 0
    removal = remove(workspace, found)
    assert (removal.n_bytes, removal.kept) == (one.n_bytes, ())
    assert not list(folder.path.glob("checkpoint*"))
    assert folder.state() is TrialState.FINISHED
    assert find_garbage(workspace) == []


def test_a_trial_that_can_go_on_keeps_its_checkpoints(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    folder = finished()
    (folder.path / "done.json").unlink()
    assert find_garbage(workspace) == []


def test_a_damaged_result_keeps_the_checkpoint_that_mends_it(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    folder = finished()
    best = folder.path / "best.pt"
    best.write_bytes(b"x" * best.stat().st_size)  # seen only by who reads it
    removal = remove(workspace, find_garbage(workspace))
    assert [why for _, why in removal.kept] == ["best.pt is damaged"]
    assert (folder.path / "checkpoint.pt").exists()


def test_what_a_living_process_holds_is_not_touched(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    folder = finished(study="")
    found = find_garbage(workspace, Kind)
    assert {one.kind for one in found} == {Kind.CHECKPOINTS, Kind.UNWANTED}
    with folder.hold():
        assert find_garbage(workspace, Kind) == []
        removal = remove(workspace, found)
        assert {why for _, why in removal.kept} == {"somebody is at it"}
    assert (folder.path / "checkpoint.pt").exists()


def test_what_processes_left_half_made_goes_once_it_is_old(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    folder = finished()
    (folder.path / "checkpoint.pt").unlink()
    left = [
        folder.path / ".checkpoint.pt.x8r2",
        folder.path / "studies" / ".tiny.json.12",
        folder.path / "checkpoint.broken.pt",
        workspace.trials / ".removing-1234",
        workspace.root / ".importing-1234",
        workspace.root / ".mlflow.db.new",
    ]
    for path in left:
        if path.name.startswith((".removing", ".importing")):
            path.mkdir()
        else:
            path.write_bytes(b"half")
    assert find_garbage(workspace) == []  # somebody may be writing it
    for path in left:
        os.utime(path, LONG_AGO)
    assert paths(find_garbage(workspace)) == set(left)
    assert remove(workspace, find_garbage(workspace, [Kind.HALF_MADE])).kept == ()
    assert not any(path.exists() for path in left)
    assert folder.state() is TrialState.FINISHED


def launch(workspace: Workspace, study_file: Path, trials: list[Trial]) -> None:
    study = read_study(study_file)
    write_launch(workspace.study(study.name), study, "text", trials)


def test_only_trials_that_no_study_wants_go_and_only_where_asked(
    workspace: Workspace,
    finished: Callable[..., TrialFolder],
    make_trial: Callable[..., Trial],
    study_file: Path,
) -> None:
    labelled, launched, unwanted = finished(0), finished(1, study=""), finished(2, "")
    launch(workspace, study_file, [make_trial(seed=1)])
    assert Kind.UNWANTED not in {one.kind for one in find_garbage(workspace, SAFE)}
    found = find_garbage(workspace, [Kind.UNWANTED])
    assert paths(found) == {unwanted.path}
    assert remove(workspace, found).kept == ()
    assert not unwanted.path.exists()
    assert {path.name for path in workspace.trials.iterdir()} == {
        labelled.trial_id,
        launched.trial_id,
    }


def test_a_trial_that_is_wanted_again_meanwhile_stays(
    workspace: Workspace,
    finished: Callable[..., TrialFolder],
    make_trial: Callable[..., Trial],
) -> None:
    folder = finished(study="")
    found = find_garbage(workspace, [Kind.UNWANTED])
    folder.describe(make_trial())
    assert [why for _, why in remove(workspace, found).kept] == ["it is wanted again"]
    assert folder.state() is TrialState.FINISHED


def test_what_a_launch_that_lives_counts_on_stays(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    folder = finished(study="")
    found = find_garbage(workspace, [Kind.UNWANTED])
    with lease(workspace.study("other") / "launch.lock"):
        assert find_garbage(workspace, [Kind.UNWANTED]) == []
        removal = remove(workspace, found)
    assert [why for _, why in removal.kept] == ["it is wanted again"]
    assert folder.state() is TrialState.FINISHED


def test_a_trial_that_lost_its_mark_meanwhile_keeps_its_checkpoints(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    folder = finished()
    found = find_garbage(workspace)
    (folder.path / "done.json").unlink()
    removal = remove(workspace, found)
    assert [why for _, why in removal.kept] == ["its trial is not finished"]
    assert (folder.path / "checkpoint.pt").exists()


def test_a_launch_that_cannot_be_read_may_want_anything(
    workspace: Workspace, finished: Callable[..., TrialFolder]
) -> None:
    finished(study="")
    write_json(workspace.root / "data" / "small-abc" / "world.json", {})
    write_json(workspace.study("torn") / "launch.json", {})
    assert find_garbage(workspace, [Kind.UNWANTED, Kind.WORLDS]) == []


def test_a_world_that_a_study_or_an_unfinished_trial_uses_stays(
    workspace: Workspace,
    finished: Callable[..., TrialFolder],
    make_trial: Callable[..., Trial],
    study_file: Path,
) -> None:
    trial = make_trial()
    launch(workspace, study_file, [trial])
    used = workspace.root / "data" / f"small-{trial.data}"
    other = workspace.root / "data" / "small-0123abcd"
    for folder in (used, other):
        folder.mkdir(parents=True)
        (folder / "train.h5").write_bytes(b"pictures")
        write_json(folder / "world.json", {})
    prepared = workspace.root / "data" / "clevr-mine"
    prepared.mkdir()
    (prepared / "train.h5").write_bytes(b"pictures")  # by the user, and from elsewhere
    assert paths(find_garbage(workspace, [Kind.WORLDS])) == {other}
    half = finished(study="")
    (half.path / "done.json").unlink()
    said = half.description()
    (half.path / "config.json").write_text(json.dumps({**said, "data": "0123abcd"}))
    assert find_garbage(workspace, [Kind.WORLDS]) == []
    shutil.rmtree(half.path)
    found = find_garbage(workspace, [Kind.WORLDS])
    assert remove(workspace, found).kept == ()
    assert used.is_dir()
    assert not other.exists()


def test_mlflow_stores_that_were_set_aside_go_where_asked(workspace: Workspace) -> None:
    workspace.root.mkdir()
    names = ("mlflow.db", "mlflow.db-wal", "mlflow.db.damaged-1", "mlflow.db.moved-2")
    for name in (*names, "mlflow.db.damaged-1-wal", "mlflow.db.lock"):
        (workspace.root / name).write_bytes(b"rows")
    found = find_garbage(workspace, [Kind.MLFLOW])
    assert {path.name for path in paths(found)} == {
        "mlflow.db.damaged-1",
        "mlflow.db.damaged-1-wal",
        "mlflow.db.moved-2",
    }


def test_a_link_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"data")
    workspace.trials.mkdir(parents=True)
    (workspace.root / "data").mkdir()
    (workspace.trials / ("0" * 16)).symlink_to(elsewhere)
    (workspace.root / "data" / "small-abc").symlink_to(elsewhere)
    (workspace.trials / ".left").symlink_to(elsewhere)
    os.utime(workspace.trials / ".left", LONG_AGO, follow_symlinks=False)
    found = find_garbage(workspace, Kind)
    assert paths(found) == {workspace.trials / ".left"}
    remove(workspace, found)
    assert (elsewhere / "precious").exists()


@pytest.mark.parametrize("place", ["label", "labels", "studies"])
def test_nothing_is_unwanted_while_a_disk_does_not_say_who_wants_it(
    workspace: Workspace,
    finished: Callable[..., TrialFolder],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    folder = finished()
    labels = folder.path / "studies"
    away = {
        "label": labels / "tiny.json",
        "labels": labels,
        "studies": workspace.root / "studies",
    }[place]
    if place == "studies":
        labels.joinpath("tiny.json").unlink()
        away.mkdir()

    def refusing(look: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(path: Path | str, *words: Any, **more: Any) -> Any:
            if Path(path) == away:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return look(path, *words, **more)

        return refuse

    monkeypatch.setattr(files, "_PAUSES_S", ())
    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    for name in ("read_bytes", "read_text"):
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))
    with pytest.raises(PermissionError):
        find_garbage(workspace, [Kind.UNWANTED])
