"""How PG+EE is trained: programs, then an engine, then both from answers.

References:
    Johnson et al., *Inferring and Executing Programs*, ICCV 2017, Section 3.4; rewards
    as in their code, https://github.com/facebookresearch/clevr-iep: 1 for a right
    answer and 0 for a wrong one, held against their moving average.
    Williams, *Simple Statistical Gradient-Following Algorithms*, 1992 (REINFORCE).
"""

from collections.abc import Mapping
from typing import final

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from film.config import EnginePrograms, PgEeConfig
from film.data.dataset import Batch, QuestionDataset
from film.data.vocabulary import NULL
from film.errors import TrainingError
from film.model.baselines.pg_ee import PgEe
from film.model.baselines.program_generator import program_loss
from film.training.cost import Cost, Lesson, Stage, Training, stage_of
from film.training.seeding import generator_for

__all__ = ["ProgramObjective", "known_rows"]


@final
class ProgramObjective:
    """Three stages; see `film.config.PgEeConfig`.

    The moving average begins at 0, as in the authors' code, and has the batch in it
    that is held against it. The gradient of the log-probabilities is a mean over the
    batch where theirs is a sum: Adam makes it the same.

    Args:
        training: What is trained, on what.
        network: The network of it.
        config: Its settings.
    """

    def __init__(self, training: Training, network: PgEe, config: PgEeConfig) -> None:
        self._training, self._network, self._config = training, network, config
        before = config.generator_epochs + config.engine_epochs
        lengths = {
            Lesson.PROGRAMS: config.generator_epochs,
            Lesson.ENGINE: config.engine_epochs,
            Lesson.JOINT: training.config.train.max_epochs - before,
        }
        stages, begin = [], 0
        for lesson, epochs in lengths.items():
            if epochs:
                rate = config.joint_rate if lesson is Lesson.JOINT else 1.0
                stages.append(
                    Stage(lesson=lesson, before=begin, epochs=epochs, rate=rate)
                )
                begin += epochs
        self.stages = tuple(stages)
        self.max_gradient: float | None = None
        self._lesson = stages[0].lesson
        self._draws = training.draws(1)
        self._reward = torch.zeros((), device=training.device)
        self._taught = self._known = np.empty(0, dtype=np.int64)
        if config.generator_epochs:
            self._taught = _chosen(training, config.programs)
        if config.engine_epochs and config.engine_programs is EnginePrograms.TRUE:
            self._known = known_rows(training)

    def begin(self, epoch: int) -> tuple[QuestionDataset, Int[np.ndarray, " rows"]]:
        """Begin an epoch.

        Args:
            epoch: From 1.

        Returns:
            Questions without their pictures where only programs are learnt.
        """
        training = self._training
        self._lesson = stage_of(self.stages, epoch).lesson
        self._draws = training.draws(epoch)
        if self._lesson is Lesson.PROGRAMS:
            order = training.order_of(self._taught, epoch)
            return training.train.without_images(), order
        if self._lesson is Lesson.ENGINE and len(self._known):
            return training.train, training.order_of(self._known, epoch)
        return training.train, training.order(epoch)

    def cost(self, batch: Batch) -> Cost:
        """Judge a batch.

        Args:
            batch: Of the epoch that began last.

        Returns:
            What it costs in the epoch's stage.
        """
        match self._lesson:
            case Lesson.PROGRAMS:
                return self._cost_of_programs(batch)
            case Lesson.ENGINE:
                return self._cost_of_engine(batch)
            case _:
                return self._cost_of_both(batch)

    def state(self) -> dict[str, Tensor]:
        """Give what a checkpoint has to hold beside the weights.

        Returns:
            The moving average of rewards.
        """
        return {"reward": self._reward.cpu()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Take up what a checkpoint holds.

        Args:
            state: What `state` gave.
        """
        self._reward = state["reward"].to(self._training.device)

    def _cost_of_programs(self, batch: Batch) -> Cost:
        with self._training.autocast():
            scores = self._network.generator(batch.questions, batch.programs)
        loss = program_loss(scores, batch.programs)
        wanted = batch.programs[:, 1:]
        right = (scores.detach().argmax(dim=2) == wanted) | (wanted == NULL)
        return Cost(loss=loss, shown=loss, n_right=right.all(dim=1).sum())

    def _cost_of_engine(self, batch: Batch) -> Cost:
        with self._training.autocast():
            programs = (
                self._network.read(batch.programs)
                if len(self._known)
                else self._network.write(batch.questions)
            )
            logits = self._network.engine(batch.images, programs)
        return Cost.of_answers(logits, batch.answers)

    def _cost_of_both(self, batch: Batch) -> Cost:
        with self._training.autocast():
            written = self._network.generator.write(batch.questions, self._draws)
            logits = self._network.engine(batch.images, written.programs)
        loss = nn.functional.cross_entropy(logits.float(), batch.answers)
        right = logits.detach().argmax(dim=1) == batch.answers
        reward, decay = right.float(), self._config.reward_decay
        self._reward = decay * self._reward + (1 - decay) * reward.mean()
        advantage = reward - self._reward
        return Cost(
            loss=loss - (advantage * written.log_probability).mean(),
            shown=loss,
            n_right=right.sum(),
        )


def known_rows(training: Training) -> Int[np.ndarray, " rows"]:
    """Find the questions whose programs are known.

    Args:
        training: What is trained, on what.

    Returns:
        Their rows.

    Raises:
        TrainingError: There are none, or they are not in prefix order.
    """
    rows = np.flatnonzero(training.train.has_program)
    architecture = training.config.model.architecture
    if not len(rows):
        raise TrainingError(
            f"model.architecture {architecture} learns from programs first, and the "
            "train split has none; start from weights that did, with 0 epochs of the "
            "stages before the last"
        )
    first = training.train.without_images().batch(rows[:1]).programs[0]
    words = training.train.vocabulary.program_words
    if len(first) > 1 and words[int(first[1])] == "scene":
        raise TrainingError(
            f"model.architecture {architecture} needs programs in prefix order, and "
            "those of the train split begin with 'scene'; prepare the data again"
        )
    return rows


# Smaller numbers of a seed are parts of larger ones.
def _chosen(training: Training, wanted: int | str) -> Int[np.ndarray, " rows"]:
    rows = known_rows(training)
    if isinstance(wanted, str):
        return rows
    if wanted > len(rows):
        raise TrainingError(
            f"model.pg_ee.programs is {wanted}, and the train split has {len(rows)} "
            "questions with programs; take fewer, or all"
        )
    return generator_for(training.seed, "known programs").permutation(rows)[:wanted]
