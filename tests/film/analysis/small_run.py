"""An untrained FiLM network beside a store small enough to check by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from film.analysis.model import TrainedModel
from film.config import Config
from film.data.dataset import data_fingerprint
from film.data.vocabulary import (
    CLEVR_ANSWERS,
    CLEVR_PROGRAM_TOKENS,
    SPECIAL_TOKENS,
    Vocabulary,
    write_vocabulary,
)
from film.model.build import build_network
from film.model.network import DataSizes
from film.training.best import Best

__all__ = ["CHANGES", "SHAPE", "WORDS", "small_run", "write_small_store"]

SENTENCE = (
    "How many Is there a red blue green brown cyan yellow cube cubes sphere spheres "
    "cylinder cylinders are thing big left of the behind"
)
WORDS = SENTENCE.split()
SHAPE = (5, 4, 6)  # with three channels it would be pixels
CHANGES: Mapping[str, Any] = {
    "model.width": 4,
    "model.n_blocks": 2,
    "model.generator.word_dim": 4,
    "model.generator.hidden": 8,
    "model.classifier.projection": 8,
    "model.classifier.hidden": [8],
}

Asked = tuple[str, str, str, int]  # text, program in prefix order, answer, image


def vocabulary() -> Vocabulary:
    maps = (WORDS, CLEVR_PROGRAM_TOKENS, CLEVR_ANSWERS)
    names = [
        {token: number for number, token in enumerate((*SPECIAL_TOKENS, *words))}
        for words in maps
    ]
    return Vocabulary(
        question_token_to_idx=names[0],
        program_token_to_idx=names[1],
        answer_token_to_idx=names[2],
    )


def write_small_store(folder: Path, asked: Sequence[Asked]) -> Path:
    """Write train and val alike; features are drawn, and pictures tell their number."""
    folder.mkdir(parents=True, exist_ok=True)
    words = vocabulary()
    write_vocabulary(words, folder / "vocab.json")
    questions = padded([words.encode_question(text) for text, _, _, _ in asked])
    programs = padded([words.encode_program(said.split()) for _, said, _, _ in asked])
    images = np.array([image for _, _, _, image in asked])
    ids = np.unique(images)
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file["questions"] = questions
            file["programs"] = programs
            file["image_idxs"] = images
            file["orig_idxs"] = np.arange(len(asked))
            file["answers"] = [words.answer_token_to_idx[one] for _, _, one, _ in asked]
            file["features"] = rng.standard_normal((len(ids), *SHAPE)).astype("f4")
            file["images"] = np.stack([np.full((3, 8, 12), i, np.uint8) for i in ids])
            file["image_ids"] = ids
    return folder


def small_run(store: Path, **changes: Any) -> TrainedModel:
    config = Config().with_changes({**CHANGES, **changes})
    words = vocabulary()
    sizes = DataSizes(
        n_words=len(words.question_words),
        n_answers=len(words.answers),
        image_shape=SHAPE,
    )
    network = build_network(config.model, sizes).eval()
    fingerprint = data_fingerprint(store, config.model.image_input, ("train", "val"))
    best = Best(
        run={"settings": {}, "seed": 0, "data": fingerprint},
        config=config,
        sizes=sizes,
        vocabulary=words,
        epoch=1,
        weights=network.state_dict(),
    )
    return TrainedModel(
        trial=store,
        best=best,
        network=network,
        digest="0",
        data=store,
        fingerprint=fingerprint,
    )


def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    longest = max(map(len, rows))
    return np.array([[*row, *[0] * (longest - len(row))] for row in rows], np.int32)
