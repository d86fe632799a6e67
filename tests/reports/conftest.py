"""Made-up records of studies: in memory for the statistics, in MLflow for the rest."""

import json
import math
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from film.config import ImageInput
from reports.results import Answers, Questions, Results, RunState
from studies.study import Study
from studies.study_file import read_study
from studies.trial import Trial

TYPES = ("count", "exist", "compare_numbers", "query_attribute", "compare_attribute")

Accuracies = Mapping[str, Sequence[float | RunState]]
MakeResults = Callable[..., Results]


def make_questions(n_scenes: int, per_scene: int) -> Questions:
    scenes = np.repeat(np.arange(n_scenes), per_scene)
    types = np.array(TYPES)[np.arange(len(scenes)) % len(TYPES)]
    return Questions(scenes, types, f"{n_scenes}×{per_scene}")


def draw_answers(
    accuracy: float, questions: Questions, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Answer exactly the given share rightly, more in easy scenes than in hard ones."""
    difficulty = np.random.default_rng(1).normal(size=questions.n_scenes)
    score = difficulty[questions.scenes] + rng.logistic(size=questions.n_questions)
    n_right = round(accuracy * questions.n_questions)
    return np.argsort(np.argsort(score)) < n_right


@pytest.fixture(scope="session")
def make_results() -> MakeResults:
    """Give a maker of records from the accuracies, or states, of every row's runs."""

    def make(
        accuracies: Accuracies,
        groups: Mapping[str, str] | None = None,
        *,
        n_scenes: int = 200,
        per_scene: int = 10,
        has_answers: bool = True,
    ) -> Results:
        questions = make_questions(n_scenes, per_scene)
        rng = np.random.default_rng(0)
        records, answers = [], {}
        for row, runs in accuracies.items():
            for seed, run in enumerate(runs):
                trial_id = f"{row}-{seed}"
                accuracy = math.nan if isinstance(run, RunState) else float(run)
                by_type = dict.fromkeys(
                    (f"val_accuracy_{name}" for name in TYPES), math.nan
                )
                if not math.isnan(accuracy):
                    correct = draw_answers(accuracy, questions, rng)
                    accuracy = float(correct.mean())
                    by_type = {
                        f"val_accuracy_{name}": correct[questions.types == name].mean()
                        for name in TYPES
                    }
                    if has_answers:
                        answers[trial_id] = Answers(questions, correct)
                records.append(
                    {
                        "row": row,
                        "group": (groups or {}).get(row, ""),
                        "is_baseline": row == "baseline",
                        "seed": seed,
                        "trial_id": trial_id,
                        "changes": "" if row == "baseline" else f"model.x = {row}",
                        "state": run if isinstance(run, RunState) else "FINISHED",
                        "val_accuracy": accuracy,
                        "best_epoch": math.nan if math.isnan(accuracy) else 3.0,
                        "wall_time_s": math.nan if math.isnan(accuracy) else 60.0,
                        **by_type,
                    }
                )
        return Results(pd.DataFrame(records), answers)

    return make


STUDY = """
study: tiny
question: Does β matter on a made-up record?
seeds: 2
groups:
  Restricted γ or β:
    β := 0: {model.film.beta: zero}
    γ := 1: {model.film.gamma: one}
  Miscellaneous:
    no residual connection: {model.residual: false}
    no batch normalization: {model.norm: none, model.classifier.norm: none}
"""
RECORDED: Mapping[str, Sequence[float | RunState]] = {
    "baseline": (0.90, 0.92),
    "β := 0": (0.80, RunState.FAILED),
    "γ := 1": (0.85, 0.87),
    "no residual connection": (RunState.MISSING, RunState.DIVERGED),
    "no batch normalization": (0.86, 0.84),  # the second one without its answers
}


STAGED = """
study: staged
question: What then?
seeds: 3
margin: 1.0
confounds: [train.max_epochs]
groups:
  Restricted:
    γ := 1: {model.film.gamma: one, train.max_epochs: 7}
evaluate:
  A: val
  B: {split: valB, after: 30}
"""
STAGED_RUNS: Mapping[str, Sequence[float]] = {
    "baseline": (0.90, 0.92, 0.91),
    "γ := 1": (0.85, 0.87, 0.85),
    "baseline → A": (0.90, 0.91, 0.91),
    "γ := 1 → A": (0.85, 0.86, 0.87),
    "baseline → B": (0.70, 0.72, 0.70),
    "γ := 1 → B": (0.75, 0.76, 0.78),
}


@dataclass(frozen=True)
class Store:
    """An MLflow store as the runner leaves it, and the study that it is of."""

    uri: str
    study: Study
    trials: tuple[Trial, ...]

    @property
    def client(self) -> MlflowClient:
        with warnings.catch_warnings():
            # MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
            warnings.filterwarnings("ignore", message=".*noload.*loader strategy")
            return MlflowClient(self.uri)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Record a small study in SQLite, with one run failed, diverged and missing."""
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "tiny.yaml").write_text(STUDY, encoding="utf-8")
    study = read_study(folder / "tiny.yaml")
    trials = study.trials(dict.fromkeys(ImageInput, "0123abcd"))
    return _recorded(folder, study, trials, RECORDED)


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Record a study whose weights are judged on two further splits."""
    folder = tmp_path_factory.mktemp("staged")
    (folder / "staged.yaml").write_text(STAGED, encoding="utf-8")
    study = read_study(folder / "staged.yaml")
    trials = study.trials(dict.fromkeys(study.data, "0123abcd"))
    return _recorded(folder, study, trials, STAGED_RUNS)


def _recorded(
    folder: Path, study: Study, trials: tuple[Trial, ...], outcomes: Accuracies
) -> Store:
    store = Store(f"sqlite:///{folder / 'mlflow.db'}", study, trials)
    client = store.client
    experiment = client.create_experiment("film", (folder / "artifacts").as_uri())
    for trial in trials:
        outcome = outcomes[trial.row][trial.seed]
        if outcome is not RunState.MISSING:
            record_run(client, experiment, trial, outcome)
    return store


def record_run(
    client: MlflowClient, experiment: str, trial: Trial, outcome: float | RunState
) -> str:
    """Write a run as the runner does."""
    state = outcome if isinstance(outcome, RunState) else RunState.FINISHED
    tags = {
        "film.kind": "trial",
        "film.trial_id": trial.trial_id,
        "film.state": str(state),
        "film.data": trial.data,
        f"film.study.{trial.study}": trial.row,
    }
    run = client.create_run(experiment, tags=tags, run_name=trial.name).info.run_id
    client.log_param(run, "seed", trial.seed)
    if isinstance(outcome, RunState):
        return str(run)
    questions = make_questions(40, 10)
    rng = np.random.default_rng([trial.seed, round(1000 * outcome)])
    correct = draw_answers(outcome, questions, rng)
    metrics = {
        "best/val_accuracy": float(correct.mean()),
        "best/epoch": 3.0,
        "wall_time_s": 90.0,
    }
    for name in TYPES:
        of_type = float(correct[questions.types == name].mean())
        metrics[f"best/val_accuracy_{name}"] = of_type
    for name, value in metrics.items():
        client.log_metric(run, name, value)
    if (trial.row, trial.seed) != ("no batch normalization", 1):
        log_predictions(client, run, questions, correct)
        log_epochs(client, run, metrics)
    return str(run)


def log_epochs(client: MlflowClient, run: str, metrics: Mapping[str, float]) -> None:
    """Write metrics.jsonl: three epochs, the last of which is the best."""
    lines = []
    for epoch in (1, 2, 3):
        missing = 0.1 * (3 - epoch)
        by_type = {
            name: metrics[f"best/val_accuracy_{name}"] - missing for name in TYPES
        }
        row = {
            "epoch": epoch,
            "train_loss": 1 / epoch,
            "train_accuracy": metrics["best/val_accuracy"] - missing - 0.05,
            "val_loss": 1 / epoch,
            "val_accuracy": metrics["best/val_accuracy"] - missing,
            "val_accuracy_by_type": by_type,
            "wall_time_s": 30.0 * epoch,
        }
        lines.append(json.dumps(row))
    client.log_text(run, "\n".join(lines) + "\n", "metrics.jsonl")


def log_predictions(
    client: MlflowClient,
    run: str,
    questions: Questions,
    correct: npt.NDArray[np.bool_],
) -> None:
    """Write predictions.parquet, in an order that its reader has to undo."""
    n = questions.n_questions
    frame = pd.DataFrame(
        {
            "question": np.arange(n, dtype=np.int32),
            "image": questions.scenes,
            "family": np.zeros(n, dtype=np.int16),
            "type": pd.Categorical(questions.types),
            "answer": np.where(correct, "yes", "no"),
            "label": np.where(np.arange(n) % 3 == 0, "no", "yes"),
            "correct": correct,
            "correct_by_epoch": list(correct[:, None] & [False, False, True]),
        }
    )
    shuffled = frame.sample(frac=1, random_state=len(run))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.parquet"
        shuffled.to_parquet(path, index=False)
        client.log_artifact(run, str(path))
