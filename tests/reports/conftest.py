"""Made-up records of studies: in memory for the statistics, in MLflow for the rest."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from reports.results import Answers, Questions, Results, RunState

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
