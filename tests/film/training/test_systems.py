"""Every system is trained, resumed and judged as FiLM is."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from film.config import Config
from film.data.dataset import QuestionDataset, open_dataset
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, END, SPECIAL_TOKENS, START
from film.model.baselines.qtype import QTypeMode
from film.training.best import Best
from film.training.checkpoint import load_tensors
from film.training.cost import Lesson, Stage
from film.training.evaluation import evaluate
from film.training.fit import EpochMetrics, _learning_rate, fit

PROGRAMS = (*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS)
_SMALL: dict[str, dict[str, object]] = {
    "qtype": {},
    "cnn_lstm": {
        "word_dim": 6,
        "hidden": 8,
        "n_layers": 1,
        "projection": 8,
        "classifier_hidden": [64],
    },
    "sa": {
        "word_dim": 6,
        "hidden": 32,
        "n_layers": 1,
        "attention_dim": 32,
        "classifier_hidden": [64],
    },
    "rn": {
        "input": "features",
        "convolutions": 1,
        "word_dim": 6,
        "hidden": 16,
        "width": 6,
        "relation_hidden": [16, 16],
        "classifier_hidden": [16, 16],
        "dropout": 0.1,
    },
}
_LOOK = [name for name in _SMALL if name != "qtype"]


def config_of(architecture: str, **changes: object) -> Config:
    small = {f"model.{architecture}.{k}": v for k, v in _SMALL[architecture].items()}
    training = {
        "train.learning_rate": 0.01,
        "train.weight_decay": 0,
        "train.batch_size": 16,
        "train.max_epochs": 3,
    }
    return Config().with_changes(
        {"model.architecture": architecture, **training, **small, **changes}
    )


def splits(config: Config, store: Path) -> tuple[QuestionDataset, QuestionDataset]:
    seen = config.model.image_input
    return open_dataset(store, "train", seen), open_dataset(store, "val", seen)


def run(config: Config, store: Path, folder: Path, seed: int = 0) -> list[EpochMetrics]:
    train, val = splits(config, store)
    return list(fit(config, train, val, seed=seed, device="cpu", directory=folder))


def learnt(metrics: list[EpochMetrics]) -> list[dict[str, Any]]:
    clocks = {"wall_time_s", "questions_per_s"}
    return [{k: v for k, v in asdict(m).items() if k not in clocks} for m in metrics]


@pytest.fixture(scope="module")
def pixel_store(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    """Give the same questions about pictures of 8×12 pixels."""
    folder = tmp_path_factory.mktemp("pixels")
    shutil.copytree(store, folder, dirs_exist_ok=True)
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        with h5py.File(folder / f"{split}.h5", "r+") as file:
            shape = (len(file["features"]), 3, 8, 12)
            del file["features"]
            file["features"] = rng.random(shape).astype(np.float32)
    return folder


_FROM_PIXELS = {
    "model.rn.input": "pixels",
    "model.rn.image_size": 10,
    "model.rn.padding": 1,
    "model.rn.convolutions": 2,
}


@pytest.mark.parametrize("architecture", [*_LOOK, "rn from pixels"])
def test_a_resumed_run_gives_the_bits_of_an_uninterrupted_one(
    architecture: str, store: Path, pixel_store: Path, tmp_path: Path
) -> None:
    name = architecture.partition(" ")[0]
    changes = {"train.warmup_epochs": 2, "train.schedule": "decay"}
    config = config_of(name, **changes)
    if architecture == "rn from pixels":
        config, store = config.with_changes(_FROM_PIXELS), pixel_store
    whole = run(config, store, tmp_path / "whole")
    train, val = splits(config, store)
    next(fit(config, train, val, seed=0, device="cpu", directory=tmp_path / "part"))
    torch.manual_seed(12345)  # what happens in between is nobody's business
    assert learnt(run(config, store, tmp_path / "part")) == learnt(whole)
    ours, theirs = (
        load_tensors(tmp_path / name / "checkpoint.pt") for name in ("part", "whole")
    )
    assert all(ours["network"][k].equal(v) for k, v in theirs["network"].items())
    assert len({m.train_loss for m in whole}) == len(whole)


def test_every_epoch_of_a_relation_network_draws_anew(
    store: Path, tmp_path: Path
) -> None:
    config = config_of("rn", **{"train.learning_rate": 1e-30, "model.rn.dropout": 0.5})
    first, second, _ = run(config, store, tmp_path)
    assert first.train_loss != pytest.approx(second.train_loss, rel=1e-3)
    assert first.val_loss == pytest.approx(second.val_loss, rel=0.2)


@pytest.mark.parametrize(
    ("architecture", "n_epochs"), [("cnn_lstm", 25), ("sa", 18), ("rn", 25)]
)
def test_it_learns_more_than_types_of_questions_give_away(
    architecture: str, n_epochs: int, store: Path, tmp_path: Path
) -> None:
    (prior,) = run(config_of("qtype"), store, tmp_path / "prior")
    longer = config_of(architecture, **{"train.max_epochs": n_epochs})
    metrics = run(longer, store, tmp_path / "run")
    assert prior.val_accuracy < 0.6
    # Of what is lit, and not of which side is asked for, 0.77 could be told.
    assert metrics[-1].best_val_accuracy > 0.9


def write_asked_store(folder: Path) -> Path:
    """Ask by three functions, each with answers of its own, and by an unknown one."""
    folder.mkdir()
    vocabulary = {
        "question_token_to_idx": (*SPECIAL_TOKENS, "what"),
        "answer_token_to_idx": (*SPECIAL_TOKENS, "no", "yes", "red", "blue"),
        "program_token_to_idx": PROGRAMS,
    }
    numbered = {k: {w: i for i, w in enumerate(v)} for k, v in vocabulary.items()}
    (folder / "vocab.json").write_text(json.dumps(numbered))
    for split, n_rows in (("train", 5000), ("val", 90)):
        rng = np.random.default_rng(n_rows)
        kinds = rng.integers(0, 3, n_rows)
        programs = np.zeros((n_rows, 4), np.int32)
        names = np.array([PROGRAMS.index(n) for n in ("exist", "count", "query_color")])
        programs[:, 0], programs[:, 1] = START, names[kinds]
        programs[:, 2], programs[:, 3] = PROGRAMS.index("scene"), END
        programs[rng.random(n_rows) < 0.1] = 0
        chances = np.array([[0.6, 0.4, 0, 0], [0.3, 0.7, 0, 0], [0, 0, 0.4, 0.6]])
        answers = [rng.choice(4, p=chances[kind]) + 4 for kind in kinds]
        with h5py.File(folder / f"{split}.h5", "w") as file:
            one = np.array([START, 4, END], np.int32)
            file["questions"] = np.tile(one, (n_rows, 1))
            file["answers"] = np.array(answers, np.int64)
            file["image_idxs"] = np.arange(n_rows)
            file["programs"] = programs
    return folder


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_asked_store(tmp_path_factory.mktemp("asked") / "store")


class TestQTypeMode:
    def test_is_what_pandas_finds(self, asked: Path, tmp_path: Path) -> None:
        (metrics,) = run(config_of("qtype"), asked, tmp_path)
        frames = {}
        for split in ("train", "val"):
            with h5py.File(asked / f"{split}.h5") as file:
                frames[split] = pd.DataFrame(
                    {"function": file["programs"][:, 1], "answer": file["answers"][:]}
                )
        train, val = frames["train"], frames["val"]
        modes = train.groupby("function")["answer"].agg(lambda some: some.mode()[0])
        modes[0] = train["answer"].mode()[0]  # of questions without a program
        right = {k: modes[f["function"]].to_numpy() for k, f in frames.items()}
        assert metrics.val_accuracy == (right["val"] == val["answer"]).mean()
        assert metrics.train_accuracy == (right["train"] == train["answer"]).mean()
        assert len(set(right["val"])) > 2
        given = pd.read_parquet(tmp_path / "predictions.parquet")
        names = ("no", "yes", "red", "blue")
        assert given["answer"].tolist() == [names[one - 4] for one in right["val"]]

    def test_takes_one_epoch_and_is_the_same_trial_however_it_is_trained(
        self, asked: Path, tmp_path: Path
    ) -> None:
        config = config_of("qtype", **{"train.max_epochs": 50, "train.batch_size": 7})
        assert config.n_epochs == 1
        assert config.identity() == config_of("qtype").identity()
        assert len(run(config, asked, tmp_path)) == 1
        assert "train.learning_rate" in config.inert()

    def test_its_best_weights_answer_as_it_did(
        self, asked: Path, tmp_path: Path
    ) -> None:
        config = config_of("qtype")
        (metrics,) = run(config, asked, tmp_path)
        network = Best.read(tmp_path / "best.pt").network()
        assert isinstance(network, QTypeMode)
        _, val = splits(config, asked)
        again = evaluate(network, val, device="cpu", precision=config.train.precision)
        assert again.accuracy == metrics.val_accuracy
        assert again.loss == metrics.val_loss

    def test_of_a_sample_counts_the_sample(self, asked: Path, tmp_path: Path) -> None:
        config = config_of("qtype", **{"train.samples": 40})
        run(config, asked, tmp_path)
        network = Best.read(tmp_path / "best.pt").network()
        assert isinstance(network, QTypeMode)
        assert int(network.counts.sum()) == 40
        assert config.identity() != config_of("qtype").identity()


def test_a_rate_doubles_while_it_warms_up() -> None:
    config = config_of(
        "rn",
        **{
            "train.learning_rate": 8.0,
            "train.warmup_epochs": 3,
            "train.warmup_doublings": 3,
            "train.max_epochs": 9,
        },
    )
    stage = Stage(lesson=Lesson.ANSWERS, before=0, epochs=9)
    progress = (0.1, 0.9, 1.0, 1.9, 2.0, 2.9, 3.0, 9.0)
    rates = [_learning_rate(config, one, stage) for one in progress]
    assert rates == [1, 1, 2, 2, 4, 4, 8, 8]
    later = Stage(lesson=Lesson.ANSWERS, before=4, epochs=5)
    assert _learning_rate(config, 4.5, later) == 1  # every stage warms up
    cold = config.with_changes({"train.warmup_epochs": 0})
    assert _learning_rate(cold, 0.1, stage) == 8
