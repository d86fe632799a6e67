"""What must hold of a store after its faults, however many there were."""

import csv
import hashlib
import json
import logging
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.faults.ground import results_of
from tests.faults.launching import wait_for
from tests.faults.scene import Scene
from tests.faults.seeing import TrialSeen, computed, store_files

__all__ = ["judge"]

_DEATH_S: Final = 15.0  # that processes may take to notice that they are alone
_RAY_HOMES: Final = Path("/tmp")  # noqa: S108 - where the suite puts them
_METRICS: Final = {
    "val/accuracy": "val_accuracy",
    "val/loss": "val_loss",
    "train/accuracy": "train_accuracy",
    "train/loss": "train_loss",
}


def judge(scene: Scene) -> None:
    """Compare a store with the undisturbed one; what is wrong is blamed."""
    scene.keep()
    for check in (_trials, _report, _files, _mlflow, _processes, _ray_homes):
        for problem in check(scene):
            scene.blame(problem)


def _trials(scene: Scene) -> Iterator[str]:
    seen = {trial.name: trial for trial in scene.trials}
    for name, results in scene.ground.results.items():
        trial = seen.get(name)
        if trial is None or not trial.done:
            yield f"{name}: is not finished"
        elif results_of(trial) != results:
            yield f"{name}: other numbers than undisturbed"
        else:
            yield from _trial(scene, trial)
    yield from _wrong_rows(scene, [seen[name] for name in seen.keys() - scene.wanted])


def _trial(scene: Scene, trial: TrialSeen) -> Iterator[str]:
    epochs = [row["epoch"] for row in trial.rows]
    if epochs != list(range(1, len(epochs) + 1)):
        yield f"{trial.name}: epochs {epochs} are recorded"
    text = (trial.path / "metrics.jsonl").read_text()
    if text.count("\n") != len(epochs) or not text.endswith("\n"):
        yield f"{trial.name}: metrics.jsonl has lines that are no epochs"
    undisturbed = scene.ground.trials[trial.name].path
    if not same_bytes(trial.path, undisturbed, "predictions.parquet"):
        yield f"{trial.name}: other predictions than undisturbed"
    if not _same_weights(trial.path / "best.pt", undisturbed / "best.pt"):
        yield f"{trial.name}: other weights than undisturbed"
    for file, said in json.loads(trial.done).get("files", {}).items():
        content = (trial.path / file).read_bytes()
        if hashlib.sha256(content).hexdigest() != said["sha256"]:
            yield f"{trial.name}: {file} is another one than done.json says"
    yield from _attempts(trial)


# An attempt that was killed has no end; every other one ends before the next begins.
def _attempts(trial: TrialSeen) -> Iterator[str]:
    if trial.state.get("state") != "FINISHED":
        yield f"{trial.name}: done.json is there, state.json says {trial.state}"
    starts = [attempt["started_at"] for attempt in trial.attempts]
    ends = [attempt.get("ended_at") for attempt in trial.attempts]
    if not starts or ends[-1] is None:
        yield f"{trial.name}: the last attempt has no end"
    for end, start in zip(ends[:-1], starts[1:], strict=True):
        if end is not None and end > start:
            yield f"{trial.name}: two attempts at once"


def _wrong_rows(scene: Scene, trials: list[TrialSeen]) -> Iterator[str]:
    states = Counter(str(trial.state.get("state")) for trial in trials)
    expected = 2 * len(scene.rows)  # two seeds
    if sum(states.values()) != expected or states["DIVERGED"] + states["FAILED"] != (
        expected
    ):
        yield f"trials that go wrong are {dict(states)}, {expected} of them expected"


def same_bytes(folder: Path, other: Path, name: str) -> bool:
    """Compare a file in two folders."""
    one, two = folder / name, other / name
    return one.is_file() and one.read_bytes() == two.read_bytes()


def _same_weights(one: Path, other: Path) -> bool:
    import torch  # noqa: PLC0415 - a second

    first, second = (torch.load(path, weights_only=True) for path in (one, other))
    left, right = first.pop("network"), second.pop("network")
    same = left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )
    return same and computed(first) == computed(second)


def _report(scene: Scene) -> Iterator[str]:
    report = Path("studies") / "faults" / "report"
    stores = scene.store, scene.ground.reference
    if not scene.rows and len({_cells(store / report) for store in stores}) > 1:
        yield "the report has another table than undisturbed"


# Whatever a launch leaves, an undisturbed one must leave too.
def _files(scene: Scene) -> Iterator[str]:
    expected = scene.ground.files
    seen = {name for name in store_files(scene.store) if not _is_twins(scene, name)}
    if not scene.rows:
        surplus = seen - expected - scene.may_remain
        if surplus:
            yield f"left in the store: {', '.join(sorted(surplus)[:6])}"
        if expected - seen:
            yield f"not in the store: {', '.join(sorted(expected - seen)[:6])}"
    known = {path.name for path in scene.ground.reference.rglob(".*")}
    hidden = [path for path in scene.store.rglob(".*") if path.name not in known]
    if hidden:
        yield f"temporary files: {', '.join(map(str, hidden[:6]))}"


# A second study's own files.
def _is_twins(scene: Scene, name: str) -> bool:
    twins = scene.studies - {"faults"}
    parts = name.removesuffix(".json").split("/")
    return any(twin in parts for twin in twins)


def _mlflow(scene: Scene) -> Iterator[str]:
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    uri = scene.tracking_uri or f"sqlite:///{scene.store / 'mlflow.db'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own deprecations
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - two seconds

        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name("film")
        if experiment is None:
            yield "MLflow has no runs"
            return
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        states = Counter(run.info.status for run in runs)
        if states.keys() & {"RUNNING", "SCHEDULED"}:
            yield f"MLflow has runs that are {dict(states)}"
        for trial in scene.trials:
            own = [run for run in runs if trial.name in run.data.tags.values()]
            yield from _mlflow_run(client, trial, own)
        # And a summary for each study.
        if len(runs) != len(scene.trials) + len(scene.studies):
            yield f"MLflow has {len(runs)} runs for {len(scene.trials)} trials"


def _mlflow_run(client: Any, trial: TrialSeen, own: list[Any]) -> Iterator[str]:
    if len(own) != 1:
        yield f"{trial.name}: has {len(own)} runs in MLflow"
        return
    status = own[0].info.status
    if trial.done and status != "FINISHED":
        yield f"{trial.name}: is finished, and {status} in MLflow"
    for key, name in _METRICS.items():
        history = client.get_metric_history(own[0].info.run_id, key)
        theirs = sorted((point.step, point.value, point.timestamp) for point in history)
        ours = [(row["epoch"], row[name], row["time_ms"]) for row in trial.rows]
        if theirs != ours:
            yield f"{trial.name}: MLflow has {len(theirs)} points of {key}, not these"


def _processes(scene: Scene) -> Iterator[str]:
    def living() -> list[Any]:
        return [process for one in scene.launches for process in one.processes()]

    if not wait_for(lambda: not living(), _DEATH_S):
        left = living()
        names = ", ".join(f"{process.pid} {process.name()}" for process in left[:4])
        yield f"{len(left)} processes left behind: {names}"
        for process in left:
            process.kill()


# A session's folder is named after its driver's process. What a killed driver leaves
# goes when Ray is started the next time.
def _ray_homes(scene: Scene) -> Iterator[str]:
    starts = [
        number
        for number, launch in enumerate(scene.launches)
        if " to run on " in launch.errors.read_text(errors="replace")
    ]
    judged = scene.launches[: max(starts, default=0)]
    pids = {str(launch.pid) for launch in judged}
    left = {
        str(session.parent)
        for session in _RAY_HOMES.glob("film-*/*/session_*")
        if session.name.rpartition("_")[2] in pids and not session.is_symlink()
    }
    if left:
        yield f"left behind: {', '.join(sorted(left))}"


# Every cell as it is written, but for the server that runs were recorded in; nothing of
# a table that is not there.
def _cells(report: Path) -> str:
    if not (report / "table.csv").is_file():
        return ""
    with (report / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = [{**row, "tracking_uri": ""} for row in csv.DictReader(file)]
    return json.dumps(rows)
