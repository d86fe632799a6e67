"""Free memory is that of the machine, and never more than a container may take."""

from pathlib import Path

import psutil
import pytest

from film.data.memory import free_bytes, limiting_group, total_bytes

V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")
V2 = ("memory.max", "memory.current")


def folder_of(root: Path, names: tuple[str, str], group: str = "") -> Path:
    mount = root / "sys/fs/cgroup" / ("memory" if names == V1 else "")
    return mount / group


def write(
    root: Path, names: tuple[str, str], limit: str, usage: str, group: str = ""
) -> None:
    folder = folder_of(root, names, group)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(names, (limit, usage), strict=True):
        (folder / name).write_text(f"{text}\n", encoding="ascii")


def place(root: Path, *lines: str) -> None:
    """Say in which groups this process is."""
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/cgroup").write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("names", [V1, V2])
def test_a_containers_limit_less_its_usage_is_free(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    write(tmp_path, names, "5000", "3000")
    assert free_bytes(tmp_path) == 2000
    write(tmp_path, names, "5000", "5001")
    assert free_bytes(tmp_path) == 0


@pytest.mark.parametrize(
    ("names", "key"), [(V2, "inactive_file"), (V1, "total_inactive_file")]
)
def test_files_that_linux_keeps_only_while_there_is_room_count_as_free(
    tmp_path: Path, names: tuple[str, str], key: str
) -> None:
    write(tmp_path, names, "5000", "3000")
    stat = folder_of(tmp_path, names) / "memory.stat"
    stat.write_text(f"anon 7\n{key} 1200\n", encoding="ascii")
    assert free_bytes(tmp_path) == 3200


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_without_a_limit_the_machines_memory_is_free(
    tmp_path: Path, limit: str
) -> None:
    write(tmp_path, V2, limit, "3000")
    for folder in (tmp_path, tmp_path / "absent"):
        free = free_bytes(folder)
        assert 0 < free <= psutil.virtual_memory().total


@pytest.mark.parametrize("names", [V1, V2])
def test_the_smallest_limit_on_the_way_up_is_all_there_is(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    number = "0:" if names == V2 else "4:memory,hugetlb"
    place(tmp_path, "7:cpu:/else", f"{number}:/slurm/job_7/step")
    write(tmp_path, names, "9000", "100", "slurm")
    write(tmp_path, names, "5000", "4500", "slurm/job_7")
    write(tmp_path, names, "8000", "100", "slurm/job_7/step")
    write(tmp_path, names, "70", "60", "else")
    assert total_bytes(tmp_path) == 5000
    assert free_bytes(tmp_path) == 500


def test_a_container_that_is_told_the_machines_path_has_the_limit_of_its_root(
    tmp_path: Path,
) -> None:
    place(tmp_path, "4:memory:/docker/abc", "0::/../../outside")
    write(tmp_path, V1, "5000", "3000")
    assert (total_bytes(tmp_path), free_bytes(tmp_path)) == (5000, 2000)


def test_the_machine_has_a_size_where_nothing_limits_it(tmp_path: Path) -> None:
    assert total_bytes(tmp_path) == psutil.virtual_memory().total
    assert 0 < total_bytes() <= psutil.virtual_memory().total


def test_the_group_that_limits_most_is_named_and_of_equal_ones_the_outer(
    tmp_path: Path,
) -> None:
    place(tmp_path, "0::/slurm/job/step")
    write(tmp_path, V2, "9000", "1", "slurm")
    assert limiting_group(tmp_path) == str(folder_of(tmp_path, V2, "slurm"))
    for group in ("slurm/job", "slurm/job/step"):
        write(tmp_path, V2, "5000", "1", group)
    assert limiting_group(tmp_path) == str(folder_of(tmp_path, V2, "slurm/job"))


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_where_no_group_limits_anything_none_is_named(
    tmp_path: Path, limit: str
) -> None:
    write(tmp_path, V2, limit, "1")
    assert limiting_group(tmp_path) == ""
