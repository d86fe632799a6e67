"""Whether MLflow takes what is sent to it, and Ray starts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from runner.doctor.finding import Finding, fail, ok, warning
from runner.tracking.address import is_server, sqlite_file
from runner.tracking.checking import (
    problem_of,
    read_schema,
    server_version,
    wanted_schema,
)
from runner.tracking.database import is_damaged
from runner.tracking.secrets import redacted

__all__ = ["check_mlflow", "check_ray"]

_RAY_S: Final = 180.0
_ASK_RAY: Final = ("-m", "runner.tune.greeting")
_ANEW: Final = "move it away: `film sync` makes it anew from the trials' folders"


def check_mlflow(uri: str) -> Iterator[Finding]:
    """See whether an MLflow store can be used.

    Args:
        uri: Its address.

    Yields:
        What was found.
    """
    path = sqlite_file(uri)
    if path is not None:
        yield from _local(path, uri)
        return
    shown = redacted(uri)
    problem = problem_of(uri)
    if problem:
        yield fail(
            f"{shown} does not answer: {problem}",
            "is the server up, the address right, and are MLFLOW_TRACKING_USERNAME "
            "and _PASSWORD, or _TOKEN, set? Without it studies run all the same, and "
            "`film sync` sends later what was recorded",
        )
        return
    theirs, ours = server_version(uri) if is_server(uri) else (None, version("mlflow"))
    if theirs is not None and theirs.split(".")[:1] != ours.split(".")[:1]:
        yield warning(
            f"{shown} is MLflow {theirs}, and the one here is {ours}",
            "versions with the same first number work together",
        )
    else:
        yield ok(f"{shown} answers (MLflow {theirs or 'of unknown version'})")


def _local(path: Path, uri: str) -> Iterator[Finding]:
    if not path.exists():
        yield ok(f"{path} does not exist yet; the first launch makes it")
        return
    if is_damaged(path, read_only=True):
        yield fail(f"{path} is damaged", _ANEW)
        return
    found, wanted = read_schema(path), wanted_schema()
    if wanted is not None and found != wanted:
        yield fail(
            f"{path} is of another MLflow than {version('mlflow')} "
            f"(its tables are {found or 'unknown'}, and should be {wanted})",
            _ANEW,
        )
        return
    problem = problem_of(uri)
    if problem:
        yield fail(f"{path} cannot be opened: {problem}", _ANEW)
    else:
        yield ok(f"{path} opens (MLflow {version('mlflow')})")


def check_ray(
    words: Sequence[str] = _ASK_RAY, *, patience_s: float = _RAY_S
) -> Iterator[Finding]:
    """See whether Ray starts here, and a worker of it answers.

    Args:
        words: What Python is to run.
        patience_s: How long that may take.

    Yields:
        What was found.
    """
    remedy = (
        "a busy machine, little memory, or a full /tmp keep Ray from starting; its own "
        "account is in /tmp/film-*/session_latest/logs while it tries"
    )
    with subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as asked:
        try:
            said, error = asked.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(asked.pid, signal.SIGKILL)
            yield fail(f"Ray did not start within {patience_s:g} s", remedy)
            return
    if asked.returncode:
        last = error.strip().splitlines()[-1:] or [f"code {asked.returncode}"]
        yield fail(f"Ray does not start: {redacted(last[0])}", remedy)
    else:
        seconds = said.strip().splitlines()[-1]
        yield ok(f"Ray {version('ray')} started and ran a task in {seconds} s")
