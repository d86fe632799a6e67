"""`film report` takes a study, and `verify` alone is another command."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from mlflow.tracking import MlflowClient

from reports.errors import ReportError
from reports.figures import WIDTHS
from reports.tables.forms import Format
from runner.cli import film
from runner.cli.reporting import FORMATS, report
from runner.errors import LaunchError
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial


def invoke(*words: str) -> object:
    return CliRunner().invoke(
        film, ["report", *words], standalone_mode=False, catch_exceptions=False
    )


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store")


def test_the_formats_are_those_of_tables() -> None:
    assert list(FORMATS) == [str(one) for one in Format]


def test_the_widths_are_those_of_figures() -> None:
    (option,) = [one for one in report.params if one.name == "width"]
    assert list(option.type.choices) == list(WIDTHS)


def test_one_name_is_that_of_another_command() -> None:
    with click.Context(film, info_name="film") as parent:
        ours = report.make_context("report", ["quick", "--table", "types"], parent)
        other = report.make_context(
            "report", ["verify", "--help"], parent, resilient_parsing=True
        )
    assert ours.params["study"] == "quick"
    assert other.command_path == "film report verify"


def test_a_study_that_never_ran_is_printed_too(store: str) -> None:
    result = CliRunner().invoke(
        film,
        ["report", "quick", "--store", store, "--format", "json"],
        standalone_mode=False,
    )
    assert result.return_value == 1  # no run is complete
    content = json.loads(result.stdout)
    assert content["study"] == "quick"
    assert content["rows"][0]["n_runs"] == 0


def test_an_ending_names_the_form_of_a_file(store: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "table.tex"
    invoke("quick", "--store", store, "--out", str(out), "--standalone")
    assert out.read_text(encoding="ascii").rstrip().endswith(r"\end{document}")
    assert [one.name for one in out.parent.iterdir()] == ["table.tex"]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["--fragment"], LaunchError, "--fragment is of one table: say"),
        (
            ["--format", "md", "--table", "x"],
            LaunchError,
            "--table x: there are table",
        ),
        (["--format", "md", "--siunitx"], ReportError, "are for --format latex"),
        (["--format", "md", "--pivot", "row"], click.BadParameter, "two factors"),
        (["--pivot", "row:type:seed"], click.BadParameter, "row:type:seed: needs two"),
        (
            ["--format", "latex", "--fragment", "--standalone"],
            LaunchError,
            "leave out one",
        ),
        (
            ["--format", "md", "--pivot", "row:seed", "--table", "types"],
            LaunchError,
            "leave out --table types, or --pivot",
        ),
        (["--format", "md", "--width", "column"], LaunchError, "is of figures"),
        (["--format", "csv", "--columns", "p"], LaunchError, "csv has all numbers"),
        (["--format", "csv", "--second-best"], LaunchError, "which csv cannot"),
        (
            ["--format", "md", "--table", "changes", "--second-best"],
            LaunchError,
            "not of --table changes",
        ),
        (["--out", "t.xyz"], LaunchError, r"--out t\.xyz: no table ends in \.xyz"),
        (["--html", "--out", "t.md"], LaunchError, r"t\.md: is a page, .* in \.html"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    words: list[str], error: type[Exception], message: str, store: str
) -> None:
    with pytest.raises(error, match=message):
        invoke("quick", "--store", store, *words)


def test_columns_are_of_the_table_that_is_wanted(store: str) -> None:
    wanted = ["quick", "--store", store, "--format", "md", "--table", "changes"]
    with pytest.raises(ReportError, match="there are variation, changes"):
        invoke(*wanted, "--columns", "delta")
    wanted[-1] = "table"
    with pytest.raises(ReportError, match="there are variation, runs, accuracy"):
        invoke(*wanted, "--columns", "changes")


def test_a_folder_may_be_called_by_a_version(store: str, tmp_path: Path) -> None:
    invoke("quick", "--store", store, "--out", str(tmp_path / "report-v1.2"))
    assert (tmp_path / "report-v1.2" / "index.html").is_file()


def test_what_is_no_table_is_not_verified(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("", encoding="utf-8")
    with pytest.raises(ReportError, match=r"page\.html: is no table as CSV, JSON or"):
        invoke("verify", str(tmp_path / "page.html"))


def test_the_page_alone_is_one_file(store: str, tmp_path: Path) -> None:
    file = tmp_path / "made" / "page.html"
    result = CliRunner().invoke(
        film,
        ["report", "quick", "--store", store, "--html", "--out", str(file)],
        standalone_mode=False,
    )
    assert result.return_value == 1  # no run is complete
    assert result.stdout.strip() == file.as_uri()
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not (tmp_path / "store" / "studies").exists()


@pytest.mark.parametrize("more", [("--format", "csv"), ("--table", "types")])
def test_a_page_is_no_table(store: str, more: tuple[str, str]) -> None:
    with pytest.raises(LaunchError, match=f"whole page: leave out {more[0]}"):
        invoke("quick", "--store", store, "--html", *more)


def test_a_page_is_no_folder(store: str, tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="is a folder; --html writes one file"):
        invoke("quick", "--store", store, "--html", "--out", str(tmp_path))


def test_what_was_written_into_the_store_is_in_mlflow_too(
    launch_tiny: Callable[..., list[Trial]],
    settle: Callable[..., TrialFolder],
    workspace: Workspace,
) -> None:
    for trial in launch_tiny():
        settle(trial, TrialState.FAILED)
    store = ["tiny", "--store", str(workspace.root)]
    invoke(*store, "--out", str(workspace.root / "elsewhere"))
    client = MlflowClient(workspace.tracking_uri)
    experiment = client.get_experiment_by_name("film").experiment_id
    of_study = [experiment], "tags.`film.kind` = 'study'"
    assert client.search_runs(*of_study) == []
    invoke(*store)
    (run,) = client.search_runs(*of_study)
    listed = client.list_artifacts(run.info.run_id, "report")
    names = {file.path.removeprefix("report/") for file in listed}
    written = {path.name for path in workspace.report("tiny").iterdir()}
    assert {"index.html", "table.csv", "table.tex", "forest.pdf"} < names == written
    assert run.data.metrics["n/finished/baseline"] == 0
