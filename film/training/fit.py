"""Training, epoch by epoch, resumable to the bit.

References:
    Perez et al., AAAI 2018, Section 3: Adam with a learning rate of 3e-4, weight
    decay of 1e-5, batches of 64, the epoch that is best on validation, at most 80.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from film.config import Config, Schedule
from film.data.dataset import QuestionDataset
from film.errors import DataError, DivergedError, TrainingError
from film.model.build import build_network
from film.model.network import DataSizes
from film.training.batches import batch_edges, batches
from film.training.best import Best
from film.training.checkpoint import (
    Checkpoint,
    forget_previous,
    newest_checkpoint,
)
from film.training.cost import Stage, Training, stage_of
from film.training.evaluation import Evaluation, accuracy_by_type, evaluate
from film.training.learning import learnt_parameters
from film.training.objective import objective_for
from film.training.predictions import pack_epochs, unpack_epochs, write_predictions
from film.training.seeding import generator_for, seed_for

__all__ = ["EpochMetrics", "fit"]

_ROWS_PER_LOOK = 256  # of a search for what made a loss infinite


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """What one epoch gave; accuracies are fractions.

    Training figures are running means over the epoch, in train mode, so that they
    lag behind the network at its end. In a stage that teaches programs alone, they are
    of programs: the cross-entropy of a token, given those before it, and how many
    programs would be written right so.
    """

    epoch: int  # from 1
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_accuracy_by_type: dict[str, float]
    best_epoch: int
    best_val_accuracy: float
    best_val_accuracy_by_type: dict[str, float]
    wall_time_s: float  # since the first epoch began, pauses left out
    questions_per_s: float  # in training alone
    # Of the questions whose program is known; None where no program is written.
    val_program_accuracy: float | None = None


def fit(  # noqa: PLR0913 - all but three by name
    config: Config,
    train: QuestionDataset,
    val: QuestionDataset,
    *,
    seed: int,
    device: str,
    directory: Path,
    start: Path | None = None,
) -> Iterator[EpochMetrics]:
    """Train a network and yield the metrics of each epoch.

    A checkpoint is on disk before an epoch's metrics are yielded, beside the one
    before it, which stands in where the newest is broken. Where the folder has one
    already, the metrics that it knows are yielded first and training goes on after
    it: on the CPU, with as many threads, the weights are the same to the bit as if it
    had never stopped. At the end the folder holds ``best.pt`` (the
    weights of the best validation epoch, with settings and vocabulary) and
    ``predictions.parquet``.

    Args:
        config: The network and its training.
        train: What to learn from.
        val: What to judge by, and to choose the epoch by.
        seed: Of everything random.
        device: ``cpu`` or ``cuda``.
        directory: Where this run, and no other, keeps its files.
        start: The ``best.pt`` of another run, whose weights this one starts from; None
            starts from random ones.

    Yields:
        The metrics of every epoch, from the first.
    """
    best = None if start is None else Best.read(start)
    run = _Run(config, train, val, seed=seed, device=device, start=best)
    checkpoint = newest_checkpoint(directory, run.identity)
    if checkpoint is not None:
        run.resume(checkpoint)
    for metrics in list(run.history):
        yield metrics
    while not run.is_done:
        metrics = run.epoch()
        run.checkpoint().save(directory)
        yield metrics
    run.write_results(directory)
    forget_previous(directory)


class _Run:
    def __init__(
        self,
        config: Config,
        train: QuestionDataset,
        val: QuestionDataset,
        *,
        seed: int,
        device: str,
        start: Best | None = None,
    ) -> None:
        train = _samples(config, train, seed)
        _refuse_what_cannot_be_trained(train, val, device)
        self.config, self.train, self.val = config, train, val
        self.seed, self.device = seed, device
        self.identity: dict[str, Any] = {
            "settings": config.identity(),
            "seed": seed,
            "data": train.fingerprint,
        }
        network = build_network(
            config.model,
            _sizes(train),
            generator_seed=seed_for(seed, "initial weights: generator"),
            network_seed=seed_for(seed, "initial weights: network"),
        )
        if start is not None:
            self.identity["start"] = dict(start.run)
            start.start(network, train.vocabulary, seed=seed_for(seed, "new words"))
        self.network = network.to(device)
        self.optimizer = torch.optim.Adam(
            [{"params": learnt_parameters(self.network, config.train.learns)}],
            lr=config.train.learning_rate,
            weight_decay=config.train.weight_decay,
            fused=True,
        )
        self.objective = objective_for(
            Training(
                network=self.network,
                config=config,
                train=train,
                seed=seed,
                device=device,
            )
        )
        self.history: list[EpochMetrics] = []
        self.best_network: dict[str, Tensor] = {}
        self.best_answers = torch.empty(0, dtype=torch.int64)
        self.right: Tensor | None = pack_epochs(np.empty((0, len(val)), dtype=bool))

    @property
    def is_done(self) -> bool:
        """Whether the last epoch is over, or patience is at an end."""
        if not self.history:
            return False
        last, settings = self.history[-1], self.config.train
        begun = self.objective.stages[-1].before  # patience is for the last stage
        if settings.patience is not None and (
            last.epoch - max(last.best_epoch, begun) >= settings.patience
        ):
            return True
        return last.epoch >= self.config.n_epochs

    def resume(self, checkpoint: Checkpoint) -> None:
        """Take up the state that a checkpoint holds.

        Args:
            checkpoint: Of this run.
        """
        self.network.load_state_dict(checkpoint.network)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.history = [EpochMetrics(**metrics) for metrics in checkpoint.history]
        self.best_network = checkpoint.best_network
        self.best_answers = checkpoint.best_answers
        self.right = checkpoint.right
        self.objective.resume(checkpoint.objective)

    def checkpoint(self) -> Checkpoint:
        """Give the state of the run as it is now.

        Returns:
            What `resume` takes up again.
        """
        return Checkpoint(
            run=self.identity,
            network=self.network.state_dict(),
            optimizer=self.optimizer.state_dict(),
            history=[asdict(metrics) for metrics in self.history],
            best_network=self.best_network,
            best_answers=self.best_answers,
            right=self.right,
            objective=self.objective.state(),
        )

    def epoch(self) -> EpochMetrics:
        """Train on every question once, and judge.

        Returns:
            The epoch's metrics, which the history has as well.
        """
        start = time.perf_counter()
        number = len(self.history) + 1
        loss, accuracy = self._train_once(number)
        trained = time.perf_counter()
        evaluation = evaluate(
            self.network,
            self.val,
            device=self.device,
            precision=self.config.train.precision,
        )
        _refuse_divergence(
            evaluation.loss, f"validation loss of epoch {number}", self.val
        )
        if self.right is not None:
            newest = pack_epochs(evaluation.correct[np.newaxis])
            self.right = torch.cat([self.right, newest])
        by_type = accuracy_by_type(evaluation.correct, self.val.types)
        last = self.history[-1] if self.history else None
        if last is None or evaluation.accuracy > last.best_val_accuracy:
            self._keep(evaluation)
            best_epoch, best_accuracy, best_by_type = (
                number,
                evaluation.accuracy,
                by_type,
            )
        else:
            best_epoch = last.best_epoch
            best_accuracy = last.best_val_accuracy
            best_by_type = last.best_val_accuracy_by_type
        metrics = EpochMetrics(
            epoch=number,
            train_loss=loss,
            train_accuracy=accuracy,
            val_loss=evaluation.loss,
            val_accuracy=evaluation.accuracy,
            val_accuracy_by_type=by_type,
            best_epoch=best_epoch,
            best_val_accuracy=best_accuracy,
            best_val_accuracy_by_type=best_by_type,
            wall_time_s=(last.wall_time_s if last else 0.0)
            + (time.perf_counter() - start),
            questions_per_s=len(self.train) / (trained - start),
            val_program_accuracy=evaluation.program_accuracy,
        )
        self.history.append(metrics)
        return metrics

    def write_results(self, directory: Path) -> None:
        """Write what outlives the run: the best weights and their answers.

        Args:
            directory: Where.
        """
        last = self.history[-1]
        best = Best(
            run=self.identity,
            config=self.config,
            sizes=_sizes(self.train),
            vocabulary=self.train.vocabulary,
            epoch=last.best_epoch,
            weights=self.best_network,
        )
        best.save(directory / "best.pt", val_accuracy=last.best_val_accuracy)
        write_predictions(
            self.best_answers.numpy(),
            self.val,
            directory / "predictions.parquet",
            by_epoch=unpack_epochs(self.right, len(self.val)),
        )

    def _keep(self, evaluation: Evaluation) -> None:
        self.best_answers = torch.from_numpy(evaluation.answers)
        self.best_network = {
            name: value.detach().cpu().clone()
            for name, value in self.network.state_dict().items()
        }

    def _train_once(self, epoch: int) -> tuple[float, float]:
        settings = self.config.train
        data, order = self.objective.begin(epoch)
        stage = stage_of(self.objective.stages, epoch)
        if epoch == stage.before + 1:
            self.optimizer.state.clear()  # what it knows is of another stage
        losses = torch.zeros((), device=self.device, dtype=torch.float64)
        n_correct = torch.zeros((), device=self.device, dtype=torch.int64)
        n_batches = len(batch_edges(len(order), settings.batch_size)) - 1
        self.network.train()
        for number, batch in enumerate(
            batches(data, order, batch_size=settings.batch_size, device=self.device)
        ):
            progress = epoch - 1 + (number + 1) / n_batches
            for group in self.optimizer.param_groups:
                group["lr"] = _learning_rate(self.config, progress, stage)
            cost = self.objective.cost(batch)
            if cost.loss.requires_grad:  # what is counted has no gradient
                self.optimizer.zero_grad(set_to_none=True)
                cost.loss.backward()
                _limit(self.network, self.objective.max_gradient)
                self.optimizer.step()
            losses += cost.shown.detach() * len(batch.answers)
            n_correct += cost.n_right
        mean_loss = float(losses) / len(order)
        _refuse_divergence(mean_loss, f"training loss of epoch {epoch}", self.train)
        return mean_loss, int(n_correct) / len(order)


# Smaller samples of a seed are parts of larger ones.
def _samples(config: Config, train: QuestionDataset, seed: int) -> QuestionDataset:
    n_samples = config.train.samples
    if n_samples is None:
        return train
    if n_samples > len(train):
        raise TrainingError(
            f"train.samples is {n_samples}, and there are {len(train)} questions to "
            "learn from"
        )
    order = generator_for(seed, "samples").permutation(len(train))
    return train.rows(np.sort(order[:n_samples]))


# Of each weight by itself, as the code of N2NMN does.
def _limit(network: nn.Module, max_gradient: float | None) -> None:
    if max_gradient is not None:
        for parameter in network.parameters():
            nn.utils.clip_grad_norm_(parameter, max_gradient)


# Epochs of training so far, with fractions, to a learning rate.
def _learning_rate(config: Config, progress: float, stage: Stage) -> float:
    settings = config.train
    highest = settings.learning_rate * stage.rate
    highest *= 0.5 ** _doublings_left(config, progress - stage.before)
    match settings.schedule:
        case Schedule.CONSTANT:
            return highest
        case Schedule.DECAY:
            left = 1 - (progress - stage.before) / stage.epochs
            return highest * min(1.0, 3 * left)


def _doublings_left(config: Config, progress: float) -> int:
    settings = config.train
    if progress >= settings.warmup_epochs:
        return 0
    done = progress / settings.warmup_epochs * settings.warmup_doublings
    return settings.warmup_doublings - int(done)


def _refuse_divergence(loss: float, name: str, dataset: QuestionDataset) -> None:
    if math.isfinite(loss):
        return
    rows = np.arange(len(dataset))
    for start in range(0, len(rows), _ROWS_PER_LOOK):
        some = rows[start : start + _ROWS_PER_LOOK]
        is_sound = dataset.batch(some).images.isfinite().flatten(1).all(dim=1)
        if not is_sound.all():
            image = dataset.image_ids[some][~is_sound.numpy()][0]
            raise DataError(
                f"the {name} is {loss}: image {image} holds numbers that are not "
                "finite; prepare the data again"
            )
    raise DivergedError(f"the {name} is {loss}; a smaller train.learning_rate may hold")


def _sizes(dataset: QuestionDataset) -> DataSizes:
    return DataSizes(
        n_words=len(dataset.vocabulary.question_token_to_idx),
        n_answers=len(dataset.vocabulary.answer_token_to_idx),
        image_shape=dataset.image_shape,
        program_words=dataset.vocabulary.program_words,
    )


def _refuse_what_cannot_be_trained(
    train: QuestionDataset, val: QuestionDataset, device: str
) -> None:
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise TrainingError(f"device {device}: torch sees no CUDA device; take cpu")
    if train.image_shape != val.image_shape:
        raise TrainingError(
            f"train pictures have shape {train.image_shape}, validation pictures "
            f"{val.image_shape}; prepare both splits alike"
        )
    for name, dataset in (("train", train), ("val", val)):
        if len(dataset) < 2:  # noqa: PLR2004 - the statistics of a batch need two
            raise TrainingError(
                f"the {name} split has {len(dataset)} question(s); two are the least"
            )
        if not dataset.has_answers:
            raise TrainingError(f"the {name} split has questions without answers")
