"""A checkpoint is whole or seen to be broken, and the one before it stands in."""

import errno
import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from film.config import Config
from film.data.dataset import QuestionDataset
from film.errors import TrainingError
from film.training.checkpoint import BrokenFileError, load_tensors, save_tensors
from film.training.fit import EpochMetrics, fit

NEWEST, PREVIOUS = "checkpoint.pt", "checkpoint.previous.pt"
Fit = Callable[[Path], Iterator[EpochMetrics]]


@pytest.fixture
def fit_in(config: Config, train: QuestionDataset, val: QuestionDataset) -> Fit:
    shorter = config.with_changes({"train.max_epochs": 3})
    return lambda folder: fit(
        shorter, train, val, seed=0, device="cpu", directory=folder
    )


def learnt(metrics: list[EpochMetrics]) -> list[dict[str, Any]]:
    clocks = {"wall_time_s", "questions_per_s"}
    return [{k: v for k, v in asdict(m).items() if k not in clocks} for m in metrics]


def stop_after(n_epochs: int, fit_in: Fit, folder: Path) -> None:
    epochs = fit_in(folder)
    for _ in range(n_epochs):
        next(epochs)
    epochs.close()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lose_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


DAMAGES = pytest.mark.parametrize("damage", [truncate, empty, lose_the_end, flip_a_bit])


@DAMAGES
def test_what_is_broken_is_never_read_as_weights(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "best.pt"
    save_tensors({"x": torch.arange(10_000.0)}, path)
    assert load_tensors(path)["x"].equal(torch.arange(10_000.0))
    damage(path)
    with pytest.raises(BrokenFileError, match=r"best\.pt: cannot be read as weights"):
        load_tensors(path)


def test_every_flipped_bit_is_seen_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    save_tensors({"epoch": 3, "x": torch.arange(3.0)}, path)
    whole = path.read_bytes()
    for number in range(0, len(whole), 37):
        content = bytearray(whole)
        content[number] ^= 1 << (number % 8)
        path.write_bytes(content)
        try:
            said = load_tensors(path)
        except TrainingError:
            continue
        assert said["epoch"] == 3
        assert said["x"].equal(torch.arange(3.0))


def test_what_others_wrote_has_no_sum_and_is_read(tmp_path: Path) -> None:
    torch.save({"epoch": 1}, tmp_path / "theirs.pt")
    assert load_tensors(tmp_path / "theirs.pt") == {"epoch": 1}
    save_tensors({"epoch": 2}, tmp_path / "ours.pt")
    assert torch.load(tmp_path / "ours.pt", weights_only=True) == {"epoch": 2}


def test_what_would_run_code_is_refused(tmp_path: Path) -> None:
    save_tensors({"call": os.system}, tmp_path / "evil.pt")
    with pytest.raises(TrainingError, match="cannot be read as weights") as caught:
        load_tensors(tmp_path / "evil.pt")
    assert not isinstance(caught.value, BrokenFileError)  # it is as it was written


@pytest.mark.parametrize("damage", [truncate, flip_a_bit])
def test_the_checkpoint_before_a_broken_one_is_taken(
    fit_in: Fit,
    tmp_path: Path,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = list(fit_in(tmp_path / "whole"))
    folder = tmp_path / "damaged"
    stop_after(2, fit_in, folder)
    damage(folder / NEWEST)
    with caplog.at_level(logging.WARNING):
        assert learnt(list(fit_in(folder))) == learnt(whole)
    assert f"going on from {PREVIOUS}, after epoch 1" in caplog.text
    assert (folder / "checkpoint.broken.pt").exists()
    ours, theirs = (
        load_tensors(one / NEWEST)["network"] for one in (folder, tmp_path / "whole")
    )
    assert all(ours[name].equal(value) for name, value in theirs.items())


def test_a_crash_between_two_names_costs_an_epoch_and_no_more(
    fit_in: Fit, tmp_path: Path
) -> None:
    stop_after(2, fit_in, tmp_path)
    (tmp_path / NEWEST).unlink()
    before = (tmp_path / PREVIOUS).read_bytes()
    epochs = fit_in(tmp_path)
    next(epochs)
    assert (tmp_path / PREVIOUS).read_bytes() == before
    assert [metrics.epoch for metrics in epochs] == [2, 3]


def test_where_both_are_broken_training_begins_anew_and_says_so(
    fit_in: Fit, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = list(fit_in(tmp_path / "whole"))
    stop_after(2, fit_in, tmp_path / "damaged")
    for name in (NEWEST, PREVIOUS):
        truncate(tmp_path / "damaged" / name)
    assert learnt(list(fit_in(tmp_path / "damaged"))) == learnt(whole)
    assert "no checkpoint is whole: training begins anew" in caplog.text


def test_a_finished_run_keeps_one_checkpoint(fit_in: Fit, tmp_path: Path) -> None:
    list(fit_in(tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {NEWEST, "best.pt", "predictions.parquet"}


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_ones(
    fit_in: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = fit_in(tmp_path)
    next(epochs)
    next(epochs)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        next(epochs)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "film-test", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("n_numbers", [20_000, 2_000_000])
def test_a_full_disk_is_the_systems_own_error_and_keeps_what_was_there(
    small_disk: Path, n_numbers: int
) -> None:
    save_tensors({"epoch": 1}, small_disk / "best.pt")
    with pytest.raises(OSError, match="No space left") as caught:
        save_tensors({"x": torch.zeros(n_numbers)}, small_disk / "best.pt")
    assert caught.value.errno == errno.ENOSPC
    assert load_tensors(small_disk / "best.pt") == {"epoch": 1}
    assert [path.name for path in small_disk.iterdir()] == ["best.pt"]
