"""What a plan prints, and what a launch says and asks before it begins."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import h5py
import pytest

from film.config import ImageInput
from runner.cli.planning import announce, echo_plan
from runner.errors import LaunchError
from runner.plan import LaunchPlan
from runner.planning import forecast
from runner.planning.request import Choice, Request
from runner.store.files import write_json
from runner.store.workspace import Workspace
from runner.sweeping.workers import Workers
from studies.trial import Trial

TWO = Workers(jobs=2)


@pytest.fixture
def request_of(
    study_file: Path, data: Path, workspace: Workspace
) -> Callable[..., Request]:
    def make(n_seeds: int = 2) -> Request:
        return Request.of(str(study_file), Choice(n_seeds=n_seeds), data, workspace)

    return make


def tell(request: Request, *, epoch_s: float, memory_bytes: int = 2**29) -> None:
    """Leave the figures of a probe in the store."""
    baseline = request.trials[0]
    figures = {
        "name": baseline.row,
        "config": baseline.config.flat(),
        "data": baseline.data,
        "epochs": 1,
        "seconds": epoch_s,
        "threads": 1,
        "memory_bytes": memory_bytes,
    }
    write_json(request.workspace.root / "probes.json", {"cpu": [figures]})


def whole(request: Request) -> LaunchPlan:
    return request.plan_of({})


def test_a_plan_says_what_a_launch_takes(
    request_of: Callable[..., Request], capsys: pytest.CaptureFixture[str]
) -> None:
    tell(request_of(), epoch_s=100)
    echo_plan(request_of(), TWO, as_json=False, price=2.5)
    text = capsys.readouterr().out
    # 6 trials of 3 epochs by 2 workers, of 100 s each, more or less 30 %
    assert "about 10:00 to 20:00 of training until all is done" in text
    assert "as told by 2 trials by probes of the same configurations; 4 trials" in text
    assert "memory: 512 MiB a trial, 1.0 GiB for 2 at once; " in text
    assert "disk: about " in text
    assert "cost: 0.88 to 1.62 at 2.5 a core-hour" in text


def test_a_plan_for_a_program_has_every_number(
    request_of: Callable[..., Request], capsys: pytest.CaptureFixture[str]
) -> None:
    tell(request_of(), epoch_s=100)
    echo_plan(request_of(), TWO, as_json=True, price=2.5)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    expected = said["forecast"]
    assert expected["time_s"] == pytest.approx({"low": 630, "high": 1170})
    assert expected["cost"] == pytest.approx({"low": 0.875, "high": 1.625})
    assert expected["memory_together_bytes"] == 2**30
    assert expected["fits"] is True
    assert [row["new"] for row in said["rows"]] == [2, 2, 2]
    assert said["not_wanted"] == said["inert"] == []


def test_where_nothing_is_measured_the_way_to_measure_is_said(
    request_of: Callable[..., Request], capsys: pytest.CaptureFixture[str]
) -> None:
    echo_plan(request_of(), TWO, as_json=False, price=2.5)
    text = capsys.readouterr().out
    assert "the time they take is not known (`film plan --probe` measures it)" in text
    assert "cost" not in text


def test_too_little_memory_is_said(
    request_of: Callable[..., Request], capsys: pytest.CaptureFixture[str]
) -> None:
    tell(request_of(), epoch_s=1, memory_bytes=2**50)
    echo_plan(request_of(), TWO, as_json=False)
    assert "free: NOT ENOUGH, take fewer jobs (-j)" in capsys.readouterr().out


def test_a_launch_says_its_plan_and_the_time_it_takes(
    request_of: Callable[..., Request], capsys: pytest.CaptureFixture[str]
) -> None:
    tell(request_of(), epoch_s=100)
    announce(request_of(), whole(request_of()), TWO, assume_yes=False)
    error = capsys.readouterr().err
    assert error.startswith("6 trials: 0 done, 6 to run on 2 workers\nabout 10:00 to")


def test_a_launch_that_the_disk_cannot_hold_does_not_begin(
    request_of: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "_free_disk", lambda _: 1000)
    with pytest.raises(LaunchError, match="its disk has 0 MiB free, but the trials"):
        announce(request_of(), whole(request_of()), TWO, assume_yes=True)
    done = request_of()
    nothing = LaunchPlan(done=done.trials, to_run=(), diverged=())
    announce(done, nothing, TWO, assume_yes=True)  # writes nothing, so it may


@pytest.mark.parametrize(
    ("n_seeds", "epoch_s", "asks"), [(2, 1.0, False), (20, 1.0, True), (2, 9e3, True)]
)
def test_a_long_launch_asks_in_a_terminal_unless_told_not_to(
    request_of: Callable[..., Request],
    monkeypatch: pytest.MonkeyPatch,
    n_seeds: int,
    epoch_s: float,
    *,
    asks: bool,
) -> None:
    asked: list[str] = []

    def refuse(question: str, **_: object) -> None:
        asked.append(question)
        raise click.Abort

    monkeypatch.setattr(click, "confirm", refuse)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    request = request_of(n_seeds)
    tell(request, epoch_s=epoch_s)
    announce(request, whole(request), TWO, assume_yes=True)
    assert not asked
    try:
        announce(request, whole(request), TWO, assume_yes=False)
    except click.Abort:
        assert asked == [f"Run {3 * n_seeds} trials?"]
    assert bool(asked) is asks
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    announce(request, whole(request), TWO, assume_yes=False)


def test_what_is_recorded_elsewhere_fails_or_goes_on_is_said(
    request_of: Callable[..., Request],
    workspace: Workspace,
    make_trial: Callable[..., Trial],
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *others = request_of().trials
    twin = Trial(**{**vars(first), "study": "other", "row": "its own name"})
    workspace.trial(first.trial_id).describe(twin)
    workspace.trial(first.trial_id).finish({"best_val_accuracy": 0.5, "epochs": 3})
    failed = workspace.trial(others[0].trial_id)
    failed.describe(others[0])
    failed.fail("for a test")
    gone = make_trial("gone", model__width=2)
    workspace.trial(gone.trial_id).describe(gone)
    echo_plan(request_of(), TWO, as_json=False)
    text = capsys.readouterr().out
    assert "baseline: 1 run done for study other as 'its own name'" in text
    assert "β := 0: of those to run, 1 failed before" in text
    assert "gone (1 run)" in text


def test_other_data_than_before_are_said_and_asked_about(
    study_file: Path,
    data: Path,
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = Request.of(str(study_file), Choice(), data, workspace)
    for trial in first.trials:
        workspace.trial(trial.trial_id).describe(trial)
        workspace.trial(trial.trial_id).finish({"best_val_accuracy": 0.5, "epochs": 3})
    first.write_down()
    assert first.other_data() == ""
    shutil.copytree(data, tmp_path / "others")
    with h5py.File(tmp_path / "others" / "train.h5", "r+") as file:
        file["answers"][0] = 9 - file["answers"][0]  # yes for no
    again = Request.of(str(study_file), Choice(), tmp_path / "others", workspace)
    names = [one.source.fingerprints[ImageInput.FEATURES] for one in (first, again)]
    echo_plan(again, TWO, as_json=False)
    text = capsys.readouterr().out
    assert f"the last launch (features {names[0]}, now {names[1]}): nothing" in text
    assert "6 trials: 0 done, 6 to run" in text
    assert f"baseline (2 runs), of other data ({names[0]})" in text
    asked: list[str] = []
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    announce(again, whole(again), TWO, assume_yes=False)
    assert asked == ["Run 6 trials?"]
