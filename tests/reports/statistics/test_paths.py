"""A path tells step by step what was switched, and what could have been instead."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reports.results import Results
from reports.statistics.contrasts import Runs
from reports.statistics.effects import estimate_effects
from reports.statistics.paths import greedy_path, path_in_order
from studies.design import Design, DesignKind, Direction
from studies.study import Study
from tests.reports.statistics.crossing import accuracies, make_study, redundant

Make = Callable[..., Results]


def steps(frame: pd.DataFrame, direction: str) -> pd.DataFrame:
    return frame[frame["direction"] == direction]


def estimated(study: Study, results: Results) -> pd.DataFrame:
    effects = estimate_effects(study, results)
    assert effects is not None
    return effects.steps


def test_the_path_of_a_file_has_its_order(make_results: Make) -> None:
    study = make_study(DesignKind.PATH, 4)
    runs = accuracies(study, redundant, n_runs=3, sd=0.0005)
    frame = estimated(study, make_results(runs))
    for direction in ("removing", "adding"):
        order = list(steps(frame, direction)["component"])
        assert order == ["γ", "β", "residual", "norm"]
    effect = steps(frame, "removing").set_index("component")["effect"]
    assert effect["γ"] == pytest.approx(0.02, abs=0.002)  # β stands in
    assert effect["β"] == pytest.approx(0.07, abs=0.002)  # nothing does any more
    effect = steps(frame, "adding").set_index("component")["effect"]
    assert effect["γ"] == pytest.approx(0.09, abs=0.002)
    assert frame["n_runs"].tolist() == [3] * 8
    assert not frame["tied_with"].any()


def test_it_may_go_one_way(make_results: Make) -> None:
    both = make_study(DesignKind.PATH, 3)
    results = make_results(accuracies(both, redundant, n_runs=2, sd=0.001))
    design = both.design
    assert design is not None
    one = Design(
        kind=design.kind, components=design.components, direction=Direction.REMOVING
    )
    effects = estimate_effects(
        replace(both, design=one),
        results,
    )
    assert effects is not None
    assert set(effects.steps["direction"]) == {"removing"}


def test_steps_over_missing_rows_are_left_out() -> None:
    runs = {frozenset(on): Runs(np.array([0.5, 0.6])) for on in ("γβ", "γ", "")}
    frame = path_in_order(runs, "γβ", Direction.BOTH)
    assert list(steps(frame, "adding")["component"]) == ["γ", "β"]
    assert steps(frame, "removing").empty  # without γ: no run


def test_the_greedy_path_is_read_from_a_factorial(make_results: Make) -> None:
    study = make_study(DesignKind.FULL_FACTORIAL, 4)
    runs = accuracies(study, redundant, n_runs=3, sd=0.0005)
    frame = estimated(study, make_results(runs, has_answers=False))
    adding, removing = steps(frame, "adding"), steps(frame, "removing")
    assert list(adding["component"]) == ["γ", "residual", "norm", "β"]
    assert list(removing["component"]) == ["β", "norm", "residual", "γ"]
    assert not frame["tied_with"].any()
    assert removing["on"].iloc[-1] == frozenset()


def test_what_a_step_could_as_well_have_taken_is_named() -> None:
    levels = {"": 0.5, "γ": 0.7, "β": 0.699, "γβ": 0.8}
    noise = np.array([-0.01, 0, 0.01])
    runs = {frozenset(on): Runs(level + noise) for on, level in levels.items()}
    first = steps(greedy_path(runs, ("γ", "β")), "adding").iloc[0]
    assert (first["component"], first["tied_with"]) == ("γ", ("β",))
    apart = {**runs, frozenset("β"): Runs(0.6 + noise)}
    first = steps(greedy_path(apart, ("γ", "β")), "adding").iloc[0]
    assert first["tied_with"] == ()


def test_single_runs_leave_every_choice_open() -> None:
    levels = {"": 0.5, "γ": 0.7, "β": 0.6, "γβ": 0.8}
    runs = {frozenset(on): Runs(np.array([level])) for on, level in levels.items()}
    assert steps(greedy_path(runs, ("γ", "β")), "adding").iloc[0]["tied_with"] == ("β",)
