"""Every row on every type of question is compared as rows are, and many at once."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from reports.results import Answers, Questions, Results, RunState, records
from reports.statistics import Basis, accuracy_by_type, estimate_cells
from reports.statistics.intervals import crossed, score_scenes

Make = Callable[..., Results]
NEAR = (0.960, 0.962, 0.958)
FAR = (0.900, 0.902, 0.898)


def test_types_are_averaged_over_finished_runs(make_results: Make) -> None:
    results = make_results({"baseline": (0.9, 0.8, RunState.FAILED)})
    by_type = accuracy_by_type(results).set_index("type")
    trials = results.trials
    assert by_type.loc["count", "accuracy"] == pytest.approx(
        trials["val_accuracy_count"].mean()
    )
    assert by_type.loc["count", "n_runs"] == 2
    assert by_type.loc["count", "n_questions"] == 400


def test_a_cell_is_estimated_over_the_questions_of_its_type(make_results: Make) -> None:
    results = make_results({"baseline": NEAR, "bad": FAR})
    cell = next(
        one
        for one in records(estimate_cells(results))
        if (one["row"], one["type"]) == ("bad", "exist")
    )
    sides = []
    for row in ("bad", "baseline"):
        answers = [results.answers[f"{row}-{seed}"] for seed in range(3)]
        of = answers[0].questions.types == "exist"
        correct = np.stack([answer.correct[of] for answer in answers])
        sides.append(score_scenes(correct, answers[0].questions.scenes[of]))
    expected = crossed(*sides)
    assert cell["basis"] == Basis.CROSSED
    assert (cell["delta"], cell["se"], cell["p"]) == pytest.approx(
        (expected.value, expected.se, expected.p)
    )
    assert (cell["lower"], cell["upper"]) == pytest.approx(expected.interval())


def test_a_type_that_few_scenes_ask_is_judged_by_those_scenes() -> None:
    rng = np.random.default_rng(0)
    scenes = np.repeat(np.arange(20), 5)
    types = np.where(scenes < 4, "rare", "usual")
    questions = Questions(scenes, types, "one")
    cells = estimate_cells(_study(questions, rng)).set_index(["row", "type"])
    rare = cells.loc[("bad", "rare")]
    assert rare["df"] < cells.loc[("bad", "usual")]["df"]
    assert rare["n_questions"] == 20


def _study(questions: Questions, rng: np.random.Generator) -> Results:
    answers, trials = {}, []
    for row, chance in (("baseline", 0.9), ("bad", 0.6)):
        for seed in range(3):
            correct = rng.random(questions.n_questions) < chance
            key = f"{row}-{seed}"
            answers[key] = Answers(questions, correct)
            by_type = {
                f"val_accuracy_{name}": correct[questions.types == name].mean()
                for name in ("rare", "usual")
            }
            trials.append(
                {
                    "row": row,
                    "group": "",
                    "is_baseline": row == "baseline",
                    "seed": seed,
                    "trial_id": key,
                    "state": "FINISHED",
                    "val_accuracy": correct.mean(),
                    **by_type,
                }
            )
    return Results(pd.DataFrame(trials), answers)


def test_cells_are_corrected_together_by_benjamini_and_hochberg(
    make_results: Make,
) -> None:
    results = make_results(
        {"baseline": NEAR, "a": FAR, "b": NEAR[::-1], "two": FAR[:2], "one": FAR[:1]}
    )
    cells = estimate_cells(results)
    tested = cells[cells["p"].notna()]
    assert set(tested["row"]) == {"a", "b"}
    assert len(tested) == 10
    expected = multipletests(tested["p"], method="fdr_bh")[1]
    assert list(tested["p_bh"]) == pytest.approx(list(expected))
    assert cells.loc[cells["p"].isna(), "p_bh"].isna().all()
    two = cells[cells["row"] == "two"]
    assert two["delta"].notna().all()
    assert set(cells.loc[cells["row"] == "one", "basis"]) == {Basis.CHECKPOINTS}


def test_the_baseline_is_there_and_compared_with_nothing(make_results: Make) -> None:
    cells = estimate_cells(make_results({"baseline": NEAR, "bad": FAR}))
    own = cells[cells["is_baseline"]]
    assert list(own["row"]) == ["baseline"] * 5
    assert own["delta"].isna().all()
    assert own["accuracy"].notna().all()


def test_without_answers_cells_fall_back_to_run_means(make_results: Make) -> None:
    results = make_results({"baseline": NEAR, "bad": FAR}, has_answers=False)
    cells = estimate_cells(results)
    bad = cells[cells["row"] == "bad"]
    assert set(bad["basis"]) == {Basis.RUN_MEANS}
    assert bad["p_bh"].notna().all()


@pytest.mark.parametrize("rows", [{"bad": FAR}, {"baseline": (RunState.FAILED,) * 3}])
def test_without_a_baseline_no_cell_is_compared(
    make_results: Make, rows: dict[str, tuple[float, ...]]
) -> None:
    cells = estimate_cells(make_results({"row": FAR, **rows}))
    assert cells["delta"].isna().all()
    assert cells["p_bh"].isna().all()


def test_a_row_on_other_questions_is_compared_in_no_cell(make_results: Make) -> None:
    results = make_results({"baseline": NEAR, "bad": FAR})
    answers = dict(results.answers)
    for seed in range(3):
        answer = answers[f"bad-{seed}"]
        other = Questions(answer.questions.scenes, answer.questions.types, "other")
        answers[f"bad-{seed}"] = Answers(other, answer.correct)
    cells = estimate_cells(Results(results.trials, answers))
    assert cells["delta"].isna().all()


def test_a_cell_that_every_run_gets_right_is_no_difference(make_results: Make) -> None:
    cells = estimate_cells(make_results({"baseline": (1.0,) * 3, "same": (1.0,) * 3}))
    same = cells[cells["row"] == "same"]
    assert list(same["p"]) == [1.0] * 5
    assert not any(math.copysign(1, delta) < 0 for delta in same["delta"])
