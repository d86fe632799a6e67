"""A client of MLflow that is quiet, and does not wait for minutes."""

import logging
import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, Final

from runner.tracking.address import sqlite_file
from runner.tracking.database import prepare, watch_connections

__all__ = ["open_client", "quiet_environment"]

_QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # the folders keep all: no need to wait
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "ERROR",  # of a server; for us, see below
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
_Foreign = Any  # MLflow's objects carry no types


def open_client(
    uri: str, artifacts: Path, asking: Callable[[], AbstractContextManager[None]]
) -> tuple[_Foreign, str]:
    """Open an MLflow store; a local one is made where it is missing or damaged.

    Args:
        uri: Its address.
        artifacts: Where a local store keeps files.
        asking: Entered while MLflow is asked something.

    Returns:
        MLflow's client, and what the user should know; mostly nothing.
    """
    quiet_environment()
    _hush()
    watch_connections()
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 2 s to import

    _hush()  # once more: the import has set levels of its own
    note, path = "", sqlite_file(uri)
    if path is not None:
        own = artifacts if path.parent == artifacts.parent else None
        note = prepare(path, partial(_migrate, MlflowClient), own)
    with asking():  # on a full disk it tries for minutes
        return _Asked(MlflowClient(uri), asking), note


def quiet_environment() -> None:
    """Keep MLflow from talking, phoning home, and waiting minutes for a server."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


# MLflow speaks to its own developers: deprecations, SQLAlchemy's loaders, and with a
# long traceback each error that it raises as well. The filters stay: to set them aside
# and back is not safe beside other threads.
def _hush() -> None:
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for module in ("mlflow", "alembic", "sqlalchemy"):
        warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
    warnings.filterwarnings("ignore", message=".*noload.*loader strategy")


class _Asked:
    """A client of MLflow whose every call is seen by who watches for silence."""

    def __init__(
        self, client: _Foreign, asking: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._client = client
        self._asking = asking

    def __getattr__(self, name: str) -> Callable[..., _Foreign]:
        method = getattr(self._client, name)

        def call(*given: _Foreign, **named: _Foreign) -> _Foreign:
            with self._asking():
                return method(*given, **named)

        return call


def _migrate(client: _Foreign, uri: str) -> None:
    client(uri).search_experiments(max_results=1)
