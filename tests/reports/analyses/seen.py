"""Analyses that could have been found, small enough to work out by hand."""

import numpy as np
import pandas as pd

from film.analysis.record import Analysis
from reports.analyses.runs import AnalysedRun

TEXTS = (
    "Is there a red cube?",
    "What is the color of the large metal cylinder that is left of the small ball?",
    "How many things are there?",
)


def examples(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": range(n),
            "image": range(n),
            "text": [TEXTS[at % 3] for at in range(n)],
            "type": "exist",
            "label": "yes",
            "given": ["yes" if at % 2 == 0 else "no" for at in range(n)],
        }
    )


def pictures(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        f"picture_{at}": rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)
        for at in range(n)
    }


def about(**more: object) -> dict[str, object]:
    return {"split": "val", "questions": 40, "seed": 0, "pictures": "store", **more}


def location(row: str, seed: int, *, n: int = 4, winners: float = 8.0) -> AnalysedRun:
    means = np.zeros((2, 4, 6))
    means[0, 1, 2] = 0.75
    means[0, 0, 0] = 0.25
    means[1, seed % 4, 5] = 1.0
    kinds = pd.DataFrame(
        {
            "type": ["all", "compare_numbers"],
            "questions": [40, 10],
            "winners": [winners, 6.0],
            "places": [2.0, 3.0],
        }
    )
    counts = np.arange(n * 24).reshape(n, 4, 6) % 7
    analysis = Analysis(
        tables={"examples": examples(n), "means": kinds},
        arrays={"counts": counts, "means": means, **pictures(n)},
        about=about(pooling="max"),
    )
    return AnalysedRun(row=row, seed=seed, trial_id=f"{row}{seed}", analysis=analysis)


def activations(*, blocks: int = 2, kept: int = 2, n: int = 3) -> AnalysedRun:
    lines = [
        {
            "example": at,
            "block": block,
            "channel": 10 * block + place,
            "gamma": -1.5 * at,
            "beta": 0.25,
            "change": float(at + place),
        }
        for block in range(1, blocks + 1)
        for at in range(n)
        for place in range(kept)
    ]
    rng = np.random.default_rng(1)
    maps = {
        f"{when}_{block}": rng.standard_normal((n, kept, 4, 6))
        for when in ("before", "after")
        for block in range(1, blocks + 1)
    }
    analysis = Analysis(
        tables={"examples": examples(n), "channels": pd.DataFrame(lines)},
        arrays={**maps, **pictures(n)},
        about=about(channels="most changed"),
    )
    return AnalysedRun(row="baseline", seed=0, trial_id="b0", analysis=analysis)


def zero_shot(
    row: str, seed: int, won: int, *, split: str = "valB", applies: bool = True
) -> AnalysedRun:
    """Ask forty questions about ten pictures; the rule applies to every other one.

    Of those twenty, ten are right as they are, and ``won`` more put together.
    """
    place = np.arange(40)
    is_some = (place % 2 == 0) & applies
    correct = np.where(is_some, place < 20, place < 30)
    answers = pd.DataFrame(
        {
            "row": place,
            "image": place % 10,
            "type": "exist",
            "names": (place % 2 == 0) | (place == 1),
            "applies": is_some,
            "correct": correct,
            "correct_swapped": np.where(is_some, place < 20 + 2 * won, correct),
        }
    )
    shown = examples(2).assign(
        swapped="yes", plus_shape=TEXTS[0], plus_color=TEXTS[1], minus_both=TEXTS[2]
    )
    rule = {"pairs": "unseen", "shape": "sphere", "colors": "printed"}
    analysis = Analysis(
        tables={"answers": answers, "examples": shown if applies else shown[:0]},
        arrays=pictures(2),
        about=about(split=split, rule=rule),
    )
    return AnalysedRun(row=row, seed=seed, trial_id=f"{row}{seed}", analysis=analysis)


def without_pictures(run: AnalysedRun) -> AnalysedRun:
    found = run.analysis
    arrays = {
        name: array
        for name, array in found.arrays.items()
        if not name.startswith("picture")
    }
    said = {**found.about, "pictures": "absent"}
    analysis = Analysis(tables=found.tables, arrays=arrays, about=said)
    return AnalysedRun(
        row=run.row, seed=run.seed, trial_id=run.trial_id, analysis=analysis
    )
