"""A trial's folder says what happened, whatever happened."""

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

from film.errors import DataError, DivergedError
from runner.store import files
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial


@pytest.fixture
def folder(workspace: Workspace, make_trial: Callable[..., Trial]) -> TrialFolder:
    trial = make_trial("β := 0", 3, model__film__beta="zero")
    folder = workspace.trial(trial.trial_id)
    folder.describe(trial)
    return folder


def epoch(number: int, accuracy: float = 0.5, wall_time_s: float = 1.0) -> dict:
    return {"epoch": number, "val_accuracy": accuracy, "wall_time_s": wall_time_s}


def test_a_described_trial_is_queued_and_says_what_it_computes(
    folder: TrialFolder,
) -> None:
    assert folder.state() is TrialState.QUEUED
    said = folder.description()
    assert said["row"] == "β := 0"
    assert said["seed"] == 3
    assert said["config"]["model.film.beta"] == "zero"
    assert said["trial_id"] == folder.trial_id


def test_two_studies_may_want_the_same_trial_by_different_names(
    folder: TrialFolder, make_trial: Callable[..., Trial]
) -> None:
    twin = make_trial("no shift", 3, study="other", model__film__beta="zero")
    assert twin.trial_id == folder.trial_id
    folder.describe(twin)
    rows = {study: labels["row"] for study, labels in folder.wanted_by().items()}
    assert rows == {"other": "no shift", "tiny": "β := 0"}
    assert folder.description()["row"] == "β := 0"


def test_an_attempt_runs_only_as_long_as_its_lock_is_held(folder: TrialFolder) -> None:
    with folder.attempt():
        assert folder.state() is TrialState.KILLED
        with folder.hold():
            assert folder.state() is TrialState.RUNNING


def test_without_the_last_mark_a_trial_is_not_finished(folder: TrialFolder) -> None:
    with folder.attempt():
        pass
    assert folder.state() is TrialState.KILLED
    folder.finish({"best_val_accuracy": 0.5})
    assert folder.state() is TrialState.FINISHED


@pytest.mark.parametrize(
    ("problem", "state", "line"),
    [
        (DivergedError("loss is nan"), TrialState.DIVERGED, "loss is nan"),
        (DataError("no such\nfile"), TrialState.FAILED, "no such file"),
        (ZeroDivisionError("oh"), TrialState.FAILED, "ZeroDivisionError: oh"),
        (KeyboardInterrupt(), TrialState.KILLED, ""),
    ],
)
def test_what_ends_an_attempt_is_said_in_one_line(
    folder: TrialFolder, problem: BaseException, state: TrialState, line: str
) -> None:
    with pytest.raises(type(problem)), folder.attempt():
        raise problem
    record = folder.read()
    assert (record.state, record.error) == (state, line)
    assert record.started_at is not None
    assert record.ended_at is not None
    assert record.ended_at >= record.started_at


def test_attempts_are_counted(folder: TrialFolder) -> None:
    for _ in range(2):
        with folder.attempt():
            pass
    said = json.loads((folder.path / "state.json").read_text())
    assert len(said["attempts"]) == 2


def test_replayed_epochs_keep_the_time_they_were_recorded_at(
    folder: TrialFolder,
) -> None:
    for number in (1, 2):
        folder.add_epoch(epoch(number))
    before = (folder.path / "metrics.jsonl").read_bytes()
    for number in (1, 2):
        folder.add_epoch(epoch(number, wall_time_s=7.0))
    assert (folder.path / "metrics.jsonl").read_bytes() == before


def test_an_epoch_computed_otherwise_replaces_what_followed(
    folder: TrialFolder,
) -> None:
    for number in (1, 2, 3):
        folder.add_epoch(epoch(number))
    folder.add_epoch(epoch(2, accuracy=0.75))
    accuracies = [row["val_accuracy"] for row in folder.read().epochs]
    assert accuracies == [0.5, 0.75]


@pytest.mark.parametrize("torn", ['{"epoch": 2, "val', '{"epoch": 7}\n'])
def test_a_torn_line_is_no_epoch(folder: TrialFolder, torn: str) -> None:
    folder.add_epoch(epoch(1))
    with (folder.path / "metrics.jsonl").open("a") as file:
        file.write(torn)
    assert [row["epoch"] for row in folder.read().epochs] == [1]
    folder.add_epoch(epoch(2))
    assert [row["epoch"] for row in folder.read().epochs] == [1, 2]


@pytest.mark.parametrize("broken", ["{", '{"state": "BAKED"}', '{"state": [3]}'])
def test_a_broken_state_file_counts_as_never_started(
    folder: TrialFolder, broken: str
) -> None:
    (folder.path / "state.json").write_text(broken)
    assert folder.state() is TrialState.QUEUED
    assert folder.read().state is TrialState.QUEUED


@pytest.mark.parametrize("mark", ["", '{"a": 1}', '{"best_val_accuracy": null}'])
def test_a_damaged_mark_of_the_end_lets_the_trial_go_on(
    folder: TrialFolder, mark: str
) -> None:
    with folder.attempt():
        pass
    (folder.path / "done.json").write_text(mark)
    assert folder.state() is TrialState.KILLED
    assert folder.read().summary is None


@pytest.mark.parametrize("damage", [b"3\n", b"\xff\xfe\n", b"[]\n", b"null\n"])
def test_a_line_that_is_no_epoch_ends_them(folder: TrialFolder, damage: bytes) -> None:
    folder.add_epoch(epoch(1))
    with (folder.path / "metrics.jsonl").open("ab") as file:
        file.write(damage)
    assert [row["epoch"] for row in folder.read().epochs] == [1]


def test_odd_attempts_are_none(folder: TrialFolder) -> None:
    (folder.path / "state.json").write_text('{"state": "FAILED", "attempts": 3}')
    assert folder.read().started_at is None
    with folder.attempt():
        pass
    assert folder.read().started_at is not None


@pytest.mark.parametrize("broken", ["{", "{}", "[]"])
def test_a_damaged_description_is_written_again(
    workspace: Workspace, make_trial: Callable[..., Trial], broken: str
) -> None:
    trial = make_trial()
    folder = workspace.trial(trial.trial_id)
    folder.describe(trial)
    before = folder.description()
    (folder.path / "config.json").write_text(broken)
    (folder.path / "studies" / "tiny.json").write_text(broken)
    assert not folder.is_recorded
    assert folder.wanted_by() == {}
    assert workspace.recorded_trials() == ()
    folder.describe(trial)
    assert folder.description() == before
    assert folder.wanted_by()["tiny"]["row"] == trial.row


def finished(folder: TrialFolder) -> TrialFolder:
    """Leave what a finished trial does."""
    with folder.attempt():
        for number in (1, 2):
            folder.add_epoch(epoch(number))
        (folder.path / "best.pt").write_bytes(b"weights")
        (folder.path / "predictions.parquet").write_bytes(b"answers")
    folder.finish({"best_val_accuracy": 0.5, "peak_memory_bytes": 3})
    return folder


def test_a_finished_trial_knows_its_files(folder: TrialFolder) -> None:
    finished(folder)
    said = json.loads((folder.path / "done.json").read_text())
    assert set(said["files"]) == {"best.pt", "predictions.parquet", "metrics.jsonl"}
    assert said["files"]["best.pt"]["size"] == len(b"weights")
    assert folder.damage() == ()
    record = folder.read()
    assert record.state is TrialState.FINISHED
    assert record.summary is not None
    assert "files" not in record.summary


NAMES = pytest.mark.parametrize("name", ["best.pt", "predictions.parquet"])


@NAMES
@pytest.mark.parametrize("damage", [b"", b"weights and more", None])
def test_a_damaged_result_that_a_checkpoint_mends_ends_the_end(
    folder: TrialFolder, name: str, damage: bytes | None
) -> None:
    finished(folder)
    (folder.path / "checkpoint.pt").write_bytes(b"state")
    if damage is None:
        (folder.path / name).unlink()
    else:
        (folder.path / name).write_bytes(damage)
    assert folder.damage() == (name,)
    assert folder.read().state is TrialState.KILLED
    assert folder.read().summary is None


@NAMES
def test_without_a_checkpoint_only_lost_answers_are_computed_again(
    folder: TrialFolder, name: str
) -> None:
    finished(folder)
    (folder.path / name).unlink()
    is_over = folder.state() is TrialState.FINISHED
    assert is_over == (name == "best.pt")


def test_a_flipped_bit_is_found_by_who_reads_the_file(folder: TrialFolder) -> None:
    finished(folder)
    (folder.path / "best.pt").write_bytes(b"weighty")
    assert folder.state() is TrialState.FINISHED  # its size is right
    assert folder.damage() == ("best.pt",)


@pytest.mark.parametrize("files", [3, {"best.pt": 3}, {"/etc/passwd": {"size": 1}}])
def test_an_odd_list_of_files_names_no_other_file(
    folder: TrialFolder, files: object
) -> None:
    mark = {"best_val_accuracy": 0.5, "files": files}
    (folder.path / "done.json").write_text(json.dumps(mark))
    assert folder.damage() == (("best.pt",) if files == {"best.pt": 3} else ())


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_kills_a_trial_that_can_go_on(
    folder: TrialFolder, code: int
) -> None:
    with pytest.raises(OSError, match="left"), folder.attempt():
        raise OSError(code, "nothing left", "/x/y")
    record = folder.read()
    assert record.state is TrialState.KILLED
    assert record.error == (
        "the disk is full (/x/y); free some (`film gc`), and it goes on when run again"
    )


def test_a_disk_too_full_to_say_so_does_not_hide_why(
    folder: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill() -> None:
        monkeypatch.setattr("runner.store.trial_folder.write_json", full)
        raise OSError(errno.ENOSPC, "the first one")

    with pytest.raises(OSError, match="first"), folder.attempt():
        fill()
    assert folder.state() is TrialState.KILLED


def test_a_trial_that_had_begun_is_not_queued(folder: TrialFolder) -> None:
    folder.add_epoch(epoch(1))
    (folder.path / "state.json").write_text('{"sta')
    assert folder.read().state is TrialState.KILLED


def test_memory_is_what_was_measured(folder: TrialFolder) -> None:
    folder.add_epoch(epoch(1))
    assert folder.read().peak_memory_bytes is None
    folder.add_epoch({**epoch(2), "memory_bytes": 7, "gpu_memory_bytes": None})
    assert folder.read().peak_memory_bytes == 7
    assert folder.read().peak_gpu_memory_bytes is None
    finished(folder)
    assert folder.read().peak_memory_bytes == 3


def test_forgotten_progress_is_counted_and_the_attempts_stay(
    folder: TrialFolder,
) -> None:
    finished(folder)
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (folder.path / name).write_bytes(b"state")
    folder.forget_progress()
    record = folder.read()
    assert (record.state, record.epochs, record.generation) == (
        TrialState.KILLED,
        (),
        1,
    )
    assert not list(folder.path.glob("checkpoint*"))
    with folder.attempt():
        pass
    assert folder.read().generation == 1
    assert record.started_at == folder.read().started_at


def test_a_screened_trial_can_go_on(folder: TrialFolder) -> None:
    with folder.attempt():
        pass
    folder.screened(2)
    assert folder.read().screened_at_epoch == 2
    assert folder.state() is TrialState.KILLED
    with folder.attempt():
        pass
    assert folder.read().screened_at_epoch is None


def test_a_trial_that_ends_while_it_is_read_was_not_killed(
    folder: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(_: Path) -> bool:
        folder.finish({"best_val_accuracy": 0.5})
        return False

    monkeypatch.setattr("runner.store.trial_folder.is_held", end)
    with folder.attempt():
        record = folder.read()
    assert record.state is TrialState.FINISHED
    assert record.summary is not None


def test_foreign_names_are_not_read(folder: TrialFolder, workspace: Workspace) -> None:
    foreign = workspace.trials / "not-a-trial"
    shutil.copytree(folder.path, foreign)
    labels = folder.path / "studies" / "tiny.json"
    shutil.copy(labels, labels.with_name("UPPER CASE.json"))
    shutil.copy(labels, labels.with_name("..json"))
    assert [one.path for one in workspace.recorded_trials()] == [folder.path]
    assert set(folder.wanted_by()) == {"tiny"}


def test_of_two_that_want_a_trial_the_second_waits_and_finds_it_finished(
    folder: TrialFolder,
) -> None:
    found: list[TrialState] = []

    def second() -> None:
        with folder.hold():
            found.append(folder.state())

    waiting = threading.Thread(target=second)
    with folder.hold():
        waiting.start()
        finished(folder)
        waiting.join(timeout=0.3)
        assert found == []
    waiting.join()
    assert found == [TrialState.FINISHED]


def test_who_waits_for_a_trial_says_for_whom(folder: TrialFolder) -> None:
    lines: list[str] = []

    def second() -> None:
        with folder.hold(lines.append):
            lines.append("has it")

    waiting = threading.Thread(target=second)
    with folder.hold(lines.append):
        waiting.start()
        waiting.join(timeout=0.5)
        assert [line.split(" on ")[0] for line in lines] == [
            f"waits: process {os.getpid()}"
        ]
    waiting.join()
    assert lines[1:] == ["has it"]


def test_a_failure_is_not_written_over_a_trial_that_another_process_trains(
    folder: TrialFolder,
) -> None:
    with folder.hold(), folder.attempt():
        folder.fail_unless_held("its process was lost")
        assert folder.state() is TrialState.RUNNING
    folder.fail_unless_held("its process was lost")
    assert folder.read().error == "its process was lost"


def test_a_failure_is_not_written_over_a_finished_trial(folder: TrialFolder) -> None:
    finished(folder)
    folder.fail_unless_held("its process was lost")
    assert folder.read().error == ""


def test_every_attempt_says_with_what_it_ran(folder: TrialFolder) -> None:
    for device in ("cpu", "cuda"):
        with folder.hold(), folder.attempt(device=device, threads=1):
            pass
    said = json.loads((folder.path / "state.json").read_text())["attempts"]
    assert [one["device"] for one in said] == ["cpu", "cuda"]


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Let a file be there, on a disk that does not give it."""
    look = Path.stat, Path.read_bytes, Path.read_text

    def refuse(here: Path, *words: Any, which: int, **more: Any) -> Any:
        if here == path:
            raise OSError(errno.ESTALE, "Stale file handle", str(path))
        return look[which](here, *words, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_PAUSES_S", (0.0,))
        for which, name in enumerate(("stat", "read_bytes", "read_text")):
            patch.setattr(Path, name, partialmethod(refuse, which=which))
        yield


@pytest.mark.parametrize(
    "name", ["done.json", "state.json", "best.pt", "metrics.jsonl"]
)
def test_what_a_disk_does_not_give_is_not_what_was_never_there(
    folder: TrialFolder, name: str
) -> None:
    with folder.attempt():
        folder.add_epoch(epoch(1))
        (folder.path / "best.pt").write_bytes(b"weights")
    folder.finish({"best_val_accuracy": 0.5})
    path = folder.path / name
    with unreadable(path), pytest.raises(OSError, match=f"Stale.*{name}"):
        folder.read()
    assert folder.state() is TrialState.FINISHED


def test_a_description_that_cannot_be_read_is_not_written_anew(
    folder: TrialFolder, make_trial: Callable[..., Trial]
) -> None:
    path = folder.path / "config.json"
    before = path.read_bytes()
    twin = make_trial("no shift", 3, study="other", model__film__beta="zero")
    with unreadable(path), pytest.raises(OSError, match="Stale"):
        folder.describe(twin)
    assert path.read_bytes() == before


def test_an_attempt_does_not_begin_where_the_earlier_ones_cannot_be_read(
    folder: TrialFolder,
) -> None:
    with folder.attempt():
        pass
    path = folder.path / "state.json"
    before = path.read_bytes()
    with unreadable(path), pytest.raises(OSError, match="Stale"), folder.attempt():
        pytest.fail("it began")
    assert path.read_bytes() == before


def test_a_label_that_cannot_be_read_is_not_missing(folder: TrialFolder) -> None:
    with (
        unreadable(folder.path / "studies" / "tiny.json"),
        pytest.raises(OSError, match="Stale"),
    ):
        folder.wanted_by()
