"""`film compare` holds a study, or the paper by itself, against published numbers."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reports.errors import ReportError
from reports.reproduction.document import Form
from runner.cli import film
from runner.cli.reproducing import _FORMS
from runner.errors import LaunchError

DOCS = Path(__file__).parents[3] / "docs"
PAGE = "docs/reproduction.md"


def invoke(*words: str, catch: bool = False) -> Result:
    return CliRunner().invoke(
        film, ["compare", *words], standalone_mode=False, catch_exceptions=catch
    )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def published(tmp_path: Path) -> str:
    path = tmp_path / "published.csv"
    path.write_text("row,accuracy\nbaseline,97.4\nγ := 1,95.9\nβ := 5,95\n", "utf-8")
    return str(path)


def test_the_forms_are_those_of_documents() -> None:
    assert list(_FORMS) == [str(one) for one in Form]


def test_the_shipped_page_is_what_its_own_command_makes(tmp_path: Path) -> None:
    shipped = (DOCS / "reproduction.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^Made by `film compare (.*)`\.$", shipped, re.MULTILINE)
    assert invoke(*command.split()).return_value == 0
    assert (tmp_path / PAGE).read_text(encoding="utf-8") == shipped
    (image,) = re.findall(r"\]\((images/.*\.png)\)", shipped)
    made, there = (folder / image for folder in (tmp_path / "docs", DOCS))
    assert made.is_file()
    assert there.is_file()


def test_the_shipped_page_says_what_table_2_cannot_tell() -> None:
    shipped = (DOCS / "reproduction.md").read_text(encoding="utf-8")
    assert "10 of the 17 rows of one run lie inside that range" in shipped
    assert "no FiLM in ResBlocks 1-4; no residual connection; no batch norm" in shipped


def test_the_paper_by_itself_is_printed(published: str) -> None:
    result = invoke("--paper", "depth")
    assert result.return_value == 0
    assert "7 of the 8 rows of one run lie inside that range" in " ".join(
        result.stdout.split()
    )
    assert "no standard deviation" in invoke("--paper", published).stdout


def test_a_study_that_never_ran_is_held_against_a_file(published: str) -> None:
    result = invoke("quick", "--with", published, "--format", "json")
    assert result.return_value == 1  # no run is complete
    content = json.loads(result.stdout)
    assert content["study"] == "quick"
    rows = {row["row"]: row for row in content["reproduction"]}
    assert rows["γ := 1"]["published_delta"] == pytest.approx(-0.015)
    text = invoke("quick", "--with", published).stdout
    assert "Published, but no rows here: β := 5." in " ".join(text.split())


def test_a_page_has_its_figure_in_itself(tmp_path: Path) -> None:
    invoke("--paper", "architecture", "--out", "new/page.html")
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert 'src="data:image/png;base64,iVBOR' in page


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["quick"], LaunchError, "nothing was published for quick: name what to"),
        (["quick", "--with", "depth"], LaunchError, "no row in common with"),
        (["quick", "--with", "no.csv"], ReportError, "no.csv: cannot be read: No such"),
        (["--paper", "paper"], ReportError, "no published table is named 'paper'"),
        (["--paper", "architecture", "--with", "x"], LaunchError, "--with is for a"),
        (["--paper", "architecture", "--out", "x.doc"], LaunchError, "--out x.doc"),
        (["--paper", "clevr-systems", "--figure", "x.png"], LaunchError, "nothing to"),
        (["--paper", "architecture", "--figure", "x.gif"], LaunchError, "has to end"),
        (["--paper", "architecture", "--seeds", "3"], LaunchError, "--seeds is for a"),
        (["--paper", "architecture", "--store", "x"], LaunchError, "--store is for a"),
        (["--paper", "architecture", "--only", "x"], LaunchError, "--only is for a"),
        (["no-study", "--figure", "x.gif"], LaunchError, "has to end"),  # seen first
    ],
)
def test_what_cannot_be_compared_is_one_line(
    words: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)) as refused:
        invoke(*words)
    assert "\n" not in str(refused.value)


def test_it_wants_a_study_or_a_paper() -> None:
    result = invoke("quick", "--paper", "architecture", catch=True)
    assert "Give a STUDY, or a published table with --paper." in str(result.exception)
