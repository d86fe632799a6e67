"""`film status` says how far studies are, once or until they are complete."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from runner.cli import standing
from runner.store.files import read_json, write_json
from runner.store.locks import lease
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


@pytest.fixture
def _some(launch_tiny: Launched, settle: Settle) -> None:
    trials = launch_tiny(2)
    settle(trials[0], TrialState.FINISHED, epochs=3)
    settle(trials[1], TrialState.DIVERGED, epochs=1)
    settle(trials[2], TrialState.KILLED, epochs=2)


@pytest.mark.usefixtures("_some")
def test_a_study_is_said_row_by_row(film: Film, workspace: Workspace) -> None:
    code, text, _ = film("status", "tiny", "--store", workspace.root)
    assert code == 0
    head, _, header, *rows = text.splitlines()
    assert head == (
        "tiny: 0 of 3 rows, 1 of 6 runs complete; not running; "
        "about 0:20 of training left"
    )
    assert header.split() == [
        *("row", "runs", "queued", "running", "finished", "failed", "killed"),
        *("diverged", "epochs", "best", "val."),
    ]
    assert rows[0].split() == ["baseline", "2", "1", "–", "1", *"–––", "3", "37.5", "%"]
    assert rows[1].split()[3:] == ["2", "1", *"––––", "1", "1", "12.5", "%"]
    assert rows[2].split()[3:] == ["2", "1", *"–––", "1", "–", "2", "25.0", "%"]
    assert rows[3].startswith("β := 0 · seed 0 DIVERGED: the loss is nan (")
    assert rows[3].endswith("log.txt)")


@pytest.mark.usefixtures("_some")
def test_who_runs_it_and_what_was_screened_is_said(
    film: Film, workspace: Workspace, launch_tiny: Launched
) -> None:
    path = workspace.trial(launch_tiny(2)[2].trial_id).path / "state.json"
    write_json(path, read_json(path) | {"screened_at_epoch": 2})
    with lease(workspace.study("tiny") / "launch.lock"):
        _, text, _ = film("status", "tiny", "--store", workspace.root)
        assert "; running, process " in text
        assert "screened: cut short by a launch with --screen" in text
        (row,) = [line for line in text.splitlines() if line.startswith("γ := 1 ")]
        assert row.split()[3:] == ["2", "1", *"–––––", "2", "25.0", "%", "1"]
        _, text, _ = film("status", "tiny", "--store", workspace.root, "--json")
        content = json.loads(text)
        assert content["is_running"] is True
        assert content["owner"]["pid"] > 1
        _, text, _ = film("status", "--store", workspace.root)
    assert "process " in text
    assert content["states"] == {
        "QUEUED": 3,
        "RUNNING": 0,
        "FINISHED": 1,
        "FAILED": 0,
        "KILLED": 1,
        "DIVERGED": 1,
    }
    assert content["mean_val_accuracy"] == {"baseline": 0.375}
    (killed,) = [one for one in content["trials"] if one["state"] == "KILLED"]
    assert (killed["row"], killed["seed"], killed["epochs"]) == ("γ := 1", 0, 2)
    assert (killed["max_epochs"], killed["screened_at_epoch"]) == (3, 2)


@pytest.mark.usefixtures("_some")
def test_without_a_study_each_has_a_line(film: Film, workspace: Workspace) -> None:
    code, text, _ = film("status", "--store", workspace.root)
    assert code == 0
    header, line = text.splitlines()
    assert header.split()[:4] == ["study", "rows", "runs", "finished"]
    assert line.split() == ["tiny", "0/3", "6", "1", "–", "–", "1", "1", "–"]
    _, text, _ = film("status", "--store", workspace.root, "--json")
    (only,) = json.loads(text)
    assert (only["study"], only["runs_complete"], only["runs"]) == ("tiny", 1, 6)
    assert "owner" in only


def test_a_store_without_studies_says_so(film: Film) -> None:
    code, text, _ = film("status", "--store", "none")
    assert code == 0
    assert text.startswith("no study was launched in ")
    assert not Path("none").exists()


@pytest.mark.usefixtures("_some")
def test_what_the_study_dropped_is_named(
    film: Film,
    workspace: Workspace,
    study_file: Path,
    launch_tiny: Launched,
    settle: Settle,
) -> None:
    settle(launch_tiny(2)[5], TrialState.FINISHED, epochs=3)
    edited = study_file.read_text().replace(
        "{model.film.gamma: one}", "{model.width: 8}"
    )
    study_file.write_text(edited)
    _, text, _ = film("status", "tiny", "--store", workspace.root)
    assert "recorded and not wanted, so left alone: γ := 1 (2 runs, " in text
    _, text, _ = film("status", "tiny", "--store", workspace.root, "--json")
    (dropped,) = json.loads(text)["not_wanted"]
    assert (dropped["row"], dropped["runs"]) == ("γ := 1", 2)


def test_watching_goes_on_until_the_study_is_complete(
    film: Film,
    launch_tiny: Launched,
    settle: Settle,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(standing, "_PLAIN_PAUSE_S", 0.0)
    first, *others = launch_tiny(1)
    settle(first, TrialState.FAILED)

    def work(_: float) -> None:  # while the watcher sleeps
        for trial in (first, *others):
            settle(trial, TrialState.FINISHED, epochs=3)

    times = SimpleNamespace(sleep=work, monotonic=time.monotonic)
    monkeypatch.setattr(standing, "time", times)
    code, text, _ = film("status", "tiny", "--watch", "--store", workspace.root)
    assert code == 0
    assert "baseline · seed 0 FAILED: no such file" in text
    assert "0 of 3 rows, 0 of 3 runs complete" in text
    assert "3 of 3 rows, 3 of 3 runs complete" in text


def test_watching_ends_where_nothing_that_is_left_can_complete(
    film: Film, launch_tiny: Launched, settle: Settle, workspace: Workspace
) -> None:
    done, failed, diverged = launch_tiny(1)
    settle(done, TrialState.FINISHED, epochs=3)
    settle(failed, TrialState.FAILED)
    settle(diverged, TrialState.DIVERGED)
    code, text, error = film("status", "tiny", "--watch", "--store", workspace.root)
    assert code == 1
    assert "tiny: 1 of 3 rows, 1 of 3 runs complete; not running" in text
    assert error == (
        "tiny: 1 of 3 runs complete, and nobody runs the others (1 failed, 1 diverged)"
        "; `film retry tiny` does\n"
    )


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_watching_ends_when_nobody_runs_the_study_any_more(
    words: tuple[str, ...],
    film: Film,
    launch_tiny: Launched,
    settle: Settle,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle(launch_tiny(1)[0], TrialState.FINISHED, epochs=3)
    launch = ExitStack()
    launch.enter_context(lease(workspace.study("tiny") / "launch.lock"))
    looks: list[float] = []

    def work(pause: float) -> None:  # while the watcher sleeps
        looks.append(pause)
        if len(looks) == 2:
            launch.close()

    times = SimpleNamespace(sleep=work, monotonic=time.monotonic)
    monkeypatch.setattr(standing, "time", times)
    command = "status", "tiny", "--watch", *words, "--store", workspace.root
    code, _, error = film(*command)
    assert code == 1
    assert len(looks) == 3  # it was seen running, and twice that nobody does
    assert error == (
        "tiny: 1 of 3 runs complete, and nobody runs it any more; "
        "`film run tiny` goes on\n"
    )


def test_watching_as_json_prints_a_line_for_every_change(
    film: Film, launch_tiny: Launched, settle: Settle, workspace: Workspace
) -> None:
    for trial in launch_tiny(1):
        settle(trial, TrialState.FINISHED, epochs=1)
    words = ("--watch", "--json", "--store", workspace.root)
    code, text, _ = film("status", "tiny", *words)
    assert code == 0
    (line,) = text.splitlines()
    assert json.loads(line)["runs_complete"] == 3
    _, text, _ = film("status", *words)
    assert json.loads(text)[0]["study"] == "tiny"


def test_ctrl_c_ends_the_watching_and_nothing_else(
    launch_tiny: Launched, workspace: Workspace
) -> None:
    launch_tiny(1)
    command = [sys.executable, "-m", "runner.cli", "status", "--watch"]
    with subprocess.Popen(
        [*command, "--store", str(workspace.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("tiny: 0 of 3 rows")
        watching.send_signal(2)
        _, error = watching.communicate(timeout=30)
    assert watching.returncode == 130
    assert error == ""


def test_a_terminal_shows_the_rows_that_fit(
    film: Film,
    launch_tiny: Launched,
    settle: Settle,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trials = launch_tiny(1)
    for trial in trials:
        settle(trial, TrialState.FINISHED, epochs=3)
    output = StringIO()
    terminal = Console(file=output, force_terminal=True, width=120, height=7)
    monkeypatch.setattr("rich.console.Console", lambda: terminal)
    code, text, _ = film("status", "tiny", "--watch", "--store", workspace.root)
    assert code == 0
    assert "baseline" in output.getvalue()
    assert "and 2 more rows, 2 of them complete" in output.getvalue()
    assert "γ := 1" in text  # all of it stays behind
