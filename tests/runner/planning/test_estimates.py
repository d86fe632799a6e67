"""What a launch will take is told by what was measured, as widely as it must be."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from film.config import Config
from runner.planning.estimates import (
    Estimate,
    Evidence,
    Span,
    Wanted,
    estimate_launch,
    money,
    trial_bytes,
)
from runner.sweeping.workers import Workers
from studies.trial import Trial

MakeTrial = Callable[..., Trial]


def measured(trial: Trial, *, epochs: int = 3, seconds: float = 30.0) -> Evidence:
    return Evidence(
        name=trial.row,
        config=trial.config,
        data=trial.data,
        epochs=epochs,
        seconds=seconds,
        is_finished=True,
    )


def by_width(config: Config) -> float:
    return float(config.model.width)


def estimate(
    trials: Sequence[Trial],
    evidence: Sequence[Evidence],
    *,
    jobs: int = 1,
    n_threads: int = 1,
    there: int = 0,
) -> Estimate:
    wanted = [Wanted(trial=trial, epochs_there=there) for trial in trials]
    workers = Workers(jobs=jobs, n_threads=n_threads)
    return estimate_launch(wanted, evidence, workers, by_width)


def ends(span: Span | None) -> tuple[float, float]:
    assert span is not None
    return round(span.low, 6), round(span.high, 6)


def test_without_evidence_nothing_is_told(make_trial: MakeTrial) -> None:
    told = estimate([make_trial()], [])
    assert not told.is_known
    assert told.time is told.work is told.memory_bytes is None
    assert told.basis == ()


@pytest.mark.parametrize(
    ("n_runs", "margin"), [(1, 0.2), (2, 0.1), (3, 0.05), (40, 0.05)]
)
def test_the_more_runs_tell_the_narrower_the_span(
    make_trial: MakeTrial, n_runs: int, margin: float
) -> None:
    told = estimate([make_trial()], [measured(make_trial())] * n_runs)
    assert ends(told.time) == (30 * (1 - margin), 30 * (1 + margin))
    assert told.basis == ("1 trial by runs of the same configurations",)


def test_runs_that_differ_give_both_ends_and_outliers_of_many_do_not(
    make_trial: MakeTrial,
) -> None:
    trial = make_trial()
    runs = [measured(trial, seconds=seconds) for seconds in (27.0, 30.0, 36.0)]
    assert ends(estimate([trial], runs).time) == pytest.approx((27 * 0.95, 36 * 1.05))
    many = [measured(trial)] * 18 + [measured(trial, seconds=one) for one in (1, 900)]
    assert ends(estimate([trial], many).time) == (30 * 0.95, 30 * 1.05)


def test_only_the_epochs_that_are_left_count(make_trial: MakeTrial) -> None:
    runs = [measured(make_trial())] * 3
    told = estimate([make_trial(seed=1)], runs, there=2)
    assert ends(told.time) == (9.5, 10.5)


def test_patience_ends_a_trial_when_it_ended_others(make_trial: MakeTrial) -> None:
    trial = make_trial(train__patience=1)
    runs = [measured(trial, epochs=n, seconds=10.0 * n) for n in (2, 2, 3)]
    assert ends(estimate([trial], runs).time) == (2 * 9.5, 3 * 10.5)


def test_a_similar_configuration_is_scaled_and_named(make_trial: MakeTrial) -> None:
    narrow, wide = make_trial(), make_trial("wide", model__width=8)
    runs = [measured(narrow)] * 3
    told = estimate([wide], runs)
    assert ends(told.time) == (30 * 0.95, 60 * 1.05)
    assert told.basis == ("1 trial by 'baseline', scaled by 1 to 2",)
    told = estimate([narrow], [measured(wide)] * 3)
    assert ends(told.time) == (15 * 0.95, 30 * 1.05)
    nearer = make_trial("wider", model__width=7)
    told = estimate([wide], [*runs, measured(nearer)])
    assert told.basis == ("1 trial by 'wider', scaled by 1 to 1.1",)


def test_what_computes_as_much_is_not_scaled(make_trial: MakeTrial) -> None:
    other = make_trial("other", train__learning_rate=0.1)
    told = estimate([other], [measured(make_trial())] * 3)
    assert ends(told.time) == (28.5, 31.5)
    assert told.basis == ("1 trial by 'baseline'",)


def test_runs_are_believed_before_probes_and_probes_before_others(
    make_trial: MakeTrial,
) -> None:
    trial, wide = make_trial(), make_trial("wide", model__width=8)
    probe = replace(measured(trial, epochs=1, seconds=20), is_probe=True)
    told = estimate([trial], [probe, measured(wide)])
    assert ends(told.time) == (3 * 20 * 0.7, 3 * 20 * 1.3)
    assert told.basis == ("1 trial by probes of the same configurations",)
    assert ends(estimate([trial], [probe, measured(trial)]).time) == (24, 36)
    told = estimate([wide], [probe])
    assert told.basis == ("1 trial by a probe of 'baseline', scaled by 1 to 2",)


def test_other_data_are_not_the_same_configuration(make_trial: MakeTrial) -> None:
    other = replace(measured(make_trial()), data="other")
    told = estimate([make_trial()], [other])
    assert told.basis == ("1 trial by 'baseline'",)


def test_more_threads_help_by_less_than_their_number(make_trial: MakeTrial) -> None:
    runs = [measured(make_trial())] * 3
    assert ends(estimate([make_trial()], runs, n_threads=2).time) == (
        15 * 0.95,
        30 * 1.05,
    )


def test_each_worker_takes_the_next_trial_when_it_is_free(
    make_trial: MakeTrial,
) -> None:
    long, short = make_trial("long", model__width=8), make_trial()
    evidence = [measured(short)] * 3 + [measured(long, seconds=90)] * 3
    told = estimate([short, short, long], evidence, jobs=2)
    assert ends(told.time) == (120 * 0.95, 120 * 1.05)
    assert ends(told.work) == (150 * 0.95, 150 * 1.05)
    told = estimate([long, short, short], evidence, jobs=2)
    assert ends(told.time) == (90 * 0.95, 90 * 1.05)
    assert ends(estimate([short], evidence, jobs=9).time) == (28.5, 31.5)


def test_opening_the_data_is_no_epoch(make_trial: MakeTrial) -> None:
    slow = replace(measured(make_trial()), overhead_s=7.0)
    assert ends(estimate([make_trial()], [slow] * 3).time) == (28.5 + 7, 31.5 + 7)


def test_memory_is_that_of_as_many_as_run_at_once(make_trial: MakeTrial) -> None:
    small, large = make_trial(), make_trial("wide", model__width=8)
    evidence = [
        replace(measured(small), memory_bytes=2, gpu_memory_bytes=5),
        replace(measured(small), memory_bytes=3),
        replace(measured(large), memory_bytes=10),
    ]
    told = estimate([small, large, small], evidence, jobs=2)
    assert (told.memory_bytes, told.together_bytes) == (10, 13)
    assert told.gpu_memory_bytes == 5


def test_money_is_for_what_a_trial_holds() -> None:
    hour = Span(low=3600, high=7200)
    cores = Workers(jobs=2, n_threads=4)
    assert ends(money(hour, cores, 0.5)) == (2, 4)
    half = Workers(jobs=2, device="cuda", n_threads=4, n_gpus=1, gpus_per_trial=0.5)
    assert ends(money(hour, half, 2.5)) == (1.25, 2.5)


def test_a_trial_leaves_two_checkpoints_and_the_best_weights() -> None:
    kept, while_written = trial_bytes(1_000_000, 0)
    assert while_written == 16_000_000
    assert 36_000_000 <= kept < 36_100_000
    assert trial_bytes(1, 1000)[0] > trial_bytes(1, 0)[0]
