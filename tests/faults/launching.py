"""`film` as a process, and every process that it starts, seen from outside."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

__all__ = ["PATIENCE_S", "Launch", "marked_processes", "start", "tail", "wait_for"]

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PATIENCE_S: Final = 900.0  # until a launch counts as one that hangs
_LOADED_S: Final = 3.0
_MARK: Final = "FILM_FAULTS"  # in the environment, which children inherit


@dataclass
class Launch:
    """One call of the command, its output in files that no child can block."""

    process: subprocess.Popen[bytes]
    mark: str
    output: Path
    errors: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int:
        """The driver's process."""
        return self.process.pid

    @property
    def is_over(self) -> bool:
        """Whether the driver has ended."""
        return self.process.poll() is not None

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was called."""
        return time.monotonic() - self.began

    def processes(self) -> list[psutil.Process]:
        """Every living process of this launch, the driver among them."""
        return marked_processes(self.mark)

    @property
    def listens(self) -> bool:
        """Whether the command is loaded so far that SIGTERM is its own business.

        Before that, signals are Python's, whose words nobody can change.
        """
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return self.elapsed_s > _LOADED_S  # not on Linux
        caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
        return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)

    def owns(self, pid: int) -> bool:
        """Tell whether a living process is of this launch."""
        return psutil.pid_exists(pid) and _bears(psutil.Process(pid), self.mark)

    def signal(self, *numbers: signal.Signals, pause_s: float = 0.0) -> None:
        """Send signals to the driver alone, as `kill PID` does."""
        for position, number in enumerate(numbers):
            if position:
                time.sleep(pause_s)
            self.process.send_signal(number)

    def wait(self, patience_s: float = PATIENCE_S) -> int | None:
        """Wait for the driver's exit code; None where it hangs, and is then killed."""
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill_everything()
            self.process.wait()
            return None

    def kill_everything(self) -> None:
        """End every process of the launch at once, as a power cut does."""
        for process in self.processes():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue


def start(words: list[str], folder: Path, **environment: str) -> Launch:
    """Call `film`, or another module, in a session of its own.

    The words are those after `python -m`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    names = {
        "PYTHONPATH": str(REPOSITORY),
        "OMP_NUM_THREADS": "1",
        _MARK: mark,
        **environment,
    }
    number = len(list(folder.glob("*.out")))
    output, errors = folder / f"{number:02d}.out", folder / f"{number:02d}.err"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, **names},
            cwd=folder,
            start_new_session=True,
        )
    return Launch(process, mark, output, errors)


def marked_processes(mark: str) -> list[psutil.Process]:
    """Find the living processes that inherited a mark."""
    return [one for one in psutil.process_iter() if _bears(one, mark)]


# Zombies are dead.
def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        return bool(is_alive and process.environ().get(_MARK) == mark)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def wait_for(condition: Callable[[], object], patience_s: float) -> bool:
    """Wait until something holds; say whether it came to."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def tail(path: Path, n_lines: int = 4) -> str:
    """Give the last lines of an output, for a report."""
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(line.strip() for line in lines[-n_lines:])
