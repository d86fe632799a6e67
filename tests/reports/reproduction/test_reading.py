"""A table of published numbers is read, or refused in a line that says what to do."""

from pathlib import Path

import pytest

from reports.errors import ReportError
from reports.published import PUBLISHED
from reports.reproduction.reading import find_table, read_published

GOOD = "row,accuracy,sd,n\nbaseline,97.4,0.4,5\nγ := 1,95.9,,\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "published.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_read_with_what_is_known_of_them(tmp_path: Path) -> None:
    table = read_published(written(tmp_path, GOOD))
    assert (table.baseline.accuracy, table.baseline.sd) == (97.4, 0.4)
    assert table.baseline.n_runs == 5
    assert (table.rows["γ := 1"].sd, table.rows["γ := 1"].n_runs) == (None, 1)
    assert table.rounding == pytest.approx(0.05)


def test_spreadsheets_may_add_a_mark_spaces_and_empty_lines(tmp_path: Path) -> None:
    text = "\ufeffrow, accuracy\nbaseline , 97.41\n\na, 90\n"
    table = read_published(written(tmp_path, text))
    assert set(table.rows) == {"baseline", "a"}
    assert table.rounding == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; it should begin with `row,accuracy,sd,n`"),
        ("row,acuracy\nbaseline,97\n", "no column 'accuracy'; did you mean 'acuracy'"),
        ("row,accuracy,seed\nbaseline,97,1\n", "column 'seed' is not known"),
        ("row,accuracy,sd,sd\nbaseline,97,1,1\n", "column 'sd' stands twice"),
        ("row,accuracy\na,97\n", "has no row 'baseline'"),
        ("row,accuracy\nbaseline,97\nbaseline,96\n", "line 3: row 'baseline' stands"),
        ("row,accuracy\nbaseline,97,1\n", "line 2: has 3 values for 2 columns"),
        ("row,accuracy\nbaseline\n", "line 2: row 'baseline' has no accuracy"),
        ("row,accuracy\n,97\n", "line 2: has no row"),
        ("row,accuracy\nbaseline,\n", "line 2: row 'baseline' has no accuracy"),
        ("row,accuracy\nbaseline,high\n", "accuracy is 'high', should be a number"),
        ("row,accuracy\nbaseline,nan\n", "accuracy is 'nan', should be a number"),
        ("row,accuracy\nbaseline,974\n", "should be a number from 0 to 100"),
        ("row,accuracy,sd\nbaseline,97,-1\n", "sd is '-1', should be a number"),
        ("row,accuracy,n\nbaseline,97,0\n", "n is '0', should be 1, 2, 3"),
        ("row,accuracy,n\nbaseline,97,1.5\n", "n is '1.5', should be 1, 2, 3"),
        ("row,accuracy\nbaseline,0.974\na,0.9\n", "percent, and these look like"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ReportError) as refused:
        read_published(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be read: No such file"):
        read_published(tmp_path / "none.csv")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_bytes(b"\xff\xfe\x00row")
    with pytest.raises(ReportError, match="cannot be read"):
        read_published(path)


def test_the_paper_s_tables_are_found_by_name(tmp_path: Path) -> None:
    assert find_table("depth") is PUBLISHED["depth"]
    assert find_table(str(written(tmp_path, GOOD))).name == "published.csv"
    with pytest.raises(ReportError, match="did you mean 'architecture'"):
        find_table("architectur")
    with pytest.raises(
        ReportError, match="'paper-table2' is called 'architecture' now"
    ):
        find_table("paper-table2")
