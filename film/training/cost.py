"""What a batch costs, and the stages of a training."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import Config
from film.data.dataset import QuestionDataset
from film.training.evaluation import autocast
from film.training.seeding import generator_for, seed_for

__all__ = ["Cost", "Lesson", "Stage", "Training", "stage_of"]


class Lesson(StrEnum):
    """What a stage of a training teaches."""

    ANSWERS = "answers"  # the whole network at once
    PROGRAMS = "programs"  # a program generator alone
    ENGINE = "engine"  # an execution engine alone
    JOINT = "joint"  # both, from answers
    CLONING = "cloning"  # a layout policy, and modules in known layouts
    SEARCH = "search"  # both, from answers


@final
@dataclass(frozen=True, kw_only=True)
class Stage:
    """Epochs that teach one thing.

    Attributes:
        lesson: What.
        before: How many epochs come before it.
        epochs: How many it has.
        rate: Its learning rate, as a part of ``train.learning_rate``.
    """

    lesson: Lesson
    before: int
    epochs: int
    rate: float = 1.0


@final
@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a batch costs.

    Attributes:
        loss: What the gradient makes smaller.
        shown: What the metrics say: a mean cross-entropy.
        n_right: How many answers, or programs in a stage without answers, are right.
    """

    loss: Float[Tensor, ""]
    shown: Float[Tensor, ""]
    n_right: Int[Tensor, ""]

    @classmethod
    def of_answers(
        cls, logits: Float[Tensor, "batch answers"], answers: Int[Tensor, " batch"]
    ) -> "Cost":
        """Judge answers by their cross-entropy.

        Args:
            logits: What a network gives.
            answers: What is right.

        Returns:
            Mean cross-entropy, in single precision.
        """
        loss = nn.functional.cross_entropy(logits.float(), answers)
        n_right = (logits.detach().argmax(dim=1) == answers).sum()
        return cls(loss=loss, shown=loss, n_right=n_right)


@final
@dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained, on what."""

    network: nn.Module
    config: Config
    train: QuestionDataset
    seed: int
    device: str

    def autocast(self) -> torch.autocast:
        """Run what follows in the chosen arithmetic.

        Returns:
            A context.
        """
        return autocast(self.device, self.config.train.precision)

    def order(self, epoch: int) -> Int[np.ndarray, " rows"]:
        """Shuffle the questions.

        Args:
            epoch: From 1; each has its own order.

        Returns:
            Their rows.
        """
        return self._shuffle(epoch).permutation(len(self.train))

    def order_of(
        self, rows: Int[np.ndarray, " some"], epoch: int
    ) -> Int[np.ndarray, " rows"]:
        """Shuffle some of the questions, over and over, to as many as there are.

        Args:
            rows: Which.
            epoch: From 1; each has its own order.

        Returns:
            Rows, as many as the training split has.
        """
        n_rows = len(self.train)
        shuffle = self._shuffle(epoch)
        passes = [shuffle.permutation(rows) for _ in range(-(-n_rows // len(rows)))]
        return np.concatenate(passes)[:n_rows]

    def draws(self, epoch: int) -> torch.Generator:
        """Give what programs are drawn from in an epoch.

        Args:
            epoch: From 1; each has its own.

        Returns:
            A generator on the CPU, whatever the device.
        """
        return self._generator("programs", epoch)

    def noise(self, epoch: int) -> torch.Generator:
        """Give what a network draws from while it learns, to drop numbers, say.

        Args:
            epoch: From 1; each has its own.

        Returns:
            A generator on the CPU, whatever the device.
        """
        return self._generator("noise", epoch)

    # On the CPU, whatever the device, and of the epoch alone.
    def _generator(self, use: str, epoch: int) -> torch.Generator:
        seed = seed_for(self.seed, f"{use}: epoch {epoch}")
        return torch.Generator().manual_seed(seed)

    def _shuffle(self, epoch: int) -> np.random.Generator:
        return generator_for(self.seed, f"shuffle: epoch {epoch}")


def stage_of(stages: tuple[Stage, ...], epoch: int) -> Stage:
    """Find the stage that an epoch belongs to.

    Args:
        stages: One after the other.
        epoch: From 1.

    Returns:
        The stage.
    """
    return next(one for one in stages if epoch <= one.before + one.epochs)
