"""A store small enough to train on in a moment, with something to learn."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from film.config import Config, ImageInput
from film.data.dataset import QuestionDataset, open_dataset

WORDS = ["<NULL>", "<START>", "<END>", "<UNK>", "left", "right", "please"]
ANSWERS = ["<NULL>", "<START>", "<END>", "<UNK>", "no", "yes"]
PROGRAMS = ["<NULL>", "<START>", "<END>", "<UNK>", "exist", "scene"]


def write_store(folder: Path) -> None:
    """Ask which of two feature maps is lit: "left" means the first one."""
    vocabulary = {
        "question_token_to_idx": {word: i for i, word in enumerate(WORDS)},
        "answer_token_to_idx": {word: i for i, word in enumerate(ANSWERS)},
        "program_token_to_idx": {word: i for i, word in enumerate(PROGRAMS)},
    }
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    for split, n_images, seed in (("train", 60, 0), ("val", 30, 1)):
        rng = np.random.default_rng(seed)
        is_lit = rng.random((n_images, 2)) < 0.5
        features = rng.random((n_images, 2, 3, 4)) * 0.2 + is_lit[:, :, None, None]
        image_ids = np.arange(n_images) * 3 + 5
        rows = np.repeat(np.arange(n_images), 2)
        side = np.tile([0, 1], n_images)
        polite = rng.random(len(rows)) < 0.5
        questions = np.zeros((len(rows), 5), np.int32)
        questions[:, 0], questions[:, 1] = 1, 4 + side
        questions[:, 2] = np.where(polite, 6, 2)
        questions[polite, 3] = 2
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file["questions"] = questions
            file["answers"] = (4 + is_lit[rows, side]).astype(np.int64)
            file["image_idxs"] = image_ids[rows]
            file["orig_idxs"] = np.arange(len(rows))
            file["programs"] = np.tile(np.int32([1, 4, 5, 2]), (len(rows), 1))
            file["question_families"] = side.astype(np.int64)
            file["features"] = features.astype(np.float32)
            file["image_ids"] = image_ids


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    write_store(folder)
    return folder


@pytest.fixture(scope="session")
def train(store: Path) -> QuestionDataset:
    return open_dataset(store, "train", ImageInput.FEATURES)


@pytest.fixture(scope="session")
def val(store: Path) -> QuestionDataset:
    return open_dataset(store, "val", ImageInput.FEATURES)


@pytest.fixture(scope="session")
def config() -> Config:
    return Config().with_changes(
        {
            "model.width": 4,
            "model.n_blocks": 2,
            "model.generator.word_dim": 4,
            "model.generator.hidden": 8,
            "model.classifier.projection": 8,
            "model.classifier.hidden": [8],
            "train.learning_rate": 0.01,
            "train.batch_size": 16,
            "train.max_epochs": 4,
        }
    )
