"""MLflow and Ray are asked, and what they lack is a line."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from runner.doctor.finding import Level
from runner.doctor.services import check_mlflow, check_ray
from runner.store.workspace import Workspace
from runner.tracking.tracker import Tracker

noload = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.at(tmp_path_factory.mktemp("store"))
    Tracker(workspace.tracking_uri, workspace.artifacts)
    return workspace.root / "mlflow.db"


@noload
def test_a_local_store_is_opened_and_not_made(
    workspace: Workspace, database: Path
) -> None:
    uri = workspace.tracking_uri
    (found,) = check_mlflow(uri)
    assert found.said.endswith(
        "mlflow.db does not exist yet; the first launch makes it"
    )
    assert not workspace.root.exists()
    workspace.root.mkdir()
    shutil.copy(database, workspace.root)
    (found,) = check_mlflow(uri)
    assert (found.level, found.remedy) == (Level.OK, "")
    assert "mlflow.db opens (MLflow " in found.said


@noload
def test_a_store_of_another_version_or_a_damaged_one_is_said(
    workspace: Workspace, database: Path
) -> None:
    workspace.root.mkdir()
    path = Path(shutil.copy(database, workspace.root))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'future'")
    (found,) = check_mlflow(workspace.tracking_uri)
    assert found.level is Level.FAIL
    assert "its tables are future, and should be " in found.said
    assert "film sync" in found.remedy
    for end in ("-wal", "-shm"):
        path.with_name(f"mlflow.db{end}").unlink(missing_ok=True)
    path.write_bytes(b"this is no database" * 100)
    (found,) = check_mlflow(workspace.tracking_uri)
    assert found.said == f"{path} is damaged"


class Server(BaseHTTPRequestHandler):
    said = "1.2.3"

    def do_GET(self) -> None:
        self._answer(self.said.encode())

    def do_POST(self) -> None:
        self._answer(b"{}")

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Server) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


@noload
def test_a_server_of_another_great_version_is_a_warning(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = check_mlflow(server)
    assert found.level is Level.WARNING
    assert f"{server} is MLflow 1.2.3, and the one here is " in found.said
    monkeypatch.setattr(Server, "said", "3.0.0")
    (found,) = check_mlflow(server)
    assert found.said == f"{server} answers (MLflow 3.0.0)"


@noload
def test_a_server_that_is_down_is_said_without_its_password() -> None:
    (found,) = check_mlflow("http://ada:lovelace@127.0.0.1:9")
    assert found.level is Level.FAIL
    assert "***@127.0.0.1:9 does not answer" in found.said
    assert "lovelace" not in found.said + found.remedy


def test_a_ray_that_fails_or_hangs_is_one_line() -> None:
    (found,) = check_ray(("-c", "raise OSError('no room')"))
    assert found.said == "Ray does not start: OSError: no room"
    (found,) = check_ray(("-c", "import time; time.sleep(60)"), patience_s=0.2)
    assert found.said == "Ray did not start within 0.2 s"
    assert found.level is Level.FAIL


@pytest.mark.slow
def test_ray_starts_here_and_runs_a_task() -> None:
    (found,) = check_ray()
    assert found.level is Level.OK, found
    assert "started and ran a task in " in found.said
