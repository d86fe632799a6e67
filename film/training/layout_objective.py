"""How N2NMN is trained: known layouts are cloned, then better ones are searched for.

References:
    Hu et al., *Learning to Reason*, ICCV 2017, Section 3.4; losses as in their code,
    https://github.com/ronghanghu/n2nmn.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from film.config import N2nmnConfig
from film.data.dataset import Batch, QuestionDataset
from film.errors import TrainingError
from film.model.baselines.n2nmn import N2nmn
from film.training.cost import Cost, Lesson, Stage, Training, stage_of
from film.training.program_objective import known_rows

__all__ = ["LayoutObjective"]

_FIRST_LOSS: Final = 0.5  # what the moving average begins with, in the authors' code


@final
class LayoutObjective:
    """Two stages; see `film.config.N2nmnConfig`.

    The search holds each question's cross-entropy, as it was drawn, against the moving
    average of those before, and rewards a policy that stays undecided.

    Args:
        training: What is trained, on what.
        network: The network of it.
        config: Its settings.
    """

    def __init__(self, training: Training, network: N2nmn, config: N2nmnConfig) -> None:
        self._training, self._network, self._config = training, network, config
        cloning = Stage(lesson=Lesson.CLONING, before=0, epochs=config.cloning_epochs)
        search = Stage(
            lesson=Lesson.SEARCH,
            before=cloning.epochs,
            epochs=training.config.train.max_epochs - cloning.epochs,
            rate=config.search_rate,
        )
        self.stages = tuple(stage for stage in (cloning, search) if stage.epochs)
        self.max_gradient: float | None = config.max_gradient
        self._lesson = self.stages[0].lesson
        self._draws = training.draws(1)
        self._loss = torch.full((), _FIRST_LOSS, device=training.device)
        self._known = known_rows(training) if cloning.epochs else None

    def begin(self, epoch: int) -> tuple[QuestionDataset, Int[np.ndarray, " rows"]]:
        """Begin an epoch.

        Args:
            epoch: From 1.

        Returns:
            The questions with programs while these are cloned, later all.
        """
        training = self._training
        self._lesson = stage_of(self.stages, epoch).lesson
        self._draws = training.draws(epoch)
        if self._lesson is Lesson.CLONING and self._known is not None:
            return training.train, training.order_of(self._known, epoch)
        return training.train, training.order(epoch)

    def cost(self, batch: Batch) -> Cost:
        """Judge a batch.

        Args:
            batch: Of the epoch that began last.

        Returns:
            What it costs in the epoch's stage.

        Raises:
            TrainingError: A program to be cloned has no layout.
        """
        if self._lesson is not Lesson.CLONING:
            return self._cost_of_search(batch)
        layouts = self._network.layouts(batch.programs)
        if (layouts[:, 0] == 0).any():
            raise TrainingError(
                "a program of the train split has no layout of at most "
                f"{self._config.max_length} modules; raise model.n2nmn.max_length"
            )
        with self._training.autocast():
            planned = self._network.policy(batch.questions, layouts)
            logits = self._network.run(batch.images, planned)
        cost = Cost.of_answers(logits, batch.answers)
        return replace(cost, loss=cost.loss - planned.log_probability.mean())

    def state(self) -> dict[str, Tensor]:
        """Give what a checkpoint has to hold beside the weights.

        Returns:
            The moving average of losses.
        """
        return {"loss": self._loss.cpu()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Take up what a checkpoint holds.

        Args:
            state: What `state` gave.
        """
        self._loss = state["loss"].to(self._training.device)

    def _cost_of_search(self, batch: Batch) -> Cost:
        config = self._config
        with self._training.autocast():
            planned = self._network.policy(batch.questions, draws=self._draws)
            logits = self._network.run(batch.images, planned)
        losses = nn.functional.cross_entropy(
            logits.float(), batch.answers, reduction="none"
        )
        excess = losses.detach() - self._loss
        loss = losses.mean()
        self._loss = self._loss + (1 - config.loss_decay) * (loss.detach() - self._loss)
        return Cost(
            loss=loss
            + (excess * planned.log_probability).mean()
            - config.entropy * planned.entropy.mean(),
            shown=loss,
            n_right=(logits.detach().argmax(dim=1) == batch.answers).sum(),
        )
