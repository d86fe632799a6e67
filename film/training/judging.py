"""Judge the best weights of a run on other data than it was chosen by."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from film.data.dataset import QuestionDataset
from film.errors import TrainingError
from film.training.best import Best
from film.training.evaluation import Evaluation, accuracy_by_type, evaluate
from film.training.predictions import write_predictions

__all__ = ["Judgement", "answer_all", "judge"]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How well weights answer; accuracies are fractions."""

    epoch: int  # of the weights
    loss: float
    accuracy: float
    accuracy_by_type: dict[str, float]
    wall_time_s: float


def judge(
    weights: Path, data: QuestionDataset, *, device: str, directory: Path
) -> Judgement:
    """Answer every question of some data, and record the answers.

    Args:
        weights: A ``best.pt``.
        data: What to answer; words that the weights never learnt are unknown to them.
        device: ``cpu`` or ``cuda``.
        directory: Where ``predictions.parquet`` goes.

    Returns:
        How well they were answered.

    Raises:
        TrainingError: The data cannot be judged by, or the weights not used.
    """
    if not data.has_answers:
        raise TrainingError("the split has questions without answers: nothing to judge")
    start = time.perf_counter()
    best = Best.read(weights)
    given = _evaluated(best, data, device)
    write_predictions(given.answers, data, directory / "predictions.parquet")
    return Judgement(
        epoch=best.epoch,
        loss=given.loss,
        accuracy=given.accuracy,
        accuracy_by_type=accuracy_by_type(given.correct, data.types),
        wall_time_s=time.perf_counter() - start,
    )


def answer_all(best: Best, data: QuestionDataset, *, device: str) -> list[str]:
    """Answer every question of some data, which need not have answers.

    Args:
        best: The weights.
        data: What to answer.
        device: ``cpu`` or ``cuda``.

    Returns:
        One answer per question, in words.
    """
    words = best.vocabulary.answers
    return [words[number] for number in _evaluated(best, data, device).answers]


def _evaluated(best: Best, data: QuestionDataset, device: str) -> Evaluation:
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise TrainingError(f"device {device}: torch sees no CUDA device; take cpu")
    shape = best.sizes.image_shape
    if data.image_shape != shape:
        raise TrainingError(
            f"the network learnt from pictures of shape {shape}, and these have "
            f"{data.image_shape}; prepare both alike"
        )
    return evaluate(
        best.network().to(device),
        data.in_words_of(best.vocabulary),
        device=device,
        precision=best.config.train.precision,
    )
