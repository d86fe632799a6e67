"""The MLflow UI is served on loopback, and gone when it is stopped."""

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from runner.tracking.ui import free_port

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
