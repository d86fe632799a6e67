"""A real server, on SQLite and on PostgreSQL, with a password and without."""

import http.server
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reports.load import load_results
from runner.store.workspace import Workspace
from runner.tracking.address import normal_uri
from runner.tracking.mirror import Mirror
from studies.trial import Trial

pytestmark = [
    pytest.mark.slow,
    # MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
    pytest.mark.filterwarnings("ignore:.*noload.*loader strategy"),
]

PATIENCE_S = 240.0
SECRET = "open-sesame-42"  # noqa: S105 - of servers that the tests start


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    words: list[str],
    ready: Callable[[], object],
    *,
    stop: signal.Signals = signal.SIGTERM,
    **how: Any,
) -> Iterator[None]:
    """Keep a server of its own session for as long as the context lasts."""
    server = subprocess.Popen(words, start_new_session=True, **how)
    try:
        end = time.monotonic() + PATIENCE_S
        while not ready():
            assert server.poll() is None, f"{words[0]} ended: {server.returncode}"
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.2)
        yield
    finally:
        if server.poll() is None:
            os.killpg(server.pid, stop)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


@contextmanager
def mlflow_server(
    folder: Path, backend: str, port: int, more: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Serve a backend store, with files beside it."""
    words = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    words += ["--port", str(port), "--workers", "1"]
    words += ["--artifacts-destination", (folder / "files").as_uri()]
    words += ["--app-name", "basic-auth"] if more else []
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "true"}
    environment = os.environ | quiet | {"MLFLOW_BACKEND_STORE_URI": backend}

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return True
        except OSError:
            return False

    environment |= dict(more or {})
    with (folder / "server.log").open("a") as log:
        how = {"env": environment, "cwd": folder, "stdout": log, "stderr": log}
        with process(words, answers, **how):
            yield


def postgres_programs() -> Path | None:
    """Find PostgreSQL's programs."""
    found = shutil.which("initdb")
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    path = Path(found).resolve() if found else next(iter(there), None)
    return path.parent if path is not None else None


@pytest.fixture
def postgres() -> Iterator[str]:
    """Start PostgreSQL, and give the address of a database that asks for a password."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb is not installed")
    if not find_spec("pg8000"):
        pytest.skip("no driver of PostgreSQL is installed (pip install pg8000)")
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    home = Path(tempfile.mkdtemp(prefix="film-postgres-"))
    port = free_port()
    try:
        (home / "password").write_text(SECRET)
        if os.geteuid() == 0:  # which PostgreSQL refuses
            shutil.chown(home, user)
            shutil.chown(home / "password", user)
        making = [str(programs / "initdb"), "-D", str(home / "data"), "-U", "film"]
        making += ["-A", "scram-sha-256", f"--pwfile={home / 'password'}", "-N"]
        how: dict[str, Any] = {"user": user} if os.geteuid() == 0 else {}
        how |= {"cwd": home, "stdout": subprocess.DEVNULL}
        subprocess.run(making, check=True, **how)
        words = [str(programs / "postgres"), "-D", str(home / "data"), "-F"]
        words += ["-h", "127.0.0.1", "-p", str(port), "-k", str(home)]
        ask = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]

        def answers() -> bool:
            return subprocess.run(ask, check=False).returncode == 0

        fast = signal.SIGINT  # which lets PostgreSQL not wait for its clients
        with process(words, answers, stop=fast, stderr=subprocess.DEVNULL, **how):
            place = f"127.0.0.1:{port}/postgres"
            yield f"postgresql+pg8000://film:{SECRET}@{place}"
    finally:
        shutil.rmtree(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'server.db'}"
    return str(request.getfixturevalue("postgres"))


def test_a_server_that_was_away_gets_what_it_missed(
    backend: str, begun: Any, workspace: Workspace, seen: Any, tmp_path: Path
) -> None:
    one, other = begun(), begun("β := 0", model__film__beta="zero")
    one.finish()
    port = free_port()
    seen.uri = uri = f"http://127.0.0.1:{port}"
    said: list[str] = []
    mirror = Mirror(workspace, uri, warn=said.append)
    with mlflow_server(tmp_path, backend, port):
        assert mirror.everything([one.folder], []) == 1
        assert seen.steps() == [1, 2, 3]
        files = {"metrics.jsonl", "predictions.parquet", "log.txt"}
        assert files <= seen.files()
        assert seen.run.info.artifact_uri.startswith("mlflow-artifacts:/")
    other.finish()
    start = time.monotonic()
    assert mirror.everything([one.folder, other.folder], []) == 0
    assert time.monotonic() - start < 30
    assert mirror.problem
    (line,) = said
    assert "`film sync` sends it later" in line
    with mlflow_server(tmp_path, backend, port):
        assert mirror.everything([one.folder, other.folder], []) == 1
        again = Mirror(workspace, uri, warn=pytest.fail)
        assert again.everything([one.folder, other.folder], [], again=True) == 2
        assert {run.info.status for run in seen.runs} == {"FINISHED"}
        assert len(seen.runs) == 2


def test_reports_read_a_server(
    begun: Any, make_trial: Callable[..., Trial], workspace: Workspace, tmp_path: Path
) -> None:
    recorded = begun()
    recorded.finish()
    port = free_port()
    with mlflow_server(tmp_path, f"sqlite:///{tmp_path / 'server.db'}", port):
        uri = f"http://127.0.0.1:{port}"
        Mirror(workspace, uri, warn=pytest.fail).everything([recorded.folder], [])
        results = load_results([make_trial()], uri)
    assert list(results.curves["epoch"]) == [1, 2, 3]
    assert list(results.trials["val_accuracy"]) == [0.5]
    assert list(results.answers[recorded.folder.trial_id].correct) == [True, False]


def test_postgresql_itself_may_be_the_store_and_its_password_is_written_nowhere(
    postgres: str, begun: Any, workspace: Workspace, seen: Any
) -> None:
    trial = begun()
    trial.finish()
    uri = normal_uri(postgres)
    assert Mirror(workspace, uri, warn=pytest.fail).everything([trial.folder], []) == 1
    seen.uri = uri
    assert seen.steps() == [1, 2, 3]
    assert seen.run.info.artifact_uri.startswith(workspace.artifacts.as_uri())
    assert Mirror(workspace, uri, warn=pytest.fail).everything([trial.folder], []) == 0
    written = [path for path in workspace.root.rglob("*") if path.is_file()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


@pytest.fixture
def no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "")
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}")


@pytest.mark.usefixtures("no_user")
def test_a_server_with_a_password_takes_it_from_the_address_or_the_environment(
    begun: Any, workspace: Workspace, seen: Any, tmp_path: Path
) -> None:
    if not find_spec("flask_wtf"):
        pytest.skip("MLflow's login is not installed (pip install mlflow[auth])")
    trial = begun()
    trial.finish()
    port = free_port()
    login = {"MLFLOW_FLASK_SERVER_SECRET_KEY": "a-key-for-tests"}
    login |= {"MLFLOW_AUTH_ADMIN_USERNAME": "admin"}
    login |= {"MLFLOW_AUTH_ADMIN_PASSWORD": SECRET}
    with mlflow_server(tmp_path, f"sqlite:///{tmp_path / 'a.db'}", port, login):
        said: list[str] = []
        for user in ("", "admin:wrong-password@"):
            uri = normal_uri(f"http://{user}127.0.0.1:{port}")
            mirror = Mirror(workspace, uri, warn=said.append)
            assert mirror.everything([trial.folder], []) == 0
            assert "401" in mirror.problem or "not authenticated" in mirror.problem
        uri = normal_uri(f"http://admin:{SECRET}@127.0.0.1:{port}")
        assert uri == f"http://127.0.0.1:{port}"
        mirror = Mirror(workspace, uri, warn=pytest.fail)
        assert mirror.everything([trial.folder], []) == 1
        seen.uri = uri
        assert seen.steps() == [1, 2, 3]
    assert len(said) == 2
    assert "wrong-password" not in "".join(said)


@pytest.mark.usefixtures("no_user")
def test_a_token_is_sent_and_never_said(
    begun: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = begun()
    trial.finish()
    heard: list[str] = []

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["Authorization"])
            self.send_error(403, f"no: {self.headers['Authorization']}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", SECRET)
    said: list[str] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}"
        mirror = Mirror(workspace, uri, warn=said.append)
        assert mirror.everything([trial.folder], []) == 0
        server.shutdown()
    assert set(heard) == {f"Bearer {SECRET}"}
    assert "403" in said[0]
    assert SECRET not in said[0] + mirror.problem
