"""What the machine lacks for a sweep is said with what would do."""

import resource
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from runner.doctor import machine
from runner.doctor.finding import Level
from runner.doctor.machine import (
    check_cores,
    check_disk,
    check_limits,
    check_memory,
    check_ports,
    existing,
)


def test_a_container_s_share_of_the_cores_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "n_cores", lambda: 4)
    (found,) = check_cores(tmp_path)
    assert found.said.startswith("4 cores; ")
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (found,) = check_cores(tmp_path)
    assert found.said == "4 cores are seen, but this container may use 1.5"
    assert "-j 1" in found.remedy
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert [one.level for one in check_cores(tmp_path)] == [Level.OK]
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("200000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert [one.level for one in check_cores(tmp_path)] == [Level.WARNING]
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert [one.level for one in check_cores(tmp_path)] == [Level.OK]


@pytest.mark.parametrize(
    ("free", "level"),
    [(900 << 20, Level.FAIL), (1100 << 20, Level.WARNING), (64 << 30, Level.OK)],
)
def test_memory_is_counted_in_trials(
    free: int, level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "n_cores", lambda: 2)
    (found,) = check_memory(free)
    assert found.level is level
    assert bool(found.remedy) is (level is not Level.OK)


def test_memory_here_is_asked_for() -> None:
    assert "of memory are free" in next(check_memory()).said


@pytest.mark.parametrize(
    ("free", "level"),
    [(100 << 20, Level.FAIL), (1 << 30, Level.WARNING), (9 << 30, Level.OK)],
)
def test_room_is_looked_for_where_it_will_be_needed(
    free: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(machine, "_SHARED", tmp_path / "none")
    store, temporary = check_disk(tmp_path / "not" / "yet")
    assert store.level is temporary.level is level
    assert f"for the store ({tmp_path})" in store.said


def test_a_disk_without_inodes_and_a_small_dev_shm_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = SimpleNamespace(f_files=10_000, f_favail=3)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=9 << 30))
    monkeypatch.setattr("os.statvfs", lambda _: said)
    monkeypatch.setattr(machine, "_SHARED", tmp_path)
    monkeypatch.setattr(machine, "_SHARED_BYTES", 10 << 30)
    found = [one.said for one in check_disk(tmp_path)]
    assert sum(said.startswith("only 3 more files fit") for said in found) == 2
    assert found[-1].endswith(f"are free in {tmp_path}")


def test_few_files_or_processes_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    (fine,) = check_limits()
    assert fine.level is Level.OK
    limits = {resource.RLIMIT_NOFILE: (256, 4096), resource.RLIMIT_NPROC: (100, 100)}
    monkeypatch.setattr(resource, "getrlimit", limits.__getitem__)
    files, processes = check_limits()
    assert (files.said, files.remedy) == (
        "256 files may be open at once",
        "`ulimit -n 4096`",
    )
    assert processes.level is Level.WARNING


def test_a_taken_port_and_a_proxy_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (taken,) = check_ports(port)
        assert taken.said == f"port {port} of 127.0.0.1 is taken"
    (free,) = check_ports(port)
    assert free.level is Level.OK
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    assert [one.level for one in check_ports(port)] == [Level.WARNING, Level.OK]
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert [one.level for one in check_ports(port)] == [Level.OK]


def test_the_nearest_folder_that_exists_is_found(tmp_path: Path) -> None:
    assert existing(tmp_path / "a" / "b") == tmp_path
    assert existing(tmp_path) == tmp_path
