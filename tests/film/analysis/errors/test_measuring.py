"""A run's answers beside what explains them: on real CLEVR, and on a tiny world."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from film.analysis.errors.measuring import measure_errors
from film.analysis.model import TrainedModel
from film.analysis.record import read_analysis, write_analysis
from film.config import Config, ImageInput
from film.data.dataset import data_fingerprint, open_dataset
from film.data.prepare import PrepareOptions, prepare
from film.errors import AnalysisError, DataError
from film.model.build import build_network
from film.model.network import DataSizes
from film.training.best import Best
from film.training.predictions import write_predictions
from film.world.config import load_world_config
from film.world.making import make_world

WORLD = load_world_config({"n_train": 4, "n_val": 6, "n_test": 0}, "tiny")
SMALL = {
    "model.width": 4,
    "model.n_blocks": 1,
    "model.generator.word_dim": 4,
    "model.generator.hidden": 8,
    "model.classifier.projection": 8,
    "model.classifier.hidden": [8],
}


def untrained(store: Path, trial: Path, image_input: ImageInput) -> TrainedModel:
    """Give a network as if it were a run's, of which only the shapes matter."""
    data = open_dataset(store, "val", image_input)
    changes = {**SMALL, "model.stem.input": image_input}
    config = Config().with_changes(changes)
    sizes = DataSizes(
        n_words=len(data.vocabulary.question_words),
        n_answers=len(data.vocabulary.answers),
        image_shape=data.image_shape,
    )
    network = build_network(config.model, sizes).eval()
    fingerprint = data_fingerprint(store, image_input, ("train", "val"))
    best = Best(
        run={"data": fingerprint},
        config=config,
        sizes=sizes,
        vocabulary=data.vocabulary,
        epoch=1,
        weights=network.state_dict(),
    )
    return TrainedModel(
        best=best,
        network=network,
        digest="0",
        data=store,
        fingerprint=fingerprint,
        trial=trial,
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "w"
    for _ in make_world(WORLD, folder):
        pass
    return folder


@pytest.fixture(scope="module")
def clevr(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare the questions of real CLEVR, with pictures where the copy has them."""
    source = shared / "clevr" / "CLEVR_v1.0"
    if not any((source / "images" / "val").glob("*.png")):
        pytest.skip(f"{source} has no pictures of val")
    store = tmp_path_factory.mktemp("clevr") / "store"
    options = PrepareOptions(splits=("train", "val"), image_size=(24, 36))
    for _ in prepare(source, store, options):
        pass
    return store


def answer(model: TrainedModel, answers: np.ndarray) -> None:
    """Record answers as a run does."""
    assert model.trial is not None
    dataset = model.open("val", with_images=False)
    write_predictions(answers, dataset, model.trial / "predictions.parquet")


def test_right_answers_to_real_questions_never_contradict(
    clevr: Path, shared: Path, tmp_path: Path
) -> None:
    model = untrained(clevr, tmp_path, ImageInput.PIXELS)
    answer(model, model.open("val", with_images=False).answers)
    source = shared / "clevr" / "CLEVR_v1.0"
    found = measure_errors(model, "val", source=source)
    questions, related = found.tables["questions"], found.tables["related"]
    assert questions["correct"].all()
    assert (questions["typical"] == 1).all()
    assert len(related) > 0
    assert not related["contradict"].any()
    assert not related["chance"].any()
    assert found.tables["contradictions"].empty
    assert questions["hidden"].max() > 0.5
    assert questions["hidden"].min() == 0
    needs_some = questions["n_objects"] > 0
    assert (questions["hidden"].notna() == needs_some).all()


def test_wrong_answers_to_real_questions_contradict(
    clevr: Path, tmp_path: Path
) -> None:
    model = untrained(clevr, tmp_path, ImageInput.PIXELS)
    dataset = model.open("val", with_images=False)
    number = model.vocabulary.answer_token_to_idx
    turned = {number["yes"]: number["no"], number["no"]: number["yes"]}
    answer(model, np.array([turned.get(int(one), int(one)) for one in dataset.answers]))
    found = measure_errors(model, "val")
    related = found.tables["related"]
    counted = related[related["relation"] == "count and exist"]
    assert len(counted) > 0
    assert counted["contradict"].any()
    # All errors are of one kind, and so nothing is left to chance.
    assert (related["chance"] == related["contradict"]).all()
    said = found.tables["contradictions"]["answers"]
    assert len(said) == related["contradict"].sum()
    assert said.str.contains(r"\(right: ").all()
    assert not found.about["has_scenes"]  # those are not in a store of CLEVR


def test_scenes_that_are_said_to_be_there_have_to_be(
    tiny: Path, tmp_path: Path
) -> None:
    model = untrained(tiny, tmp_path, ImageInput.FEATURES)
    without = tmp_path / "clevr"
    shutil.copytree(tiny / "CLEVR_v1.0" / "questions", without / "questions")
    with pytest.raises(DataError, match="no scenes of val"):
        measure_errors(model, "val", source=without)


def test_a_world_has_its_scenes_beside_it(tiny: Path, tmp_path: Path) -> None:
    model = untrained(tiny, tmp_path, ImageInput.FEATURES)
    answer(model, model.open("val", with_images=False).answers)
    found = measure_errors(model, "val")
    assert found.about["has_scenes"]
    assert found.about["answers"] == "recorded"
    assert found.tables["questions"]["hidden"].notna().any()


def test_a_network_is_asked_where_it_recorded_nothing(
    tiny: Path, tmp_path: Path
) -> None:
    model = untrained(tiny, tmp_path, ImageInput.FEATURES)
    first = measure_errors(model, "val")
    assert first.about["answers"] == "given again"
    answers = first.tables["questions"]["answer"]
    numbers = model.vocabulary.answer_token_to_idx
    answer(model, np.array([numbers[one] for one in answers]))
    again = measure_errors(model, "val")
    assert again.about["answers"] == "recorded"
    assert again.tables["questions"].equals(first.tables["questions"])
    assert measure_errors(model, "train").about["answers"] == "given again"


def test_fewer_questions_are_the_first_ones(tiny: Path, tmp_path: Path) -> None:
    model = untrained(tiny, tmp_path, ImageInput.FEATURES)
    answer(model, model.open("val", with_images=False).answers)
    some = measure_errors(model, "val", 5)
    assert some.about["answers"] == "recorded"
    assert some.tables["questions"]["question"].tolist() == list(range(5))


def test_what_is_found_can_be_kept(tiny: Path, tmp_path: Path) -> None:
    model = untrained(tiny, tmp_path / "trial", ImageInput.FEATURES)
    found = measure_errors(model, "val")
    write_analysis(found, tmp_path / "errors")
    kept = read_analysis(tmp_path / "errors")
    assert kept.tables["questions"].equals(found.tables["questions"])
    assert len(kept.tables["contradictions"]) == len(found.tables["contradictions"])


def test_answers_that_cannot_be_read_are_said_in_a_line(
    tiny: Path, tmp_path: Path
) -> None:
    model = untrained(tiny, tmp_path, ImageInput.FEATURES)
    path = tmp_path / "predictions.parquet"
    for write in (
        lambda: path.write_text("no table"),
        lambda: pq.write_table(pa.table({"question": [0]}), path),
    ):
        write()
        with pytest.raises(AnalysisError, match=r"predictions\.parquet") as caught:
            measure_errors(model, "val")
        assert "\n" not in str(caught.value)
