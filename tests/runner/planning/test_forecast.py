"""What a launch will take, beside what there is of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from runner.errors import LaunchError
from runner.planning.forecast import Forecast, check_disk, find_evidence, forecast
from runner.planning.probing import probe
from runner.planning.request import Choice, Request
from runner.store.files import write_json
from runner.store.workspace import Workspace
from runner.sweeping.workers import Workers
from runner.working.trial import TrialJob, run_trial
from studies.trial import Trial

ONE = Workers(jobs=1)
MakeRequest = Callable[..., Request]


@pytest.fixture
def ask(study_file: Path, data: Path, workspace: Workspace) -> MakeRequest:
    def make(file: Path = study_file, **choice: int) -> Request:
        return Request.of(str(file), Choice(**choice), data, workspace)

    return make


@pytest.fixture
def run(make_job: Callable[[Trial], TrialJob]) -> Callable[[Trial], None]:
    torch.set_num_threads(1)

    def train(trial: Trial) -> None:
        list(run_trial(make_job(trial)))

    return train


def expect(request: Request, workers: Workers = ONE) -> Forecast:
    states = {one: its.state for one, its in request.past().items()}
    expected = forecast(request, request.plan_of(states), workers)
    assert expected is not None
    return expected


def test_where_nothing_is_recorded_the_disk_alone_is_known(ask: MakeRequest) -> None:
    expected = expect(ask())
    assert expected.time is None
    assert expected.world is None
    assert expected.disk_bytes > 6 * 60_000
    assert expected.fits_on_disk
    assert expected.fits_in_memory


def test_one_run_tells_of_all(
    ask: MakeRequest, run: Callable[[Trial], None], workspace: Workspace
) -> None:
    trial = ask().trials[0]
    run(trial)
    record = workspace.trial(trial.trial_id).read()
    expected = expect(ask())
    assert expected.estimate.basis == (
        "4 trials by 'baseline'",
        "1 trial by runs of the same configurations",
    )
    assert expected.time is not None
    assert 5 * 0.8 * record.wall_time_s <= expected.time.low
    assert expected.estimate.memory_bytes == record.peak_memory_bytes
    same = [one for one in find_evidence(ask(), ONE) if one.disk_bytes]
    files = workspace.trial(trial.trial_id).path.rglob("*.pt")
    assert same[0].disk_bytes is not None
    assert same[0].disk_bytes > sum(path.stat().st_size for path in files)


def test_what_is_told_of_the_disk_is_about_what_is_written(
    ask: MakeRequest, run: Callable[[Trial], None], workspace: Workspace
) -> None:
    told = expect(ask(n_seeds=1)).disk_bytes
    for trial in ask(n_seeds=1).trials:
        run(trial)
    written = sum(
        path.stat().st_size for path in workspace.root.rglob("*") if path.is_file()
    )
    assert written < told < 10 * written  # a small network's texts outweigh it


def test_another_study_of_the_same_data_tells_where_this_one_does_not(
    ask: MakeRequest, run: Callable[[Trial], None], study_file: Path, tmp_path: Path
) -> None:
    run(ask().trials[0])
    other = tmp_path / "other.yaml"
    text = study_file.read_text().replace("study: tiny", "study: other")
    other.write_text(text.replace('"model.width": 4', '"model.width": 8'))
    (line,) = expect(ask(other)).estimate.basis
    assert line.startswith("6 trials by 'baseline of tiny', scaled by 1 to ")


def test_a_run_that_does_not_say_its_study_is_called_by_its_row(
    ask: MakeRequest,
    run: Callable[[Trial], None],
    workspace: Workspace,
    study_file: Path,
    tmp_path: Path,
) -> None:
    trial = ask().trials[0]
    run(trial)
    folder = workspace.trial(trial.trial_id)
    said = folder.description()
    del said["study"]
    write_json(folder.path / "config.json", said)
    other = tmp_path / "other.yaml"
    text = study_file.read_text().replace("study: tiny", "study: other")
    other.write_text(text.replace('"model.width": 4', '"model.width": 8'))
    (line,) = expect(ask(other)).estimate.basis
    assert line.startswith("6 trials by 'baseline', scaled by 1 to ")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("environment.json", {"device": "a GPU", "threads": 1}),
        ("config.json", {"row": "baseline", "seed": 0, "data": "x", "config": {}}),
    ],
)
def test_another_device_or_damage_tells_nothing(
    ask: MakeRequest,
    run: Callable[[Trial], None],
    workspace: Workspace,
    name: str,
    content: dict[str, object],
) -> None:
    trial = ask().trials[0]
    run(trial)
    write_json(workspace.trial(trial.trial_id).path / name, content)
    left_out = ask(n_seeds=1)
    others = replace(left_out, trials=left_out.trials[1:])
    assert find_evidence(others, ONE) == []


def test_a_launch_that_the_disk_cannot_hold_is_refused_with_the_numbers(
    ask: MakeRequest, workspace: Workspace
) -> None:
    expected = expect(ask())
    check_disk(expected, workspace.root)
    full = replace(expected, disk_free=expected.disk_bytes - 1, world_bytes=0)
    with pytest.raises(LaunchError, match=r"has 0 MiB free, but the trials will .* 1"):
        check_disk(replace(full, disk_free=0), workspace.root)
    with pytest.raises(LaunchError, match=r"and their world takes 2\.0 GiB; make ro"):
        check_disk(replace(full, world_bytes=2**31), workspace.root)


def test_a_world_that_is_not_made_counts(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(
        "study: of-a-world\nquestion: How long?\nworld: tiny\nseeds: 1\n"
        "groups:\n  Rows:\n    pixels: {model.stem.input: pixels}\n"
    )
    request = Request.of(str(path), Choice(), None, workspace)
    expected = expect(request)
    assert expected.world is not None
    assert expected.world_bytes > 0
    assert 0 < expected.making.low < expected.making.high
    assert expected.time is None
    # The paper's network on features: 13 million weights, twice with two of Adam.
    assert expected.disk_bytes > 2 * 36 * 10_000_000
    assert not workspace.root.exists()


@pytest.mark.slow
def test_a_probe_tells_what_a_run_would_take_and_leaves_a_figure_alone(
    ask: MakeRequest, workspace: Workspace, study_file: Path
) -> None:
    wide = "    wide: {model.width: 64, model.classifier.projection: 256}\n"
    study_file.write_text(study_file.read_text() + wide)
    (stale,) = _figures(ask().trials[0], seconds=1e6)
    write_json(workspace.root / "probes.json", {"cpu": [stale]})
    steps = list(probe(ask(), ONE))
    assert [step.done for step in steps] == [0, 1, 2]
    assert [path.name for path in workspace.root.iterdir()] == ["probes.json"]
    expected = expect(ask())
    assert expected.time is not None
    assert expected.estimate.memory_bytes is not None
    assert expected.estimate.memory_bytes > 50_000_000  # torch alone takes more
    assert expected.estimate.basis == (
        "4 trials by probes of the same configurations",
        "4 trials by a probe of 'baseline'",
    )
    kept = [one for one in find_evidence(ask(), ONE) if one.is_probe]
    assert sorted(one.name for one in kept) == ["baseline", "wide"]
    assert all(one.seconds < 1e5 for one in kept)  # the stale one made room


def _figures(trial: Trial, **others: object) -> list[dict[str, object]]:
    said = {"name": trial.row, "config": trial.config.flat(), "data": trial.data}
    return [{**said, "epochs": 1, "seconds": 1.0, "threads": 1, **others}]


def test_figures_of_another_version_are_left_alone(
    ask: MakeRequest, workspace: Workspace
) -> None:
    (good,) = _figures(ask().trials[0])
    bad = [{**good, "config": {"model.gone": 1}}, {**good, "new": 1}, "x"]
    write_json(workspace.root / "probes.json", {"cpu": [*bad, good], "gpu": [good]})
    assert [one.name for one in find_evidence(ask(), ONE)] == ["baseline"]
