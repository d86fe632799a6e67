"""Studies of the paper's rows with runs drawn at a known spread, without answers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reports.published import PUBLISHED, Published, PublishedTable
from reports.results import Results

SD = 0.004
TABLE_2 = PUBLISHED["architecture"]
TABLE_3 = PUBLISHED["depth"]
TRUTH = {label: row.accuracy / 100 for label, row in TABLE_2.rows.items()}


def results_of(runs: Mapping[str, Sequence[float]]) -> Results:
    lines = [
        {
            "row": row,
            "group": "",
            "is_baseline": row == "baseline",
            "seed": seed,
            "trial_id": f"{row}-{seed}",
            "changes": "",
            "state": "FINISHED",
            "val_accuracy": accuracy,
            "best_epoch": 3.0,
            "wall_time_s": 60.0,
        }
        for row, accuracies in runs.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    return Results(pd.DataFrame(lines))


def draw_runs(
    truth: Mapping[str, float], k: int, rng: np.random.Generator, sd: float = SD
) -> dict[str, list[float]]:
    return {
        row: [float(value + sd * rng.standard_normal()) for _ in range(k)]
        for row, value in truth.items()
    }


def published_of(accuracies: Mapping[str, float], name: str = "mine") -> PublishedTable:
    """Publish one run per row, and five of the baseline at the paper's s.d."""
    rows = {row: Published(100 * value, name) for row, value in accuracies.items()}
    best = Published(100 * accuracies["baseline"], name, sd=0.4, n_runs=5)
    return PublishedTable(name, name, rows | {"baseline": best})


def means_of(runs: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Give what agreement asks of estimates, faster than `estimate_rows`."""
    best = float(np.mean(runs["baseline"]))
    return pd.DataFrame(
        {
            "row": row,
            "group": "",
            "is_baseline": row == "baseline",
            "n_runs": len(values),
            "accuracy": float(np.mean(values)),
            "sd": float(np.std(values, ddof=1)),
            "delta": np.nan if row == "baseline" else float(np.mean(values)) - best,
            "lower": np.nan,
            "upper": np.nan,
            "has_other_questions": False,
        }
        for row, values in runs.items()
    )
