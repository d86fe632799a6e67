"""What Ray keeps on disk goes with its launch, or with the next one."""

import signal
import subprocess
import sys
from pathlib import Path

from runner.tune.homes import temporary_home

_HOLD = """
import sys, time
from pathlib import Path
from runner.tune.homes import temporary_home
with temporary_home(Path(sys.argv[1])) as home:
    print(home, flush=True)
    time.sleep(60)
"""


def held(room: Path) -> tuple[subprocess.Popen[str], Path]:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(room)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder.stdout:
        return holder, Path(holder.stdout.readline().strip())


def test_a_home_goes_with_its_launch(tmp_path: Path) -> None:
    with temporary_home(tmp_path) as home:
        (home / "session").mkdir()
    assert not home.exists()


def test_the_next_launch_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    holder, left = held(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert left.is_dir()
    with temporary_home(tmp_path) as home:
        assert not left.exists()
        assert home.is_dir()


def test_the_home_of_a_living_launch_stays(tmp_path: Path) -> None:
    holder, other = held(tmp_path)
    with temporary_home(tmp_path):
        assert other.is_dir()
    holder.kill()
    holder.wait()
