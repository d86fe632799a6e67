"""Files are whole or as they were."""

from pathlib import Path

import pytest

from runner.store.files import read_json, write_json, write_text


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a.json", {"β": 1})
    assert read_json(tmp_path / "new" / "a.json") == {"β": 1}


def test_a_write_that_fails_leaves_the_old_content_and_no_litter(
    tmp_path: Path,
) -> None:
    write_text(tmp_path / "a", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a", "new \ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff"])
def test_json_that_is_no_object_counts_as_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    assert read_json(tmp_path / "a.json") == {}
