"""The MLflow UI of a store, on loopback, opened at a study."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from runner.errors import TrackingError
from runner.store.workspace import Workspace
from runner.tracking.address import is_server, sqlite_file
from runner.tracking.checking import server_version
from runner.tracking.client import quiet_environment
from runner.tracking.mirror import Mirror
from runner.tracking.secrets import redacted
from runner.tracking.tracker import Tracker
from runner.tracking.views import study_links

__all__ = ["free_port", "open_browser", "pages", "served"]

_HOST: Final = "127.0.0.1"
_START_S: Final = 90.0
_STOP_S: Final = 10.0
_SERVER: Final = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def pages(
    server: str, uri: str, workspace: Workspace, study: str | None
) -> dict[str, str]:
    """Prepare the pages of a study and give their addresses.

    Args:
        server: Where the UI answers.
        uri: The MLflow store.
        workspace: The store of everything.
        study: Whose page; None is all runs.

    Returns:
        Addresses for a browser, by what they show; the best one first.

    Raises:
        TrackingError: The store cannot be opened.
    """
    if sqlite_file(uri) is not None:  # a store that was moved begins anew
        Mirror(workspace, uri, warn=lambda _: None).whole_store()
    try:
        tracker = Tracker(uri, workspace.artifacts)
        if study is not None:
            tracker.publish_views(study)
    except Exception as error:
        line = redacted(" ".join(str(error).split())[:200])
        msg = f"MLflow at {redacted(uri)} cannot be opened: {line}"
        raise TrackingError(msg) from error
    theirs = server_version(uri)[0] if is_server(uri) else version("mlflow")
    return study_links(server, tracker.experiment_id, study, theirs or "")


def free_port(wanted: int) -> int:
    """Find a port to listen on.

    Args:
        wanted: Taken where it is free.

    Returns:
        That port, or any free one.

    Raises:
        TrackingError: There is none.
    """
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise TrackingError("no port is free on 127.0.0.1")


@contextmanager
def served(
    uri: str, workspace: Workspace, port: int
) -> Iterator[subprocess.Popen[str]]:
    """Serve a store's UI on loopback for as long as the context lasts.

    Args:
        uri: The MLflow store.
        workspace: The store of everything.
        port: Where to listen.

    Yields:
        The server's process, which answers.

    Raises:
        TrackingError: It did not start.
    """
    quiet_environment()
    words = ["server", "--host", _HOST, "--port", str(port)]
    words += ["--workers", "1", "--default-artifact-root", workspace.artifacts.as_uri()]
    log = workspace.root / "ui.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "mlflow", *words],
            env=os.environ | _SERVER | {"MLFLOW_BACKEND_STORE_URI": uri},  # not in `ps`
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for us, who then stop it
        )
        before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        try:
            if not _answers(process, port):
                raise TrackingError(f"the MLflow server did not start; see {log}")
            yield process
        finally:
            _stop(process)
            signal.signal(signal.SIGTERM, before)


def open_browser(address: str) -> None:
    """Show an address in the user's browser, where there is one.

    Args:
        address: What to show.
    """
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        if not os.environ.get("WAYLAND_DISPLAY"):
            return  # a text browser would take over the terminal
    webbrowser.open(address)


def _answers(process: subprocess.Popen[str], port: int) -> bool:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{_HOST}:{port}/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
