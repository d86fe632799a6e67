"""A training as small as a real one can be: what it takes is what launching takes.

An LSTM of one unit learns for one epoch from eight questions about four pictures.
"""

import functools
from pathlib import Path

from film.config import Config
from film.data.dataset import QuestionDataset, open_dataset

SETTINGS = {
    "model.architecture": "lstm",
    "model.lstm.word_dim": 1,
    "model.lstm.hidden": 1,
    "model.lstm.n_layers": 1,
    "model.lstm.classifier_hidden": [1],
    "train.max_epochs": 1,
}
WORLD = {
    "n_train": 4,
    "n_val": 2,
    "width": 32,
    "height": 32,
    "samples_per_side": 1,
    "questions_per_scene": 2,
}


def train(seed: int, data: Path, folder: Path) -> float:
    """Train, as a trial of film does; the accuracy."""
    import torch  # noqa: PLC0415 - in the process that trains, and in no other

    from film.training.fit import fit  # noqa: PLC0415

    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    learnt, judged = _datasets(data)
    epochs = fit(_config(), learnt, judged, seed=seed, device="cpu", directory=folder)
    return max(metrics.best_val_accuracy for metrics in epochs)


@functools.lru_cache(maxsize=1)
def _datasets(data: Path) -> tuple[QuestionDataset, QuestionDataset]:
    return open_dataset(data, "train", None), open_dataset(data, "val", None)


def _config() -> Config:
    return Config().with_changes(SETTINGS)
