"""What is known of a process that died in the middle of a trial."""

import re
from pathlib import Path
from typing import Final, final

__all__ = ["OutOfMemoryKills", "cause_of_death"]

_FAULT: Final = re.compile(r"^Fatal Python error: (.+)$", re.MULTILINE)
_COUNTERS: Final = (
    Path("/proc/vmstat"),
    Path("/sys/fs/cgroup/memory.events"),
    Path("/sys/fs/cgroup/memory/memory.oom_control"),
)
_TAIL_BYTES: Final = 16_384
_SAID: Final = {
    "SIGTERM": "was killed by signal 15 (SIGTERM)",
    "node has died": "was lost with its machine",
    "node died": "was lost with its machine",
    # Ray notices that a process is gone before it notices the same of its machine.
    "is unavailable": "was lost (perhaps with its machine)",
    # Ray gave it a trial while the one before had not come to its end.
    "reset_config": "was still busy with another trial",
}
_CODE: Final = re.compile(
    r'^Traceback \(most recent call last\)|^\s*File ".+", line \d+, in ', re.MULTILINE
)
_START: Final = ("failed to import", "creation task", "runtime_env")


def cause_of_death(said: str, log: str, *, was_short_of_memory: bool) -> str:
    """Say what ended a process, as far as that is known.

    A process can say which signal ended it, all but one: SIGKILL leaves no word. Where
    Python failed, it leaves a traceback.

    Args:
        said: What Ray knows.
        log: The end of the trial's log, since this process wrote to it.
        was_short_of_memory: The system killed something for want of memory since.

    Returns:
        What follows "its process".
    """
    fault = _FAULT.findall(log)
    if fault:
        return f"crashed ({fault[-1]})"
    has_code = _CODE.search(said) is not None
    for words, cause in _SAID.items():
        if words in said and not has_code:
            return cause
    if any(word in said for word in _START):
        return f"could not start ({_last_line(said)})"
    if has_code:
        return f"failed outside the trial ({_last_line(said)})"
    if was_short_of_memory:
        return "was killed by the system, which ran out of memory"
    return "was killed by signal 9 (SIGKILL)"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"\w*(Error|Exception)\b", line)]
    return (errors or lines or ["no reason given"])[-1][:200]


@final
class OutOfMemoryKills:
    """Counts what the system killed for want of memory."""

    def __init__(self, counters: tuple[Path, ...] = _COUNTERS) -> None:
        """Begin to count.

        Args:
            counters: Where Linux counts; elsewhere they are absent.
        """
        self._counters = counters
        self._before = self._count()

    def has_grown(self) -> bool:
        """Tell whether something was killed since the last time.

        Returns:
            Whether it was.
        """
        before, self._before = self._before, self._count()
        return self._before > before

    def _count(self) -> int:
        return max(map(_oom_kills, self._counters), default=0)


def _oom_kills(path: Path) -> int:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    counts = [line.split()[1] for line in lines if line.startswith("oom_kill ")]
    return sum(int(count) for count in counts if count.isdecimal())
