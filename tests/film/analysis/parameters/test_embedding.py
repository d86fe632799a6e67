"""Neighbours are counted rightly, and the same seed gives the same picture."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from film.analysis.embedding import embed_questions, neighbour_shares
from film.analysis.model import TrainedModel
from film.errors import AnalysisError
from tests.film.analysis.parameters.questions import ASKED
from tests.film.analysis.small_run import small_run, write_small_store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    asked = [*ASKED, *ASKED[:10]]  # the same words again
    return small_run(write_small_store(tmp_path_factory.mktemp("store"), asked))


def test_apart_types_are_all_neighbours_of_their_own() -> None:
    rng = np.random.default_rng(0)
    types = np.repeat(["count", "exist", "less_than"], 15)
    centres = np.repeat([[0.0, 0], [50, 0], [0, 50]], 15, axis=0)
    shares = neighbour_shares(centres + rng.normal(size=(45, 2)), types)
    assert [line["alike"] for line in shares] == ["type"]
    assert shares[0]["share"] == 1
    assert shares[0]["chance"] == pytest.approx(14 / 44)


def test_types_that_say_nothing_are_alike_by_chance() -> None:
    rng = np.random.default_rng(0)
    types = rng.choice(["count", "exist"], 2000)
    share = neighbour_shares(rng.normal(size=(2000, 5)), types)[0]
    assert share["share"] == pytest.approx(share["chance"], abs=0.02)


def test_questions_can_be_near_by_attribute_and_not_by_operation() -> None:
    rng = np.random.default_rng(0)
    attributes = np.tile(np.repeat(["color", "shape"], 40), 2)
    operations = np.repeat(["query", "equal"], 80)
    types = np.array(
        [f"{one}_{other}" for one, other in zip(operations, attributes, strict=True)]
    )
    places = np.where(attributes == "color", 0.0, 100.0)[:, None]
    vectors = places + rng.normal(size=(160, 3))
    shares = {line["alike"]: line["share"] for line in neighbour_shares(vectors, types)}
    assert shares["attribute"] == 1
    assert shares["operation"] == pytest.approx(0.5, abs=0.1)


def test_the_same_words_are_drawn_once(run: TrainedModel) -> None:
    found = embed_questions(run, "val")
    assert found.about["questions"] == len(ASKED)
    points = found.tables["points"]
    assert points.groupby("layer")["question"].nunique().to_dict() == {1: 48, 2: 48}


def test_types_are_outermost_functions(run: TrainedModel) -> None:
    points = embed_questions(run, "val").tables["points"]
    said = [ASKED[row % len(ASKED)][1].split()[0] for row in points["question"]]
    assert points["type"].tolist() == said


def test_the_same_seed_gives_the_same_picture(run: TrainedModel) -> None:
    first, again, other = (
        embed_questions(run, "val", 20, seed=seed).tables["points"]
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert first["question"].tolist() != other["question"].tolist()


def test_too_few_questions_are_refused_in_a_line(tmp_path: Path) -> None:
    run = small_run(write_small_store(tmp_path, ASKED[:6]))
    with pytest.raises(AnalysisError, match="val has 6 different questions, too few"):
        embed_questions(run, "val")
