"""A real MLflow server on this machine, to be stopped and started."""

import signal
import socket
import threading
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from tests.faults.launching import Launch, start, tail, wait_for

__all__ = ["Server"]

_START_S: Final = 240.0  # it is slow, and the machine may be busy
_EXPERIMENT: Final = "film"


@dataclass
class Server:
    """One server for all faults that need one: it takes long to start."""

    folder: Path
    port: int = 0
    running: Launch | None = field(default=None)
    # Of several cases at the same time one alone may do something to it.
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def uri(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; `await_ready` waits until it answers."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        words = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        words += ["--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}"]
        words += ["--artifacts-destination", str(self.folder / "artifacts")]
        self.running = start(
            [*words, "--workers", "1"],
            self.folder,
            MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
            MLFLOW_DISABLE_TELEMETRY="true",
        )

    def await_ready(self) -> None:
        """Wait until it answers.

        Raises:
            RuntimeError: It does not, or it is not running.
        """
        if self.running is None:
            raise RuntimeError("no MLflow server was started")
        if not wait_for(self._answers, _START_S):
            said = tail(self.running.errors)
            raise RuntimeError(f"the MLflow server does not start: {said}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=5) as answer:  # noqa: S310 - ours
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def processes(self) -> list[psutil.Process]:
        """Its processes."""
        return self.running.processes() if self.running else []

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        for process in self.processes():
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def stop(self) -> None:
        """End it, and wait until it is gone."""
        if self.running is not None:
            self.send(signal.SIGKILL)
            self.running.process.wait()
            self.running = None

    def put_aside(self) -> None:
        """Rename the experiment, so that the next store finds an empty server."""
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - two seconds

        client = MlflowClient(self.uri)
        found = client.get_experiment_by_name(_EXPERIMENT)
        if found is not None:
            aside = f"judged-{uuid.uuid4().hex}"
            client.rename_experiment(found.experiment_id, aside)
