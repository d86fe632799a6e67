"""How far a long piece of work has come."""

from dataclasses import dataclass
from typing import final

__all__ = ["Progress"]


@final
@dataclass(frozen=True)
class Progress:
    """Say that ``done`` of ``total`` steps of a stage are behind us.

    Long work is a generator of these: who listens may draw a bar, and stops the
    work by no longer iterating.

    Attributes:
        stage: What is being done, in words for the user ("train: images").
        done: How many steps of this stage are done, from 0.
        total: How many steps this stage has.
        whole: The share of the whole work, all stages together, that is behind us;
            None where that is not known.
    """

    stage: str
    done: int
    total: int
    whole: float | None = None
