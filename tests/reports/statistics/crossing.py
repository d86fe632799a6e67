"""Made-up studies of crossed components, of which the truth is known."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from film.config import Config
from reports.results import Results
from studies.design import Component, Design, DesignKind
from studies.row import Row
from studies.study import Study

Truth = Callable[[frozenset[str]], float]

# Switches that exist, so that rows are valid: what they compute is of no matter here.
SWITCHES: Mapping[str, Mapping[str, object]] = {
    "γ": {"model.film.gamma": "one"},
    "β": {"model.film.beta": "zero"},
    "residual": {"model.residual": False},
    "norm": {"model.norm": "none"},
    "coords": {"model.coordinates": "none"},
}


def make_study(kind: DesignKind, n: int) -> Study:
    components = tuple(
        Component(label=label, changes=changes, is_in_baseline=True)
        for label, changes in list(SWITCHES.items())[:n]
    )
    design = Design(kind=kind, components=components)
    baseline = Row(
        group="", label="baseline", changes={}, config=Config(), on=design.baseline_on
    )
    rows = [
        Row(
            group=row.group,
            label=row.label,
            changes=row.changes,
            config=Config().with_changes(row.changes),
            on=row.on,
        )
        for row in design.rows()
    ]
    return Study(
        name="crossed",
        question="Which?",
        rows=(baseline, *rows),
        seeds=(0, 1, 2),
        margin=None,
        world=None,
        design=design,
    )


def redundant(on: frozenset[str]) -> float:
    """γ and β can nearly stand in for each other; the others add up."""
    either = 0.09 * ("γ" in on) + 0.07 * ("β" in on) - 0.07 * ({"γ", "β"} <= on)
    others = 0.03 * ("residual" in on) + 0.02 * ("norm" in on)
    return 0.60 + either + others


def accuracies(
    study: Study, truth: Truth, n_runs: int, sd: float, seed: int = 0
) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    return {
        row.label: list(truth(row.on or frozenset()) + sd * rng.normal(size=n_runs))
        for row in study.rows
    }


def without_rows(results: Results, *rows: str) -> Results:
    trials = results.trials
    return replace(results, trials=trials[~trials["row"].isin(rows)])
