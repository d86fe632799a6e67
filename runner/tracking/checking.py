"""Whether an MLflow store can be used, asked without making one."""

import sqlite3
from contextlib import closing
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from runner.tracking.client import quiet_environment
from runner.tracking.secrets import redacted

__all__ = ["problem_of", "read_schema", "server_version", "wanted_schema"]

_PATIENCE_S: Final = 10.0
_LONGEST: Final = 160  # of what an error says


def read_schema(path: Path) -> str | None:
    """Read which tables a local store has.

    Args:
        path: Its file.

    Returns:
        The name of the last migration; None where it is no MLflow store.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version")
            row = found.fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])


def wanted_schema() -> str | None:
    """Ask MLflow which tables it works with.

    Returns:
        The name of the last migration; None where this version does not tell.
    """
    quiet_environment()
    try:
        from mlflow.store.db.utils import (  # noqa: PLC0415 - 2 s to import
            _get_latest_schema_revision,
        )
    except ImportError:  # it is MLflow's own affair
        return None
    return str(_get_latest_schema_revision())


def problem_of(uri: str) -> str:
    """Ask an MLflow store for something.

    Args:
        uri: Its address; a local one has to exist.

    Returns:
        Why it does not answer, in a line without secrets; nothing where it does.
    """
    quiet_environment()
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 2 s to import

    try:
        MlflowClient(uri).search_experiments(max_results=1)
    except Exception as error:  # noqa: BLE001 - MLflow's, SQLAlchemy's, or the network's
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return redacted(line)[:_LONGEST]
    return ""


def server_version(uri: str) -> tuple[str | None, str]:
    """Ask a server which MLflow it is.

    Args:
        uri: An http address.

    Returns:
        Its version, None where it does not tell; and ours.
    """
    try:
        with urlopen(f"{uri.rstrip('/')}/version", timeout=_PATIENCE_S) as answer:  # noqa: S310 - http, see above
            said: str | None = answer.read(100).decode(errors="replace").strip()
    except (OSError, HTTPException, ValueError):
        said = None
    return said, version("mlflow")
