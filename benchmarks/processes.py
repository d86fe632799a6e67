"""What a command costs: wall clock, processor time and memory of all its processes.

A daemon that leaves its parent, as Ray's do, is still counted: the caller of `measure`
becomes the parent of orphans (Linux). Processor times are read ten times a second,
so that what a process did in its last tenth is missed: Ray's node manager lets the
kernel bury its workers, and nobody could ask for their times afterwards.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_BECOME_PARENT_OF_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER
_TICK_S = 0.1
_PATIENCE_S = 30.0  # for daemons to end after the command did
_MIB = 2**20
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one command with all that it started."""

    wall_s: float  # until the command ended
    cpu_s: float  # of all processes, also those that outlived it
    driver_rss: Sequence[float] = ()  # of the command itself, in MiB, over time
    driver_pss: Sequence[float] = ()
    others_pss: Sequence[float] = ()  # of all other processes together
    code: int = 0
    output: str = ""

    @property
    def last_line(self) -> str:
        """What it said at last, most likely why it failed."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"exit code {self.code}"


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    born: int
    cpu_s: float


@dataclass
class _Watch:
    """Looks at all descendants of this process until it is told to stop."""

    driver: int
    memory_every_s: float | None
    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    driver_rss: list[float] = field(default_factory=list)
    driver_pss: list[float] = field(default_factory=list)
    others_pss: list[float] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        look_at_memory = 0.0
        while not self.is_over.wait(_TICK_S):
            living = _descendants(os.getpid())
            for one in living:
                self.seconds[one.pid, one.born] = one.cpu_s
            if self.memory_every_s is not None and time.monotonic() > look_at_memory:
                self._weigh(living)
                look_at_memory = time.monotonic() + self.memory_every_s

    def _weigh(self, living: Sequence[_Process]) -> None:
        others = 0.0
        for one in living:
            try:
                memory = psutil.Process(one.pid).memory_full_info()
            except psutil.Error:
                continue
            if one.pid == self.driver:
                self.driver_rss.append(memory.rss / _MIB)
                self.driver_pss.append(memory.pss / _MIB)
            else:
                others += memory.pss / _MIB
        self.others_pss.append(others)


def measure(
    command: Sequence[str | Path],
    *,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
    memory_every_s: float | None = None,
) -> Cost:
    """Run a command to its end, and what it started to theirs."""
    _adopt_orphans()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        start = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - our own commands
            _pinned(command, core),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
        )
        watch = _Watch(child.pid, memory_every_s)
        thread = threading.Thread(target=watch.run)
        thread.start()
        try:
            code = child.wait()
            wall_s = time.perf_counter() - start
            _bury_orphans(_PATIENCE_S)
        except BaseException:  # Ctrl-C
            _bury_orphans(0)
            raise
        finally:
            watch.is_over.set()
            thread.join()
        output.seek(0)
        said = output.read()
    return Cost(
        wall_s=wall_s,
        cpu_s=sum(watch.seconds.values()),
        driver_rss=watch.driver_rss,
        driver_pss=watch.driver_pss,
        others_pss=watch.others_pss,
        code=code,
        output=said,
    )


def _pinned(command: Sequence[str | Path], core: int | None) -> list[str]:
    words = [str(word) for word in command]
    return words if core is None else ["taskset", "--cpu-list", str(core), *words]


def _adopt_orphans() -> None:
    ctypes.CDLL(None).prctl(_BECOME_PARENT_OF_ORPHANS, 1, 0, 0, 0)


# The command's daemons end by themselves, within seconds; what does not is stopped.
def _bury_orphans(patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            buried, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not buried:
            time.sleep(_TICK_S)
    for one in _descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)


# All of /proc in one pass: psutil would take ten times as long.
def _descendants(root: int) -> list[_Process]:
    children: dict[int, list[_Process]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - ten times a second
        if name.isdigit() and (one := _read(name)) is not None:
            children.setdefault(one.parent, []).append(one)
    found = list(children.get(root, []))
    for one in found:
        found += children.get(one.pid, [])  # the list grows while it is gone through
    return found


def _read(pid: str) -> _Process | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return _Process(int(pid), int(fields[1]), int(fields[19]), ticks / _TICKS_PER_S)
