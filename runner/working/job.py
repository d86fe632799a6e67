"""A trial, and where and with what to run it; loads without torch."""

from dataclasses import dataclass, field
from pathlib import Path

from film.world.config import WorldConfig
from runner.working.guards import Limits
from runner.working.revision import Revision
from studies.trial import Trial

__all__ = ["TrialJob"]


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """A trial, and where and with what to run it; plain enough to be sent."""

    trial: Trial
    data: Path  # the store that ``trial.data`` names
    folder: Path
    parent: Path | None = None  # folder of the trial whose weights it starts from
    storage: str | None = None  # where machines share folders; None: on a disk
    world: WorldConfig | None = None  # what to make on a machine that has no data
    device: str = "cpu"
    n_threads: int = 1
    n_jobs: int = 1  # that share the machine's memory
    gpu_share: float = 1.0  # of a GPU, where it has one
    command: tuple[str, ...] = ()  # what the user called
    limits: Limits = field(default_factory=Limits)
    revision: Revision | None = None  # of the code; None where it is not known
