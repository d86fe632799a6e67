"""How the most frequent answers are learnt: by counting, in one epoch."""

from collections.abc import Mapping
from typing import Final, final

import numpy as np
from jaxtyping import Int
from torch import Tensor

from film.data.dataset import Batch, QuestionDataset
from film.model.baselines.qtype import QTypeMode
from film.training.batches import batches
from film.training.cost import Cost, Lesson, Stage, Training

__all__ = ["Counting"]

_ROWS: Final = 4096  # counted at a time


@final
class Counting:
    """Every answer of the training split is counted before any is judged.

    Args:
        training: What is trained, on what.
        network: The network of it.
    """

    def __init__(self, training: Training, network: QTypeMode) -> None:
        self._training, self._network = training, network
        only = Stage(lesson=Lesson.ANSWERS, before=0, epochs=training.config.n_epochs)
        self.stages: tuple[Stage, ...] = (only,)
        self.max_gradient: float | None = None

    def begin(self, epoch: int) -> tuple[QuestionDataset, Int[np.ndarray, " rows"]]:
        """Begin an epoch: forget what was counted, and count.

        Args:
            epoch: From 1; the first is the only one.

        Returns:
            All questions, in an order of the epoch's own.
        """
        train, device = self._training.train.without_images(), self._training.device
        self._network.counts.zero_()
        rows = np.arange(len(train))
        for batch in batches(train, rows, batch_size=_ROWS, device=device):
            self._network.count(batch.programs, batch.answers)
        return train, self._training.order(epoch)

    def cost(self, batch: Batch) -> Cost:
        """Judge a batch by what was counted.

        Args:
            batch: Of the epoch that began last.

        Returns:
            Mean cross-entropy, which has no gradient.
        """
        return Cost.of_answers(self._network.answer(batch.programs), batch.answers)

    def state(self) -> dict[str, Tensor]:
        """Give what a checkpoint has to hold beside the counts.

        Returns:
            Nothing.
        """
        return {}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Take up what a checkpoint holds.

        Args:
            state: Nothing.
        """
