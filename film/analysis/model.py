"""A finished run's network beside the data that it learnt from."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from film.config import Config
from film.data.dataset import Batch, QuestionDataset, data_fingerprint, open_dataset
from film.data.vocabulary import Vocabulary
from film.errors import AnalysisError
from film.model.network import FilmNetwork
from film.training.batches import batches
from film.training.best import UNKNOWN_DATA, Best

__all__ = ["BATCH", "TrainedModel", "one_thread"]

BATCH: Final = 256
"""Questions to a batch; in eval mode it changes nothing but speed."""

_WEIGHTS: Final = "best.pt"


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedModel:
    """A run's best weights, and what they learnt from.

    Attributes:
        best: What the file of the weights holds.
        network: With these weights, on the CPU, in eval mode.
        digest: SHA-256 of that file, in hexadecimal.
        data: The folder of the store.
        fingerprint: What the data there are called; the run learnt from them.
        trial: The trial's folder; None for a network that is of none.
        learnt_from: The split that it learnt from.
        learnt_first: Only so many of its questions, from the first on; None is all.
        held_out: Of splits by name, how many questions at their start were learnt from,
            or kept for that: what is said of them is said of the others.
    """

    best: Best
    network: nn.Module
    digest: str
    data: Path
    fingerprint: str
    trial: Path | None = None
    learnt_from: str = "train"
    learnt_first: int | None = None
    held_out: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        trial: Path,
        data: Path,
        *,
        named_by: tuple[str, ...] = ("train", "val"),
        learnt_first: int | None = None,
        held_out: Mapping[str, int] | None = None,
    ) -> "TrainedModel":
        """Read a finished run, or a model that was trained elsewhere.

        Args:
            trial: The trial's folder; None for a network that is of none.
            data: The store that it learnt from.
            named_by: The splits of it that the run learnt from, and was judged by.
            learnt_first: How many questions of the first of these; None is all.
            held_out: As of the class; None is of no split.

        Returns:
            The network, ready to be asked.

        Raises:
            AnalysisError: The run learnt from other data.
        """
        path = trial / _WEIGHTS
        best = Best.read(path)
        image_input = best.config.model.image_input
        fingerprint = data_fingerprint(
            data,
            image_input,
            named_by,
            with_programs=best.config.model.reads_programs,
        )
        if best.run["data"] not in {fingerprint, UNKNOWN_DATA}:
            raise AnalysisError(
                f"{data}: holds data {fingerprint}, and the run learnt from "
                f"{best.run['data']}; give --data with those"
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(
            best=best,
            network=best.network(),
            digest=digest,
            data=data,
            fingerprint=fingerprint,
            trial=trial,
            learnt_from=named_by[0],
            learnt_first=learnt_first,
            held_out=held_out or {},
        )

    @property
    def config(self) -> Config:
        """The network and its training."""
        return self.best.config

    @property
    def vocabulary(self) -> Vocabulary:
        """The words and answers that the network's numbers mean."""
        return self.best.vocabulary

    @property
    def film(self) -> FilmNetwork:
        """The network, which is FiLM's.

        Raises:
            AnalysisError: It is another system.
        """
        if not isinstance(self.network, FilmNetwork):
            raise AnalysisError(
                f"it is the system {self.config.model.architecture}, which has no FiLM"
            )
        return self.network

    def open(
        self, split: str, n_questions: int | None = None, *, with_images: bool = True
    ) -> QuestionDataset:
        """Open a split of the data, in the network's words.

        Args:
            split: Its name; of it what was held out is left out.
            n_questions: Only so many, from the first on; None is all.
            with_images: Whether they are looked at; else they are not read.

        Returns:
            The questions with their images, answers, types and families.
        """
        found = self._open(split, with_images=with_images)
        if self.held_out.get(split):
            found = found.without_head(self.held_out[split])
        return found if n_questions is None else found.head(n_questions)

    def open_learnt(self, n_questions: int) -> QuestionDataset:
        """Open what the run learnt from, in the network's words, without images.

        Args:
            n_questions: At most so many, from the first on.

        Returns:
            The questions.
        """
        found = self._open(self.learnt_from, with_images=False)
        return found.head(min(n_questions, self.learnt_first or n_questions))

    def _open(self, split: str, *, with_images: bool) -> QuestionDataset:
        image_input = self.config.model.image_input if with_images else None
        found = open_dataset(self.data, split, image_input)
        shape = self.best.sizes.image_shape
        if with_images and found.image_shape != shape:
            raise AnalysisError(
                f"{self.data}: the images of {split} have shape {found.image_shape}, "
                f"and the network learnt from {shape}"
            )
        return found.in_words_of(self.vocabulary)

    def batches(self, questions: QuestionDataset, size: int = BATCH) -> Iterator[Batch]:
        """Cut questions into batches.

        Args:
            questions: All of which are read, in their order.
            size: How many to a batch.

        Returns:
            The batches, on the CPU.
        """
        rows = np.arange(len(questions))
        return batches(questions, rows, batch_size=size, device="cpu")

    def about(self, questions: QuestionDataset, split: str) -> Mapping[str, Any]:
        """Say what an analysis is of.

        Args:
            questions: Which were asked.
            split: What they are of.

        Returns:
            What JSON takes, for `Analysis.about`.
        """
        return {
            "split": split,
            "held_out": self.held_out.get(split, 0),
            "questions": len(questions),
            "data": self.fingerprint,
            "weights": self.digest,
            "epoch": self.best.epoch,
        }


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread and without gradients, so that the same bits come out.

    Yields:
        While that holds.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
