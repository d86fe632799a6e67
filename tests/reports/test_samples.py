"""Accuracy by number of samples is drawn for any stage that has several."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from reports.figures import study_figures
from reports.figures.samples import draw_samples
from reports.figures.style import WIDTHS
from reports.material import Material, material_of
from reports.samples import accuracy_by_samples, samples_in_words
from studies.catalogue import find_study
from studies.study import Study
from studies.study_file import read_study
from tests.reports.figures.legible import assert_legible
from tests.reports.tuned import results_of

LEARNT = {
    "baseline": {"A": 0.98, "B": 0.75},
    "1,000 samples of B": {"A": 0.97, "B": 0.86},
    "3,000 samples of B": {"A": 0.95, "B": 0.91},
    "30,000 samples of B": {"A": 0.81, "B": 0.97},
}
ALONE = """
study: tuned
question: How many?
seeds: 2
stages:
  Tuned:
    after: baseline
    learn_from: valB
    judge_by: valB
    rows:
      many: {train.samples: 30}
      few: {train.samples: 10}
"""


@pytest.fixture(scope="module")
def study() -> Study:
    return find_study("cogent")


@pytest.fixture(scope="module")
def made(study: Study) -> Material:
    return material_of(study, results_of(study, LEARNT))


def test_each_set_of_questions_has_a_curve_that_begins_before_tuning(
    study: Study, made: Material
) -> None:
    numbers = accuracy_by_samples(study, made.estimates)
    curves = numbers.groupby("judged_by")["samples"].apply(list).to_dict()
    points = [0, 1000, 3000, 30000]  # the row of 10,000 did not finish
    assert curves == {"A": points, "B": points}
    estimates = made.estimates.set_index("row")
    for _, point in numbers.iterrows():
        its = estimates.loc[point["row"]]
        assert point["accuracy"] == its["accuracy"]
        half = 4.302653 * its["sd"] / math.sqrt(3)
        assert point["upper"] == pytest.approx(min(its["accuracy"] + half, 1))
        assert point["lower"] == pytest.approx(its["accuracy"] - half)
    first = numbers.iloc[0]
    assert (first["row"], first["stage"], first["start"]) == (
        "baseline → A",
        "Tuned on samples of B",
        "baseline",
    )


def test_published_points_stand_where_they_are_known(
    study: Study, made: Material
) -> None:
    numbers = accuracy_by_samples(study, made.estimates)
    known = numbers[numbers["published"].notna()]
    points = known.set_index(["judged_by", "samples"])["published"].to_dict()
    assert points == {
        ("A", 0): 0.983,
        ("A", 30000): 0.808,
        ("B", 0): 0.756,
        ("B", 30000): 0.969,
    }


def test_two_runs_have_no_interval(study: Study) -> None:
    made = material_of(study, results_of(study, LEARNT, n_runs=2))
    numbers = accuracy_by_samples(study, made.estimates)
    assert numbers["lower"].isna().all()
    assert set(numbers["n_runs"]) == {2}


def test_without_evaluations_rows_stand_by_what_they_are_judged_by(
    tmp_path: Path,
) -> None:
    (tmp_path / "tuned.yaml").write_text(ALONE, encoding="utf-8")
    study = read_study(tmp_path / "tuned.yaml")
    learnt = {"few": {"B": 0.8}, "many": {"B": 0.9}, "baseline": {"A": 0.9}}
    made = material_of(study, results_of(study, learnt))
    numbers = accuracy_by_samples(study, made.estimates)
    assert list(numbers["row"]) == ["few", "many"]
    assert list(numbers["samples"]) == [10, 30]
    assert set(numbers["judged_by"]) == {"valB"}
    draw_samples(numbers)


def test_one_number_of_samples_is_no_curve(study: Study, made: Material) -> None:
    rows = [row for row in study.rows if "000 samples" not in row.label]
    kept = [row for row in study.rows if row.label == "1,000 samples of B"]
    fewer = replace(study, rows=(*rows, *kept), contrasts=())
    assert accuracy_by_samples(fewer, made.estimates).empty
    quick = find_study("quick")
    assert accuracy_by_samples(quick, made.estimates).empty


@pytest.mark.parametrize("width", WIDTHS.values())
def test_the_figure_shows_every_point(
    study: Study, made: Material, width: float
) -> None:
    numbers = accuracy_by_samples(study, made.estimates)
    figure = draw_samples(numbers, width)
    assert_legible(figure)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "0",
        "1,000",
        "3,000",
        "30,000",
    ]
    published = [line for line in axes.lines if line.get_marker() == "D"]
    drawn = [y for line in published for y in line.get_ydata() if not math.isnan(y)]
    assert drawn == pytest.approx([98.3, 80.8, 75.6, 96.9])


def test_the_figure_is_in_the_report_and_said_in_words(
    study: Study, made: Material
) -> None:
    frames = made.estimates, made.cells
    drawing = study_figures(study, made.results, frames)["samples"]
    assert drawing.heading == "Accuracy by number of samples: Tuned on samples of B"
    assert "(published 96.9)" in drawing.words
    numbers = accuracy_by_samples(study, made.estimates)
    words = samples_in_words(numbers)
    assert words.startswith("Accuracy in percent by number of samples. On A: before 9")
    assert "1,000 samples 8" in words
