"""A study is held against published rows as its own report estimates it."""

from typing import Protocol

import pandas as pd

from reports.load import load_results
from reports.material import material_of
from reports.published import Published, PublishedTable
from reports.reproduction.making import reproduce
from studies.study import Study
from studies.trial import Trial


class Store(Protocol):
    uri: str
    study: Study
    trials: tuple[Trial, ...]


def test_rows_are_held_against_the_baseline_of_their_own_evaluation(
    staged: Store,
) -> None:
    results = load_results(staged.trials, staged.uri)
    rows = {"baseline": 91.0, "baseline → B": 70.0, "γ := 1 → B": 76.0}
    published = {row: Published(accuracy, "there") for row, accuracy in rows.items()}
    table = PublishedTable("a-table", "there", published)
    beside = reproduce(staged.study, results, table).agreement.rows.set_index("row")
    reported = material_of(staged.study, results).estimates.set_index("row")
    pd.testing.assert_series_equal(beside["delta"], reported["delta"])
