"""MLflow is a mirror: it lags behind, is mended, and is never in the way."""

import importlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from reports.load import load_results
from runner.store.workspace import Workspace
from runner.tracking.mirror import Mirror
from studies.trial import Trial

# MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy")


@pytest.fixture
def silent() -> Iterator[str]:
    """Give the address of a server that takes what it is sent, and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def mirror(workspace: Workspace) -> Mirror:
    return Mirror(workspace, workspace.tracking_uri, warn=pytest.fail)


def until(what: Callable[[], object], *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_sweep_never_waits_for_a_server_that_hangs(
    begun: Any, workspace: Workspace, silent: str
) -> None:
    trial = begun()
    trial.finish()
    said: list[str] = []
    mirror = Mirror(workspace, silent, warn=said.append, silence_s=1.0)
    start = time.monotonic()
    for _ in range(100):
        mirror.trial(trial.folder)
    assert time.monotonic() - start < 1.0
    assert mirror.everything([trial.folder], []) == 0
    assert time.monotonic() - start < 30.0  # of which most is to import MLflow
    assert "no answer for" in mirror.problem
    (line,) = said
    assert silent in line
    assert "`film sync` sends it later" in line


def test_the_end_of_a_sweep_waits_no_longer_than_it_is_given(
    begun: Any, workspace: Workspace, silent: str
) -> None:
    trial = begun()
    trial.finish()
    said: list[str] = []
    mirror = Mirror(workspace, silent, warn=said.append)
    start = time.monotonic()
    assert mirror.everything([trial.folder], [], within_s=0.5) == 0
    assert time.monotonic() - start < 5.0
    assert "not everything was sent" in said[0]


def test_whoever_presses_ctrl_c_while_all_is_sent_is_told_what_sends_it_later(
    begun: Any, workspace: Workspace, silent: str
) -> None:
    trial = begun()
    trial.finish()
    said: list[str] = []
    mirror = Mirror(workspace, silent, warn=said.append)
    here = threading.main_thread().ident
    assert here is not None
    impatience = threading.Timer(0.5, signal.pthread_kill, (here, signal.SIGINT))
    impatience.start()
    with pytest.raises(KeyboardInterrupt):
        mirror.everything([trial.folder], [])
    (line,) = said
    assert "(stopped)" in line
    assert "`film sync` sends it later" in line


def test_what_was_only_noted_is_sent_by_itself(
    begun: Any, mirror: Mirror, seen: Any
) -> None:
    trial = begun()
    trial.finish()
    mirror.trial(trial.folder)
    until(lambda: seen.runs and seen.run.info.status == "FINISHED")
    assert seen.steps() == [1, 2, 3]


def test_a_running_trial_is_shown_as_far_as_it_is(
    begun: Any, mirror: Mirror, seen: Any
) -> None:
    trial = begun()
    with trial.folder.hold(), trial.folder.attempt():
        for n_epochs in (1, 3):
            trial.learn(n_epochs)
            mirror.everything([trial.folder], [])
            assert seen.steps() == list(range(1, n_epochs + 1))
            assert seen.run.info.status == "RUNNING"
            assert seen.run.data.tags["film.state"] == "RUNNING"
    trial.finish(4)
    mirror.everything([trial.folder], [])
    assert seen.run.info.status == "FINISHED"
    assert seen.steps() == [1, 2, 3, 4]
    assert seen.steps("best/epoch") == [4]


def test_the_second_time_nothing_is_asked_of_mlflow(
    begun: Any, workspace: Workspace, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = begun()
    trial.finish()
    assert mirror.everything([trial.folder], []) == 1
    monkeypatch.setattr("runner.tracking.mirror.Tracker", pytest.fail)
    again = Mirror(workspace, workspace.tracking_uri, warn=pytest.fail)
    assert again.everything([trial.folder], []) == 0


def test_a_trial_begun_from_scratch_gets_a_fresh_run(
    begun: Any, workspace: Workspace, mirror: Mirror, seen: Any
) -> None:
    trial = begun()
    trial.learn(3, loss=9.0)
    trial.folder.fail("the loss is nan")
    mirror.everything([trial.folder], [])
    first = seen.run
    assert first.info.status == "FAILED"
    assert first.data.tags["film.error"] == "the loss is nan"
    trial.folder.forget_progress()
    trial.finish(2)
    Mirror(workspace, workspace.tracking_uri, warn=pytest.fail).everything(
        [trial.folder], []
    )
    assert seen.run.info.run_id != first.info.run_id
    assert seen.steps() == [1, 2]
    assert seen.run.info.status == "FINISHED"
    assert "film.error" not in seen.run.data.tags


def test_epochs_that_were_computed_anew_and_differ_are_no_second_points(
    begun: Any, mirror: Mirror, seen: Any
) -> None:
    trial = begun()
    with trial.folder.attempt():
        trial.learn(3)
    mirror.everything([trial.folder], [])
    kept = (trial.folder.path / "metrics.jsonl").read_text().splitlines()[:1]
    (trial.folder.path / "metrics.jsonl").write_text(kept[0] + "\n")
    with trial.folder.attempt():
        trial.learn(3, loss=2.0)
    mirror.everything([trial.folder], [])
    assert seen.steps() == [1, 2, 3]


def test_a_run_that_was_deleted_comes_back(
    begun: Any, workspace: Workspace, mirror: Mirror, seen: Any
) -> None:
    trial = begun()
    trial.finish()
    mirror.everything([trial.folder], [])
    seen.client.delete_run(seen.run.info.run_id)
    Mirror(workspace, workspace.tracking_uri, warn=pytest.fail).everything(
        [trial.folder], [], again=True
    )
    assert seen.steps() == [1, 2, 3]


def test_a_lost_receipt_makes_no_second_run(
    begun: Any, workspace: Workspace, mirror: Mirror, seen: Any
) -> None:
    trial = begun()
    trial.finish()
    mirror.everything([trial.folder], [])
    for lost in ("", "{", '{"x": 1}'):
        (trial.folder.path / "synced.json").write_text(lost)
        Mirror(workspace, workspace.tracking_uri, warn=pytest.fail).everything(
            [trial.folder], []
        )
        assert seen.steps() == [1, 2, 3]


def test_the_receipt_of_another_store_is_no_excuse(
    begun: Any, workspace: Workspace, mirror: Mirror, seen: Any
) -> None:
    one, other = begun(), begun("β := 0", model__film__beta="zero")
    one.finish()
    other.finish()
    mirror.everything([one.folder], [])
    receipts = (one.folder.path / "synced.json").read_text()
    (other.folder.path / "synced.json").write_text(receipts)
    Mirror(workspace, workspace.tracking_uri, warn=pytest.fail).everything(
        [other.folder], []
    )
    names = {run.info.run_name for run in seen.runs}
    assert names == {"baseline · seed 0", "β := 0 · seed 0"}


_DYING = """
    import os, sys
    from pathlib import Path
    from runner.store.workspace import Workspace
    from runner.tracking.mirror import Mirror

    workspace = Workspace.at(Path(sys.argv[1]))
    folder = workspace.trial(sys.argv[2])
    with folder.hold(), folder.attempt():
        mirror = Mirror(workspace, workspace.tracking_uri, warn=print)
        mirror.everything([folder], [])
        os.kill(os.getpid(), 9)
"""


def test_runs_of_a_dead_driver_are_settled_by_the_launch_of_any_study(
    begun: Any, workspace: Workspace, seen: Any
) -> None:
    dead, other = begun(), begun("β := 0", model__film__beta="zero")
    dead.learn(2)
    words = [sys.executable, "-c", textwrap.dedent(_DYING)]
    words += [str(workspace.root), dead.folder.trial_id]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert seen.run.info.status == "RUNNING"
    other.finish()
    mirror = Mirror(workspace, workspace.tracking_uri, warn=pytest.fail)
    assert mirror.everything([other.folder], []) == 1
    ended = {run.info.run_name: run.info.status for run in seen.runs}
    assert ended == {"baseline · seed 0": "KILLED", "β := 0 · seed 0": "FINISHED"}


def test_a_run_whose_trial_is_gone_does_not_stay_running(
    begun: Any, workspace: Workspace, mirror: Mirror, seen: Any
) -> None:
    gone, other = begun(), begun("β := 0", model__film__beta="zero")
    with gone.folder.hold(), gone.folder.attempt():
        gone.learn(1)
        mirror.everything([gone.folder], [])
    gone.folder.path.rename(workspace.root / "elsewhere")
    other.finish()
    Mirror(workspace, workspace.tracking_uri, warn=pytest.fail).everything(
        [other.folder], []
    )
    assert {run.info.status for run in seen.runs} == {"KILLED", "FINISHED"}


def damage(path: Path) -> None:
    for end in ("-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(300_000))


def test_a_damaged_store_is_set_aside_and_made_anew_from_the_folders(
    begun: Any, workspace: Workspace, mirror: Mirror, seen: Any
) -> None:
    trials = [begun(f"row {seed}", seed) for seed in range(3)]
    for trial in trials:
        trial.finish()
    assert mirror.everything([trial.folder for trial in trials], []) == 3
    path = workspace.root / "mlflow.db"
    damage(path)
    said: list[str] = []
    mended = Mirror(workspace, workspace.tracking_uri, warn=said.append)
    assert mended.everything([trials[0].folder], []) == 1
    (line,) = said
    assert f"{path} was damaged" in line
    assert "set aside as mlflow.db.damaged-1" in line
    assert (workspace.root / "mlflow.db.damaged-1").is_file()
    until(lambda: len(seen.runs) == 3)  # the others follow by themselves
    mended.whole_store()
    again = Mirror(workspace, workspace.tracking_uri, warn=pytest.fail)
    assert again.whole_store() == 0


def test_a_store_that_is_damaged_in_the_middle_is_mended_in_the_middle(
    begun: Any, workspace: Workspace, seen: Any
) -> None:
    one, other = begun(), begun("β := 0", model__film__beta="zero")
    one.finish()
    said: list[str] = []
    mirror = Mirror(workspace, workspace.tracking_uri, warn=said.append)
    assert mirror.everything([one.folder], []) == 1
    damage(workspace.root / "mlflow.db")
    other.finish()
    assert mirror.everything([other.folder], []) == 1
    assert mirror.problem == ""
    assert mirror.refused == []
    assert len(said) == 1
    mirror.whole_store()
    assert len(seen.runs) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk with room for a store and little else."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "film-test", str(disk)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted by this user")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_said_once_and_costs_nothing(
    begun: Any, workspace: Workspace, small_disk: Path, store_at: Any
) -> None:
    workspace = store_at(small_disk / "store")
    trial = begun(at=workspace)
    trial.finish()
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)) == 4096:
            pass
    said: list[str] = []
    mirror = Mirror(workspace, workspace.tracking_uri, warn=said.append)
    start = time.monotonic()
    assert mirror.everything([trial.folder], []) == 0
    assert time.monotonic() - start < 30
    assert "is full" in mirror.problem
    assert mirror.refused == []
    assert len(said) == 1
    assert "`film sync` sends it later" in said[0]
    filler.unlink()
    assert mirror.everything([trial.folder], []) == 1
    assert mirror.problem == ""


def not_as_expected(*_: object) -> list[Any]:
    problem = sqlite3.OperationalError("no such table")
    problem.sqlite_errorcode = sqlite3.SQLITE_ERROR
    raise problem


def test_many_trials_are_read_with_few_questions(
    begun: Any,
    make_trial: Callable[..., Trial],
    mirror: Mirror,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded = [begun(f"row {seed}", seed) for seed in range(7)]
    recorded += [begun("of another study", 7, study="other")]
    for one in recorded:
        one.finish(1)
    folders = [one.folder for one in recorded]
    assert mirror.everything(folders, []) == 8
    asked: list[str] = []
    client = "mlflow.tracking.MlflowClient.search_runs"
    whole = importlib.import_module("mlflow.tracking").MlflowClient.search_runs

    def search(self: Any, ids: list[str], query: str, **how: Any) -> Any:
        asked.append(query)
        return whole(self, ids, query, **how)

    monkeypatch.setattr(client, search)
    monkeypatch.setattr("reports.load.runs.read_runs", not_as_expected)
    trials = [make_trial(f"row {seed}", seed) for seed in range(10)]
    results = load_results(trials, workspace.tracking_uri)
    states = list(results.trials["state"])
    assert states == ["FINISHED"] * 8 + ["MISSING"] * 2
    assert len(asked) == 4  # the study's, and each of the three that are not
