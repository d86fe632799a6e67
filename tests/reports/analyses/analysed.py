"""Made-up analyses of runs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from film.analysis.record import Analysis
from reports.analyses.runs import AnalysedRun

N_SCENES, PER_SCENE = 20, 3
LINES = (("", 0), ("γ", 0), ("β", 0), ("γ and β", 0), ("γ", 1), ("γ", 2))


def intervened(row: str, seed: int, accuracies: Mapping[str, float]) -> AnalysedRun:
    """Answer as many questions rightly as is said, the first ones, in all blocks."""
    n_questions = N_SCENES * PER_SCENE
    right = np.zeros((len(LINES), n_questions), dtype=bool)
    for at, (parameter, _) in enumerate(LINES):
        right[at, : round(n_questions * accuracies.get(parameter, 0.5))] = True
    sizes = [(name, size, at) for name in "γβ" for size in (1.0, 2.0) for at in (0, 1)]
    noise = pd.DataFrame(sizes, columns=["parameter", "noise", "seed"])
    return AnalysedRun(
        row=row,
        seed=seed,
        trial_id=f"{row}{seed}",
        analysis=Analysis(
            tables={
                "replaced": pd.DataFrame(LINES, columns=["parameter", "layer"]).assign(
                    accuracy=right.mean(axis=1)
                ),
                "noise": noise.assign(accuracy=0.9 - 0.1 * noise["noise"] - seed / 100),
            },
            arrays={
                "right": np.packbits(right, axis=1),
                "scenes": np.repeat(np.arange(N_SCENES), PER_SCENE),
            },
            about=about(n_questions, means_over=7, noise_seeds=2),
        ),
    )


def modulated(row: str, seed: int, *, shift: float = 0.0, **more: Any) -> AnalysedRun:
    """Spread γ and β over four bins, and moments that are easily averaged."""
    lines = [(name, layer) for name in "γβ" for layer in (0, 1, 2)]
    moments = pd.DataFrame(lines, columns=["parameter", "layer"]).assign(
        **dict.fromkeys(["mean", "q50"], 1.0 + shift),
        **dict.fromkeys(["min", "q01", "q05"], -2.0),
        **dict.fromkeys(["max", "q95", "q99"], 3.0),
        sd=1.0,
        q25=0.0,
        q75=2.0,
        negative=0.25,
        near_zero=0.1,
    )
    fixed = more.get("fixed", {})
    moments.loc[moments["parameter"].isin(list(fixed)), "sd"] = 0.0
    bins = pd.DataFrame(
        [
            (name, layer, low, low + 1.0, 10 * (at + 1))
            for name, layer in lines
            for at, low in enumerate((-2.0, -1.0, 0.0, 1.0))
        ],
        columns=["parameter", "layer", "lower", "upper", "count"],
    )
    channels = pd.DataFrame(
        [
            (name, layer, channel)
            for name, layer in lines
            if layer
            for channel in (0, 1)
        ],
        columns=["parameter", "layer", "channel"],
    )
    spread = channels["channel"] + channels["layer"]
    return AnalysedRun(
        row=row,
        seed=seed,
        trial_id=f"{row}{seed}",
        analysis=Analysis(
            tables={
                "statistics": moments,
                "histograms": bins,
                "channels": channels.assign(mean=spread / 2.0, sd=spread / 4.0),
            },
            about=about(40, fixed=fixed, gamma_baseline=more.get("baseline", 1.0)),
        ),
    )


def about(n_questions: int, **more: Any) -> dict[str, Any]:
    return {"split": "val", "questions": n_questions, "weights": "0", **more}
