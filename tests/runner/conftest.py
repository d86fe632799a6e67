"""Data, a study and a store small enough for a trial to take a moment."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from film.config import Config, ImageInput
from film.data.fingerprint import data_fingerprint
from film.errors import DataError, DivergedError, FilmError
from runner.cli import main
from runner.store.launches import write_launch
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.working.trial import TrialJob
from studies.study_file import read_study
from studies.trial import BASELINE, Trial

Film = Callable[..., tuple[int, str, str]]
Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]

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


@pytest.fixture
def film(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Film:
    monkeypatch.chdir(tmp_path)
    for name in ("FILM_STORE", "FILM_DATA", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        assert isinstance(ended.value.code, int)
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture
def launch_tiny(study_file: Path, data: Path, workspace: Workspace) -> Launched:
    """Write down a launch of the study, of which nothing was run."""

    def launch(n_seeds: int = 2) -> list[Trial]:
        names = {ImageInput.FEATURES: data_fingerprint(data, ImageInput.FEATURES)}
        study = read_study(study_file)
        trials = study.trials(names, seeds=tuple(range(n_seeds)))
        home, text = workspace.study(study.name), study_file.read_text()
        write_launch(home, study, text, trials, str(study_file.resolve()))
        return list(trials)

    return launch


@pytest.fixture
def settle(workspace: Workspace) -> Settle:
    """Bring a trial's folder to a state, as a worker would, without training."""

    def settle(trial: Trial, state: TrialState, *, epochs: int = 0) -> TrialFolder:
        folder = workspace.trial(trial.trial_id)
        folder.describe(trial)
        ends = {
            TrialState.FAILED: DataError("no such file"),
            TrialState.DIVERGED: DivergedError("the loss is nan"),
            TrialState.KILLED: KeyboardInterrupt(),
        }
        with suppress(FilmError, KeyboardInterrupt), folder.hold(), folder.attempt():
            for number in range(1, epochs + 1):
                folder.add_epoch(_epoch(number))
            if state in ends:
                raise ends[state]
        if state is TrialState.FINISHED:
            last = _epoch(epochs)
            folder.finish({**last, "epochs": epochs, "best_epoch": epochs})
        return folder

    return settle


def _epoch(number: int) -> dict[str, float]:
    return {
        "epoch": number,
        "val_accuracy": number / 8,
        "best_val_accuracy": number / 8,
        "wall_time_s": 2.0 * number,
    }
