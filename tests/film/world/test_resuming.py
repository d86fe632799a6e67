"""A world that was stopped, however it was, goes on where it was."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from film.errors import DataError
from film.world.config import PRESETS, WorldConfig, load_world_config
from film.world.making import make_world

SETTINGS = {
    "n_train": 50,
    "n_val": 25,
    "n_test": 0,
    "questions_per_scene": 1,
    "width": 32,
    "height": 32,
    "min_objects": 2,
    "max_objects": 2,
}
TINY = load_world_config(SETTINGS, "tiny")

_CHILD = """
import sys
from pathlib import Path
from film.world.config import WorldConfig
from film.world.making import make_world
config = WorldConfig.model_validate_json(sys.argv[1])
for step in make_world(config, Path(sys.argv[2]), processes=int(sys.argv[3])):
    print(step.stage, step.done, flush=True)
"""


def make(config: WorldConfig, directory: Path, *, store_only: bool = False) -> Path:
    for _ in make_world(config, directory, store_only=store_only):
        pass
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def stop_when(
    config: WorldConfig, directory: Path, stage: str, *, store_only: bool = False
) -> None:
    """Stop as Ctrl-C does when a stage ends."""
    for step in make_world(config, directory, store_only=store_only):
        if step.stage == stage and step.done == step.total:
            return
    pytest.fail(f"there was no {stage}")


def kill_after(line: str, config: WorldConfig, directory: Path, jobs: int) -> None:
    arguments = (config.model_dump_json(), str(directory), str(jobs))
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, *arguments], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert f"{line}\n" in child.stdout
        time.sleep(random.uniform(0, 0.05))  # noqa: S311 (any moment will do)
        child.kill()


def finished(directory: Path) -> dict[str, int]:
    """When each file was written that belongs to a part that is done."""
    growing = directory / ".partial"
    records = [
        path for path in growing.glob(".parts/*.json") if path.name != "world.json"
    ]
    pictures = [
        growing / "CLEVR_v1.0" / name
        for path in records
        for name in json.loads(path.read_text()).get("pictures", ())
    ]
    return {
        str(path.relative_to(growing)): path.stat().st_mtime_ns
        for path in (*records, *pictures)
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(TINY, tmp_path_factory.mktemp("worlds") / "undisturbed")


def test_a_world_killed_again_and_again_comes_out_the_same(
    world: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "w"
    times: dict[str, int] = {}
    n_before = 0
    moments = (
        ("train: pictures 20", 2),
        ("train: questions 50", 1),
        ("val: pictures 0", 2),
    )
    for line, jobs in moments:
        kill_after(line, TINY, directory, jobs)
        now = finished(directory)
        assert {name: now[name] for name in times} == times  # nothing was made again
        assert len(now) > n_before
        times, n_before = now, len(now)
    make(TINY, directory)
    assert contents(directory) == contents(world)
    for name, written in times.items():
        if not name.startswith(".parts"):
            assert (directory / name).stat().st_mtime_ns == written


def test_a_store_that_is_done_is_not_written_again(world: Path, tmp_path: Path) -> None:
    stop_when(TINY, tmp_path / "w", "val: pictures")
    store = tmp_path / "w" / ".partial" / "train.h5"
    written = store.stat().st_mtime_ns
    stages = {step.stage for step in make_world(TINY, tmp_path / "w")}
    assert "train: store images" not in stages
    assert (tmp_path / "w" / "train.h5").stat().st_mtime_ns == written
    assert contents(tmp_path / "w") == contents(world)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_what_a_power_failure_tore_is_made_again(world: Path, tmp_path: Path) -> None:
    directory = tmp_path / "w"
    stop_when(TINY, directory, "val: questions")
    growing, before = directory / ".partial", finished(directory)
    cut(growing / "train.h5")
    cut(growing / "CLEVR_v1.0" / "images" / "train" / "CLEVR_train_000031.png")
    cut(growing / ".parts" / "train-questions-000000.json")
    (growing / ".parts" / "val-scenes-000000.json").write_bytes(b"\0" * 99)
    (growing / "CLEVR_v1.0" / "images" / "val" / "CLEVR_val_000021.png").unlink()
    (growing / ".parts" / "unfinished" / "1-CLEVR_val_000022.png").write_bytes(b"PNG")
    make(TINY, directory)
    assert contents(directory) == contents(world)
    name = "CLEVR_v1.0/images/train/CLEVR_train_{:06d}.png".format
    times = [(directory / name(n)).stat().st_mtime_ns for n in range(50)]
    changed = [n for n in range(50) if times[n] != before[name(n)]]
    assert changed == list(range(20, 40))  # the part of the torn picture, no other


@pytest.mark.parametrize(
    ("stage", "lost"),
    [
        ("train: pictures", "train-scenes-000020.json"),
        ("train: questions", "train-questions-000000.json"),
    ],
)
def test_a_part_that_is_lost_meanwhile_is_told_and_made_again(
    world: Path, tmp_path: Path, stage: str, lost: str
) -> None:
    steps = make_world(TINY, tmp_path / "w")
    for step in steps:
        if step.stage == stage and step.done == step.total:
            break
    (tmp_path / "w" / ".partial" / ".parts" / lost).unlink()
    with pytest.raises(DataError, match=f"{lost} was made and is gone; the same"):
        list(steps)
    make(TINY, tmp_path / "w")
    assert contents(tmp_path / "w") == contents(world)


def test_half_of_another_world_is_left_alone(tmp_path: Path) -> None:
    small = PRESETS["tiny"]
    other = small.model_copy(update={"seed": 1})
    stop_when(small, tmp_path / "w", "train: pictures")
    with pytest.raises(DataError, match="holds half of another world"):
        make(other, tmp_path / "w")
    make(small, tmp_path / "w")
    assert contents(tmp_path / "w") == contents(make(small, tmp_path / "whole"))


@pytest.mark.parametrize("first", [True, False])
def test_one_may_change_ones_mind_about_the_pictures(
    world: Path, tmp_path: Path, *, first: bool
) -> None:
    stop_when(TINY, tmp_path / "w", "val: pictures", store_only=first)
    make(TINY, tmp_path / "w", store_only=not first)
    expected = {
        name: content
        for name, content in contents(world).items()
        if first or "/" not in name
    }
    assert contents(tmp_path / "w") == expected


_FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from runner.cli import main
main(sys.argv[2:])
"""


# A file that may not grow fails as one on a full disk does.
@pytest.mark.parametrize(
    ("n_bytes", "jobs"), [(2000, 2), (60_000, 1)], ids=["a picture", "the store"]
)
def test_a_full_disk_is_one_line_and_loses_nothing(
    world: Path, tmp_path: Path, n_bytes: int, jobs: int
) -> None:
    settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    command = ["data", "make", "tiny", str(tmp_path / "w"), *settings]
    ended = subprocess.run(
        [sys.executable, "-c", _FULL, str(n_bytes), *command, f"-j{jobs}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if "train: " not in line]
    assert "File too large, while the world was made" in line
    assert "the same command goes on" in line
    before = finished(tmp_path / "w")
    make(TINY, tmp_path / "w")
    assert contents(tmp_path / "w") == contents(world)
    for name, written in before.items():
        if not name.startswith(".parts"):
            assert (tmp_path / "w" / name).stat().st_mtime_ns == written


def kill_a_worker() -> None:
    me = psutil.Process(os.getpid())
    workers = [
        child for child in me.children() if "spawn_main" in " ".join(child.cmdline())
    ]
    workers[0].kill()


def test_a_drawing_process_that_was_ended_is_one_line(tmp_path: Path) -> None:
    steps = make_world(TINY, tmp_path / "w", processes=2)
    for step in steps:
        if step.done:
            break
    kill_a_worker()
    with pytest.raises(DataError, match="a process that draws was ended, maybe for"):
        for _ in steps:
            pass
    assert finished(tmp_path / "w")


def test_an_interruption_while_processes_start_is_silent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runner.cli", "data", "make", "tiny", "w", "-j2"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as started:
        assert started.stderr is not None
        for told in started.stderr:
            if "train: pictures" in told:
                break
        os.killpg(started.pid, signal.SIGINT)  # as a terminal does
        rest = started.stderr.read()
    assert started.returncode == 130
    assert "Traceback" not in rest
    assert rest.strip().endswith("nothing that was finished is lost")
