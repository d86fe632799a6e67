"""A store as a stranger sees it: plain files, read without the suite's own code."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

__all__ = ["MEASURED", "TrialSeen", "computed", "store_files", "trials_in"]

# What a second computation of the same thing may measure anew.
MEASURED: Final = re.compile(r"time|_at$|_per_s$|memory|^metrics\.jsonl$")


@dataclass(frozen=True)
class TrialSeen:
    """The folder of one trial."""

    path: Path

    @property
    def name(self) -> str:
        """What is computed there."""
        return self.path.name

    @cached_property
    def lines(self) -> list[str]:
        """The whole lines of its metrics, as they are written."""
        try:
            text = (self.path / "metrics.jsonl").read_text(errors="replace")
        except OSError:
            return []
        return [line for line in text.split("\n")[:-1] if _is_json(line)]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One per recorded epoch."""
        return [json.loads(line) for line in self.lines]

    @cached_property
    def done(self) -> str:
        """The mark of a finished trial, as it is written; empty without one."""
        try:
            text = (self.path / "done.json").read_text(errors="replace")
        except OSError:
            return ""
        return text if _is_json(text) else ""

    @cached_property
    def state(self) -> dict[str, Any]:
        """What it says of itself."""
        try:
            said = json.loads((self.path / "state.json").read_text())
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """Who worked on it, and when."""
        found: list[dict[str, Any]] = self.state.get("attempts", [])
        return found

    @property
    def running_worker(self) -> int | None:
        """The process that trains it now."""
        if self.done or self.state.get("state") != "RUNNING" or not self.attempts:
            return None
        return int(self.attempts[-1]["pid"])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def trials_in(store: Path) -> list[TrialSeen]:
    """Look at every trial of a store, now."""
    folders = sorted((store / "trials").glob("*"))
    return [TrialSeen(path) for path in folders if path.is_dir()]


def computed(content: Any) -> Any:
    """Take out what is measured, and not computed."""
    if isinstance(content, dict):
        return {
            name: computed(value)
            for name, value in content.items()
            if not MEASURED.search(name)
        }
    return content


def store_files(store: Path) -> Iterator[str]:
    """Name the files of trials and studies, which do not depend on chance."""
    for room in ("trials", "studies"):
        for path in (store / room).rglob("*"):
            if path.is_file():
                yield str(path.relative_to(store))
