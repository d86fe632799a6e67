"""An address that is no cluster's is said to be none, in one line and in seconds."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from runner.errors import LaunchError
from runner.tune.address import check_address, find_address


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def web_server() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_host_with_its_port_is_taken_as_it_is() -> None:
    assert find_address("head:6379") == "head:6379"
    assert find_address("[::1]:6379") == "[::1]:6379"


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "head:port", ""])
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(LaunchError, match="give HOST:PORT of the cluster's head"):
        find_address(address)


def test_ray_client_is_refused_with_what_would_do() -> None:
    with pytest.raises(LaunchError, match="call film on one of its machines"):
        find_address("ray://head:10001")


def test_auto_is_the_cluster_of_the_environment_before_the_last_one_started_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(LaunchError, match="no cluster was started on this machine"):
        find_address("auto")
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:6001\n")
    assert find_address("auto") == "127.0.0.1:6001"
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert find_address("auto") == "head:6379"


def test_where_nobody_listens_it_says_so(free_port: int) -> None:
    with pytest.raises(LaunchError, match=r"nothing answers .*`ray start --head"):
        check_address(f"127.0.0.1:{free_port}")


def test_a_server_of_another_kind_is_no_head_of_a_cluster(
    web_server: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LaunchError, match="is not the head of a Ray cluster"):
        check_address(f"127.0.0.1:{web_server}")
    assert "gcs" not in capfd.readouterr().err


def test_a_server_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runner.tune.address._PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(LaunchError, match="is not the head of a Ray cluster"):
            check_address(f"127.0.0.1:{port}")


def test_a_machine_outside_the_cluster_is_told_how_to_join(
    web_server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.tune.address._speaks_http2", lambda _: True)
    monkeypatch.setattr("runner.tune.address._ask_head", lambda _: None)
    monkeypatch.setattr("psutil.process_iter", lambda _: [])
    with pytest.raises(LaunchError, match=r"`ray start --address=.* --num-cpus=0"):
        check_address(f"127.0.0.1:{web_server}")
