"""What training makes small: cross-entropy, or what an architecture wants instead."""

from collections.abc import Mapping
from typing import Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Int
from torch import Tensor

from film.data.dataset import Batch, QuestionDataset
from film.model.baselines.n2nmn import N2nmn
from film.model.baselines.pg_ee import PgEe
from film.model.baselines.qtype import QTypeMode
from film.model.baselines.relation import RelationNetwork
from film.training.cost import Cost, Lesson, Stage, Training
from film.training.counting import Counting
from film.training.layout_objective import LayoutObjective
from film.training.program_objective import ProgramObjective

__all__ = ["CrossEntropy", "Objective", "objective_for"]


@runtime_checkable
class Objective(Protocol):
    """What a batch costs in each stage of a training.

    Attributes:
        stages: One after the other, together as long as the training.
        max_gradient: The largest norm that a weight's gradient may have; None for any.
    """

    stages: tuple[Stage, ...]
    max_gradient: float | None

    def begin(self, epoch: int) -> tuple[QuestionDataset, Int[np.ndarray, " rows"]]:
        """Begin an epoch.

        Args:
            epoch: From 1.

        Returns:
            What to train on, and in which order; as many questions in every epoch.
        """

    def cost(self, batch: Batch) -> Cost:
        """Judge a batch.

        Args:
            batch: Of the epoch that began last.

        Returns:
            What it costs.
        """

    def state(self) -> dict[str, Tensor]:
        """Give what a checkpoint has to hold beside the weights.

        Returns:
            Numbers by name.
        """

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Take up what a checkpoint holds.

        Args:
            state: What `state` gave.
        """


@final
class CrossEntropy:
    """All weights learn from all answers at once."""

    def __init__(self, training: Training) -> None:
        self._training = training
        epochs = training.config.train.max_epochs
        only = Stage(lesson=Lesson.ANSWERS, before=0, epochs=epochs)
        self.stages: tuple[Stage, ...] = (only,)
        self.max_gradient: float | None = None

    def begin(self, epoch: int) -> tuple[QuestionDataset, Int[np.ndarray, " rows"]]:
        """Begin an epoch.

        Args:
            epoch: From 1.

        Returns:
            All questions, in an order of the epoch's own.
        """
        if isinstance(self._training.network, RelationNetwork):
            self._training.network.draws = self._training.noise(epoch)
        return self._training.train, self._training.order(epoch)

    def cost(self, batch: Batch) -> Cost:
        """Judge a batch.

        Args:
            batch: The batch.

        Returns:
            Mean cross-entropy.
        """
        with self._training.autocast():
            logits = self._training.network(batch.questions, batch.images)
        return Cost.of_answers(logits, batch.answers)

    def state(self) -> dict[str, Tensor]:
        """Give what a checkpoint has to hold beside the weights.

        Returns:
            Nothing.
        """
        return {}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Take up what a checkpoint holds.

        Args:
            state: Nothing.
        """


def objective_for(training: Training) -> Objective:
    """Choose what a network is trained by.

    Args:
        training: Which network, on what.

    Returns:
        Its own objective where it has one, and otherwise cross-entropy.
    """
    match training.network:
        case PgEe() as network:
            return ProgramObjective(training, network, training.config.model.pg_ee)
        case N2nmn() as network:
            return LayoutObjective(training, network, training.config.model.n2nmn)
        case QTypeMode() as network:
            return Counting(training, network)
        case _:
            return CrossEntropy(training)
