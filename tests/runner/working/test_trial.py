"""A trial runs in its folder, goes on where it stopped, and says how it ended."""

import dataclasses
import json
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch

import runner.working.trial as trial_module
from film.data.dataset import open_dataset
from film.errors import DataError, DivergedError
from runner.store.record import Record, TrialState
from runner.store.trial_folder import TrialFolder
from runner.working.trial import TrialJob, run_trial
from studies.trial import Trial

TIMES = {
    "time_ms",
    "wall_time_s",
    "questions_per_s",
    "memory_bytes",
    "gpu_memory_bytes",
}


@pytest.fixture(autouse=True)
def _keep_threads() -> None:
    torch.set_num_threads(1)


def computed(record: Record) -> list[dict]:
    return [
        {key: value for key, value in row.items() if key not in TIMES}
        for row in record.epochs
    ]


def predictions(folder: Path) -> bytes:
    return (folder / "predictions.parquet").read_bytes()


def test_a_trial_leaves_a_whole_record(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> None:
    call = ("film", "run", "a b")
    job = dataclasses.replace(make_job(make_trial()), command=call)
    yielded = list(run_trial(job))
    record = TrialFolder(job.folder).read()
    assert [metrics.epoch for metrics in yielded] == [1, 2, 3]
    assert record.state is TrialState.FINISHED
    assert record.summary is not None
    assert record.summary["best_val_accuracy"] == yielded[-1].best_val_accuracy
    assert record.summary["epochs"] == 3
    names = {path.name for path in job.folder.iterdir()}
    assert {"config.json", "environment.json", "best.pt", "log.txt"} <= names
    environment = json.loads((job.folder / "environment.json").read_text())
    assert environment["torch"] == torch.__version__
    assert environment["threads"] == 1
    assert environment["command"] == "film run 'a b'"
    log = (job.folder / "log.txt").read_text()
    assert "baseline · seed 0" in log
    assert "epoch 3: training loss" in log


def test_a_trial_whose_mark_of_the_end_was_damaged_gets_it_again(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> None:
    job = make_job(make_trial())
    list(run_trial(job))
    folder = TrialFolder(job.folder)
    before, answers = folder.summary(), predictions(job.folder)
    assert before is not None
    (job.folder / "done.json").write_text("")
    list(run_trial(job))
    after = folder.summary()
    assert after is not None
    assert after["best_val_accuracy"] == before["best_val_accuracy"]
    assert predictions(job.folder) == answers


def test_a_finished_trial_is_not_run_again(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> None:
    job = make_job(make_trial())
    list(run_trial(job))
    before = {p.name: p.stat().st_mtime_ns for p in job.folder.glob("*")}
    assert list(run_trial(job)) == []
    assert {p.name: p.stat().st_mtime_ns for p in job.folder.glob("*")} == before


def test_a_stopped_trial_goes_on_and_computes_the_same_bits(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    tmp_path: Path,
) -> None:
    whole = dataclasses.replace(make_job(make_trial()), folder=tmp_path / "whole")
    list(run_trial(whole))
    job = make_job(make_trial())
    epochs = run_trial(job)
    next(epochs)
    assert TrialFolder(job.folder).state() is TrialState.RUNNING
    epochs.close()
    folder = TrialFolder(job.folder)
    assert folder.state() is TrialState.KILLED
    first_row = folder.read().epochs[0]
    list(run_trial(job))
    assert folder.read().epochs[0] == first_row
    assert computed(folder.read()) == computed(TrialFolder(whole.folder).read())
    assert predictions(job.folder) == predictions(whole.folder)


def test_a_trial_killed_before_its_last_mark_only_needs_the_mark(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> None:
    job = make_job(make_trial())
    list(run_trial(job))
    rows = (job.folder / "metrics.jsonl").read_bytes()
    (job.folder / "done.json").unlink()
    assert len(list(run_trial(job))) == 3
    assert TrialFolder(job.folder).state() is TrialState.FINISHED
    assert (job.folder / "metrics.jsonl").read_bytes() == rows


def test_a_diverged_trial_says_so_and_begins_anew(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> None:
    job = make_job(make_trial("diverges", train__learning_rate=1e30))
    folder = TrialFolder(job.folder)
    for _ in range(2):
        with pytest.raises(DivergedError):
            list(run_trial(job))
        record = folder.read()
        assert record.state is TrialState.DIVERGED
        assert "the training loss of epoch 1 is" in record.error
        assert record.epochs == ()


def test_what_diverged_in_another_s_hands_meanwhile_is_not_repeated(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_job(make_trial())
    folder = TrialFolder(job.folder)

    @contextmanager
    def held_after_another(folder: TrialFolder, _say: object) -> Iterator[None]:
        with suppress(DivergedError), folder.attempt():
            raise DivergedError("the loss is nan")
        yield

    monkeypatch.setattr(TrialFolder, "hold", held_after_another)
    for _ in range(2):  # also where an earlier launch saw it diverge
        assert list(run_trial(job)) == []
        assert folder.state() is TrialState.DIVERGED
    assert not folder.log.exists()


def test_other_data_than_planned_are_refused(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> None:
    trial = dataclasses.replace(make_trial(), data="elsewhere")
    job = make_job(trial)
    with pytest.raises(DataError, match=r"but the trial is of elsewhere; give"):
        list(run_trial(job))
    assert TrialFolder(job.folder).read().error.endswith("or launch anew")
    assert "Traceback" not in (job.folder / "log.txt").read_text()


def test_a_bug_has_its_traceback_in_the_log(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("runner.working.trial.fit", broken)
    job = make_job(make_trial())
    with pytest.raises(ZeroDivisionError):
        list(run_trial(job))
    assert TrialFolder(job.folder).read().error == "ZeroDivisionError: ours"
    assert "Traceback" in (job.folder / "log.txt").read_text()


@pytest.mark.parametrize("name", [".checkpoint.pt.x8r2", ".state.json.18849"])
def test_leftovers_of_a_killed_process_are_cleared(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial], name: str
) -> None:
    job = make_job(make_trial())
    job.folder.mkdir(parents=True)
    leftover = job.folder / name
    leftover.write_bytes(b"half")
    list(run_trial(job))
    assert not leftover.exists()


def test_data_of_an_earlier_trial_are_gone_before_other_data_are_opened(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    opened: list[weakref.ref[object]] = []
    alive: list[int] = []

    def watched(*args: Any, **kwargs: Any) -> Any:
        alive.append(sum(one() is not None for one in opened))
        dataset = open_dataset(*args, **kwargs)
        opened.append(weakref.ref(dataset))
        return dataset

    monkeypatch.setattr(trial_module, "open_dataset", watched)
    trial_module._OPENED.clear()
    job = make_job(make_trial())
    list(run_trial(job))
    again = dataclasses.replace(job, folder=tmp_path / "again")
    list(run_trial(again))  # on the same data, which are kept
    assert alive == [0, 1]
    other = dataclasses.replace(job, folder=tmp_path / "other", n_jobs=job.n_jobs + 1)
    list(run_trial(other))
    assert alive == [0, 1, 0, 1]
