"""Which code runs: its commit, and what was changed since."""

import functools
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runner.tracking.secrets import redacted

__all__ = ["Revision", "revision"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_MOST_BYTES: Final = 1_000_000
_PATIENCE_S: Final = 20


@dataclass(frozen=True, kw_only=True)
class Revision:
    """The suite's own repository at one moment."""

    commit: str
    diff: str = ""  # of a dirty tree, without secrets; new files by name

    @property
    def summary(self) -> Mapping[str, Any]:
        """What an environment records of it."""
        return {"commit": self.commit, "has_changes": bool(self.diff)}


@functools.lru_cache(maxsize=1)  # what was imported stays as it was
def revision() -> Revision | None:
    """Ask the repository that this code is run from.

    Returns:
        Its revision; None where the suite is installed and not checked out.
    """
    try:
        if Path(_ask("rev-parse", "--show-toplevel").strip()) != _ROOT:
            return None  # installed within someone else's repository
        commit = _ask("rev-parse", "HEAD").strip()
        is_dirty = bool(_ask("status", "--porcelain").strip())
        return Revision(commit=commit, diff=_diff() if is_dirty else "")
    except (OSError, subprocess.SubprocessError):
        return None


# Of files that git does not know yet only the names: they may be anything.
def _diff() -> str:
    diff = _ask("diff", "--no-ext-diff", "--no-color", "HEAD")
    new = _ask("ls-files", "--others", "--exclude-standard").splitlines()
    text = redacted("".join(f"# new file: {name}\n" for name in new) + diff)
    content = text.encode()
    if len(content) <= _MOST_BYTES:
        return text
    kept = content[:_MOST_BYTES].decode(errors="ignore")
    return f"{kept}\n# cut here: {len(content)} bytes in all\n"


def _ask(*words: str) -> str:
    command = ["git", "-C", str(_ROOT), *words]
    answer = subprocess.run(  # noqa: S603 - fixed words, no shell
        command, capture_output=True, check=True, timeout=_PATIENCE_S
    )
    return answer.stdout.decode(errors="replace")
