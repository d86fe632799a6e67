"""The page is one file that needs nothing, and says how every run was made."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Protocol

import pandas as pd
import pytest

from reports.errors import ReportError
from reports.load import load_results
from reports.material import Material, material_of
from reports.provenance import cost_table, design_in_words, facts, run_lines
from reports.report import Report, write_page, write_report
from reports.results import RUN, Results
from studies.catalogue import find_study
from studies.study import Study
from studies.trial import Trial

Make = Callable[..., Results]
VOID = frozenset({"meta", "img", "br", "link"})


class Store(Protocol):
    uri: str
    study: Study
    trials: tuple[Trial, ...]


class Page(HTMLParser):
    """Collects what is open, what would be fetched or run, and what can be reached."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.downloads: dict[str, bytes] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        values = {key: value or "" for key, value in attrs}
        self.links += [values[key] for key in ("src", "href", "data") if key in values]
        self.ids |= {values["id"]} if "id" in values else set()
        if "download" in values:
            content = values["href"].partition("base64,")[2]
            self.downloads[values["download"]] = base64.b64decode(content)
        assert not any(key.startswith("on") for key in values)
        assert tag != "img" or values["alt"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("report")
    return write_report(store.study, store.trials, store.uri, folder)


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return (report.directory / "index.html").read_text(encoding="utf-8")


def test_it_is_whole_without_network_and_script(text: str) -> None:
    page = Page(text)
    assert page.open == []
    assert not page.seen & {"script", "link", "iframe", "object"}
    inside = {link for link in page.links if link.startswith("#")}
    assert {link[1:] for link in inside} <= page.ids
    assert all(link.startswith("data:") for link in {*page.links} - inside)
    assert not re.search(r"https?:|@import|url\(", re.sub(r"base64,[^\"]*", "", text))


def test_its_pictures_fetch_nothing_either(report: Report, text: str) -> None:
    pictures = [link for link in Page(text).links if link.startswith("data:image/")]
    assert len(pictures) == sum(name.endswith(".svg") for name in report.files)
    for picture in pictures:
        drawn = base64.b64decode(picture.partition("base64,")[2]).decode()
        assert "<svg" in drawn
        assert not re.search(r"(href|src)=\"(?!#|data:)|@import|<script", drawn)


def test_the_files_that_it_holds_are_those_beside_it(report: Report, text: str) -> None:
    downloads = Page(text).downloads
    assert {"table.csv", "table.tex", "table.json", "runs.csv", "forest.pdf"} < set(
        downloads
    )
    for name, content in downloads.items():
        assert content == (report.directory / name).read_bytes(), name


def test_every_row_and_every_run_is_named(store: Store, text: str) -> None:
    results = load_results(store.trials, store.uri)
    for row in store.study.rows:
        assert f'<th scope="row">{row.label}</th>' in text
    assert len(results.runs) == 9  # the tenth trial never ran
    for run_id in results.runs["run_id"]:
        assert f"<code>{run_id}</code>" in text
    assert text.count("<td>missing</td>") == 1
    assert "<code>film ui tiny</code>" in text


def test_alone_it_is_the_same_file(store: Store, text: str, tmp_path: Path) -> None:
    file = tmp_path / "new" / "tiny.html"
    page = write_page(store.study, store.trials, store.uri, file)
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in file.parent.iterdir()] == ["tiny.html"]
    assert page.files == ("tiny.html",)
    assert not page.is_complete


def test_a_place_that_takes_no_file_is_one_clear_line(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ReportError, match=r"cannot write the page to .*tiny\.html"):
        write_page(
            store.study, store.trials, store.uri, tmp_path / "file" / "tiny.html"
        )


@pytest.fixture
def made(make_results: Make) -> Material:
    study = find_study("depth")
    results = make_results({row.label: (0.9, 0.91) for row in study.rows})
    run = {"film": "0.1", "torch": "2.9", "python": "3.11", "host": "here"}
    run |= {"device": "cpu", "data": "0123abcd", "commit": "f" * 40}
    runs = [
        run
        | {
            "trial_id": trial_id,
            "run_id": f"run-{at}",
            "page": f"https://mlflow.example/#/experiments/1/runs/run-{at}",
            "has_changes": at == 0,
            "peak_memory_bytes": 2**30,
        }
        for at, trial_id in enumerate(results.trials["trial_id"])
    ]
    runs[1]["device"] = "cuda (H100)"
    frame = pd.DataFrame(runs, columns=RUN)
    return material_of(study, replace(results, runs=frame), "https://mlflow.example")


def test_runs_on_a_server_are_links_and_nothing_else_is(made: Material) -> None:
    lines = run_lines(made)
    assert {line.page for line in lines} == set(made.results.runs["page"])
    assert len(lines) == len(made.results.trials)
    assert [line.seed for line in lines[:2]] == [0, 1]
    assert lines[0].accuracy == "90.00"


def test_the_page_of_a_server_links_to_runs_alone(
    made: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.report.gather", lambda *_: made)
    write_page(made.study, (), "", tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    outside = [link for link in page.links if not link.startswith(("#", "data:"))]
    assert outside == [line.page for line in run_lines(made)]


def test_it_says_with_what_the_runs_were_made(made: Material) -> None:
    said = dict(facts(made))
    n = len(made.results.trials)
    assert said["Software"] == "film 0.1, torch 2.9, python 3.11"
    assert said["Devices"] == f"cpu ({n - 1} runs); cuda (H100) (1 run)"
    assert said["Fingerprint of the data"] == "0123abcd"
    assert said["Code"].startswith(f"commit ffffffffffff ({n - 1} runs); ffffffffffff ")
    assert said["Code"].endswith("has (changes.diff of the run) (1 run)")
    assert said["Seeds"] == "0, 1"
    assert said["Time of the finished runs"] == f"{n:.1f} min"
    assert "Launched by" not in said  # nobody knows


def test_it_says_what_each_row_took(made: Material) -> None:
    first, *_ = cost_table(made).lines
    texts = ["baseline", "2", "1.0 min", "2.0 min", "1,024 MiB"]
    assert [cell.text for cell in first] == texts


def test_runs_of_which_nothing_is_recorded_are_listed(make_results: Make) -> None:
    study = find_study("depth")
    results = make_results({row.label: (0.9, 0.91) for row in study.rows})
    made = material_of(study, results)
    assert {line.run_id for line in run_lines(made)} == {""}
    assert "Code" not in dict(facts(made))
    assert cost_table(made).lines[0][-1].text == "—"


def test_the_design_is_said_in_words() -> None:
    trials = pd.DataFrame(
        {"row": ["baseline", "a", "b"] * 2, "seed": [0, 0, 0, 1, 1, 1]}
    )
    named = design_in_words(find_study("quick"), trials)
    assert named.startswith("One change at a time: 2 rows beside the baseline, 2 runs ")
    assert "2 runs of each, with the same seeds. " in named
    one_seed = design_in_words(find_study("quick"), trials[:3])
    assert "1 run of each, of one seed. " in one_seed
    crossed = find_study("gamma-beta-residual-factorial")
    assert "full-factorial of " in design_in_words(crossed, trials)
