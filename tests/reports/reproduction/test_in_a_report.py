"""The paper's study on the paper's questions has its reproduction in its report."""

import numpy as np
import pandas as pd
import pytest

from reports.figures import study_figures
from reports.material import Material, material_of
from reports.published import CLEVR_VAL_QUESTIONS
from reports.results import Answers, Questions, Results
from reports.tables.forms import Format, write_table
from studies.catalogue import find_study
from tests.reports.reproduction.drawn import SD, TRUTH, draw_runs

STUDY = find_study("architecture")


def record(n_questions: int) -> Results:
    rng = np.random.default_rng(0)
    scenes = np.arange(n_questions) // 10
    questions = Questions(scenes, np.full(n_questions, "count"), f"{n_questions}")
    lines, answers = [], {}
    for row, runs in draw_runs(TRUTH, 3, rng, SD).items():
        for seed, accuracy in enumerate(runs):
            trial_id = f"{row}-{seed}"
            correct = rng.random(n_questions) < accuracy
            answers[trial_id] = Answers(questions, correct)
            lines.append(
                {
                    "row": row,
                    "group": "",
                    "is_baseline": row == "baseline",
                    "seed": seed,
                    "trial_id": trial_id,
                    "changes": "",
                    "state": "FINISHED",
                    "val_accuracy": float(correct.mean()),
                    "best_epoch": 3.0,
                    "wall_time_s": 60.0,
                }
            )
    return Results(pd.DataFrame(lines), answers)


@pytest.fixture(scope="module")
def material() -> Material:
    return material_of(STUDY, record(CLEVR_VAL_QUESTIONS))


def test_accuracies_are_compared_on_the_paper_s_own_questions(
    material: Material,
) -> None:
    assert material.reproduction is not None
    agreement = material.reproduction.agreement
    assert agreement.is_on_published_questions
    assert agreement.summary.n_predicted == 18
    assert agreement.summary.n_inside >= 16
    assert abs(agreement.summary.level) < 0.002
    text = write_table(material.tables["reproduction-rows"], Format.TEXT).decode()
    assert "Published (%)" in text


def test_its_tables_stand_in_the_report_and_say_what_they_follow_from(
    material: Material,
) -> None:
    stems = [stem for stem in material.tables if stem.startswith("reproduction-")]
    assert stems == [
        "reproduction-claims",
        "reproduction-rows",
        "reproduction-agreement",
        "reproduction-deviations",
    ]
    for stem in stems:
        assert material.tables[stem].source.study == "architecture"


def test_it_is_drawn(material: Material) -> None:
    assert material.reproduction is not None
    frames = material.estimates, material.cells
    drawn = study_figures(
        STUDY, material.results, frames, None, material.reproduction.agreement
    )
    assert "reproduction" in drawn
    assert "no FiLM in ResBlocks 1-4" in drawn["reproduction"].words


def test_on_other_questions_a_report_has_none() -> None:
    material = material_of(STUDY, record(1000))
    assert material.reproduction is None
    assert not any(stem.startswith("reproduction") for stem in material.tables)
