"""Which store this is, where several send their runs to one server."""

import secrets
from pathlib import Path
from typing import Final

from runner.store.files import read_json, write_json
from runner.store.locks import exclusive

__all__ = ["store_id"]

_FILE: Final = "store.json"


def store_id(root: Path) -> str:
    """Read the name that a store gave itself, or give it one.

    It goes with the folder wherever that is moved.

    Args:
        root: The store's folder; it is made.

    Returns:
        Sixteen hexadecimal digits, which no other store has.
    """
    known = _read(root)
    if known:
        return known
    with exclusive(root / "mlflow.lock"):  # two may begin at once
        if not _read(root):
            write_json(root / _FILE, {"id": secrets.token_hex(8)})
    return _read(root)


def _read(root: Path) -> str:
    known = read_json(root / _FILE).get("id")
    return known if isinstance(known, str) else ""
