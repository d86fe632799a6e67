"""Files of numbers say what they are, and come back as they were written."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reports.errors import ReportError
from reports.material import Material
from reports.results import RunState
from reports.tables.data import read_table
from reports.tables.forms import Format, format_of, write_table
from reports.tables.latex import LatexForm

Make = Callable[..., Material]
DATA = [Format.CSV, Format.JSON, Format.PARQUET]


@pytest.fixture(scope="module")
def tables(make_tables: Make) -> Material:
    return make_tables({"1 block": (0.8, RunState.FAILED)}, pivot=("row", "seed"))


@pytest.mark.parametrize("form", DATA)
def test_what_was_written_says_from_which_trials_it_is(
    tables: Material, form: Format, tmp_path: Path
) -> None:
    table = tables.tables["table"]
    path = tmp_path / f"table.{form}"
    path.write_bytes(write_table(table, form))
    read = read_table(path)
    assert read.kind == "accuracy"
    assert read.source.tracking_uri == "http://somewhere"
    assert {one.trial_id for one in read.source.trials} == {
        one.trial_id for one in table.source.trials
    }
    assert read.source.margin == table.source.margin == 0.5
    assert [row["row"] for row in read.rows] == list(table.frame["row"])
    assert float(read.rows[0]["accuracy"]) == table.frame["accuracy"].iloc[0]


def test_parquet_carries_its_schema_and_whole_lists(
    tables: Material, tmp_path: Path
) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(write_table(tables.tables["table"], Format.PARQUET))
    table = pq.read_table(path)
    head = json.loads(table.schema.metadata[b"film"])
    assert head["schema"] == "film-table/1"
    assert head["study_hash"] == tables.tables["table"].source.digest
    assert len(table.column("runs")[0].as_py()) == 3


@pytest.mark.parametrize("form", list(Format))
def test_the_same_record_gives_the_same_bytes(make_tables: Make, form: Format) -> None:
    one, other = (make_tables(pivot=("row", "seed")).tables for _ in range(2))
    for stem, table in one.items():
        assert write_table(table, form) == write_table(other[stem], form)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", "{}"), ("a.json", "["), ("a.csv", "row\n1\n"), ("a.parquet", "no")],
)
def test_other_files_are_refused_by_name(
    name: str, content: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ReportError, match=rf"{name}: "):
        read_table(tmp_path / name)


def test_endings_name_their_formats() -> None:
    endings = [format_of(one) for one in (".tex", ".md", ".csv", ".pdf", "")]
    assert endings == [Format.LATEX, Format.MARKDOWN, Format.CSV, None, None]


def test_options_of_latex_are_refused_elsewhere(tables: Material) -> None:
    with pytest.raises(ReportError, match="are for --format latex"):
        write_table(tables.tables["table"], Format.CSV, LatexForm(is_fragment=True))
