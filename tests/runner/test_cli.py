"""The command line answers at once, and says in one line what was wrong."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from film.config import ImageInput
from film.data.fingerprint import data_fingerprint
from film.errors import DivergedError
from runner.planning.request import Choice, Request
from runner.store.workspace import Workspace
from runner.working.trial import TrialJob, run_trial
from studies.study_file import read_study
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]

# MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
noload = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy")


@pytest.mark.parametrize("words", [("--help",), ("list",), ("run", "--help")])
def test_answers_come_without_torch_ray_and_mlflow(words: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from runner.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as ended:\n    assert ended.code == 0\n"
        "heavy = {'torch', 'ray', 'mlflow', 'pandas', 'matplotlib', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, *words], check=True, stdout=subprocess.DEVNULL
    )
    assert time.perf_counter() - start < 5  # 0.1 to 0.3 s where nobody else works


def test_every_command_has_an_example(film: Film) -> None:
    _, text, _ = film("--help")
    commands = [
        line.split()[0] for line in text.partition("Commands:")[2].strip().splitlines()
    ]
    assert {"list", "show", "plan", "run", "status", "report", "sync", "ui"} <= set(
        commands
    )
    families = [(name,) for name in commands if name != "data"]
    families += [("data", name) for name in ("make", "prepare", "info")]
    for family in families:
        _, text, _ = film(*family, "--help")
        assert f"Example: film {' '.join(family)}" in text


def test_studies_are_listed_and_shown(film: Film, study_file: Path) -> None:
    code, text, _ = film("list")
    assert code == 0
    assert "architecture" in text
    _, text, _ = film("list", "--json")
    assert {study["study"] for study in json.loads(text)} >= {"quick", "architecture"}
    _, text, _ = film("show", study_file)
    assert "β := 0    model.film.beta = zero" in text
    _, text, _ = film("show", study_file, "--json")
    assert [row["row"] for row in json.loads(text)["rows"]] == [
        "baseline",
        "β := 0",
        "γ := 1",
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("show", "quik"), "no study is named 'quik'; did you mean 'quick'?"),
        (("plan", "quick", "--data", "x"), "quick learns from its own world"),
        (("train", "--world", "tiny", "--data", "x"), "own world: leave out --data"),
        (("show", "./no.yaml"), "no.yaml: cannot be read"),
        (("run", "{study}"), "tiny learns from CLEVR: give --data DIR"),
        (("plan", "{study}", "--data", "no"), "--data no: no such folder"),
        (("plan", "quick", "--only", "zzz"), "no row matches 'zzz'"),
        (("plan", "quick", "--device", "cuda"), "torch sees 0 GPUs"),
        (("run", "quick", "--tracking-uri", "./mlruns"), "tracking URI './mlruns'"),
        (("run", "quick", "--store", "/dev/null"), "/dev/null: File exists; give a -"),
        (("status", "quick"), "no study 'quick' was launched in"),
        (("sync", "nope"), "no study 'nope' was launched in"),
        (("ui", "nope"), "no study 'nope' was launched in"),
        (("train", "--set", "model.width"), "--set model.width: write NAME=VALUE"),
        (("train", "--set", "=3"), "--set =3: write NAME=VALUE"),
        (("train", "--set", "model.widht=3"), "model.widht: no such setting"),
        (("train",), "give --data DIR"),
        (("data", "make", "tiny2", "out"), "there is no world 'tiny2'"),
        (("data", "info", "no"), "no"),
        (("data", "prepare", "no", "out"), "no"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    film: Film, study_file: Path, words: tuple[str, ...], line: str
) -> None:
    code, _, error = film(*(word.format(study=study_file) for word in words))
    assert code == 2
    assert error.startswith("film: error: ")
    assert line in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("words", [("nope",), ("run",), ("plan", "quick", "-j", "0")])
def test_bad_usage_is_code_2(film: Film, words: tuple[str, ...]) -> None:
    code, _, error = film(*words)
    assert code == 2
    assert "Usage: " in error


def test_a_plan_names_every_trial(film: Film, study_file: Path, data: Path) -> None:
    words = ("plan", study_file, "--data", data, "--only", "β*", "--seeds", "3")
    code, text, _ = film(*words)
    assert code == 0
    assert "6 trials: 0 done, 6 to run on " in text
    _, text, _ = film(*words, "--json")
    plan = json.loads(text)
    assert plan["n_to_run"] == 6
    assert {(one["row"], one["seed"]) for one in plan["trials"]} == {
        (row, seed) for row in ("baseline", "β := 0") for seed in range(3)
    }
    assert not Path("film-store").exists()


def test_a_dry_run_starts_nothing(film: Film, study_file: Path, data: Path) -> None:
    code, text, _ = film("run", study_file, "--data", data, "-n")
    assert code == 0
    assert "6 to run" in text
    assert not Path("film-store").exists()


def test_a_plan_counts_what_is_recorded(
    film: Film, study_file: Path, data: Path, make_job: Callable[[Trial], TrialJob]
) -> None:
    workspace = Workspace.at(Path("store"))
    study = read_study(study_file)
    names = {ImageInput.FEATURES: data_fingerprint(data, ImageInput.FEATURES)}
    trial = study.trials(names)[0]
    job = make_job(trial)
    assert job.folder == workspace.trial(trial.trial_id).path
    list(run_trial(job))
    _, text, _ = film("plan", study_file, "--data", data, "--store", "store")
    assert "6 trials: 1 done, 5 to run" in text
    assert "of training until all is done" in text
    assert "scaled by" not in text  # 5 trials like the one that is done


def test_one_configuration_is_trained_where_studies_find_it(
    film: Film, data: Path, study_file: Path
) -> None:
    settings = read_study(study_file).baseline.config.flat()
    words = [f"--set={name}={json.dumps(value)}" for name, value in settings.items()]
    words += ["--data", str(data), "--store", "store"]
    code, text, _ = film("train", *words)
    assert code == 0
    assert "epoch 3 of 3: loss" in text
    _, text, _ = film("plan", study_file, "--data", data, "--store", "store")
    assert "6 trials: 1 done, 5 to run" in text


def test_what_sees_no_picture_is_trained_on_questions_alone(
    film: Film, data: Path, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    shutil.copytree(data, tmp_path / "questions")
    for split in ("train", "val"):
        with h5py.File(tmp_path / "questions" / f"{split}.h5", "r+") as file:
            del file["features"], file["image_ids"]
    words = ["--set", "model.architecture=lstm", "--set", "train.max_epochs=2"]
    words += ["--data", "questions", "--store", "store"]
    code, text, _ = film("train", *words)
    assert code == 0
    assert "epoch 2 of 2: loss" in text
    code, _, error = film("train", "--data", "questions", "--store", "store")
    assert code == 2
    assert "has no features of 'train'" in error


def test_a_study_is_run_by_one_at_a_time(
    film: Film, study_file: Path, data: Path
) -> None:
    from runner.store.locks import lease  # noqa: PLC0415 - only here

    lock = Workspace.at(Path("store")).study("tiny") / "launch.lock"
    with lease(lock):
        words = ("run", study_file, "--data", data, "--store", "store")
        code, _, error = film(*words)
    assert code == 1
    assert "study tiny is being run already in" in error
    assert f"by process {os.getpid()} on {socket.gethostname()} since" in error
    assert "film cancel tiny" in error


@pytest.fixture
def run_all(
    study_file: Path, data: Path, make_job: Callable[[Trial], TrialJob]
) -> Callable[[int], Workspace]:
    """Train every trial of the study as a sweep would, without Ray."""
    torch.set_num_threads(1)
    names = {ImageInput.FEATURES: data_fingerprint(data, ImageInput.FEATURES)}

    def run(n_seeds: int) -> Workspace:
        for trial in read_study(study_file).trials(names, seeds=tuple(range(n_seeds))):
            list(run_trial(make_job(trial)))
        return Workspace.at(Path("store"))

    return run


@noload
def test_a_report_brings_mlflow_up_to_date_and_keeps_the_seeds(
    film: Film, study_file: Path, data: Path, run_all: Callable[[int], Workspace]
) -> None:
    workspace = run_all(3)
    words = (study_file, "--data", data, "--store", "store")
    down = ("--tracking-uri", "http://127.0.0.1:9")
    code, text, error = film("run", *words, "--seeds", "3", *down)
    assert code == 0
    assert "nothing is lost" in error
    code, text, error = film("report", study_file, "--store", "store")
    assert (code, error) == (0, "")
    assert "Validation accuracy: tiny" in text
    code, other, _ = film("report", study_file, "--store", "store", "--seeds", "4")
    assert code == 1  # the fourth was never run
    assert other != text
    page = workspace.report("tiny") / "index.html"
    assert "missing" in page.read_text()
    _, again, _ = film("run", *words, "--seeds", "3")
    assert again == text
    assert "missing" not in page.read_text()


def test_a_launch_that_cannot_be_read_is_not_taken_for_none(film: Film) -> None:
    home = Path("store") / "studies" / "quick"
    home.mkdir(parents=True)
    (home / "launch.json").write_text("{torn")
    for command in ("status", "export"):
        code, _, error = film(command, "quick", "--store", "store")
        assert code == 2
        assert "launch.json: cannot be read; `film run quick` writes it anew" in error


@noload
def test_a_run_that_mlflow_does_not_take_is_no_silent_gap_in_the_table(
    film: Film, study_file: Path, data: Path, run_all: Callable[[int], Workspace]
) -> None:
    folder = run_all(1).recorded_trials()[-1]
    words = ("run", study_file, "--data", data, "--store", "store", "--seeds", "1")
    described = folder.path / "config.json"
    whole = described.read_text()
    described.write_text(json.dumps({**json.loads(whole), "stage": {"parent": 7}}))
    code, text, error = film(*words)
    assert code == 1
    assert f"MLflow does not take {folder.path}" in error
    assert text.startswith("row ")  # what the folders say, and no report
    described.write_text(whole)
    code, text, error = film(*words)
    assert (code, "MLflow" in error) == (0, False)
    assert "Validation accuracy: tiny" in text
    assert "missing" not in text


def test_a_dry_run_leaves_what_diverged_alone(
    film: Film, study_file: Path, data: Path, run_all: Callable[[int], Workspace]
) -> None:
    folder = run_all(1).recorded_trials()[0]
    (folder.path / "done.json").unlink()
    with pytest.raises(DivergedError), folder.attempt():
        raise DivergedError("the loss is nan")
    words = ("run", study_file, "--data", data, "--store", "store", "--seeds", "1")
    _, text, _ = film(*words, "-n")
    assert "3 trials: 2 done, 1 diverged, 0 to run" in text


def test_two_files_with_one_name_are_kept_apart(
    film: Film, study_file: Path, data: Path, tmp_path: Path
) -> None:
    rest = (Choice(), data, Workspace.at(Path("store")))
    Request.of(str(study_file), *rest).write_down()
    copy = tmp_path / "copy.yaml"
    copy.write_text(study_file.read_text())
    words = ("plan", copy, "--data", data, "--store", "store")
    assert film(*words)[0] == 0
    copy.write_text(study_file.read_text().replace("Does it", "Would it"))
    code, _, error = film(*words)
    assert code == 2
    assert "rename the study" in error
    assert str(study_file) in error
    study_file.unlink()  # as if it had been moved
    assert film(*words)[0] == 0


@pytest.mark.usefixtures("film")  # for its folder
def test_an_edited_study_lets_go_of_what_it_wanted(
    study_file: Path, data: Path, run_all: Callable[[int], Workspace]
) -> None:
    workspace = run_all(2)
    edited = study_file.read_text().replace("zero}", "zero, model.width: 8}")
    study_file.write_text(edited)
    part = Request.of(str(study_file), Choice(only=("γ*",)), data, workspace)
    assert part.withdraw() == []
    request = Request.of(str(study_file), Choice(), data, workspace)
    dropped = request.withdraw()
    assert [one.description()["row"] for one in dropped] == ["β := 0"] * 2
    assert [one.wanted_by() for one in dropped] == [{}, {}]
    assert request.withdraw() == []
    kept = [one for one in workspace.recorded_trials() if one.wanted_by()]
    assert len(kept) == 4


@noload
def test_where_every_trial_failed_the_table_says_so(
    film: Film, study_file: Path, data: Path, run_all: Callable[[int], Workspace]
) -> None:
    workspace = run_all(1)
    for folder in workspace.recorded_trials():
        (folder.path / "done.json").unlink()
        with pytest.raises(DivergedError), folder.attempt():
            raise DivergedError("the loss is nan")
    words = ("run", study_file, "--data", data, "--store", "store", "--seeds", "1")
    code, text, error = film(*words)
    assert code == 1
    assert "best val." in text
    assert "γ := 1 · seed 0 DIVERGED: the loss is nan" in error


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("plan", "quick", "--store", "{file}/sub"), None),
        (("run", "quick", "--store", "{file}/sub"), "{file}"),
        (("run", "quick", "--store", "~nosuch/x"), "~nosuch/x"),
        (("data", "make", "tiny", "{file}/x"), "{file}"),
        (("sync", "--store", "nowhere"), "nowhere: no store is there"),
    ],
)
def test_a_path_that_cannot_be_is_one_line(
    film: Film, study_file: Path, words: tuple[str, ...], line: str | None
) -> None:
    code, _, error = film(*(word.format(file=study_file) for word in words))
    assert "Traceback" not in error
    if line is not None:
        assert code == 2
        said = error.splitlines()[-1]
        assert said.startswith("film: error: ")
        assert line.format(file=study_file) in said
    assert not Path("nowhere").exists()


def test_a_terminal_without_greek_gets_question_marks(study_file: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "runner.cli", "show", str(study_file)],
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"? := 0" in ended.stdout


def test_verify_compares_every_file_before_it_complains(
    film: Film, shared: Path, tmp_path: Path
) -> None:
    good = shared / "reference" / "film" / "best.npz"
    bad = tmp_path / "bad.npz"
    np.savez(bad, nothing=np.zeros(1))
    code, text, _ = film("verify", good)
    assert code == 0
    assert "agrees" in text
    code, text, error = film("verify", bad, good)
    assert code == 2
    assert "agrees" in text
    assert "bad.npz: lacks" in error
    code, text, _ = film("verify", good, "--tolerance", "0")
    assert code == 1
    assert "DIFFERS" in text
    _, text, _ = film("verify", good, "--json")
    assert json.loads(text)[0]["agrees"] is True


def test_verify_counts_nan_as_a_difference(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    from film.model.reference import Agreement  # noqa: PLC0415 - only here

    nan = Agreement(logits_eval=0.0, logits_train=float("nan"))
    monkeypatch.setattr("runner.cli.verifying.verify", lambda _: nan)
    code, text, _ = film("verify", "any.npz")
    assert code == 1
    assert "nan" in text
    _, text, _ = film("verify", "any.npz", "--json")
    assert json.loads(text)[0]["largest_difference"] is None


def test_info_describes_prepared_data(film: Film, data: Path) -> None:
    code, text, _ = film("data", "info", data)
    assert code == 0
    assert "fingerprint with features: " in text
    (family,) = [line for line in text.splitlines() if "question family" in line]
    _, text, _ = film("data", "info", data, "--json")
    content = json.loads(text)
    assert content["splits"]["train"]["n_questions"] == 48
    assert f"  {100 * content['priors']['question_family']['accuracy']:.1f} %" in family


def test_output_that_nobody_reads_is_no_error() -> None:
    command = f"{sys.executable} -m runner.cli list | true"
    ended = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""
