"""Made-up frames with the columns that figures draw, for any rows and runs."""

import math
from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd

from reports.learning import curves_by_row
from reports.reproduction.agreement import Agreement, Summary
from reports.reproduction.ranks import Simulated
from reports.results import Answers, Results
from reports.statistics import estimate_cells, estimate_rows
from reports.statistics.contrasts import Scale
from reports.statistics.effects import Effects
from studies.design import Design, DesignKind
from tests.reports.conftest import TYPES, draw_answers, make_questions

PAPER = {  # rows of the paper's Table 2, and roughly its numbers
    "β := 0": ("Restricted γ or β", 0.9690),
    "γ := 1": ("Restricted γ or β", 0.9595),
    "γ := σ(γ)": ("Restricted γ or β", 0.9593),
    "γ := tanh(γ)": ("Restricted γ or β", 0.9630),
    "γ := exp(γ)": ("Restricted γ or β", 0.9633),
    "after residual connection": ("Moving FiLM within ResBlock", 0.966),
    "after ResBlock ReLU-2": ("Moving FiLM within ResBlock", 0.977),
    "after ResBlock Conv-2": ("Moving FiLM within ResBlock", 0.971),
    "before ResBlock Conv-1": ("Moving FiLM within ResBlock", 0.950),
    "no FiLM in ResBlock 4": ("Removing FiLM from ResBlocks", 0.968),
    "no FiLM in ResBlocks 3-4": ("Removing FiLM from ResBlocks", 0.965),
    "no FiLM in ResBlocks 2-4": ("Removing FiLM from ResBlocks", 0.973),
    "no FiLM in ResBlocks 1-4": ("Removing FiLM from ResBlocks", 0.214),
    "1×1 conv only, no coord. maps": ("Miscellaneous", 0.953),
    "no residual connection": ("Miscellaneous", 0.940),
    "no batch normalization": ("Miscellaneous", 0.937),
    "raw pixels instead of features": ("Miscellaneous", 0.976),
}
GOOD = 0.974


def results_of(
    rows: dict[str, tuple[str, float]], runs: int | Sequence[int], n_scenes: int = 200
) -> Results:
    """Answer questions with the given accuracies; rows may have no run at all."""
    rng = np.random.default_rng(0)
    questions = make_questions(n_scenes, 10)
    all_rows = {"baseline": ("", GOOD), **rows}
    counts = [runs] * len(all_rows) if isinstance(runs, int) else list(runs)
    trials, answers = [], {}
    for (row, (group, accuracy)), n_runs in zip(all_rows.items(), counts, strict=True):
        for seed in range(max(n_runs, 1)):
            correct = draw_answers(accuracy + rng.normal(0, 0.004), questions, rng)
            scores = {
                f"val_accuracy_{kind}": correct[questions.types == kind].mean()
                for kind in TYPES
            }
            scores["val_accuracy"] = correct.mean()
            trial = f"{row}-{seed}"
            if n_runs:
                answers[trial] = Answers(questions, correct)
            trials.append(
                {
                    "row": row,
                    "group": group,
                    "is_baseline": row == "baseline",
                    "seed": seed,
                    "trial_id": trial,
                    "state": "FINISHED" if n_runs else "MISSING",
                    **(scores if n_runs else dict.fromkeys(scores, math.nan)),
                }
            )
    return Results(pd.DataFrame(trials), answers)


def estimates_of(
    results: Results, *, published: bool = True, margin: float | None = 0.5
) -> pd.DataFrame:
    estimates = estimate_rows(results, margin=margin)
    of_paper = {row: accuracy - GOOD for row, (_, accuracy) in PAPER.items()}
    estimates["published_delta"] = [
        of_paper.get(row, math.nan) if published else math.nan
        for row in estimates["row"]
    ]
    return estimates


def cells_of(results: Results) -> pd.DataFrame:
    return estimate_cells(results)


def curves_of(
    rows: dict[str, tuple[str, float]], n_runs: int = 5, n_epochs: int = 40
) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    record = [
        {
            "row": row,
            "group": group,
            "is_baseline": row == "baseline",
            "seed": seed,
            "epoch": epoch,
            "train_accuracy": end + 0.01 - 0.6 * math.exp(-epoch / speed),
            "val_accuracy": end - 0.6 * math.exp(-epoch / speed) + rng.normal(0, 0.004),
        }
        for row, (group, end) in {"baseline": ("", GOOD), **rows}.items()
        for seed in range(n_runs)
        for speed in [5 + rng.normal(0, 0.3)]
        for epoch in range(1, n_epochs + 1)
    ]
    return curves_by_row(pd.DataFrame(record))


def terms_of(
    components: Sequence[str], scale: str = "accuracy", se: float = 0.0015
) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    lines = []
    for order in range(1, len(components) + 1):
        for term in combinations(components, order):
            effect = rng.normal(0, 0.03 / order**2)
            lines.append(
                {
                    "term": " × ".join(term),
                    "components": term,
                    "order": order,
                    "effect": effect,
                    "se": se,
                    "df": 24.0,
                    "lower": effect - 2 * se,
                    "upper": effect + 2 * se,
                    "p": 0.01,
                    "p_holm": 0.001 if abs(effect) > 3 * se else 0.6,
                    "eta_sq_partial": 0.5,
                    "n_runs": 40,
                    "basis": "crossed",
                    "scale": scale,
                }
            )
    return pd.DataFrame(lines)


def shapley_of(components: Sequence[str]) -> pd.DataFrame:
    values = np.linspace(-0.005, 0.035, len(components))
    return pd.DataFrame(
        {
            "component": list(components),
            "value": values,
            "se": 0.001,
            "df": 24.0,
            "lower": values - 0.002,
            "upper": values + 0.002,
            "basis": "crossed",
        }
    )


def means_of(components: Sequence[str]) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    lines = []
    for first, second in combinations(components, 2):
        for first_on, second_on in product((False, True), repeat=2):
            mean = 0.91 + 0.03 * first_on + 0.02 * second_on + rng.normal(0, 0.004)
            lines.append(
                {
                    "first": first,
                    "second": second,
                    "first_on": first_on,
                    "second_on": second_on,
                    "mean": mean,
                    "lower": mean - 0.003,
                    "upper": mean + 0.003,
                    "n_runs": 10,
                }
            )
    return pd.DataFrame(lines)


def effects_of(components: Sequence[str], beside: Effects | None = None) -> Effects:
    scale = Scale.ACCURACY if beside else Scale.LOGIT
    return Effects(
        design=Design(kind=DesignKind.LEVELS),  # which no figure looks at
        scale=scale,
        terms=terms_of(components, str(scale)),
        means=means_of(components),
        shapley=shapley_of(components),
        whole=None,
        aliases=pd.DataFrame(),
        steps=pd.DataFrame(),
        missing=(),
        collapsed=(),
        beside=beside,
    )


def noise_of(parameters: Sequence[str] = ("γ", "β")) -> pd.DataFrame:
    noise = np.linspace(0, 1, 11)
    parts = []
    for number, name in enumerate(parameters):
        mean = 0.3 + 0.67 * np.exp(-((noise * (2.2 - number)) ** 2))
        parts.append(
            pd.DataFrame(
                {
                    "parameter": name,
                    "noise": noise,
                    "mean": mean,
                    "lower": mean - 0.01 - 0.03 * noise,
                    "upper": mean + 0.01 + 0.03 * noise,
                    "n_runs": 5,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def reproduction_of(rows: dict[str, tuple[str, float]], n_runs: int = 5) -> Agreement:
    """Hold rows against what was published of them; the last has no prediction."""
    rng = np.random.default_rng(0)
    lines = [
        {
            "row": "baseline",
            "group": "",
            "is_baseline": True,
            "n_runs": n_runs,
            "published_delta": math.nan,
            "delta": math.nan,
            "lower": math.nan,
            "upper": math.nan,
            "predicted_lower": 0.96,
            "is_inside": True,
            "is_collapsed": False,
        }
    ]
    for number, (row, (group, accuracy)) in enumerate(rows.items(), start=1):
        published = accuracy - GOOD
        delta = published + rng.normal(0, 0.005)
        lines.append(
            {
                "row": row,
                "group": group,
                "is_baseline": False,
                "n_runs": n_runs,
                "published_delta": published,
                "delta": delta,
                "lower": delta - 0.006,
                "upper": delta + 0.006,
                "predicted_lower": math.nan if number == len(rows) else delta - 0.005,
                "is_inside": abs(delta - published) < 0.005,
                "is_collapsed": accuracy < 0.5,
            }
        )
    frame = pd.DataFrame(lines)
    kept = frame[~frame["is_collapsed"]]
    apart = (kept["delta"] - kept["published_delta"]).dropna()
    sd = float(apart.std(ddof=1))
    bias = float(apart.mean())
    summary = Summary(
        has_noise=True,
        n_rows=len(rows),
        n_predicted=len(rows) - 1,
        n_inside=int(kept["is_inside"].sum()),
        tau=0.89 if len(rows) > 2 else math.nan,
        ceiling=Simulated(0.81, 0.68, 0.91),
        unrelated=None,
        n_readable=0,
        n_same_readable=0,
        n_signed=0,
        n_same_signed=0,
        collapsed=(),
        concordance=math.nan,
        mean_absolute=math.nan,
        bias=bias,
        limits=(bias - 1.96 * sd, bias + 1.96 * sd),
        level=math.nan,
    )
    return Agreement(
        frame, summary, is_on_published_questions=True, unmatched=(), unpublished=()
    )
