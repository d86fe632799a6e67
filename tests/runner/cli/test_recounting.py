"""`film logs` shows what a trial said."""

import json
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from runner.looking import logs
from runner.store.locks import lease
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


@pytest.fixture
def trials(launch_tiny: Launched, settle: Settle) -> list[Trial]:
    trials = launch_tiny(2)
    folder = settle(trials[0], TrialState.FAILED)
    folder.log.write_text("first attempt\nsecond attempt: β\n")
    return trials


def test_all_attempts_are_shown_and_the_state_beside_them(
    film: Film, trials: list[Trial], workspace: Workspace
) -> None:
    store = ("--store", workspace.root)
    code, text, error = film("logs", "baseline@0", *store)
    assert code == 0
    assert text == "first attempt\nsecond attempt: β\n"
    path = workspace.trial(trials[0].trial_id).log
    assert error == f"baseline · seed 0 of tiny: FAILED ({path})\n"
    _, text, _ = film("logs", "baseline", "--seed", 0, "-n", 1, *store)
    assert text == "second attempt: β\n"
    _, text, _ = film("logs", trials[0].trial_id[:6], "--json", *store)
    said = json.loads(text)
    assert (said["row"], said["seed"], said["state"]) == ("baseline", 0, "FAILED")
    assert said["lines"] == ["first attempt", "second attempt: β"]


def test_before_anything_was_said_it_says_so(
    film: Film, trials: list[Trial], workspace: Workspace
) -> None:
    assert trials
    words = ("logs", "γ*", "--seed", 1, "--study", "tiny", "--store", workspace.root)
    code, text, error = film(*words)
    assert (code, text) == (0, "")
    assert error.startswith("γ := 1 · seed 1 of tiny: QUEUED (")
    assert error.endswith("; nothing was said yet\n")
    code, text, error = film(*words, "-f")
    assert (code, text) == (0, "")
    assert error.endswith("γ := 1 · seed 1 is QUEUED\n")


def test_what_is_ambiguous_or_missing_is_one_line(
    film: Film, trials: list[Trial], workspace: Workspace
) -> None:
    assert trials
    store = ("--store", workspace.root)
    code, _, error = film("logs", "baseline", *store)
    assert code == 2
    assert error == (
        "film: error: 'baseline' may be 2 trials: name 'baseline@0', 'baseline@1'\n"
    )
    code, _, error = film("logs", "basline", *store)
    assert code == 2
    assert "did you mean 'baseline'?" in error
    code, _, error = film("logs", "baseline@0", "-f", "--json", *store)
    assert code == 2
    assert "leave one" in error


def test_it_follows_until_the_trial_is_over(
    film: Film,
    trials: list[Trial],
    settle: Settle,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = workspace.trial(trials[0].trial_id).log

    def work(_: float) -> None:  # while the follower sleeps
        with log.open("a") as file:
            file.write("third attempt\n")
        settle(trials[0], TrialState.FINISHED, epochs=1)

    monkeypatch.setattr(logs, "time", SimpleNamespace(sleep=work))
    with lease(workspace.study("tiny") / "launch.lock"):
        code, text, error = film(
            "logs", "baseline@0", "-f", "-n", 1, "--store", workspace.root
        )
    assert code == 0
    assert text == "second attempt: β\nthird attempt\n"
    assert error.endswith("baseline · seed 0 is FINISHED\n")


def test_ctrl_c_ends_the_following(trials: list[Trial], workspace: Workspace) -> None:
    assert trials
    command = [sys.executable, "-m", "runner.cli", "logs", "baseline@0", "-f"]
    with (
        lease(workspace.study("tiny") / "launch.lock"),
        subprocess.Popen(
            [*command, "--store", str(workspace.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as following,
    ):
        assert following.stdout is not None
        assert following.stdout.readline() == "first attempt\n"
        following.send_signal(2)
        _, error = following.communicate(timeout=30)
    assert following.returncode == 130
    assert "Traceback" not in error
