"""What a launch will take, told from what was measured before. Pure.

An epoch of a trial is told by trials of the same configuration; else by a short probe
of it; else by the most similar one, scaled by how much each network computes. The
thinner the evidence, the wider the span that is given.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from film.config import Config
from runner.sweeping.workers import Workers
from studies.trial import Trial

__all__ = [
    "Estimate",
    "Evidence",
    "Span",
    "Wanted",
    "estimate_launch",
    "money",
    "trial_bytes",
]

_MARGINS: Final = {1: 0.2, 2: 0.1}  # by the number of trials that an epoch is told by
_LEAST_MARGIN: Final = 0.05
_PROBE_MARGIN: Final = 0.3
_TRIM_FROM: Final = 10  # trials; then the tenth at each end is left out
_WORD: Final = 4  # bytes of a number
_CHECKPOINT: Final = 4  # numbers per weight: itself, two of Adam, itself at its best
_CHECKPOINTS_KEPT: Final = 2
_ANSWER: Final = 12  # bytes of an answer to a validation question, packed
_RECORDS: Final = 60_000  # bytes of a trial's texts, and of its rows in MLflow


@dataclass(frozen=True, kw_only=True)
class Span:
    """A number that is known to lie between two."""

    low: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        """Add two numbers that are so known.

        Args:
            other: The other.

        Returns:
            Their sum.
        """
        return Span(low=self.low + other.low, high=self.high + other.high)

    def scaled(self, low: float, high: float | None = None) -> "Span":
        """Multiply by a factor, or by one that is known to lie between two.

        Args:
            low: The factor.
            high: Its other end; None where there is one.

        Returns:
            The product.
        """
        return Span(
            low=self.low * low, high=self.high * (low if high is None else high)
        )


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a trial, or a probe of one, was measured to take."""

    name: str  # what people call it
    config: Config
    data: str
    epochs: int
    seconds: float  # of those epochs
    threads: int = 1
    overhead_s: float = 0.0  # of a trial beside its epochs
    is_finished: bool = False
    is_probe: bool = False
    memory_bytes: int | None = None
    gpu_memory_bytes: int | None = None
    disk_bytes: int | None = None  # that it left behind, MLflow's copies included


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A trial that is to be run, and how far it is."""

    trial: Trial
    epochs_there: int = 0


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a launch will take; None where nothing tells."""

    time: Span | None  # seconds until the last trial is done
    work: Span | None  # seconds of all trials together
    memory_bytes: int | None  # of the trial that takes most
    together_bytes: int | None  # of as many as run at once
    gpu_memory_bytes: int | None
    basis: tuple[str, ...]  # by what it is told

    @property
    def is_known(self) -> bool:
        """Whether anything was measured."""
        return self.time is not None


def estimate_launch(
    wanted: Sequence[Wanted],
    evidence: Sequence[Evidence],
    workers: Workers,
    work: Callable[[Config], float],
) -> Estimate:
    """Estimate what the trials of a launch will take.

    Args:
        wanted: What is to be run, in order.
        evidence: What was measured, of the same data or others of the same size.
        workers: On what.
        work: How much a configuration computes per question, in any unit.

    Returns:
        The estimate.
    """
    index = _Index(evidence, workers.n_threads, work)
    told = [index.tell(one) for one in wanted]
    known = [one for one in told if one is not None]
    memory = sorted((one.memory_bytes or 0 for one in known), reverse=True)
    gpu_memory = max((one.gpu_memory_bytes or 0 for one in known), default=0)
    is_known = bool(wanted) and len(known) == len(told)
    return Estimate(
        time=_scheduled(known, workers.jobs) if is_known else None,
        work=_sum(one.seconds for one in known) if is_known else None,
        memory_bytes=(memory[0] if memory else 0) or None,
        together_bytes=sum(memory[: workers.jobs]) or None,
        gpu_memory_bytes=gpu_memory or None,
        basis=_basis(known),
    )


def money(work: Span, workers: Workers, price: float) -> Span:
    """Turn time into money.

    Args:
        work: Seconds of all trials together.
        workers: On what they run.
        price: Of an hour of one GPU or, without one, of one core.

    Returns:
        In the currency of the price.
    """
    share = workers.gpus_per_trial if workers.n_gpus else workers.n_threads
    return work.scaled(share * price / 3600)


def trial_bytes(n_parameters: int, n_questions: int) -> tuple[int, int]:
    """Estimate what a trial writes to the disk, where none like it is finished.

    Args:
        n_parameters: Of its network.
        n_questions: Validation questions that it answers.

    Returns:
        What it leaves behind, with MLflow's copies, and what it takes besides while a
        checkpoint is written.
    """
    checkpoint = _CHECKPOINT * _WORD * n_parameters
    kept = _CHECKPOINTS_KEPT * checkpoint + _WORD * n_parameters
    answers = 2 * _ANSWER * n_questions
    return kept + answers + _RECORDS, checkpoint


_SAME: Final = "runs of the same configurations"
_PROBED: Final = "probes of the same configurations"
_ALIKE: Final = 0.02  # a difference of work that is none


# What one trial will take, and by what that is told.
@dataclass(frozen=True, kw_only=True)
class _Told:
    seconds: Span
    by: str
    memory_bytes: int | None
    gpu_memory_bytes: int | None


# What tells of a configuration, and how long an epoch of it takes.
@dataclass(frozen=True, kw_only=True)
class _Found:
    epoch: Span
    by: str
    runs: Sequence[Evidence]


class _Index:
    """Finds what tells most of a configuration; each is looked up once."""

    def __init__(
        self,
        evidence: Sequence[Evidence],
        threads: int,
        work: Callable[[Config], float],
    ) -> None:
        self._by_config: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
        for one in evidence:
            if one.epochs > 0:
                self._by_config[one.config.identity(), one.data].append(one)
        self._threads = threads
        self._work = work
        self._found: dict[tuple[str, str], _Found | None] = {}

    def tell(self, wanted: Wanted) -> _Told | None:
        trial = wanted.trial
        key = trial.config.identity(), trial.data
        if key not in self._found:
            self._found[key] = self._same(key) or self._nearest(trial.config)
        found = self._found[key]
        if found is None:
            return None
        left = _epochs_left(wanted, found.runs if found.by == _SAME else [])
        overhead = sum(one.overhead_s for one in found.runs) / len(found.runs)
        seconds = Span(
            low=found.epoch.low * left.low, high=found.epoch.high * left.high
        )
        return _Told(
            seconds=seconds + Span(low=overhead, high=overhead),
            by=found.by,
            memory_bytes=_most(one.memory_bytes for one in found.runs),
            gpu_memory_bytes=_most(one.gpu_memory_bytes for one in found.runs),
        )

    def _same(self, key: tuple[str, str]) -> _Found | None:
        every = self._by_config.get(key, [])
        runs = [one for one in every if not one.is_probe]
        if runs:
            return _Found(epoch=self._epoch(runs), by=_SAME, runs=runs)
        return (
            _Found(epoch=self._epoch(every), by=_PROBED, runs=every) if every else None
        )

    def _nearest(self, config: Config) -> _Found | None:
        if not self._by_config:
            return None
        mine = self._work(config)
        runs = min(self._by_config.values(), key=lambda one: self._far(one, mine))
        ratio = mine / self._work(runs[0].config)
        low, high = min(ratio, 1.0), max(ratio, 1.0)
        by = f"{'a probe of ' if runs[0].is_probe else ''}'{runs[0].name}'"
        if high - low > _ALIKE:
            by += f", scaled by {low:.2g} to {high:.2g}"
        return _Found(epoch=self._epoch(runs).scaled(low, high), by=by, runs=runs)

    def _far(self, some: Sequence[Evidence], mine: float) -> tuple[float, bool]:
        ratio = self._work(some[0].config) / mine
        return max(ratio, 1 / ratio), some[0].is_probe

    # Seconds of an epoch. More threads help by less than their number.
    def _epoch(self, runs: Sequence[Evidence]) -> Span:
        lows, highs = [], []
        for one in runs:
            seconds, ratio = one.seconds / one.epochs, one.threads / self._threads
            lows.append(seconds * min(ratio, 1.0))
            highs.append(seconds * max(ratio, 1.0))
        cut = len(runs) // 10 if len(runs) >= _TRIM_FROM else 0
        margin = _MARGINS.get(len(runs), _LEAST_MARGIN)
        margin = _PROBE_MARGIN if runs[0].is_probe else margin
        return Span(
            low=sorted(lows)[cut] * (1 - margin),
            high=sorted(highs, reverse=True)[cut] * (1 + margin),
        )


# Patience ends a trial early; then those that ended say when.
def _epochs_left(wanted: Wanted, same: Sequence[Evidence]) -> Span:
    settings = wanted.trial.config.train
    left = max(wanted.trial.max_epochs - wanted.epochs_there, 0)
    ended = [one.epochs for one in same if one.is_finished]
    if settings.patience is None or not ended or not left:
        return Span(low=left, high=left)
    there = wanted.epochs_there
    return Span(low=max(min(ended) - there, 0), high=max(max(ended) - there, 0))


# Each worker takes the next trial when it is free, as Ray does.
def _scheduled(told: Sequence[_Told], jobs: int) -> Span:
    return Span(
        low=_finish([one.seconds.low for one in told], jobs),
        high=_finish([one.seconds.high for one in told], jobs),
    )


def _finish(lengths: Sequence[float], jobs: int) -> float:
    free_at = [0.0] * max(min(jobs, len(lengths)), 1)
    for seconds in lengths:
        heapq.heapreplace(free_at, free_at[0] + seconds)
    return max(free_at)


def _sum(spans: Iterable[Span]) -> Span:
    total = Span(low=0.0, high=0.0)
    for span in spans:
        total += span
    return total


def _most(sizes: Iterable[int | None]) -> int | None:
    return max((size for size in sizes if size is not None), default=None)


def _basis(told: Sequence[_Told]) -> tuple[str, ...]:
    counts: Mapping[str, int] = _counted(one.by for one in told)
    return tuple(
        f"{'1 trial' if n == 1 else f'{n} trials'} by {by}" for by, n in counts.items()
    )


def _counted(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
