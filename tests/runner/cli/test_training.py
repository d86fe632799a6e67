"""What goes wrong in `film train` is one line, with the log's path where it helps."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Film = Callable[..., tuple[int, str, str]]


def test_a_gpu_that_is_not_there_is_one_line(
    film: Film, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.cli.training.count_gpus", lambda _: 0)
    code, _, error = film("train", "--data", data, "--device", "cuda")
    assert code == 2
    assert error.startswith("film: error: a trial is to have 1 GPU, but torch sees 0")
    assert error.count("\n") == 1


def test_what_fails_in_torch_is_one_line_with_the_log(
    film: Film, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, **__: object) -> Iterator[None]:
        yield from ()
        raise RuntimeError("CUDA out of memory.\nTried to allocate 9 GiB")

    monkeypatch.setattr("runner.cli.training.run_trial", broken)
    code, _, error = film("train", "--data", data, "--store", "store")
    assert code == 2
    assert error.startswith("film: error: the trial failed: RuntimeError: CUDA out of ")
    assert error.rstrip().endswith("log.txt)")
    assert error.count("\n") == 1
