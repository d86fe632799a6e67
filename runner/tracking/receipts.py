"""What was sent where, kept beside what was sent; a hint that may be lost."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, final

from runner.store.files import read_json
from runner.tracking.address import sqlite_file
from runner.tracking.secrets import redacted

__all__ = ["Receipt", "Receipts"]

_FILE: Final = "synced.json"
_MOST: Final = 8  # stores that are remembered


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What one MLflow store holds of one folder."""

    run_id: str = ""  # empty where making the run was begun, perhaps in vain
    digest: str = ""  # of the folder, when all of it was sent
    is_described: bool = False  # parameters and data set were sent
    n_epochs: int = 0
    history: str = ""  # digest of those epochs, as they were sent
    generation: int = 0  # how often the trial was begun from scratch


@final
class Receipts:
    """Reads and writes receipts of one MLflow store."""

    def __init__(self, uri: str) -> None:
        """Name the store.

        Args:
            uri: Its address.
        """
        self._uri = uri

    @property
    def store(self) -> str:
        """The store's name; a local one that was deleted and made again is another."""
        path = sqlite_file(self._uri)
        if path is None:
            return redacted(self._uri)
        return f"{self._uri}#{path.stat().st_ino if path.exists() else 'missing'}"

    def of(self, home: Path) -> Receipt | None:
        """Read the receipt of a folder.

        Args:
            home: The folder.

        Returns:
            The receipt; None where the store was never sent anything of it.
        """
        said = read_json(home / _FILE).get(self.store)
        blank = asdict(Receipt())
        if not isinstance(said, dict) or said.keys() != blank.keys():
            return None
        is_whole = all(type(said[name]) is type(blank[name]) for name in blank)
        return Receipt(**said) if is_whole else None

    def keep(self, home: Path, receipt: Receipt) -> None:
        """Write the receipt of a folder; that of other stores stays.

        Args:
            home: The folder.
            receipt: What the store holds of it now.
        """
        others = read_json(home / _FILE)
        others.pop(self.store, None)
        kept: dict[str, Any] = dict(list(others.items())[1 - _MOST :])
        kept[self.store] = asdict(receipt)
        temporary = home / f".{_FILE}.{os.getpid()}"
        try:  # whole or as before, but not forced to the disk: it is a hint
            temporary.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
            temporary.replace(home / _FILE)
        finally:
            temporary.unlink(missing_ok=True)
