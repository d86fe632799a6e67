"""``film analyse`` looks at finished runs, keeps what it finds, and prints it."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from runner.store.record import TrialState
from runner.store.workspace import Workspace
from runner.working.trial import TrialJob, run_trial
from studies.trial import Trial
from tests.runner.conftest import Film, Launched, Settle, write_data

Analyse = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(
    launch_tiny: Launched, make_job: Callable[[Trial], TrialJob], before: Path
) -> tuple[Trial, ...]:
    """Train the baseline twice, once for all tests; other rows are not begun."""
    baselines = [trial for trial in launch_tiny() if trial.row == "baseline"]
    for trial in baselines:
        job = make_job(trial)
        if not (before / trial.trial_id).is_dir():
            for _ in run_trial(job):
                pass
            copytree(job.folder, before / trial.trial_id)
        copytree(before / trial.trial_id, job.folder, dirs_exist_ok=True)
    return tuple(baselines)


@pytest.fixture
def analyse(film: Film, workspace: Workspace, data: Path) -> Analyse:
    def run(*words: object) -> tuple[int, str, str]:
        return film("analyse", *words, "--store", workspace.root, "--data", data)

    return run


def test_every_run_of_a_row_is_looked_at_and_kept(
    analyse: Analyse, trained: tuple[Trial, ...], workspace: Workspace
) -> None:
    code, out, err = analyse("modulation", "baseline")
    assert (code, err) == (0, "")
    assert "baseline (2 runs)" in out
    for trial in trained:
        kept = workspace.trial(trial.trial_id).path / "analysis" / "modulation"
        assert json.loads((kept / "about.json").read_text())["questions"] == 48
    figures = workspace.study("tiny") / "figures"
    assert f"{figures / 'modulation'}.{{png,svg,pdf,csv}}" in out
    assert (figures / "modulation.png").is_file()


def test_one_run_is_named_by_its_seed_or_id(
    analyse: Analyse, trained: tuple[Trial, ...]
) -> None:
    for address in ("baseline@1", trained[1].trial_id[:8]):
        code, out, _ = analyse("intervention", address, "--json", "--noise", "1")
        assert code == 0
        found = json.loads(out)
        assert [run["seed"] for run in found["runs"]] == [1]
        assert found["tables"]["intervention"][0]["n_runs"] == 1


def test_figures_go_where_they_are_wanted(
    analyse: Analyse, trained: tuple[Trial, ...], tmp_path: Path
) -> None:
    assert trained
    code, out, _ = analyse("modulation", "baseline@0", "--out", tmp_path / "figures")
    assert code == 0
    assert str(tmp_path / "figures" / "modulation") in out
    assert (tmp_path / "figures" / "modulation.pdf").is_file()


def test_runs_that_are_not_finished_are_left_out_with_a_line(
    analyse: Analyse, trained: tuple[Trial, ...]
) -> None:
    assert trained
    code, out, err = analyse("modulation", "--study", "tiny", "--questions", 10)
    assert code == 0
    assert "10 questions of val" in out
    assert "left out: β := 0 · seed 0 is QUEUED: it has no weights yet" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("modulation",), "name a RUN"),
        (("modulation", "no such row"), "no row matches 'no such row'"),
        (("modulation", "β := 0@1"), "β := 0 · seed 1 is QUEUED: it has no weights"),
        (("modulation", "baseline", "--split", "test"), "has no split 'test'"),
        (("intervention", "baseline", "--noise", "0"), "a standard deviation is above"),
        (("intervention", "baseline", "--noise", "a,b"), "needs numbers"),
        (("all", "no such row"), "no row matches 'no such row'"),
        (("all", "baseline", "--json"), "--json is of one analysis"),
        (("embedding", "baseline"), "val has 2 different questions, too few"),
    ],
)
def test_a_mistake_is_one_line(
    analyse: Analyse, trained: tuple[Trial, ...], words: tuple[str, ...], said: str
) -> None:
    assert trained
    code, _, err = analyse(*words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_other_data_than_the_run_learnt_from_are_refused(
    film: Film, workspace: Workspace, trained: tuple[Trial, ...], tmp_path: Path
) -> None:
    assert trained
    other = tmp_path / "other"
    other.mkdir()
    write_data(other, n_images=7)
    code, _, err = film(
        *("analyse", "modulation", "baseline@0"),
        *("--store", workspace.root, "--data", other),
    )
    assert code == 2
    assert "and the run learnt from" in err


def test_data_that_no_one_has_are_asked_for(
    film: Film, workspace: Workspace, trained: tuple[Trial, ...]
) -> None:
    assert trained
    code, _, err = film("analyse", "modulation", "baseline", "--store", workspace.root)
    assert code == 2
    assert "give --data DIR" in err


def test_all_goes_on_where_one_kind_cannot(
    analyse: Analyse, trained: tuple[Trial, ...], workspace: Workspace
) -> None:
    code, out, err = analyse("all", "baseline@0")
    assert code == 0
    assert "embedding: baseline · seed 0: val has 2 different questions" in err
    kept = workspace.trial(trained[0].trial_id).path / "analysis"
    assert {"modulation", "intervention"} <= {path.name for path in kept.iterdir()}
    assert "γ replaced by its mean" in out


def test_the_report_shows_what_was_found(
    analyse: Analyse, film: Film, trained: tuple[Trial, ...], workspace: Workspace
) -> None:
    assert trained
    analyse("modulation", "baseline")
    film("report", "tiny", "--store", workspace.root)
    folder = workspace.report("tiny")
    page = (folder / "index.html").read_text()
    assert '<h2 id="learned">What the model learned</h2>' in page
    assert "How γ and β are distributed" in page
    assert (folder / "modulation-figure.svg").is_file()
    assert "density" in (folder / "modulation-figure.csv").read_text()
    assert "near_zero" in (folder / "modulation.csv").read_text()


def test_a_run_that_failed_has_nothing_to_look_at(
    analyse: Analyse, launch_tiny: Launched, settle: Settle
) -> None:
    settle(launch_tiny()[0], TrialState.FAILED)
    code, _, err = analyse("modulation", "baseline@0")
    assert code == 2
    assert "baseline · seed 0 is FAILED" in err
