"""One MLflow for several stores and processes: nobody takes away another one's run."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runner.store.identity import store_id
from runner.store.workspace import Workspace
from runner.tracking.mirror import Mirror
from runner.tracking.tracker import Tracker

# MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy")


def test_two_stores_keep_a_run_each_of_the_same_trial(
    begun: Any,
    workspace: Workspace,
    seen: Any,
    tmp_path: Path,
    store_at: Callable[[Path], Workspace],
) -> None:
    theirs = store_at(tmp_path / "colleague")
    ours, other = begun(), begun(at=theirs)
    ours.finish()
    other.finish()
    assert other.folder.trial_id == ours.folder.trial_id
    shared = workspace.tracking_uri
    for _ in range(2):
        Mirror(workspace, shared, warn=pytest.fail).whole_store(again=True)
        Mirror(theirs, shared, warn=pytest.fail).whole_store(again=True)
    stores = {run.data.tags["film.store"] for run in seen.runs}
    assert stores == {store_id(workspace.root), store_id(theirs.root)}
    for run in seen.runs:
        history = seen.client.get_metric_history(run.info.run_id, "val/loss")
        assert [point.step for point in history] == [1, 2, 3]


def test_a_store_keeps_its_name_where_it_is_moved_and_gets_one_if_it_is_damaged(
    tmp_path: Path,
) -> None:
    name = store_id(tmp_path / "store")
    assert store_id(tmp_path / "other") != name
    (tmp_path / "store").rename(tmp_path / "moved")
    assert store_id(tmp_path / "moved") == name
    (tmp_path / "moved" / "store.json").write_text("{")
    new = store_id(tmp_path / "moved")
    assert new not in {"", name}
    assert store_id(tmp_path / "moved") == new


def test_an_epoch_that_comes_while_another_process_looks_costs_no_run(
    begun: Any, workspace: Workspace, seen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = begun()
    with trial.folder.hold(), trial.folder.attempt():
        trial.learn(1)
        driver = Tracker(workspace.tracking_uri, workspace.artifacts)
        driver.sync_trial(trial.folder)
        made = seen.run.info.run_id
        reader = Tracker(workspace.tracking_uri, workspace.artifacts)
        ask = reader._client.get_metric_history

        def late(*words: Any) -> Any:
            trial.learn(2)
            driver.sync_trial(trial.folder)
            return ask(*words)

        monkeypatch.setattr(reader._client, "get_metric_history", late)
        reader.sync_trial(trial.folder)
        trial.learn(3)
        driver.sync_trial(trial.folder)
    assert seen.run.info.run_id == made
    assert seen.steps() == [1, 2, 3]


def test_a_run_that_a_user_deletes_meanwhile_comes_back_whole(
    begun: Any, workspace: Workspace, seen: Any
) -> None:
    trial = begun()
    mirror = Mirror(workspace, workspace.tracking_uri, warn=pytest.fail)
    with ExitStack() as stack:
        stack.enter_context(trial.folder.hold())
        stack.enter_context(trial.folder.attempt())
        trial.learn(1)
        assert mirror.everything([trial.folder], []) == 1
        seen.client.delete_run(seen.run.info.run_id)
        trial.learn(2)
        assert mirror.everything([trial.folder], []) == 1
    assert mirror.refused == []
    assert seen.steps() == [1, 2]
