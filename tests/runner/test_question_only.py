"""A study may have a row that sees no picture, from its launch to its report."""

import subprocess
import sys
from pathlib import Path

import pytest

from film.config import ImageInput
from film.data.fingerprint import data_fingerprint
from runner.store.launches import read_launch, write_launch
from runner.store.record import TrialState
from runner.store.workspace import Workspace
from studies.study import Study
from studies.study_file import read_study


@pytest.fixture
def study(study_file: Path) -> Study:
    """Add the row, and make one seed do."""
    text = study_file.read_text().replace("seeds: 2", "seeds: 1")
    row = "question only: {model.architecture: lstm, model.lstm.hidden: 8}"
    study_file.write_text(f"{text}  Baselines:\n    {row}\n")
    return read_study(study_file)


def fingerprints(data: Path) -> dict[ImageInput | None, str]:
    inputs = (ImageInput.FEATURES, None)
    return {one: data_fingerprint(data, one) for one in inputs}


def test_a_launch_keeps_the_names_of_both_kinds_of_data(
    study: Study, data: Path, tmp_path: Path
) -> None:
    names = fingerprints(data)
    assert len(set(names.values())) == 2
    write_launch(tmp_path, study, "text", study.trials(names))
    launch = read_launch(tmp_path)
    assert launch is not None
    assert launch.fingerprints == names


@pytest.mark.slow
def test_the_row_is_run_and_reported_like_any_other(
    study: Study, study_file: Path, data: Path, tmp_path: Path
) -> None:
    words = [str(study_file), "--data", str(data), "--store", str(tmp_path / "store")]
    run = [sys.executable, "-m", "runner.cli", "run", *words, "-j", "1"]
    done = subprocess.run(
        [*run, "--device", "cpu"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = [one for one in done.stdout.splitlines() if "question only" in one]
    assert " 1 " in line
    workspace = Workspace.at(tmp_path / "store")
    trial = study.trials(fingerprints(data))[-1]
    assert trial.row == "question only"
    assert workspace.trial(trial.trial_id).state() is TrialState.FINISHED
    # The report alone finds what was run without being told of the data again.
    report = [sys.executable, "-m", "runner.cli", "report", str(study_file)]
    again = subprocess.run(
        [*report, "--store", str(workspace.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, again.stdout) == (0, done.stdout)
