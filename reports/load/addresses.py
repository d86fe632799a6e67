"""Addresses of MLflow stores."""

import re
from pathlib import Path
from typing import Final

__all__ = ["is_server", "sqlite_file", "without_password"]

_SQLITE: Final = "sqlite:///"
_SERVERS: Final = "http", "https"


def is_server(tracking_uri: str) -> bool:
    """Tell whether an address is a server's, and not a file's.

    Args:
        tracking_uri: Of MLflow.

    Returns:
        Whether others can reach it.
    """
    return tracking_uri.partition("://")[0] in _SERVERS


def sqlite_file(tracking_uri: str) -> Path | None:
    """Find the file of a local store.

    Args:
        tracking_uri: Of MLflow.

    Returns:
        Its path; None where the store is not a file.
    """
    if not tracking_uri.startswith(_SQLITE):
        return None
    return Path(tracking_uri.removeprefix(_SQLITE).partition("?")[0])


def without_password(text: str) -> str:
    """Leave out the password of a database or a server that may be named with one.

    Args:
        text: An address, or a message with one in it.

    Returns:
        The text with stars in its place.
    """
    return re.sub(r"://[^/?#\s'\"]*@", "://***@", text)
