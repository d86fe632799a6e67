"""A row, a pattern or an id names trials; what may be several is said to be."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import LaunchError
from runner.looking.addresses import (
    NamedTrial,
    find_one,
    find_trials,
    launches_by_age,
    rows_matching,
)
from runner.store.launches import write_launch
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.study_file import read_study
from studies.trial import Trial

Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


def named(row: str, seed: int | None, trial_id: str) -> NamedTrial:
    return NamedTrial(study="tiny", row=row, seed=seed, trial_id=trial_id)


TRIALS = [
    named("baseline", 0, "aaaa0000"),
    named("baseline", 1, "aaaa1111"),
    named("β := 0", 0, "bbbb0000"),
    named("blocks [1]", 0, "cccc0000"),
    named("at 1@2", 0, "dddd0000"),
    named("beef", 0, "0000beef"),
]


@pytest.mark.parametrize(
    ("address", "ids"),
    [
        ("baseline", ["aaaa0000", "aaaa1111"]),
        ("baseline@1", ["aaaa1111"]),
        ("baseline@7", []),
        ("b*", ["aaaa0000", "aaaa1111", "cccc0000", "0000beef"]),
        ("b*@1", ["aaaa1111"]),
        ("blocks [1]", ["cccc0000"]),  # [ is also a pattern's
        ("at 1@2", ["dddd0000"]),
        ("at 1@2@0", ["dddd0000"]),
        ("aaaa", ["aaaa0000", "aaaa1111"]),
        ("aaaa1", ["aaaa1111"]),
        ("aaa", []),  # too short for an id
        ("beef", ["0000beef"]),
        ("nothing", []),
    ],
)
def test_an_address_names_trials(address: str, ids: list[str]) -> None:
    assert [one.trial_id for one in find_trials(address, TRIALS)] == ids


def test_a_seed_narrows_an_address() -> None:
    (found,) = find_trials("baseline", TRIALS, seed=1)
    assert found.name == "baseline · seed 1"
    assert found.address == "baseline@1"
    assert find_trials(found.address, TRIALS) == (found,)


def test_several_addresses_name_each_trial_once_in_order() -> None:
    found = rows_matching(["β*", "baseline", "aaaa0"], TRIALS)
    assert [one.trial_id for one in found] == ["aaaa0000", "aaaa1111", "bbbb0000"]
    assert rows_matching([], TRIALS) == tuple(TRIALS)
    with pytest.raises(LaunchError, match=r"matches 'beta'.*rows: baseline, β := 0"):
        rows_matching(["baseline", "beta"], TRIALS)


def test_several_runs_are_listed_by_what_would_name_each(
    launch_tiny: Launched, workspace: Workspace
) -> None:
    launch_tiny(10)
    line = "'baseline' may be 10 trials: name 'baseline@0', .* and 2 more"
    with pytest.raises(LaunchError, match=line):
        find_one("baseline", workspace, study=None)
    assert find_one("baseline", workspace, study="tiny", seed=3).seed == 3
    with pytest.raises(LaunchError, match="'baseline' has no run with seed 77"):
        find_one("baseline", workspace, study=None, seed=77)


def test_the_last_launched_study_that_has_such_a_row_is_meant(
    launch_tiny: Launched, workspace: Workspace, study_file: Path
) -> None:
    trials = launch_tiny(1)
    text = study_file.read_text().replace("study: tiny", "study: other")
    text = text.replace("γ := 1", "γ one")
    study_file.write_text(text)
    other = read_study(study_file)
    write_launch(workspace.study("other"), other, text, trials[:1])
    for age, study in ((1, "other"), (2, "tiny")):
        for file in workspace.study(study).glob("launch.*"):
            os.utime(file, (age, age))
    assert [launch.study for launch in launches_by_age(workspace)] == ["tiny", "other"]
    assert find_one("baseline", workspace, study=None).study == "tiny"
    os.utime(workspace.study("other") / "launch.json", (3, 3))
    assert find_one("baseline", workspace, study=None).study == "other"
    assert find_one("γ := 1", workspace, study=None).study == "tiny"


def test_a_trial_that_no_study_wants_has_its_id(
    launch_tiny: Launched, settle: Settle, workspace: Workspace, make_trial: Launched
) -> None:
    launch_tiny(1)
    alone = make_trial("alone", 5, study="", train__max_epochs=7)
    settle(alone, TrialState.FINISHED, epochs=1)
    found = find_one(alone.trial_id[:9], workspace, study=None)
    assert (found.study, found.row, found.seed) == ("", "alone", 5)
    with pytest.raises(LaunchError, match="no row matches"):
        find_one(alone.trial_id, workspace, study="tiny")


def test_a_store_without_a_launch_says_so(workspace: Workspace) -> None:
    with pytest.raises(LaunchError, match="no study was launched in this store"):
        find_one("baseline", workspace, study=None)
