"""The counts of a series, printed and written down."""

import datetime as dt
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.playing import Case

__all__ = ["page", "table"]


def table(cases: Sequence[Case]) -> str:
    """Count faults by kind, as a Markdown table."""
    struck = Counter(kind for case in cases for kind in case.kinds)
    alone = Counter(case.kinds[0] for case in cases if len(case.kinds) == 1)
    wrong = Counter(
        kind for case in cases if case.problems for kind in dict.fromkeys(case.kinds)
    )
    lines = ["| Fault | Struck | Alone | In stores that came out wrong |"]
    lines.append("| :--- | ---: | ---: | ---: |")
    lines += [
        f"| {kind} | {count} | {alone[kind]} | {wrong[kind]} |"
        for kind, count in sorted(struck.items())
    ]
    n_wrong = sum(bool(case.problems) for case in cases)
    total = sum(struck.values())
    lines.append(f"| **together** | {total} | {sum(alone.values())} | |")
    most = max((case.launches for case in cases), default=0)
    n_played = sum(not case.skipped for case in cases)
    lines.append("")
    lines.append(
        f"{total} faults struck {n_played} stores; {n_wrong} came out wrong. After the "
        f"last fault, the same command had to be given {most} time(s) at most."
    )
    return "\n".join(lines)


def page(cases: Sequence[Case], command: str, seconds: float) -> str:
    """Write a series down: how, when and where, the counts, what was wrong."""
    skipped = {case.skipped for case in cases if case.skipped}
    wrong = [case for case in cases if case.problems]
    parts = [_INTRODUCTION, table(cases)]
    parts += [f"Skipped: {reason}." for reason in sorted(skipped)]
    parts += [
        f"* case {case.name}, {', '.join(case.kinds)}: {'; '.join(case.problems)}"
        for case in wrong
    ]
    day = dt.datetime.now(tz=dt.UTC).date()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else "?"
    parts.append(
        f"Measured on {day} with `{command}`, commit {_commit()}, on {cores} cores "
        f"({platform.machine()}, {platform.system()}), Python "
        f"{platform.python_version()}; it took {seconds / 60:.0f} minutes."
    )
    return "\n\n".join(parts) + "\n"


def _commit() -> str:
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


_INTRODUCTION = """\
# Faults

`make faults` hurts real launches of a real, small study (six trainings of eight epochs,
two at once) from outside: `film run` as a process, faults at random moments from a
seed, one to three in a row before the store may recover. `FAULTS=` says how many,
`SEED=` from which seed, `OUT=` where to write this; `make test` has a short form.

After the last fault the same command is given again, and then

* its exit code is 0 (1 in a study with a row that diverges), and that of every
  disturbed launch was true: never 0 with anything missing, never a traceback;
* every trial is finished, marked once, with every epoch recorded once; what was
  recorded before a fault is what is there at the end, character by character;
* metrics, predictions, weights and the report's table are those of an undisturbed
  run, bit for bit, apart from times and memory;
* MLflow has one run per trial, with every point of every metric as the trial's folder
  has it, and no run that says RUNNING;
* no process is left, no temporary file, no file that an undisturbed run would not
  leave."""
