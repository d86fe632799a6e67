"""How a network is trained."""

from typing import Annotated

from pydantic import Field

from film.config.choices import (
    Learns,
    Precision,
    Schedule,
)
from film.config.fields import (
    Count,
    Epochs,
    Number,
    Settings,
)

__all__ = [
    "TrainConfig",
]


class TrainConfig(Settings):
    """Optimisation (Section 3: Adam, 3e-4, weight decay 1e-5, batches of 64)."""

    learning_rate: Annotated[Number, Field(gt=0)] = 3e-4
    weight_decay: Annotated[Number, Field(ge=0)] = 1e-5  # L2 in Adam, on everything
    batch_size: Annotated[int, Field(strict=True, ge=2)] = 64
    max_epochs: Count = 80
    patience: Count | None = None  # epochs without a better validation accuracy
    schedule: Schedule = Schedule.CONSTANT
    warmup_epochs: Epochs = 0  # at the beginning of every stage, in which the rate
    warmup_doublings: Annotated[int, Field(strict=True, ge=1, le=30)] = 7  # doubles
    precision: Precision = Precision.FLOAT32
    learns: Learns = Learns.ALL
    samples: Annotated[int, Field(strict=True, ge=2)] | None = None  # of the questions
