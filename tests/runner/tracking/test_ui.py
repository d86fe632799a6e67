"""The MLflow UI is served on loopback, and gone when it is stopped."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.store.workspace import Workspace
from runner.tracking.ui import free_port, pages

pytestmark = pytest.mark.slow


def test_a_taken_port_is_not_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)]
)
def test_the_ui_answers_until_it_is_stopped(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        command = [sys.executable, "-m", "runner.cli", "ui", "--no-browser"]
        command += ["--port", str(wanted), "--store", str(tmp_path / "store")]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            name, link = process.stdout.readline().split()
            assert name == "runs"
            server, _, page = link.partition("/#/")
            port = int(server.rpartition(":")[2])
            assert page.startswith("experiments/1/runs?workflowType=machine_learning")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/version") as answer:
                assert answer.status == 200
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
            assert errors == f"port {wanted} is taken: this is port {port}\n"
            assert process.returncode == code
            assert free_port(port) == port
        finally:  # a failure leaves no server behind
            process.terminate()
            process.communicate()


def test_a_server_that_ends_by_itself_is_told(
    film: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def served(*_: object) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen([sys.executable, "-c", "exit(3)"], text=True) as server:
            yield server

    monkeypatch.setattr("runner.tracking.ui.served", served)
    monkeypatch.setattr("runner.tracking.ui.pages", lambda *_: {"runs": "http://x"})
    code, _, error = film("ui", "--no-browser", "--store", "store")
    assert code != 0
    assert "the MLflow server ended by itself (3); see " in error
    assert error.rstrip().endswith("ui.log")


@pytest.mark.parametrize(
    ("theirs", "names"),
    [
        ("3.18.1", ["charts", "table"]),
        ("2.9.0", ["runs"]),
        ("<html>", ["runs"]),
        (None, ["runs"]),
    ],
)
def test_saved_views_are_for_servers_that_know_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    theirs: str | None,
    names: list[str],
) -> None:
    class Tracker:
        experiment_id = "1"

        def __init__(self, *_: object) -> None:
            pass

        def publish_views(self, study: str) -> None:
            assert study == "tiny"

    monkeypatch.setattr("runner.tracking.ui.Tracker", Tracker)
    monkeypatch.setattr(
        "runner.tracking.ui.server_version", lambda _: (theirs, "3.17.0")
    )
    uri = "http://127.0.0.1:9"
    assert list(pages(uri, uri, Workspace.at(tmp_path), "tiny")) == names
