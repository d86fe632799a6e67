"""Files are whole or as they were."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.store import files
from runner.store.files import if_there, read_json, write_json, write_text


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


def test_what_is_missing_counts_as_empty_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    assert read_json(tmp_path / "a.json") == {}
    assert read_json(tmp_path / "file" / "a.json") == {}


def failing(times: int, code: int) -> Callable[[Path], str]:
    """Look at a disk that fails so often, as where it is mounted from the network."""
    left = iter(range(times))

    def look(_: Path) -> str:
        for _ in left:
            raise OSError(code, "it does not answer")
        return "content"

    return look


@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.EACCES])
def test_what_cannot_be_read_is_asked_again_and_then_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(files, "_PAUSES_S", (0.0,) * 3)
    assert if_there(tmp_path / "a", failing(3, code)) == "content"
    with pytest.raises(OSError, match="does not answer") as caught:
        if_there(tmp_path / "a", failing(4, code))
    assert caught.value.filename == str(tmp_path / "a")


def test_a_file_that_is_no_file_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_PAUSES_S", ())
    with pytest.raises(IsADirectoryError):
        read_json(tmp_path)
