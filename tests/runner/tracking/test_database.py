"""The SQLite file of a local MLflow is whole, or set aside."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner.tracking.database import is_damaged, prepare


def make_tables(uri: str) -> None:
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as connection:
        connection.execute("CREATE TABLE experiments (name, artifact_location)")
        row = ("film", "file:///there")
        connection.execute("INSERT INTO experiments VALUES (?, ?)", row)
        connection.commit()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "mlflow.db"
    assert prepare(path, make_tables, None) == ""
    return path


def test_a_new_store_has_a_log_that_readers_need_not_wait_for(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert {path.name for path in store.parent.iterdir()} == {
        "mlflow.db",
        "mlflow.db.lock",
    }


def test_a_store_is_made_once(store: Path) -> None:
    assert prepare(store, pytest.fail, None) == ""


def test_what_goes_wrong_while_a_store_is_made_leaves_none(tmp_path: Path) -> None:
    def fail(uri: str) -> None:
        make_tables(uri)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        prepare(tmp_path / "mlflow.db", fail, None)
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db.lock"}


@pytest.mark.parametrize("content", [b"", b"no database at all" * 300])
def test_a_file_that_is_no_store_is_set_aside(store: Path, content: bytes) -> None:
    store.write_bytes(content)
    said = prepare(store, make_tables, None)
    assert said.endswith("it was set aside as mlflow.db.damaged-1")
    assert store.with_name("mlflow.db.damaged-1").read_bytes() == content
    assert not is_damaged(store)
    store.write_bytes(content)
    assert prepare(store, make_tables, None).endswith("mlflow.db.damaged-2")


def test_a_store_that_is_cut_short_is_damaged(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("CREATE TABLE big AS SELECT zeroblob(100000) AS bytes")
        connection.commit()
    assert not is_damaged(store)
    with store.open("r+b") as file:
        file.truncate(50_000)
    assert is_damaged(store)


def test_a_store_that_is_in_use_is_not_damaged(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert not is_damaged(store)


@pytest.mark.parametrize("content", [None, b"no database at all" * 300])
def test_who_only_looks_leaves_what_a_killed_process_wrote(
    store: Path, tmp_path: Path, content: bytes | None
) -> None:
    left = tmp_path / "left.db"
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("CREATE TABLE more (name)")
        connection.commit()
        for end in ("", "-wal"):  # as they are before they are folded together
            shutil.copy(f"{store}{end}", f"{left}{end}")
    if content is not None:
        left.write_bytes(content)
    files = (left, left.with_name("left.db-wal"))
    before = [path.read_bytes() for path in files]
    assert is_damaged(left, read_only=True) == (content is not None)
    assert [path.read_bytes() for path in files] == before


def test_a_store_that_was_moved_is_set_aside_without_a_word(
    store: Path, tmp_path: Path
) -> None:
    assert prepare(store, make_tables, tmp_path / "elsewhere") == ""
    assert store.with_name("mlflow.db.moved-1").is_file()
