"""Tables of made-up records, with everything in them that a table can have."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from reports.material import Material, material_of
from reports.options import ReportOptions
from reports.results import Results, RunState
from studies.catalogue import find_study

MakeTables = Callable[..., Material]


@pytest.fixture(scope="session")
def make_tables(make_results: Callable[..., Results]) -> MakeTables:
    """Give a maker of the tables of the paper's Table 3 from its runs."""
    study = find_study("depth")
    groups = {row.label: row.group for row in study.rows}

    def make(
        runs: Mapping[str, Sequence[float | RunState]] | None = None,
        n_runs: int = 3,
        **options: object,
    ) -> Material:
        rng = np.random.default_rng(5)
        given = {
            row.label: tuple(0.9 + 0.004 * rng.normal(size=n_runs))
            for row in study.rows
        }
        results = make_results({**given, **(runs or {})}, groups, n_scenes=100)
        chosen = ReportOptions(**options)  # type: ignore[arg-type]
        return material_of(study, results, "http://somewhere", chosen)

    return make
