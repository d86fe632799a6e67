"""Teach the feature extractor to name what stands in each cell."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from film.data.progress import Progress
from film.errors import ConfigError
from film.world.attributes import VALUES, Attribute
from film.world.features.extractor import LAYERS, Extractor, write_weights
from film.world.features.lessons import NO_LABEL, Lessons, draw_lesson, stack_lessons

__all__ = ["ExtractorMetrics", "examine", "teach", "train_extractor"]

_BATCH = 64
_LEARNING_RATE = 3e-3
_WEIGHT_DECAY = 1e-4
_BRIGHTNESS = 0.1  # up to which pictures are made brighter or darker


@final
@dataclass(frozen=True)
class ExtractorMetrics:
    """How well a stage of teaching went, on pictures not learned from.

    Attributes:
        epoch: From 1.
        n_epochs: How many there will be.
        presence: The fraction of cells rightly called empty or not.
        objects: Per attribute the fraction of objects whose value is read rightly
            off all their cells together.
    """

    epoch: int
    n_epochs: int
    presence: float
    objects: dict[Attribute, float]


def train_extractor(
    path: Path,
    *,
    seed: int = 1,
    n_lessons: int = 12_000,
    n_exam: int = 500,
    n_epochs: int = 10,
) -> Iterator[Progress | ExtractorMetrics]:
    """Draw lessons, teach a new extractor and write its weights.

    The shipped weights were made with the defaults. On another machine sums are
    rounded otherwise: a new run gives weights as good, not the same bytes.

    Args:
        path: Where the weights go, at the very end.
        seed: Of the lessons and of the network.
        n_lessons: How many pictures to learn from.
        n_exam: How many to be judged by.
        n_epochs: How often each is seen.

    Yields:
        How far the drawing has come, then how well each epoch went.

    Raises:
        ConfigError: If the weights cannot be written there, before any work.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(
            f"{path} cannot be written; name a file in a folder that is there"
        )
    drawn: list[Lessons] = []
    for index in range(n_lessons + n_exam):
        drawn.append(draw_lesson(seed, index, samples_per_side=2 + index % 2))
        if len(drawn) % 100 == 0:
            yield Progress("drawing lessons", len(drawn), n_lessons + n_exam)
    extractor = Extractor(is_taught=False)
    yield from teach(
        extractor,
        stack_lessons(drawn[:n_lessons]),
        stack_lessons(drawn[n_lessons:]),
        seed=seed,
        n_epochs=n_epochs,
    )
    taught = _folded(extractor, stack_lessons(drawn[:500]))
    write_weights(taught, path)


def teach(
    extractor: Extractor,
    lessons: Lessons,
    exam: Lessons,
    *,
    seed: int,
    n_epochs: int,
) -> Iterator[ExtractorMetrics]:
    """Train an extractor in place.

    Args:
        extractor: The network, with its normalisation.
        lessons: What it learns from.
        exam: What it is judged by.
        seed: Of the initial weights and of the order of the lessons.
        n_epochs: How often each lesson is seen.

    Yields:
        How well each epoch went.
    """
    rng = torch.Generator().manual_seed(seed)
    _initialise(extractor, rng)
    extractor.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        extractor.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        _LEARNING_RATE,
        total_steps=n_epochs * (len(lessons) // _BATCH),
        pct_start=0.1,
    )
    for epoch in range(1, n_epochs + 1):
        extractor.train()
        for images, labels in _batches(lessons, rng):
            optimizer.zero_grad()
            _loss(extractor, images, labels).backward()
            optimizer.step()
            schedule.step()
        presence, objects = examine(extractor, exam)
        yield ExtractorMetrics(epoch, n_epochs, presence, objects)


@torch.no_grad()
def examine(
    extractor: Extractor, exam: Lessons
) -> tuple[float, dict[Attribute, float]]:
    """Judge an extractor by pictures that it has not seen.

    Args:
        extractor: The network.
        exam: The pictures.

    Returns:
        The fraction of cells rightly called empty or not, and per attribute the
        fraction of objects read rightly.
    """
    extractor.eval()
    right: dict[Attribute, list[bool]] = {attribute: [] for attribute in VALUES}
    n_cells_right = 0
    for start in range(0, len(exam), _BATCH):
        part = slice(start, start + _BATCH)
        features = extractor(_as_floats(exam.images[part]))
        labels = torch.from_numpy(exam.labels[part])
        is_present = labels[:, 0] != NO_LABEL
        seen = extractor.read_presence(features) > 0
        n_cells_right += int((seen == is_present).sum())
        names = extractor.read_names(features)
        for row, attribute in enumerate(VALUES):
            right[attribute] += _objects_right(
                names[attribute].log_softmax(1).numpy(),
                exam.labels[part, row],
                exam.objects[part],
            )
    presence = n_cells_right / exam.objects.size
    return presence, {name: float(np.mean(hits)) for name, hits in right.items()}


# Read each object off the sum of its cells' opinions.
def _objects_right(
    opinions: np.ndarray, labels: np.ndarray, objects: np.ndarray
) -> list[bool]:
    right = []
    for opinion, label, numbers in zip(opinions, labels, objects, strict=True):
        for number in np.unique(numbers[numbers >= 0]):
            cells = numbers == number
            right.append(bool(opinion[:, cells].sum(1).argmax() == label[cells][0]))
    return right


def _initialise(extractor: Extractor, rng: torch.Generator) -> None:
    for module in extractor.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=rng)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _batches(lessons: Lessons, rng: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    order = torch.randperm(len(lessons), generator=rng).numpy()
    for start in range(0, len(order) - _BATCH + 1, _BATCH):
        rows = order[start : start + _BATCH]
        images = _as_floats(lessons.images[rows])
        labels = torch.from_numpy(lessons.labels[rows]).long()
        if torch.randint(2, (), generator=rng):  # a mirrored table is a table
            images, labels = images.flip(3), labels.flip(3)
        change = torch.rand((len(rows), 1, 1, 1), generator=rng) * 2 - 1
        yield images * (1 + _BRIGHTNESS * change), labels


def _as_floats(images: np.ndarray) -> Tensor:
    tensor = torch.from_numpy(images).to(memory_format=torch.channels_last)
    return tensor.float() / 255


def _loss(extractor: Extractor, images: Tensor, labels: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):  # twice as fast where it is native
        features = extractor(images)
    features = features.float()
    is_present = (labels[:, 0] != NO_LABEL).float()
    loss = functional.binary_cross_entropy_with_logits(
        extractor.read_presence(features), is_present
    )
    for row, logits in enumerate(extractor.read_names(features).values()):
        loss = loss + functional.cross_entropy(
            logits, labels[:, row], ignore_index=NO_LABEL
        )
    return loss


# Fold the normalisation into the convolutions, and give each channel of the last
# map a mean square of one.
@torch.no_grad()
def _folded(extractor: Extractor, lessons: Lessons) -> Extractor:
    extractor.eval()
    features = extractor(_as_floats(lessons.images))
    size = features.square().mean((0, 2, 3)).sqrt().clamp(min=1e-3)
    folded = Extractor()
    weights = folded.state_dict()  # shares its tensors with the network
    convolutions = [one for one in extractor.layers if isinstance(one, nn.Conv2d)]
    norms = [one for one in extractor.layers if isinstance(one, nn.BatchNorm2d)]
    for place, pair in enumerate(zip(convolutions, norms, strict=True)):
        fused = fuse_conv_bn_eval(*pair).state_dict()
        weights[f"layers.{2 * place}.weight"].copy_(fused["weight"])
        weights[f"layers.{2 * place}.bias"].copy_(fused["bias"])
    last = 2 * (len(LAYERS) - 1)
    weights[f"layers.{last}.weight"].div_(size[:, None, None, None])
    weights[f"layers.{last}.bias"].div_(size)
    folded.presence.load_state_dict(extractor.presence.state_dict())
    folded.names.load_state_dict(extractor.names.state_dict())
    folded.presence.weight.mul_(size[None, :, None, None])
    folded.names.weight.mul_(size[None, :, None, None])
    return folded.eval()
