"""A study says which differences it expects, before its runs are seen."""

from pathlib import Path

import pytest

from studies.catalogue import catalogue, find_study
from studies.contrasts import Contrast, Expected
from studies.errors import StudyError
from studies.study_file import read_study

STUDY = """
study: small
question: What matters?
seeds: 2
groups:
  Parts:
    no β: {model.film.beta: zero}
    no γ: {model.film.gamma: one}
contrasts:
  γ matters more:
    row: no γ
    minus: no β
    expect: lower
    source: Perez et al., Section 4.3
  both matter: {row: [no γ, no β], minus: baseline, expect: lower}
"""
PAPER = ("architecture", "depth", "humans", "cogent", "clevr-systems")


def read(folder: Path, old: str = "", new: str = "") -> tuple[Contrast, ...]:
    assert old in STUDY
    path = folder / "small.yaml"
    path.write_text(STUDY.replace(old, new, 1), encoding="utf-8")
    return read_study(path).contrasts


def test_a_contrast_weighs_rows_against_others(tmp_path: Path) -> None:
    first, second = read(tmp_path)
    assert first == Contrast(
        name="γ matters more",
        rows=("no γ",),
        minus=("no β",),
        expected=Expected.LOWER,
        source="Perez et al., Section 4.3",
    )
    assert second.weights == {"no γ": 0.5, "no β": 0.5, "baseline": -1}
    assert second.source == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("row: no γ", "row: no δ", "contrast 'γ matters more' is of 'no δ', which is"),
        ("minus: no β", "minus: no γ", "row 'no γ' stands twice in it"),
        ("expect: lower", "expect: less", "expect: got 'less'"),
        ("minus: no β", "plus: no β", "minus: is missing|plus: no such"),
        ("row: no γ", "row: []", "row: "),
    ],
)
def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        read(tmp_path, old, new)


@pytest.mark.parametrize("name", [*PAPER, *(f"{name}-embedded" for name in PAPER)])
def test_the_studies_of_the_paper_say_what_it_found(name: str) -> None:
    study = find_study(name)
    assert study.contrasts
    assert all(one.source for one in study.contrasts if "SA+MLP" not in one.name)


@pytest.mark.parametrize("name", ["clevr-systems", "clevr-systems-embedded"])
def test_every_system_is_held_against_its_question_s_prior(name: str) -> None:
    study = find_study(name)
    prior = "Q-type baseline"
    others = {row.label for row in study.rows} - {prior}
    assert {one.rows for one in study.contrasts} == {(row,) for row in others}
    assert {(one.minus, one.expected) for one in study.contrasts} == {
        ((prior,), Expected.HIGHER)
    }


def test_a_study_need_expect_nothing() -> None:
    assert "quick" in catalogue()
    assert find_study("quick").contrasts == ()
