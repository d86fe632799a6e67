"""A page of the MLflow UI that shows a study: its runs, grouped by row.

MLflow 3.17 keeps saved views as tags of the experiment. Their content is its own
affair and may change, so that other versions get a plain link.
"""

import json
from typing import Final
from urllib.parse import quote, urlencode

__all__ = ["VIEW_TAG", "knows_views", "study_link", "study_view", "view_key"]

VIEW_TAG: Final = "mlflow.sharedViewState"
_RESULT: Final = "best/val_accuracy"


def view_key(study: str) -> str:
    """Name the saved view of a study.

    Args:
        study: The study's name.

    Returns:
        The name in links and tags.
    """
    return f"film-{study}"


def knows_views(version: str) -> bool:
    """Tell whether saved views of a version of MLflow are as written here.

    Args:
        version: Such as ``3.17.2``.

    Returns:
        Whether a link to a saved view opens it.
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    return major == 3 and minor >= 17  # noqa: PLR2004 - a version number


def study_link(server: str, experiment_id: str, study: str | None, version: str) -> str:
    """Make the address of the page of a study.

    Args:
        server: ``http://127.0.0.1:5000``.
        experiment_id: Of the experiment that has all runs.
        study: The study's name; None links to all runs.
        version: Of MLflow.

    Returns:
        An address for a browser.
    """
    query = {"workflowType": "machine_learning"}
    if study is not None and knows_views(version):
        query |= {"compareRunsMode": "TABLE", "viewStateShareKey": view_key(study)}
    elif study is not None:
        query |= {"searchFilter": _filter(study)}
    parameters = urlencode(query, quote_via=quote)
    return f"{server}/#/experiments/{experiment_id}/runs?{parameters}"


def study_view(study: str) -> str:
    """Write the saved view of a study.

    Args:
        study: The study's name.

    Returns:
        The value of the experiment's tag.
    """
    group = {"mode": "tag", "groupByData": f"film.study.{study}"}
    state = {
        "searchFilter": _filter(study),
        "orderByKey": f"metrics.`{_RESULT}`",
        "orderByAsc": False,
        "groupBy": {"aggregateFunction": "average", "groupByKeys": [group]},
        "useGroupedValuesInCharts": True,
        "groupsExpanded": {},
        "selectedColumns": [
            f"metrics.`{_RESULT}`",
            "metrics.`best/epoch`",
            "metrics.`wall_time_s`",
            "params.`row`",
            "params.`seed`",
        ],
        "columnOrder": [],
        "columnWidths": {},
        "runsHiddenMode": "SHOW_ALL",
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runsPinned": [],
        "runsExpanded": {},
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "autoRefreshEnabled": True,
        "hideEmptyCharts": True,
    }
    return json.dumps(
        {
            "name": f"{study}: rows, mean over seeds",
            "createdAt": 0,
            "updatedAt": 0,
            "state": json.dumps(state),
        }
    )


def _filter(study: str) -> str:
    return f"tags.`film.study.{study}` LIKE '%' AND tags.`film.kind` = 'trial'"
