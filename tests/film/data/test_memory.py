"""Free memory is that of the machine, and never more than a container may take."""

from pathlib import Path

import psutil
import pytest

from film.data.memory import free_bytes

V1 = ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")
V2 = ("memory.max", "memory.current")


def write(folder: Path, names: tuple[str, str], limit: str, usage: str) -> None:
    for name, text in zip(names, (limit, usage), strict=True):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{text}\n", encoding="ascii")


@pytest.mark.parametrize("names", [V1, V2])
def test_a_containers_limit_less_its_usage_is_free(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    write(tmp_path, names, "5000", "3000")
    assert free_bytes(tmp_path) == 2000
    write(tmp_path, names, "5000", "5001")
    assert free_bytes(tmp_path) == 0


@pytest.mark.parametrize(
    ("path", "key"),
    [("memory.stat", "inactive_file"), ("memory/memory.stat", "total_inactive_file")],
)
def test_files_that_linux_keeps_only_while_there_is_room_count_as_free(
    tmp_path: Path, path: str, key: str
) -> None:
    write(tmp_path, V1 if "/" in path else V2, "5000", "3000")
    (tmp_path / path).write_text(f"anon 7\n{key} 1200\n", encoding="ascii")
    assert free_bytes(tmp_path) == 3200


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_without_a_limit_the_machines_memory_is_free(
    tmp_path: Path, limit: str
) -> None:
    write(tmp_path, V2, limit, "3000")
    for folder in (tmp_path, tmp_path / "absent"):
        free = free_bytes(folder)
        assert 0 < free <= psutil.virtual_memory().total
