"""Pages of the MLflow UI that show a study: its rows in a table, and in charts.

MLflow 3.17 keeps saved views as tags of the experiment. Their content is its own
affair and may change, so that other versions get a plain link.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

__all__ = ["knows_views", "study_links", "study_views"]

_TAG: Final = "mlflow.sharedViewState"
_RESULT: Final = "best/val_accuracy"
_CURVES: Final = "val/accuracy", "train/loss"
_SECTION: Final = "film"
_OTHERS: Final = "best", "val", "train", "Model metrics"  # that MLflow adds by itself
_MOST_ROWS: Final = 100  # of a chart
_Json = dict[str, Any]


def knows_views(version: str) -> bool:
    """Tell whether saved views of a version of MLflow are as written here.

    Args:
        version: Such as ``3.17.2``; empty where a server does not tell.

    Returns:
        Whether a link to a saved view opens it.
    """
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return major == "3" and minor.isdecimal() and int(minor) >= 17  # noqa: PLR2004 - a version number


def study_links(
    server: str, experiment_id: str, study: str | None, version: str
) -> dict[str, str]:
    """Make the addresses of the pages of a study.

    Args:
        server: ``http://127.0.0.1:5000``.
        experiment_id: Of the experiment that has all runs.
        study: The study's name; None links to all runs.
        version: Of MLflow.

    Returns:
        Addresses for a browser, by what they show; the best one first.
    """
    page = f"{server}/#/experiments/{experiment_id}/runs"
    kind = {"workflowType": "machine_learning"}
    if study is None:
        return {"runs": _address(page, kind)}
    if not knows_views(version):
        return {"runs": _address(page, kind | {"searchFilter": _filter(study)})}
    charts = {"compareRunsMode": "CHART", "viewStateShareKey": _charts_key(study)}
    table = {"compareRunsMode": "TABLE", "viewStateShareKey": _table_key(study)}
    return {
        "charts": _address(page, kind | charts),
        "table": _address(page, kind | table),
    }


def study_views(study: str) -> dict[str, str]:
    """Write the saved views of a study.

    Args:
        study: The study's name.

    Returns:
        Values of the experiment's tags, by tag.
    """
    return {
        f"{_TAG}.{_table_key(study)}": _saved(
            f"{study}: rows, mean over seeds", _table(study)
        ),
        f"{_TAG}.{_charts_key(study)}": _saved(
            f"{study}: charts by row", _charts(study)
        ),
    }


def _table_key(study: str) -> str:
    return f"film-{study}"


def _charts_key(study: str) -> str:
    return f"film-{study}-charts"


def _address(page: str, query: Mapping[str, str]) -> str:
    return f"{page}?{urlencode(query, quote_via=quote)}"


def _filter(study: str) -> str:
    return f"tags.`film.study.{study}` LIKE '%' AND tags.`film.kind` = 'trial'"


def _saved(name: str, state: _Json) -> str:
    text = json.dumps(state)
    return json.dumps({"name": name, "createdAt": 0, "updatedAt": 0, "state": text})


def _table(study: str) -> _Json:
    group = {"mode": "tag", "groupByData": f"film.study.{study}"}
    return {
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


def _charts(study: str) -> _Json:
    return _table(study) | {
        "globalLineChartConfig": {
            "xAxisKey": "step",
            "lineSmoothness": 0,
            "selectedXAxisMetricKey": "",
        },
        "compareRunSections": [
            _section(_SECTION, study, is_open=True),
            *(_section(f"{_SECTION}-{name}", name, is_open=False) for name in _OTHERS),
        ],
        "isAccordionReordered": True,  # ours comes first
        "compareRunCharts": [_bars(), *map(_lines, _CURVES)],
    }


def _section(key: str, name: str, *, is_open: bool) -> _Json:
    said = {"uuid": key, "name": name, "display": is_open, "isReordered": False}
    return said | {"deleted": False, "isGenerated": not is_open}


def _bars() -> _Json:
    return _chart("BAR", _RESULT, f"{_RESULT}, mean over seeds")


def _lines(metric: str) -> _Json:
    return _chart("LINE", metric, f"{metric} by epoch, mean over seeds") | {
        "selectedMetricKeys": [metric],
        "selectedYAxisMetricKey": [metric],
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "lineSmoothness": 0,
        "useGlobalLineSmoothing": True,
        "useGlobalXaxisKey": True,
        "yAxisKey": "metric",
        "yAxisExpressions": [],
    }


def _chart(kind: str, metric: str, name: str) -> _Json:
    return {
        "uuid": f"{_SECTION}-{kind.lower()}-{metric}",
        "type": kind,
        "metricSectionId": _SECTION,
        "deleted": False,
        "isGenerated": False,
        "runsCountToCompare": _MOST_ROWS,
        "metricKey": metric,
        "displayName": name,
    }
