"""How well a network answers, overall and by type of question."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from film.config import Precision
from film.data.dataset import Batch, QuestionDataset
from film.data.programs import QuestionType
from film.data.vocabulary import NULL
from film.model.baselines.qtype import QTypeMode
from film.training.batches import batches

__all__ = ["Evaluation", "accuracy_by_type", "evaluate"]

_NO_ANSWER = -1  # of test files
_BATCH_SIZE = 512  # of evaluation; in eval mode it changes nothing but speed


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A network's answers to every question of a split."""

    loss: float  # mean cross-entropy
    answers: Int[np.ndarray, " questions"]  # ids in the answer vocabulary
    correct: Bool[np.ndarray, " questions"]
    # Fraction of right programs, of those known; None where the network writes none.
    program_accuracy: float | None = None

    @property
    def accuracy(self) -> float:
        """Fraction of right answers."""
        return float(self.correct.mean())


def evaluate(
    network: nn.Module, dataset: QuestionDataset, *, device: str, precision: Precision
) -> Evaluation:
    """Answer every question of a split, in eval mode.

    Args:
        network: Of questions and images to logits; its mode is kept.
        dataset: What to answer.
        device: Where the network is.
        precision: Arithmetic.

    Returns:
        The answers in the order of the split.
    """
    was_training = network.training
    network.eval()
    given, loss = [], 0.0
    programs: list[Tensor] = []
    with torch.inference_mode():
        rows = np.arange(len(dataset))
        for batch in batches(dataset, rows, batch_size=_BATCH_SIZE, device=device):
            with autocast(device, precision):
                logits = _answer(network, batch, programs).float()
            loss += float(
                nn.functional.cross_entropy(
                    logits, batch.answers, reduction="sum", ignore_index=_NO_ANSWER
                )
            )
            given.append(logits.argmax(dim=1).cpu().numpy())
    network.train(was_training)
    answers = np.concatenate(given)
    return Evaluation(
        loss=loss / len(dataset),
        answers=answers,
        correct=answers == dataset.answers,
        program_accuracy=_mean(programs),
    )


@runtime_checkable
class _WritesPrograms(Protocol):
    def answer_by_program(
        self, questions: Tensor, images: Tensor
    ) -> tuple[Tensor, Tensor]: ...

    def is_right(self, predicted: Tensor, programs: Tensor) -> Tensor: ...


# Logits; whether programs are right is added to those of the batches before.
def _answer(network: nn.Module, batch: Batch, right: list[Tensor]) -> Tensor:
    logits: Tensor
    if isinstance(network, QTypeMode):
        return network.answer(batch.programs)
    if not isinstance(network, _WritesPrograms):
        logits = network(batch.questions, batch.images)
        return logits
    logits, programs = network.answer_by_program(batch.questions, batch.images)
    known = (batch.programs != NULL).any(dim=1)
    if known.any():
        right.append(network.is_right(programs[known], batch.programs[known]))
    return logits


def _mean(right: list[Tensor]) -> float | None:
    return float(torch.cat(right).double().mean()) if right else None


def autocast(device: str, precision: Precision) -> torch.autocast:
    """Run what follows in the chosen arithmetic.

    Args:
        device: ``cpu``, or ``cuda`` with or without a number.
        precision: The arithmetic.

    Returns:
        A context.
    """
    return torch.autocast(
        device.split(":", maxsplit=1)[0],
        dtype=torch.bfloat16,
        enabled=precision is Precision.BFLOAT16,
    )


def accuracy_by_type(
    correct: Bool[np.ndarray, " questions"], types: Int[np.ndarray, " questions"]
) -> dict[str, float]:
    """Split an accuracy by type of question.

    Args:
        correct: Whether each question was answered right.
        types: Position of each question's type in `QuestionType`; −1 for unknown.

    Returns:
        Accuracy of each type that occurs, by name.
    """
    return {
        kind.value: float(correct[types == number].mean())
        for number, kind in enumerate(QuestionType)
        if (types == number).any()
    }
