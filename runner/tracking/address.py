"""The address of an MLflow store: checked, made absolute, and free of secrets."""

import os
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from runner.errors import TrackingError
from runner.store.files import absolute
from runner.tracking.secrets import redacted

__all__ = ["is_server", "normal_uri", "sqlite_file"]

_SQLITE: Final = "sqlite:///"
_SERVERS: Final = ("http", "https")
_SCHEMES: Final = (*_SERVERS, "sqlite", "postgresql", "mysql", "mssql")


def normal_uri(given: str) -> str:
    """Check the address of an MLflow store, and make a local one absolute.

    ``user:password@`` of a server moves to the environment, from which MLflow takes
    it: an address is shown and recorded.

    Args:
        given: What the user wrote.

    Returns:
        The address.

    Raises:
        TrackingError: It is none.
    """
    scheme, separator, _ = given.partition("://")
    if not separator or scheme.partition("+")[0] not in _SCHEMES:
        raise TrackingError(
            f"tracking URI '{redacted(given)}': give http://HOST:PORT or sqlite:///FILE"
        )
    path = sqlite_file(given)
    if path is not None:
        return f"{_SQLITE}{path}"
    return _without_user(given) if is_server(given) else given


def is_server(uri: str) -> bool:
    """Tell whether an address is that of an MLflow server.

    Args:
        uri: The address of an MLflow store.

    Returns:
        Whether it is asked by HTTP.
    """
    return uri.partition("://")[0] in _SERVERS


def sqlite_file(uri: str) -> Path | None:
    """Find the file of a local store.

    Args:
        uri: The address of an MLflow store.

    Returns:
        The absolute path; None for a server.
    """
    if not uri.startswith(_SQLITE):
        return None
    return absolute(Path(uri.removeprefix(_SQLITE).partition("?")[0]))


def _without_user(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise TrackingError(f"tracking URI '{redacted(uri)}': {error}") from error
    named, separator, place = parts.netloc.rpartition("@")
    if not separator:
        return uri
    user, has_password, password = named.partition(":")
    os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(user)
    if has_password:
        os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(password)
    return parts._replace(netloc=place).geturl()
