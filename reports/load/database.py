"""Runs straight from the file of a local MLflow store.

MLflow's own client takes three seconds to import and to open a file, longer than all
else that a report does. Five of its tables are read here, and nothing is written. Where
they are not as expected, ``sqlite3.Error`` is raised, and whoever asked asks MLflow.
"""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from reports.load.run import EXPERIMENT, KIND, Run

__all__ = ["read_runs"]

_AT_ONCE: Final = 500  # of the 999 values that every SQLite takes
_RUNS: Final = """
    SELECT runs.run_uuid, runs.experiment_id, runs.artifact_uri, runs.status,
           runs.start_time
    FROM runs
    JOIN experiments ON experiments.experiment_id = runs.experiment_id
    JOIN tags AS kind ON kind.run_uuid = runs.run_uuid
    JOIN tags AS asked ON asked.run_uuid = runs.run_uuid
    WHERE experiments.name = ? AND runs.lifecycle_stage = 'active'
      AND kind.key = ? AND kind.value = 'trial' AND asked.key = ?
"""


def read_runs(path: Path, tag: str, values: Sequence[str] | None = None) -> list[Run]:
    """Read the runs of trials that have a tag.

    Args:
        path: The file; it is opened to be read alone.
        tag: The tag's name.
        values: What it may say; None is anything.

    Returns:
        The runs, by id.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        given = (EXPERIMENT, KIND, tag)
        if values is None:
            found = database.execute(_RUNS, given).fetchall()
        else:
            found = list(_asked(database, f"{_RUNS} AND asked.value IN", given, values))
        found.sort()
        ids = [row[0] for row in found]
        tags, params = (_texts(database, table, ids) for table in ("tags", "params"))
        metrics = _metrics(database, ids)
    return [
        Run(
            run_id=run_id,
            experiment_id=str(experiment),
            artifact_uri=artifacts,
            status=status,
            start_time=start or 0,
            tags=tags[run_id],
            params=params[run_id],
            metrics=metrics[run_id],
        )
        for run_id, experiment, artifacts, status, start in found
    ]


def _texts(
    database: sqlite3.Connection, table: str, ids: Sequence[str]
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    query = f"SELECT run_uuid, key, value FROM {table} WHERE run_uuid IN"  # noqa: S608 - our own words
    for run_id, key, value in _asked(database, query, (), ids):
        found[run_id][key] = value
    return found


def _metrics(
    database: sqlite3.Connection, ids: Sequence[str]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    query = "SELECT run_uuid, key, value, is_nan FROM latest_metrics WHERE run_uuid IN"
    for run_id, key, value, is_nan in _asked(database, query, (), ids):
        found[run_id][key] = math.nan if is_nan else value
    return found


def _asked(
    database: sqlite3.Connection,
    query: str,
    given: Sequence[str],
    values: Sequence[str],
) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        places = ", ".join("?" * len(some))
        yield from database.execute(f"{query} ({places})", (*given, *some))
