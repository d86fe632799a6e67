"""A probe that fails in its own process is one line for the user."""

from concurrent.futures import Future
from typing import Any

import pytest

from film.errors import DataError, FilmError
from runner.errors import LaunchError
from runner.planning import probing


@pytest.mark.parametrize(
    ("problem", "kind", "line"),
    [
        (
            RuntimeError("CUDA out of memory.\nTried 9 GiB"),
            LaunchError,
            r"^the probe failed: RuntimeError: CUDA out of memory\. Tried 9 GiB$",
        ),
        (MemoryError(), LaunchError, "^the probe failed: MemoryError"),
        (DataError("no such data"), DataError, "^no such data$"),
    ],
)
def test_what_its_process_raises_is_said(
    problem: Exception,
    kind: type[FilmError],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def submit(*_: object) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(problem)
        return future

    monkeypatch.setattr("runner.planning.probing.ProcessPoolExecutor.submit", submit)
    with pytest.raises(kind, match=line):
        probing._in_a_process(None)  # type: ignore[arg-type] # never looked at
