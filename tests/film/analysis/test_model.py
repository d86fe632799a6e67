"""A trained model opens the questions that it learnt from, and those held out."""

from dataclasses import replace
from pathlib import Path

import pytest

from film.analysis.model import TrainedModel
from film.analysis.modulation import measure_modulation
from tests.film.analysis.parameters.questions import ASKED
from tests.film.analysis.small_run import small_run, write_small_store

PER_PICTURE = len(ASKED) // 4


@pytest.fixture
def tuned(tmp_path: Path) -> TrainedModel:
    """Tuned on the first five questions of val, all of which are about picture 0."""
    run = small_run(write_small_store(tmp_path / "store", ASKED))
    return replace(run, learnt_from="val", learnt_first=5, held_out={"val": 5})


def test_what_a_run_was_tuned_on_is_not_analysed(tuned: TrainedModel) -> None:
    others = tuned.open("val")
    assert len(others) == len(ASKED) - PER_PICTURE  # nor what shows the same picture
    assert 0 not in others.image_ids
    assert tuned.open("val", 3).image_ids.tolist() == [1, 1, 1]
    assert len(tuned.open("train")) == len(ASKED)
    about = measure_modulation(tuned, "val").about
    assert (about["questions"], about["held_out"]) == (len(others), 5)


def test_training_means_are_over_what_was_learnt_from(tuned: TrainedModel) -> None:
    assert tuned.open_learnt(50).image_ids.tolist() == [0] * 5
    assert len(tuned.open_learnt(2)) == 2
    assert len(replace(tuned, learnt_first=None).open_learnt(50)) == len(ASKED)
