"""Two trials are held against each other in all that may matter."""

import json
from collections.abc import Callable

import pytest

from runner.errors import LaunchError
from runner.looking.addresses import NamedTrial
from runner.looking.differences import Comparison, Section, compare
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]
Make = Callable[..., Trial]

ENVIRONMENT = {
    "python": "3.11.7",
    "host": "one",
    "torch": "2.5.0",
    "film": "0.1.0",
    "git": {"commit": "aaaa", "has_changes": False},
    "device": "cpu",
    "threads": 1,
    "command": "film run tiny",
}


@pytest.fixture
def compared(workspace: Workspace) -> Callable[[Trial, Trial], Comparison]:
    def named(trial: Trial) -> NamedTrial:
        return NamedTrial(
            study=trial.study, row=trial.row, seed=trial.seed, trial_id=trial.trial_id
        )

    return lambda one, other: compare(named(one), named(other), workspace)


@pytest.fixture
def ran(settle: Settle) -> Callable[..., TrialFolder]:
    def run(trial: Trial, *, epochs: int = 2, **environment: object) -> TrialFolder:
        folder = settle(trial, TrialState.FINISHED, epochs=epochs)
        folder.environment(ENVIRONMENT | environment)
        return folder

    return run


def said(comparison: Comparison) -> dict[str, tuple[object, object]]:
    return {one.name: (one.a, one.b) for one in comparison.differences}


def test_settings_that_differ_are_named_and_the_seed(
    make_trial: Make, ran: Callable[..., TrialFolder], compared: Callable
) -> None:
    one = make_trial(seed=1)
    other = make_trial("β := 0", 2, model__film__beta="zero")
    ran(one)
    ran(other, command="another one")
    comparison = compared(one, other)
    assert said(comparison) == {
        "model.film.beta": ("learned", "zero"),
        "seed": (1, 2),
    }
    assert {one.remark for one in comparison.differences} == {""}


def test_a_setting_that_does_nothing_is_marked(
    make_trial: Make, ran: Callable[..., TrialFolder], compared: Callable
) -> None:
    one = make_trial()
    none = make_trial(
        "none", model__film__blocks="none", model__film__placement="before_conv"
    )
    other = make_trial(
        "none 2", 1, model__film__blocks="none", model__film__placement="after_relu"
    )
    for trial in (one, none, other):
        ran(trial)
    remarks = {d.name: d.remark for d in compared(one, none).differences}
    assert remarks == {
        "model.film.blocks": "",
        "model.film.placement": "does nothing in B: no block hears the question",
    }
    remarks = {d.name: d.remark for d in compared(none, other).differences}
    assert remarks["model.film.placement"] == (
        "does nothing: no block hears the question"
    )


def test_code_and_machines_are_compared(
    make_trial: Make, ran: Callable[..., TrialFolder], compared: Callable
) -> None:
    one, other = make_trial(), make_trial(seed=1)
    git = {"commit": "bbbb", "has_changes": True}
    ran(one)
    folder = ran(other, git=git, host="two", threads=4, ray="2.60")
    comparison = compared(one, other)
    assert said(comparison) == {
        "seed": (0, 1),
        "commit": ("aaaa", "bbbb"),
        "uncommitted changes": ("none", "not recorded"),
        "host": ("one", "two"),
        "threads": (1, 4),
        "ray": (None, "2.60"),
    }
    (folder.path / "changes.diff").write_text("+one\n+two\n")
    comparison = compared(one, other)
    assert said(comparison)["uncommitted changes"] == ("none", "2 lines")
    (changes,) = [d for d in comparison.differences if d.name == "uncommitted changes"]
    assert (changes.section, changes.remark) == (
        Section.CODE,
        "2 lines of the two differ",
    )


def test_the_same_uncommitted_changes_are_no_difference(
    make_trial: Make, ran: Callable[..., TrialFolder], compared: Callable
) -> None:
    one, other = make_trial(), make_trial(seed=1)
    for trial in (one, other):
        folder = ran(trial, git={"commit": "aaaa", "has_changes": True})
        (folder.path / "changes.diff").write_text("+one\n")
    assert set(said(compared(one, other))) == {"seed"}


def test_data_and_results_are_compared(
    make_trial: Make, ran: Callable[..., TrialFolder], compared: Callable
) -> None:
    one, other = make_trial(), make_trial(seed=1)
    ran(one, epochs=2)
    folder = ran(other, epochs=4)
    path = folder.path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"data": "other"}))
    comparison = compared(one, other)
    assert said(comparison)["fingerprint"] == (one.data, "other")
    assert comparison.results == {
        "state": ("FINISHED", "FINISHED"),
        "best_val_accuracy": (0.25, 0.5),
        "epochs": (2, 4),
        "wall_time_s": (4.0, 8.0),
    }


def test_what_never_ran_has_settings_alone(
    make_trial: Make,
    ran: Callable[..., TrialFolder],
    workspace: Workspace,
    compared: Callable,
) -> None:
    one, other = make_trial(), make_trial(seed=1)
    ran(one)
    with pytest.raises(LaunchError, match="baseline · seed 1 was never started"):
        compared(one, other)
    workspace.trial(other.trial_id).describe(other)
    comparison = compared(one, other)
    assert comparison.unknown == ("baseline · seed 1",)
    assert set(said(comparison)) == {"seed"}
    assert comparison.results["best_val_accuracy"] == (0.25, None)


def test_a_record_of_another_version_is_refused(
    make_trial: Make, ran: Callable[..., TrialFolder], compared: Callable
) -> None:
    one = make_trial()
    path = ran(one).path / "config.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"config": {"model.unheard": 3}}))
    with pytest.raises(LaunchError, match=r"config.json: model.unheard: no such"):
        compared(one, one)


def test_the_command_prints_a_table(
    launch_tiny: Launched,
    ran: Callable[..., TrialFolder],
    film: Film,
    workspace: Workspace,
) -> None:
    baseline, beta, _ = launch_tiny(1)
    ran(baseline, epochs=2)
    ran(beta, epochs=1, host="two")
    store = ("--store", workspace.root)
    code, text, _ = film("diff", "baseline", "β*", *store)
    assert code == 0
    lines = [line.split() for line in text.splitlines()]
    assert ["model.film.beta", "learned", "zero"] in lines
    assert ["host", "one", "two"] in lines
    assert lines[-5][:7] == ["best", "val.", "accuracy", "25.0", "%", "12.5", "%"]
    assert "(−12.5 points)" in text
    assert lines[-1] == ["the", "same:", "code,", "data"]
    _, text, _ = film("diff", "baseline", "β*", "--json", *store)
    content = json.loads(text)
    assert content["a"]["row"] == "baseline"
    assert {one["name"] for one in content["differences"]} == {
        "model.film.beta",
        "host",
    }
    assert content["results"]["epochs"] == {"a": 2, "b": 1}
    code, text, _ = film("diff", "baseline", baseline.trial_id, *store)
    assert code == 0
    assert "A and B are one trial" in text
    assert film("diff", "baseline", "zzz", *store)[0] == 2
