"""An epoch is chosen on half of the scenes, and scored on the others alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from reports.errors import ReportError
from reports.results import Answers, Results, RunState
from reports.selection import is_scored, select_on_half
from reports.statistics import estimate_rows

Make = Callable[..., Results]


def with_epochs(results: Results, n_epochs: int = 5) -> Results:
    """Answer at random after every epoch: what chose the epoch looks too good."""
    rng = np.random.default_rng(3)
    answers = {}
    for trial_id, its in results.answers.items():
        shape = n_epochs, its.questions.n_questions
        by_epoch = rng.random(shape) < 0.5
        best = by_epoch[by_epoch.mean(axis=1).argmax()]
        answers[trial_id] = Answers(its.questions, best, by_epoch)
    trials = results.trials.copy()
    trials["val_accuracy"] = [
        answers[one].correct.mean() if one in answers else np.nan
        for one in trials["trial_id"]
    ]
    return replace(results, trials=trials, answers=answers)


def test_about_half_of_the_scenes_score_and_whole_scenes_do() -> None:
    scenes = np.repeat(np.arange(1000), 3)
    scored = is_scored(scenes)
    assert 0.45 < scored.mean() < 0.55
    assert (scored.reshape(-1, 3).std(axis=1) == 0).all()


def test_a_scene_keeps_its_half_whatever_other_scenes_there_are() -> None:
    scenes = np.arange(100)
    assert (is_scored(scenes)[40:] == is_scored(scenes[40:])).all()


def test_the_choice_sees_nothing_of_what_is_scored(make_results: Make) -> None:
    results = with_epochs(make_results({"baseline": [0.5] * 3, "a": [0.5] * 3}))
    halved = select_on_half(results)
    for trial_id, whole in results.answers.items():
        assert whole.by_epoch is not None
        scored = is_scored(whole.questions.scenes)
        epoch = int(whole.by_epoch[:, ~scored].mean(axis=1).argmax())
        answers = halved.answers[trial_id]
        assert (answers.correct == whole.by_epoch[epoch, scored]).all()
        row = halved.trials.set_index("trial_id").loc[trial_id]
        assert row["best_epoch"] == epoch + 1
        assert row["val_accuracy"] == pytest.approx(answers.correct.mean())
        counts = answers.correct[answers.questions.types == "exist"]
        assert row["val_accuracy_exist"] == pytest.approx(counts.mean())


def test_what_cannot_be_learnt_no_longer_looks_learnt(make_results: Make) -> None:
    whole = with_epochs(make_results({"baseline": [0.5] * 40}), n_epochs=50)
    halved = select_on_half(whole)
    assert whole.trials["val_accuracy"].mean() > 0.52
    assert halved.trials["val_accuracy"].mean() == pytest.approx(0.5, abs=0.005)


def test_rows_are_compared_on_the_scoring_half(make_results: Make) -> None:
    results = with_epochs(make_results({"baseline": [0.5] * 3, "a": [0.5] * 3}))
    frame = estimate_rows(select_on_half(results))
    n_scenes = int(is_scored(np.arange(200)).sum())
    assert list(frame["n_scenes"]) == [n_scenes] * 2
    assert list(frame["basis"]) == ["none", "runs × scenes"]


def test_guessing_is_worth_what_it_is_on_the_scoring_half(make_results: Make) -> None:
    results = with_epochs(make_results({"baseline": [0.5] * 2}))
    questions = next(iter(results.answers.values())).questions
    is_score = is_scored(questions.scenes)
    labels = np.where(is_score, 0, np.arange(len(is_score)) % 3)  # one answer alone
    known = replace(questions, guess=0.6, labels=labels)
    answers = {
        key: replace(one, questions=known) for key, one in results.answers.items()
    }
    halved = select_on_half(replace(results, answers=answers))
    assert {one.questions.guess for one in halved.answers.values()} == {1.0}
    unknown = select_on_half(results)
    assert all(np.isnan(one.questions.guess) for one in unknown.answers.values())


def test_runs_without_their_epochs_are_refused_with_their_number(
    make_results: Make,
) -> None:
    results = make_results({"baseline": [0.9, 0.9], "a": [0.8, RunState.FAILED]})
    with pytest.raises(ReportError, match=r"3 of 3 finished runs did not record"):
        select_on_half(results)


def test_one_scene_cannot_be_halved(make_results: Make) -> None:
    results = with_epochs(make_results({"baseline": [0.5]}, n_scenes=1))
    with pytest.raises(ReportError, match=r"1 validation scenes cannot be halved"):
        select_on_half(results)
