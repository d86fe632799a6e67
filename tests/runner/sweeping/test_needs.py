"""What a trial will take is what trials of its kind took."""

from collections.abc import Callable

from runner.store.record import Record, TrialState
from runner.sweeping.needs import Measured, Peaks
from studies.trial import Trial


def record(memory: int | None, gpu: int | None = None) -> Record:
    summary = {"peak_memory_bytes": memory, "peak_gpu_memory_bytes": gpu}
    return Record(state=TrialState.FINISHED, summary=summary)


def test_the_largest_of_its_kind_counts(make_trial: Callable[..., Trial]) -> None:
    measured = Measured()
    measured.learn(make_trial(seed=0), record(100, 7))
    measured.learn(make_trial(seed=1), record(120))
    assert measured.expected(make_trial(seed=2)) == Peaks(memory=120, gpu_memory=7)


def test_another_learning_rate_takes_as_much(make_trial: Callable[..., Trial]) -> None:
    measured = Measured()
    measured.learn(make_trial(), record(100))
    slow = make_trial("slow", train__learning_rate=1e-5)
    assert measured.expected(slow).memory == 100


def test_another_network_or_batch_is_of_another_kind(
    make_trial: Callable[..., Trial],
) -> None:
    measured = Measured()
    measured.learn(make_trial(), record(100))
    assert measured.expected(make_trial("wide", model__width=8)) == Peaks()
    assert measured.expected(make_trial("large", train__batch_size=99)) == Peaks()


def test_what_nobody_measured_teaches_nothing(make_trial: Callable[..., Trial]) -> None:
    measured = Measured()
    measured.learn(make_trial(), record(None))
    assert measured.expected(make_trial()) == Peaks()
