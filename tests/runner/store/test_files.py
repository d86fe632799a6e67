"""Files are whole or as they were; a lock dies with whoever holds it."""

import subprocess
import sys
from pathlib import Path

import pytest

from runner.errors import BusyError
from runner.store.files import exclusive, is_held, read_json, write_json, write_text

HOLD = """
import sys, time
from pathlib import Path
from runner.store.files import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


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


def test_a_held_lock_refuses_and_is_free_again(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_held(lock)
    with exclusive(lock):
        assert is_held(lock)
        with (
            pytest.raises(BusyError, match=r"^someone is at it$"),
            exclusive(lock, busy="someone is at it"),
        ):
            pass
    assert not is_held(lock)


def test_a_lock_dies_with_a_killed_process(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    with holder.stdout as output:
        assert output.readline() == b"held\n"
        assert is_held(lock)
        holder.kill()
        holder.wait()
    assert not is_held(lock)
