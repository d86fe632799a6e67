"""Made-up records of a study that tunes on growing numbers of samples."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from reports.results import Answers, Results
from studies.row import Row
from studies.study import Study
from tests.reports.conftest import TYPES, draw_answers, make_questions

QUESTIONS = {"A": make_questions(120, 10), "B": make_questions(90, 10)}


def results_of(
    study: Study, accuracies: Mapping[str, Mapping[str, float]], n_runs: int = 3
) -> Results:
    """Judge every row's weights as the study asks: a row's own questions are B's.

    The baseline's own are A's. Rows that are not among the accuracies did not finish.
    """
    rng = np.random.default_rng(0)
    once: dict[tuple[str, str, int], np.ndarray] = {}
    records, answers = [], {}
    for row in study.rows:
        weights, on = _judged(row)
        for seed in range(n_runs):
            trial_id = f"{row.label}-{seed}"
            scores = dict.fromkeys(("", *TYPES), math.nan)
            if on in accuracies.get(weights, {}):
                key = weights, on, seed
                accuracy = accuracies[weights][on] + rng.normal(0, 0.004)
                correct = once.setdefault(
                    key, draw_answers(accuracy, QUESTIONS[on], rng)
                )
                answers[trial_id] = Answers(QUESTIONS[on], correct)
                scores = {"": float(correct.mean())} | {
                    kind: float(correct[QUESTIONS[on].types == kind].mean())
                    for kind in TYPES
                }
            records.append(
                {
                    "row": row.label,
                    "group": row.group,
                    "is_baseline": row.label == "baseline",
                    "seed": seed,
                    "trial_id": trial_id,
                    "changes": "",
                    "state": "MISSING" if math.isnan(scores[""]) else "FINISHED",
                    "best_epoch": 3.0,
                    "wall_time_s": 60.0,
                    **{
                        f"val_accuracy_{kind}".rstrip("_"): value
                        for kind, value in scores.items()
                    },
                }
            )
    return Results(pd.DataFrame(records), answers)


def _judged(row: Row) -> tuple[str, str]:
    if row.is_evaluation:
        return row.parent, row.evaluation
    return row.label, "B" if row.parent else "A"
