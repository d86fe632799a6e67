"""A terminal that is closed takes nothing with it."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SAYS = """
import os, signal, sys
from runner.cli import main

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup

def hung_up(*words, **flags):
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)

import runner.cli
runner.cli.film.main = hung_up
main([])
"""


def test_a_command_whose_terminal_is_closed_ends_as_one_that_is_stopped(
    tmp_path: Path,
) -> None:
    ours, theirs = pty.openpty()
    log = tmp_path / "log.txt"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", SAYS], stdout=theirs, stderr=errors
        )
        os.close(theirs)
        os.close(ours)
        code = process.wait(60)
    assert code == 128 + signal.SIGINT
    assert log.read_text() == "film: stopped; nothing that was finished is lost\n"


ENDS = """
import atexit, os, signal
import runner.cli

def interrupted(*words, **flags):
    raise KeyboardInterrupt

atexit.register(lambda: os.kill(os.getpid(), signal.{signal}))
runner.cli.film.main = interrupted
runner.cli.main()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_impatient_second_signal_while_python_ends_changes_nothing(
    name: str,
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDS.format(signal=name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 128 + signal.SIGINT
    assert ended.stderr == "film: stopped; nothing that was finished is lost\n"


MET = """
import runner.cli

def imported(*words, **flags):
    exec("raise KeyboardInterrupt")

runner.cli.film.main = imported
print("said")
runner.cli.main()
"""


def test_an_interruption_in_an_executed_text_ends_with_the_same_code(
    tmp_path: Path,
) -> None:
    (tmp_path / "met.py").write_text(MET)
    ended = subprocess.run(
        [sys.executable, "-m", "met"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 128 + signal.SIGINT
    assert ended.stdout == "said\n"


STARTS = """
import os, signal, subprocess, sys
from runner.hanging_up import hanging_up_deferred

signal.signal(signal.SIGHUP, signal.SIG_DFL)
with hanging_up_deferred():
    waits = "import time; print('began', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", waits], stdout=subprocess.PIPE)
    child.stdout.readline()
    child.send_signal(signal.SIGHUP)
    try:
        child.wait(1)
    except subprocess.TimeoutExpired:
        print("lives")
    child.kill()
    os.kill(os.getpid(), signal.SIGHUP)
    print("not yet", flush=True)
print("never")
"""


def test_what_is_started_meanwhile_is_deaf_and_this_process_hears_afterwards() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STARTS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "lives\nnot yet\n"
    assert ended.returncode == -signal.SIGHUP
