"""A report in a store of a thousand finished runs: how long, and how much memory?

Run ``python benchmarks/reporting.py``; ``--home DIR`` keeps the store for another time,
``--runs 200`` is a first look. Every run has 10 epochs, 30 metrics in MLflow and the
answers to 10,000 questions; they are made up from the paper's accuracies, and written
and sent as a launch does. The study that is reported has 18 rows and 5 seeds, the other
runs are those of other studies. Times are of whole processes, import and all; memory
is looked at ten times a second.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from processes import measure
from tiny import film

from film.config import ImageInput
from reports.published import published_for
from runner.store.launches import read_launch, write_launch
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.tracking.mirror import Mirror
from studies.catalogue import catalogue, find_study
from studies.study import Study
from studies.trial import Trial

STUDY = "architecture"
SEEDS = 5
N_SCENES = 1000
PER_SCENE = 10
N_EPOCHS = 10
RUN_SD = 0.004  # of the paper's baseline
TYPES = (
    "count", "exist", "equal_integer", "less_than", "greater_than", "query_size",
    "query_color", "query_material", "query_shape", "compare_attribute",
)  # fmt: skip
MOST_TABLES_S = 5.0
MOST_PAGE_S = 15.0
ROUNDS = 3


def trials(study: Study, n_runs: int) -> Iterator[tuple[Trial, ...]]:
    """The study that is reported, then others like it on other data."""
    n_left, number = n_runs, 0
    while n_left > 0:
        data = dict.fromkeys(ImageInput, f"made-up-{number:04d}")
        one = replace(study, name=f"other-{number}") if number else study
        some = one.trials(data, seeds=tuple(range(SEEDS)))[:n_left]
        yield some
        n_left, number = n_left - len(some), number + 1


def draw(accuracy: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Answers after every epoch, epochs × questions; some scenes are harder."""
    hard = np.random.default_rng(0).normal(size=N_SCENES).repeat(PER_SCENE)
    score = hard + rng.logistic(size=len(hard))
    ranks = np.argsort(np.argsort(score)) / len(hard)
    known = accuracy - 0.3 * 0.5 ** np.arange(N_EPOCHS)
    return np.asarray(ranks[None, :] < np.maximum(known, 0.05)[:, None])


def write_answers(right: npt.NDArray[np.bool_], path: Path) -> None:
    n = right.shape[1]
    words = pa.array(["yes", "no"])
    label = np.random.default_rng(0).integers(2, size=n, dtype=np.int32)
    kinds = pa.DictionaryArray.from_arrays(
        pa.array(np.arange(n, dtype=np.int32) % len(TYPES)), pa.array(TYPES)
    )
    table = pa.table(
        {
            "question": pa.array(np.arange(n, dtype=np.int32)),
            "image": pa.array(np.arange(n, dtype=np.int64) // PER_SCENE),
            "family": pa.array(np.arange(n, dtype=np.int16) % 90),
            "type": kinds,
            "answer": pa.DictionaryArray.from_arrays(
                pa.array(np.where(right[-1], label, 1 - label)), words
            ),
            "label": pa.DictionaryArray.from_arrays(pa.array(label), words),
            "correct": pa.array(right[-1]),
            "correct_by_epoch": pa.FixedSizeListArray.from_arrays(
                pa.array(right.T.reshape(-1)), len(right)
            ),
        }
    )
    pq.write_table(table, path)


def write_epochs(right: npt.NDArray[np.bool_], folder: TrialFolder) -> dict[str, Any]:
    """The epochs, and what is worth knowing of them in the end."""
    kinds = np.arange(right.shape[1]) % len(TYPES)
    by_type = {}
    for number, answers in enumerate(right, start=1):
        by_type = {
            name: float(answers[kinds == kind].mean())
            for kind, name in enumerate(TYPES)
        }
        folder.add_epoch(
            {
                "epoch": number,
                "train_loss": 1 / number,
                "train_accuracy": float(answers.mean()) + 0.01,
                "val_loss": 1 / number,
                "val_accuracy": float(answers.mean()),
                "val_accuracy_by_type": by_type,
                "best_epoch": number,
                "wall_time_s": 60.0 * number,
                "memory_bytes": 10**9,
                "gpu_memory_bytes": 10**9,
            }
        )
    return {
        "epochs": len(right),
        "best_epoch": len(right),
        "best_val_accuracy": float(right[-1].mean()),
        "best_val_accuracy_by_type": by_type,
        "wall_time_s": 60.0 * len(right),
        "peak_memory_bytes": 10**9,
    }


def record(trial: Trial, folder: TrialFolder, accuracy: float) -> None:
    if folder.summary() is not None:
        return
    rng = np.random.default_rng(int(trial.trial_id, 16))
    right = draw(accuracy + RUN_SD * rng.normal(), rng)
    folder.describe(trial)
    folder.environment(
        {
            "python": "3.11", "torch": "2.9", "film": "0.1.0", "host": "made-up",
            "device": "cpu", "git": {"commit": "0" * 40, "has_changes": False},
        }
    )  # fmt: skip
    with folder.attempt():
        summary = write_epochs(right, folder)
        write_answers(right, folder.path / "predictions.parquet")
    folder.finish(summary)


def make_store(workspace: Workspace, n_runs: int) -> int:
    """Write what launches would have written; the number of runs."""
    study = find_study(STUDY)
    truth = {k: one.accuracy / 100 for k, one in published_for(STUDY).items()}
    made = 0
    for number, some in enumerate(trials(study, n_runs)):
        for trial in some:
            record(trial, workspace.trial(trial.trial_id), truth[trial.row])
        made += len(some)
        if number == 0:
            text = catalogue()[STUDY].read_text(encoding="utf-8")
            folder = workspace.study(STUDY)
            write_launch(folder, study, text, some, "the suite's own")
    mirror = Mirror(workspace, workspace.tracking_uri, warn=print)
    mirror.whole_store()
    launch = read_launch(workspace.study(STUDY))
    if mirror.problem or launch is None:
        raise SystemExit(f"the store could not be made: {mirror.problem}")
    return made


def say(name: str, command: list[str | Path], most_s: float | None = None) -> None:
    costs = [measure(command, memory_every_s=0.1) for _ in range(ROUNDS)]
    if any(cost.code for cost in costs):
        raise SystemExit(f"{name}: {costs[0].output}")
    walls = sorted(cost.wall_s for cost in costs)
    target = "" if most_s is None else f"  [{most_s:g} s]"
    print(
        f"{name:34} {median(walls):6.2f} s ({walls[0]:.2f} to {walls[-1]:.2f}), "
        f"{median(one.cpu_s for one in costs):5.2f} s of processor, "
        f"{max(max(one.driver_rss) for one in costs):4.0f} MiB{target}",
        flush=True,
    )


def benchmark(n_runs: int, home: Path) -> None:
    workspace = Workspace.at(home / "store")
    start = time.perf_counter()
    made = make_store(workspace, n_runs)
    print(f"{made} runs in {workspace.root} ({time.perf_counter() - start:.0f} s)")
    words = film("report", STUDY, "--store", workspace.root)
    text = [*words, "--format", "text"]
    say("film report --format text", text, MOST_TABLES_S)
    say("the same, --select-on half", [*text, "--select-on", "half"])
    page = home / "page.html"
    say("film report --html", [*words, "--html", "--out", page], MOST_PAGE_S)
    say("film report, all files, to MLflow", words, MOST_PAGE_S)
    print(f"the page: {page.stat().st_size / 2**20:.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--home", type=Path, help="folder to keep, and to use again")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if asked.home is not None:
        benchmark(asked.runs, asked.home)
        return
    with tempfile.TemporaryDirectory(prefix="film-") as home:
        benchmark(asked.runs, Path(home))


if __name__ == "__main__":
    main()
