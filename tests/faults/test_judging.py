"""A judge that sees nothing would find every store in order."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.ground import Ground
from tests.faults.judging import judge
from tests.faults.launching import start
from tests.faults.scene import Scene
from tests.faults.serving import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def scene(ground: Ground, tmp_path: Path) -> Scene:
    """Give a store that is like the undisturbed one."""
    scene = Scene(ground, tmp_path, random.Random(0), Server(tmp_path))  # noqa: S311
    shutil.copytree(ground.reference, scene.store)
    return scene


def a_trial(scene: Scene) -> Path:
    return scene.trials[0].path


def test_an_undisturbed_store_is_in_order(scene: Scene) -> None:
    judge(scene)
    assert scene.problems == []


def another_number(scene: Scene) -> None:
    path = a_trial(scene) / "metrics.jsonl"
    first, *others = path.read_text().splitlines()
    row = json.loads(first)
    row["val_loss"] += 1e-9
    path.write_text("\n".join([json.dumps(row), *others]) + "\n")


def epoch_twice(scene: Scene) -> None:
    path = a_trial(scene) / "metrics.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")


def no_mark(scene: Scene) -> None:
    (a_trial(scene) / "done.json").unlink()


def marked_anew(scene: Scene) -> None:
    scene.keep()
    path = a_trial(scene) / "done.json"
    path.write_text(path.read_text() + " ")


def no_end(scene: Scene) -> None:
    path = a_trial(scene) / "state.json"
    said = json.loads(path.read_text())
    del said["attempts"][-1]["ended_at"]
    path.write_text(json.dumps(said))


def other_answers(scene: Scene) -> None:
    path = a_trial(scene) / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def left_behind(scene: Scene) -> None:
    (a_trial(scene) / ".checkpoint.pt.abc").touch()


def surplus(scene: Scene) -> None:
    (a_trial(scene) / "core").touch()


def another_table(scene: Scene) -> None:
    path = scene.store / "studies" / "faults" / "report" / "table.csv"
    path.write_text(path.read_text().replace("0.", "1.", 1))


def still_running(scene: Scene) -> None:
    ask(scene, "UPDATE runs SET status = 'RUNNING'")


def point_missing(scene: Scene) -> None:
    ask(scene, "DELETE FROM metrics WHERE key = 'val/loss' AND step = 2")


def run_missing(scene: Scene) -> None:
    ask(scene, "DELETE FROM tags WHERE key = 'film.trial_id'")


def ask(scene: Scene, query: str) -> None:
    with closing(sqlite3.connect(scene.store / "mlflow.db")) as connection:
        connection.execute(query)
        connection.commit()


@pytest.mark.parametrize(
    ("hurt", "word"),
    [
        (another_number, "other numbers"),
        (epoch_twice, "other numbers"),
        (no_mark, "is not finished"),
        (marked_anew, "was finished again"),
        (no_end, "has no end"),
        (other_answers, "other predictions"),
        (left_behind, "temporary files"),
        (surplus, "left in the store"),
        (another_table, "another table"),
        (still_running, "RUNNING"),
        (point_missing, "points of val/loss"),
        (run_missing, "has 0 runs"),
    ],
)
def test_what_is_wrong_is_seen(
    hurt: Callable[[Scene], None], word: str, scene: Scene
) -> None:
    hurt(scene)
    judge(scene)
    assert any(word in problem for problem in scene.problems), scene.problems


def test_a_process_left_behind_is_seen_and_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.judging._DEATH_S", 0.5)
    launch = start(
        ["timeit", "-n", "1", "-s", "import time", "time.sleep(60)"], scene.folder
    )
    scene.launches.append(launch)
    judge(scene)
    assert any("processes left behind" in problem for problem in scene.problems)
    assert launch.wait(10) == -9


def test_a_traceback_and_an_untrue_exit_code_are_seen(scene: Scene) -> None:
    launch = start(["tests.faults.no_such_module"], scene.folder / "output")
    scene.launches.append(launch)
    launch.wait()
    launch.errors.write_text("Traceback (most recent call last)")
    scene.end(launch, {0})
    assert any("exit code 1" in problem for problem in scene.problems)
