"""Data, a study and a store small enough for a trial to take a moment."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from film.config import Config, ImageInput
from film.data.fingerprint import data_fingerprint
from runner.store.workspace import Workspace
from runner.trial import TrialJob
from studies.trial import BASELINE, Trial

_SPECIAL = ["<NULL>", "<START>", "<END>", "<UNK>"]
_SETTINGS = {
    "model.width": 4,
    "model.n_blocks": 1,
    "model.generator.word_dim": 4,
    "model.generator.hidden": 8,
    "model.classifier.projection": 4,
    "model.classifier.hidden": [4],
    "train.batch_size": 16,
    "train.max_epochs": 3,
}


def write_data(folder: Path, *, n_images: int = 24) -> None:
    """Ask of pictures with two maps which one is lit: left is the first."""
    tokens = {
        "question": ["left", "right"],
        "answer": ["no", "yes"],
        "program": ["exist", "scene"],
    }
    vocabulary = {
        f"{kind}_token_to_idx": {word: i for i, word in enumerate([*_SPECIAL, *words])}
        for kind, words in tokens.items()
    }
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    for split, seed in (("train", 0), ("val", 1)):
        rng = np.random.default_rng(seed)
        is_lit = rng.random((n_images, 2)) < 0.5
        noise = rng.random((n_images, 2, 3, 3)) * 0.2
        rows, side = np.repeat(np.arange(n_images), 2), np.tile([0, 1], n_images)
        ends = np.ones_like(side)
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file["questions"] = np.int32(np.stack([ends, 4 + side, 2 * ends], axis=1))
            file["answers"] = np.int64(4 + is_lit[rows, side])
            file["image_idxs"] = rows
            file["orig_idxs"] = np.arange(len(rows))
            file["programs"] = np.tile(np.int32([1, 4, 5, 2]), (len(rows), 1))
            file["features"] = np.float32(noise + is_lit[:, :, None, None])
            file["image_ids"] = np.arange(n_images)
            file["question_families"] = side


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


@pytest.fixture(scope="session")
def config() -> Config:
    return Config().with_changes(_SETTINGS)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "store")


@pytest.fixture(scope="session")
def make_trial(data: Path, config: Config) -> Callable[..., Trial]:
    fingerprint = data_fingerprint(data, ImageInput.FEATURES)

    def make(
        row: str = BASELINE,
        seed: int = 0,
        study: str = "tiny",
        **changes: object,
    ) -> Trial:
        named = {name.replace("__", "."): value for name, value in changes.items()}
        return Trial(
            study=study,
            group="" if row == BASELINE else "Changes",
            row=row,
            seed=seed,
            config=config.with_changes(named),
            changes=named,
            data=fingerprint,
        )

    return make


@pytest.fixture
def make_job(data: Path, workspace: Workspace) -> Callable[[Trial], TrialJob]:
    def make(trial: Trial) -> TrialJob:
        folder = workspace.trial(trial.trial_id).path
        return TrialJob(trial=trial, data=data, folder=folder)

    return make


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    settings = json.dumps(_SETTINGS)
    path = tmp_path / "tiny.yaml"
    path.write_text(
        "study: tiny\n"
        "question: Does it matter?\n"
        f"settings: {settings}\n"
        "seeds: 2\n"
        "groups:\n"
        "  Restricted γ or β:\n"
        "    β := 0: {model.film.beta: zero}\n"
        "    γ := 1: {model.film.gamma: one}\n"
    )
    return path
