"""Of a process that died only what is known is said."""

from pathlib import Path

import pytest

from runner.working.deaths import OutOfMemoryKills, cause_of_death

FROM_RAY = """Failure # 1 (occurred at 2026-11-22)
ray::ImplicitFunc.train() (pid=7, ip=127.0.0.1)
  File "/x/working.py", line 57, in work
    folder.fail(line)
OSError: [Errno 28] No space left
"""
OURS = """Traceback (most recent call last):
  File "/x/working.py", line 57, in work
RuntimeError: is unavailable: SIGTERM
"""


@pytest.mark.parametrize(
    ("said", "log", "cause"),
    [
        ("End of file.", "", "was killed by signal 9 (SIGKILL)"),
        ("receives a SIGTERM.", "", "was killed by signal 15 (SIGTERM)"),
        ("because its node has died.", "", "was lost with its machine"),
        ("actor X is unavailable: RPC", "", "was lost (perhaps with its machine)"),
        (
            "End of file.",
            "epoch 1\nFatal Python error: Segmentation fault\n\nThread 0x1",
            "crashed (Segmentation fault)",
        ),
        (
            "The actor with name X failed to import\nTraceback:\nNameError: no 'f'\n\n",
            "",
            "could not start (NameError: no 'f')",
        ),
        ("reuse requires reset_config()", "", "was still busy with another trial"),
        (FROM_RAY, "", "failed outside the trial (OSError: [Errno 28] No space left)"),
        (OURS, "", "failed outside the trial (RuntimeError: is unavailable: SIGTERM)"),
    ],
)
def test_what_ended_it_is_told(said: str, log: str, cause: str) -> None:
    assert cause_of_death(said, log, was_short_of_memory=False) == cause


def test_the_system_s_own_killer_is_named() -> None:
    cause = cause_of_death("End of file.", "", was_short_of_memory=True)
    assert cause == "was killed by the system, which ran out of memory"


def test_kills_are_counted_between_two_looks(tmp_path: Path) -> None:
    counter = tmp_path / "vmstat"
    counter.write_text("pgfault 7\noom_kill 3\n")
    kills = OutOfMemoryKills((counter, tmp_path / "absent"))
    assert not kills.has_grown()
    counter.write_text("pgfault 9\noom_kill 4\n")
    assert kills.has_grown()
    assert not kills.has_grown()
