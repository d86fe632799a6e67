"""Training starts from what another run learnt, with more words or for some weights."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import h5py
import pandas as pd
import pytest
import torch

from film.config import Config, ImageInput
from film.data.dataset import QuestionDataset, open_dataset
from film.errors import DataError, TrainingError
from film.model.build import build_network
from film.training.best import Best
from film.training.checkpoint import load_tensors
from film.training.fit import _samples, fit
from film.training.judging import answer_all, judge

Prepared = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _keep_threads() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def parent(
    train: QuestionDataset,
    val: QuestionDataset,
    config: Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Train a network whose weights others start from."""
    folder = tmp_path_factory.mktemp("parent")
    long = changed(config, train__max_epochs=20)
    list(fit(long, train, val, seed=0, device="cpu", directory=folder))
    return folder / "best.pt"


@pytest.fixture
def humans(store: Path, tmp_path: Path) -> Path:
    """Write a store that says "sinister" and "dexter" for "left" and "right"."""
    copytree(store, tmp_path / "humans")
    folder = tmp_path / "humans"
    vocabulary = json.loads((folder / "vocab.json").read_text())
    words = vocabulary["question_token_to_idx"]
    words |= {"sinister": len(words), "dexter": len(words) + 1}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    for split in ("train", "val"):
        with h5py.File(folder / f"{split}.h5", "r+") as file:
            questions = file["questions"][:]
            questions[:, 1] += words["sinister"] - words["left"]
            file["questions"][:] = questions
    return folder


def changed(config: Config, **settings: object) -> Config:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    return config.with_changes(named)


def weights(path: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = load_tensors(path)["network"]
    return tensors


def test_a_network_that_starts_from_another_answers_as_that_did(
    parent: Path, val: QuestionDataset, config: Config, tmp_path: Path
) -> None:
    still = changed(config, train__learning_rate=1e-30, train__max_epochs=1)
    # A rate of next to nothing moves no weight; running averages of norms do move.
    (metrics,) = fit(
        still, val, val, seed=5, device="cpu", directory=tmp_path, start=parent
    )
    there = weights(parent)
    for name, value in weights(tmp_path / "best.pt").items():
        if "running" not in name and "batches" not in name:
            assert torch.equal(value, there[name]), name
    assert metrics.val_accuracy > 0.9


def test_new_words_begin_near_zero_and_known_ones_stay(
    parent: Path, humans: Path
) -> None:
    best = Best.read(parent)
    data = open_dataset(humans, "train", ImageInput.FEATURES)
    sizes = replace(best.sizes, n_words=best.sizes.n_words + 2)
    network = replace(best, sizes=sizes)
    grown = build(network)
    best.start(grown, data.vocabulary, seed=1)
    words = grown.state_dict()["generator.embedding.weight"]
    assert torch.equal(words[:-2], best.weights["generator.embedding.weight"])
    assert 0 < words[-2:].abs().max() < 0.06
    again = build(network)
    best.start(again, data.vocabulary, seed=1)
    assert torch.equal(again.state_dict()["generator.embedding.weight"], words)


def build(best: Best) -> torch.nn.Module:
    return build_network(best.config.model, best.sizes)


# New words stand behind the others.
def is_there(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.equal(one, other[: len(one)] if one.ndim else other)


def test_tuning_the_generator_teaches_new_words_and_leaves_the_rest(
    parent: Path, humans: Path, config: Config, tmp_path: Path
) -> None:
    train, val = (
        open_dataset(humans, split, ImageInput.FEATURES) for split in ("train", "val")
    )
    before = judge(parent, val, device="cpu", directory=tmp_path)
    tuned = changed(config, train__learns="generator", train__max_epochs=10)
    *_, last = fit(
        tuned, train, val, seed=0, device="cpu", directory=tmp_path, start=parent
    )
    assert before.accuracy < 0.8  # the two words are one to it: unknown
    assert last.best_val_accuracy > 0.9
    there, here = weights(parent), weights(tmp_path / "best.pt")
    moved = {name for name in there if not is_there(there[name], here[name])}
    learnt = {name for name in moved if "running" not in name and "batches" not in name}
    assert learnt
    assert all(name.startswith("generator.") for name in learnt)
    assert moved > learnt  # the averages of norms follow the new data


def test_what_starts_from_another_resumes_to_the_bit(
    parent: Path,
    train: QuestionDataset,
    val: QuestionDataset,
    config: Config,
    tmp_path: Path,
) -> None:
    sampled = changed(config, train__samples=40, train__max_epochs=2)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    how = {"seed": 1, "device": "cpu", "start": parent}
    list(fit(sampled, train, val, directory=whole, **how))
    for _ in range(3):
        epochs = fit(sampled, train, val, directory=parts, **how)
        next(epochs)
        next(epochs, None)
        epochs.close()
    list(fit(sampled, train, val, directory=parts, **how))
    one, other = weights(whole / "best.pt"), weights(parts / "best.pt")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_does_not_go_on_from_a_checkpoint_with_another_start(
    parent: Path,
    train: QuestionDataset,
    val: QuestionDataset,
    config: Config,
    tmp_path: Path,
) -> None:
    how = {"seed": 0, "device": "cpu", "directory": tmp_path}
    next(fit(config, train, val, **how))
    with pytest.raises(TrainingError, match=r"another run \(other start\)"):
        next(fit(config, train, val, start=parent, **how))


def test_words_with_other_numbers_are_refused(
    parent: Path, humans: Path, config: Config, tmp_path: Path
) -> None:
    vocabulary = json.loads((humans / "vocab.json").read_text())
    words = vocabulary["question_token_to_idx"]
    words["left"], words["please"] = words["please"], words["left"]
    (humans / "vocab.json").write_text(json.dumps(vocabulary))
    data = open_dataset(humans, "train", ImageInput.FEATURES)
    with pytest.raises(TrainingError, match=r"words .* have other numbers in the data"):
        next(
            fit(
                config,
                data,
                data,
                seed=0,
                device="cpu",
                directory=tmp_path,
                start=parent,
            )
        )


def test_another_network_is_refused(
    parent: Path, train: QuestionDataset, config: Config, tmp_path: Path
) -> None:
    wider = changed(config, model__width=8)
    with pytest.raises(TrainingError, match="are of another network"):
        next(
            fit(
                wider,
                train,
                train,
                seed=0,
                device="cpu",
                directory=tmp_path,
                start=parent,
            )
        )


def test_a_network_that_hears_nothing_has_no_generator_to_train(
    train: QuestionDataset, config: Config, tmp_path: Path
) -> None:
    deaf = changed(config, model__film__blocks="none", train__learns="generator")
    with pytest.raises(TrainingError, match="nothing in this network reads"):
        next(fit(deaf, train, train, seed=0, device="cpu", directory=tmp_path))


def test_more_samples_than_there_are_are_refused(
    train: QuestionDataset, config: Config, tmp_path: Path
) -> None:
    many = changed(config, train__samples=10_000)
    with pytest.raises(
        TrainingError, match=r"train\.samples is 10000, and there are 120"
    ):
        next(fit(many, train, train, seed=0, device="cpu", directory=tmp_path))


def test_a_small_sample_is_part_of_a_larger_one_and_of_its_seed(
    train: QuestionDataset, config: Config
) -> None:
    def rows(n_samples: int, seed: int) -> set[tuple[int, ...]]:
        some = _samples(changed(config, train__samples=n_samples), train, seed)
        assert len(some) == n_samples
        return set(some._rows.tolist())

    assert rows(10, 0) < rows(40, 0)
    assert rows(10, 0) != rows(10, 1)


def test_weights_are_judged_as_they_were_when_they_were_best(
    parent: Path, val: QuestionDataset, tmp_path: Path
) -> None:
    said = judge(parent, val, device="cpu", directory=tmp_path)
    best = load_tensors(parent)
    assert (said.accuracy, said.epoch) == (best["val_accuracy"], best["epoch"])
    mine, its = (folder / "predictions.parquet" for folder in (tmp_path, parent.parent))
    columns = ["question", "image", "type", "answer", "label", "correct"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(mine)[columns], pd.read_parquet(its)[columns]
    )


def test_questions_without_answers_are_answered_in_words(
    parent: Path, store: Path, tmp_path: Path
) -> None:
    copytree(store, tmp_path / "test")
    with h5py.File(tmp_path / "test" / "val.h5", "r+") as file:
        del file["answers"]
    data = open_dataset(tmp_path / "test", "val", ImageInput.FEATURES)
    answers = answer_all(Best.read(parent), data, device="cpu")
    assert len(answers) == len(data)
    assert set(answers) == {"yes", "no"}
    with pytest.raises(TrainingError, match="nothing to judge"):
        judge(parent, data, device="cpu", directory=tmp_path)


def test_data_with_other_answers_or_pictures_cannot_be_judged(
    parent: Path, humans: Path, tmp_path: Path
) -> None:
    data = open_dataset(humans, "val", None)
    with pytest.raises(TrainingError, match=r"pictures of shape \(2, 3, 4\)"):
        judge(parent, data, device="cpu", directory=tmp_path)
    vocabulary = json.loads((humans / "vocab.json").read_text())
    answers = vocabulary["answer_token_to_idx"]
    answers["yes"], answers["no"] = answers["no"], answers["yes"]
    (humans / "vocab.json").write_text(json.dumps(vocabulary))
    data = open_dataset(humans, "val", ImageInput.FEATURES)
    with pytest.raises(DataError, match="numbers other answers"):
        judge(parent, data, device="cpu", directory=tmp_path)


def test_what_is_no_best_weights_is_refused(parent: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no such file"):
        Best.read(tmp_path / "best.pt")
    with pytest.raises(TrainingError, match="no weights of a finished run"):
        Best.read(parent.with_name("checkpoint.pt"))
