"""What `film compare` shows is the same in every form, and needs nothing beside it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.published import PUBLISHED
from reports.reproduction.document import Document, Form, write_document
from reports.reproduction.documents import examine, study_document
from reports.reproduction.making import HEADINGS, reproduce
from reports.results import Results
from reports.tables.forms import Format, write_table
from studies.catalogue import find_study
from tests.reports.reproduction.drawn import TABLE_2, TRUTH

Make = Callable[..., Results]


@pytest.fixture(scope="module")
def document(make_results: Make) -> Document:
    """Hold a study of a thousand questions against Table 2."""
    runs = {
        row: [value - 0.02 + x for x in (-0.003, 0, 0.003)]
        for row, value in TRUTH.items()
    }
    results = make_results(runs, n_scenes=100)
    study = find_study("architecture")
    found = reproduce(study, results, TABLE_2)
    return study_document(study, found, "film compare architecture")


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_table_of_the_paper_is_examined_in_every_form(
    name: str, form: Form
) -> None:
    command = f"film compare --paper {name}"
    text = write_document(examine(PUBLISHED[name], command), form)
    assert text.endswith("\n")
    assert not re.search(r"[-−]0(\.0+)?(?![\d.])", text)
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_table_2_says_by_itself_what_it_cannot_tell() -> None:
    text = " ".join(write_document(examine(TABLE_2, "x"), Form.TEXT).split())
    assert "10 of the 17 rows of one run lie inside that range" in text
    assert (
        "no FiLM in ResBlocks 1-4; no residual connection; no batch normalization (3)"
        in text
    )
    assert "between 96.18 and 98.62 %" in text


def test_claims_come_first_and_then_rows_agreement_and_deviations(
    document: Document,
) -> None:
    assert list(document.tables) == list(HEADINGS.values())
    text = write_document(document, Form.MARKDOWN)
    assert text.index("## Claims of the paper") < text.index("## Beside the published")


def test_on_other_questions_it_says_that_differences_are_compared(
    document: Document,
) -> None:
    text = " ".join(write_document(document, Form.TEXT).split())
    assert "differences to the baseline are compared, not accuracies" in text
    assert "Published (%)" not in text


def test_the_json_is_strict_and_has_every_number(document: Document) -> None:
    text = write_document(document, Form.JSON)
    content = json.loads(text, parse_constant=pytest.fail)
    assert content["schema"] == "film-reproduction/1"
    assert content["on_published_questions"] is False
    assert len(content["reproduction"]) == 18
    assert len(content["claims"]) == 14
    assert content["summary"]["collapsed"] == ["no FiLM in ResBlocks 1-4"]
    assert 0 < content["summary"]["ceiling"]["mean"] < 1
    assert {row["outcome"] for row in content["claims"]} <= {
        "reproduced",
        "not reproduced",
        "undecided",
    }


def test_the_page_needs_nothing_from_elsewhere(document: Document) -> None:
    page = write_document(document, Form.HTML, "data:image/png;base64,AAAA")
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "<script" not in page
    assert 'alt="' in page
    assert page.count("<table") == 4


def test_an_image_stands_in_markdown_with_its_words(document: Document) -> None:
    text = write_document(document, Form.MARKDOWN, "images/figure.png")
    (words,) = re.findall(r"!\[([^\]]*)\]\(images/figure\.png\)", text)
    assert "γ := 1" in words


def test_the_same_numbers_give_the_same_bytes() -> None:
    once, again = (
        write_document(examine(TABLE_2, "x"), form) for form in (Form.HTML, Form.HTML)
    )
    assert once == again


@pytest.mark.parametrize("form", Format)
def test_its_tables_can_be_written_as_any_table(
    document: Document, form: Format
) -> None:
    for table in document.tables.values():
        content = write_table(table, form)
        assert content
        if form is Format.LATEX:
            content.decode("ascii")


def test_what_its_author_says_stands_among_the_deviations(make_results: Make) -> None:
    study = replace(find_study("architecture"), deviations=("half of the data",))
    runs = {"baseline": (0.9, 0.91, 0.92), "γ := 1": (0.8, 0.81, 0.82)}
    found = reproduce(study, make_results(runs, n_scenes=50), TABLE_2)
    table = found.tables["reproduction-deviations"]
    assert "half of the data" in set(table.frame["here"])
