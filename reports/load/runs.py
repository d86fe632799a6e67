"""Finding the runs of trials, in a file or on a server."""

import os
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from reports.errors import ReportError
from reports.load.addresses import sqlite_file, without_password
from reports.load.database import read_runs
from reports.load.run import EXPERIMENT, KIND, TRIAL_ID, Run

__all__ = ["runs_of_study", "runs_of_trials", "study_tag"]

_BROKEN: Final = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_FEW: Final = 5  # trials that are looked for one by one
_SOME: Final = 50  # more of them are looked for among all
_Foreign = Any  # MLflow's objects carry no types


def study_tag(study: str) -> str:
    """Name the tag that says as which row a study wants a trial.

    Args:
        study: The study's name.

    Returns:
        The tag.
    """
    return f"film.study.{study}"


def runs_of_study(study: str, tracking_uri: str) -> list[Run]:
    """Find every run that a study wants.

    Args:
        study: The study's name.
        tracking_uri: MLflow's store.

    Returns:
        The runs of its trials.
    """
    tag = study_tag(study)
    found = _in_file(tracking_uri, tag)
    if found is not None:
        return found
    with _asking(tracking_uri) as client:
        return _search(client, [f"tags.`{tag}` LIKE '%'"])


def runs_of_trials(wanted: Mapping[str, str], tracking_uri: str) -> list[Run]:
    """Find the runs of trials; a trial may have several.

    Args:
        wanted: Studies that want the trials, by ``trial_id``.
        tracking_uri: MLflow's store.

    Returns:
        The runs of those trials, and perhaps of others.
    """
    found = _in_file(tracking_uri, TRIAL_ID, list(wanted))
    if found is not None:
        return found
    with _asking(tracking_uri) as client:
        return _of_trials(client, wanted)


# None where the store is no file, or is not as expected; nothing is made.
def _in_file(
    tracking_uri: str, tag: str, values: Sequence[str] | None = None
) -> list[Run] | None:
    path = sqlite_file(tracking_uri)
    if path is None:
        return None
    if not path.exists():
        return []
    try:
        return read_runs(path, tag, values)
    except sqlite3.Error as error:
        # With a broken file MLflow would try for minutes.
        if getattr(error, "sqlite_errorcode", None) in _BROKEN:
            where = without_password(tracking_uri)
            raise ReportError(f"cannot read the runs in {where}: {error}") from error
        return None


# A search costs about as much as five of the runs that it finds. What other studies
# have computed may not have been said to be this one's.
def _of_trials(client: _Foreign, wanted: Mapping[str, str]) -> list[Run]:
    queries = [f"tags.`{study_tag(one)}` LIKE '%'" for one in {*wanted.values()}]
    found = _search(client, queries if len(wanted) > _FEW else [])
    known = {run.trial_id for run in found}
    by_id = [f"tags.`{TRIAL_ID}` = '{one}'" for one in wanted if one not in known]
    return found + _search(client, by_id if len(by_id) <= _SOME else [""])


def _search(client: _Foreign, queries: Sequence[str]) -> list[Run]:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    found: list[Run] = []
    for query in queries if experiment else ():
        full = " AND ".join(filter(None, [query, f"tags.`{KIND}` = 'trial'"]))
        token = None
        while token != "":
            page = client.search_runs(
                [experiment.experiment_id], full, page_token=token
            )
            token = page.token or ""
            found += [_run(one) for one in page]
    return found


def _run(run: _Foreign) -> Run:
    info, data = run.info, run.data
    return Run(
        run_id=info.run_id,
        experiment_id=info.experiment_id,
        artifact_uri=info.artifact_uri,
        status=info.status,
        start_time=info.start_time or 0,
        tags=data.tags,
        params=data.params,
        metrics=data.metrics,
    )


# MLflow's client, with its troubles in one line.
@contextmanager
def _asking(tracking_uri: str) -> Iterator[_Foreign]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a report phones nobody
    with warnings.catch_warnings():
        # MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
        warnings.filterwarnings("ignore", message=".*noload.*loader strategy")
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - 3 s to import
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 3 s to import
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with MLflow

        shown = without_password(tracking_uri)
        try:
            yield MlflowClient(tracking_uri)
        except (MlflowException, SQLAlchemyError) as error:
            reason = without_password(str(error).partition("\n")[0])
            raise ReportError(f"cannot read the runs in {shown}: {reason}") from error
        except ModuleNotFoundError as error:
            msg = (
                f"cannot read the runs in {shown}: this kind of database needs "
                f"the Python module {error.name}, which is not installed"
            )
            raise ReportError(msg) from error
