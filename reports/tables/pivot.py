"""A table of any two factors: mean accuracy of the runs that share their levels."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
import pandas as pd

from reports.errors import ReportError
from reports.results import Results, records
from reports.tables.accuracy import accuracy_cell
from reports.tables.source import Source
from reports.tables.spec import Cell, Column, Section, TableSpec
from studies.study import Study

__all__ = ["pivot_table"]

_TYPE: Final = "type"
_BY_TYPE: Final = "val_accuracy_"
_OF_RUNS: Final = ("row", "group", "seed", _TYPE)
_MEANS: Final = (
    "Accuracy in percent: mean ± s.d. over the training runs of a cell; both runs in "
    "brackets where there are two; k/n, where only k of n wanted runs finished. "
    "Nothing is tested here."
)
_HALF: Final = (
    "Each run is scored on one half of the validation scenes, at the epoch that is "
    "best on the other half."
)
_SINGLE: Final = "† A single run."
_MIXED: Final = (
    "A cell with a number of rows holds runs of so many rows of the study: its mean "
    "and ± are over these rows too, whatever else differs between them."
)


def pivot_table(
    study: Study,
    results: Results,
    factors: tuple[str, str],
    *,
    source: Source | None = None,
) -> TableSpec:
    """Set out accuracies by two factors.

    Args:
        study: What was asked.
        results: What was recorded.
        factors: What stands in the rows and what in the columns: each a setting, a
            component of the study's design, ``row``, ``group``, ``seed`` or ``type``.
        source: What the numbers follow from.

    Returns:
        The table; a cell without a wanted run is empty.

    Raises:
        ReportError: A factor that is none, or twice the same.
    """
    down, across = factors
    if down == across:
        raise ReportError(f"--pivot {down}:{across}: needs two different factors")
    levels = _levels(study, factors)
    runs = [
        _placed(run, kind, levels, factors)
        for run in records(results.trials)
        for kind in (_types(results.trials) if _TYPE in factors else [""])
    ]
    frame = pd.DataFrame(runs)
    rows, columns = (_ordered(frame[name]) for name in ("down", "across"))
    by_place = {
        place: _cell(mine)
        for place, mine in frame.groupby(["down", "across"], sort=False)
    }
    numbers = {cell["n_runs"] for cell in by_place.values()} - {0}
    marks = 1 in numbers and len(numbers) > 1
    lines = tuple(
        (
            Cell(_heading(row, down)),
            *(_written(by_place.get((row, one)), marks=marks) for one in columns),
        )
        for row in rows
    )
    heads = (
        Column(_heading(one, across), is_number=True, name=_label(one))
        for one in columns
    )
    source = source or Source(study=study.name)
    is_mixed = any(cell["n_rows"] > 1 for cell in by_place.values())
    return TableSpec(
        study.name,
        f"Validation accuracy (%) by {down} and {across}: {study.name}",
        (Column(down, name="variation"), *heads),
        (Section("", lines),),
        (
            _MEANS,
            *([_HALF] if source.select_on == "half" else []),
            *([_SINGLE] if marks else []),
            *([_MIXED] if is_mixed else []),
        ),
        kind="pivot",
        frame=pd.DataFrame(
            [by_place[r, c] for r in rows for c in columns if (r, c) in by_place]
        ),
        source=source,
    )


# Of every row of the study, by the names that a factor may have.
def _levels(study: Study, factors: Sequence[str]) -> dict[str, dict[str, Any]]:
    components = frozenset[str]().union(*(row.on or () for row in study.rows))
    found = {
        row.label: {
            **row.config.flat(),
            **{
                one: "on" if one in row.on else "off"
                for one in components
                if row.on is not None
            },
        }
        for row in study.rows
    }
    known = {*_OF_RUNS, *components, *study.baseline.config.flat()}
    for factor in factors:
        if factor not in known:
            close = get_close_matches(factor, sorted(known), n=3)
            near = f"; near are {', '.join(close)}" if close else ""
            msg = (
                f"--pivot {factor}: no setting, no component of the design, and none "
                f"of {', '.join(_OF_RUNS)}{near}"
            )
            raise ReportError(msg)
    return found


def _types(trials: pd.DataFrame) -> list[str]:
    names = [name for name in map(str, trials) if name.startswith(_BY_TYPE)]
    if not names:
        raise ReportError("--pivot type: no accuracy by type of question was recorded")
    return [name.removeprefix(_BY_TYPE) for name in names]


def _placed(
    run: Mapping[str, Any],
    kind: str,
    levels: Mapping[str, Mapping[str, Any]],
    factors: tuple[str, str],
) -> dict[str, Any]:
    known = {**levels[run["row"]], **run, _TYPE: kind}
    down, across = (_value(known[factor]) for factor in factors)
    accuracy = run[f"{_BY_TYPE}{kind}" if kind else "val_accuracy"]
    return {
        "down": down,
        "across": across,
        "row": run["row"],
        "trial_id": run["trial_id"],
        "type": kind,
        "accuracy": accuracy,
    }


def _cell(runs: pd.DataFrame) -> dict[str, Any]:
    done = runs["accuracy"].dropna().to_numpy(float)
    first = records(runs)[0]
    return {
        "down": first["down"],
        "across": first["across"],
        "type": first["type"],
        "n_rows": int(runs["row"].nunique()),
        "n_wanted": len(runs),
        "n_runs": len(done),
        "accuracy": float(done.mean()) if len(done) else np.nan,
        "sd": float(done.std(ddof=1)) if len(done) > 1 else np.nan,
        "runs": tuple(float(run) for run in done),
        "trial_ids": tuple(runs["trial_id"]),
    }


def _written(cell: Mapping[str, Any] | None, *, marks: bool) -> Cell:
    if cell is None:
        return Cell("")
    written = accuracy_cell(cell["accuracy"], cell["sd"], cell["runs"])
    parts = [
        "†" if marks and cell["n_runs"] == 1 else written.beside,
        f"({cell['n_runs']}/{cell['n_wanted']})"
        if cell["n_runs"] < cell["n_wanted"]
        else "",
        f"({cell['n_rows']} rows)" if cell["n_rows"] > 1 else "",
    ]
    return Cell(written.text, beside=" ".join(filter(None, parts)))


def _value(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _label(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


# As the table of types has it.
def _heading(value: object, factor: str) -> str:
    label = _label(value)
    return label.replace("_", " ") if factor == _TYPE else label


def _ordered(values: pd.Series) -> list[Any]:
    found = list(dict.fromkeys(values))
    are_numbers = all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in found
    )
    return sorted(found) if are_numbers else found
