"""A written table against the record: its numbers are computed again and compared.

A table of rows, of types of question or of a pivot says from which trials each of its
lines is, and how these were evaluated. What was recorded of them is read again, from
their answers on, and what differs is named. Published values and labels are no results
and are not compared; nor are tables that follow from these, as of effects.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from reports.errors import ReportError
from reports.load import load_results
from reports.results import Results, RunState, records
from reports.selection import SelectOn, select_on_half
from reports.statistics import Variance
from reports.statistics.stages import estimate_cells_each, estimate_each
from reports.tables.data import ENDINGS, WrittenTable, read_table
from reports.tables.source import RecordedTrial, Source

__all__ = ["Difference", "Verification", "verify"]

_TOLERANCE: Final = 1e-9  # another version of scipy may differ in the last digits
_KEYS: Final = {"accuracy": ("row",), "types": ("row", "type"), "pivot": ()}
_NO_NUMBERS: Final = frozenset({"nan", "inf", "-inf"})  # JSON has none of them
_NOT_COMPUTED: Final = "only tables of rows, types and pivots are computed again"
_BY_TYPE: Final = "val_accuracy_"
_OF_PIVOT: Final = ("n_wanted", "n_runs", "accuracy", "sd", "runs")


@dataclass(frozen=True)
class Difference:
    """A cell that is not what the record gives.

    Attributes:
        file: Where it stands.
        line: What its line is of.
        column: Its column.
        written: What stands there.
        computed: What the record gives.
    """

    file: Path
    line: str
    column: str
    written: str
    computed: str

    def __str__(self) -> str:
        """Say it in a line.

        Returns:
            What is written, and what should be.
        """
        return (
            f"{self.file}: {self.line}, {self.column}: {self.written or 'nothing'} is "
            f"written, the record gives {self.computed or 'nothing'}"
        )


@dataclass(frozen=True)
class Verification:
    """What came of holding tables against the record.

    Attributes:
        files: The tables that were checked.
        n_cells: How many of their numbers were compared.
        differences: Those that differ.
        notes: What was not checked, and why.
    """

    files: tuple[Path, ...]
    n_cells: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()


def verify(
    path: Path, tracking_uri: str | None = None, *, store: str = ""
) -> Verification:
    """Hold a written table, or all of a report's, against what is recorded.

    Args:
        path: A table as CSV, JSON or parquet, or a folder with such tables.
        tracking_uri: Where the runs are recorded; None is where the table says.
        store: Where they are looked for if it says nothing.

    Returns:
        What differs.
    """
    tables, notes = _tables(path)
    recorded: dict[tuple[Any, ...], Results] = {}
    compared = [
        cell
        for file, table in tables.items()
        for cell in _cells(
            file,
            table,
            _results(
                table, tracking_uri or table.source.tracking_uri or store, recorded
            ),
        )
    ]
    different = tuple(cell for cell, is_equal in compared if not is_equal)
    notes += [note for results in recorded.values() for note in results.notes]
    return Verification(tuple(tables), len(compared), different, tuple(notes))


def _tables(path: Path) -> tuple[dict[Path, WrittenTable], list[str]]:
    if not path.is_dir():
        table = read_table(path)
        if table.kind not in _KEYS:
            raise ReportError(f"{path}: {_NOT_COMPUTED}")
        return {path: table}, []
    files = sorted(
        file
        for file in path.iterdir()
        if file.suffix in ENDINGS and not file.name.startswith(".")
    )
    read = {file: _read(file) for file in files}
    found = {file: table for file, table in read.items() if table is not None}
    if not found:
        raise ReportError(f"{path}: holds no table that says from which runs it is")
    others = ", ".join(file.name for file in files if file not in found)
    note = f"not checked, for {_NOT_COMPUTED}: {others}"
    return found, [note] if others else []


def _read(file: Path) -> WrittenTable | None:
    try:
        table = read_table(file)
    except ReportError:
        return None
    return table if table.kind in _KEYS else None


def _results(
    table: WrittenTable,
    tracking_uri: str,
    known: dict[tuple[Any, ...], Results],
) -> Results:
    source = table.source
    if not source.trials:
        raise ReportError(f"a table of {source.study} names no trial")
    if not tracking_uri:
        raise ReportError(
            f"a table of {source.study} names no server; say in which store its "
            "runs are"
        )
    key = tracking_uri, source.select_on, _trials(source, table)
    if key not in known:
        is_halved = source.select_on == SelectOn.HALF
        results = load_results(key[2], key[0], with_epochs=is_halved)
        if (results.trials["state"] == RunState.MISSING).all():
            raise ReportError(
                f"none of the {len(key[2])} runs is recorded in {key[0]}; say with "
                "--store or --tracking-uri where they are"
            )
        known[key] = select_on_half(results) if is_halved else results
    return known[key]


# A trial may stand in several cells of a pivot, which knows no rows.
def _trials(source: Source, table: WrittenTable) -> tuple[RecordedTrial, ...]:
    return (
        source.trials
        if table.kind != "pivot"
        else tuple(
            RecordedTrial(one, "", 0, one, source.study)
            for one in dict.fromkeys(trial.trial_id for trial in source.trials)
        )
    )


def _cells(
    file: Path, table: WrittenTable, results: Results
) -> Iterator[tuple[Difference, bool]]:
    computed = _computed(table, results)
    if len(computed) != len(table.rows):
        raise ReportError(
            f"{file}: has {len(table.rows)} lines, the record gives {len(computed)}"
        )
    keys = _KEYS[table.kind]
    for written, again in zip(table.rows, computed, strict=True):
        wrong = [key for key in keys if str(written.get(key)) != str(again[key])]
        names = keys or ("down", "across")
        line = " · ".join(str(written.get(name, "?")) for name in names)
        for column in sorted({*written} & {*again}, key=list(again).index):
            mine, its = _text(written[column]), _text(again[column])
            yield (
                Difference(file, line, column, mine, its),
                _is_equal(mine, its) and column not in wrong,
            )


def _computed(table: WrittenTable, results: Results) -> Sequence[Mapping[str, Any]]:
    source = table.source
    match table.kind:
        case "accuracy":
            found = estimate_each(
                _as_judged(results, table.rows),
                margin=source.margin,
                variance=Variance(source.variance),
            )
            return records(found)
        case "types":
            return records(estimate_cells_each(_as_judged(results, table.rows)))
        case _:
            return [_pivot_cell(row, results.trials) for row in table.rows]


# A table of several evaluations says by which each row was judged, and which row is the
# baseline of each.
def _as_judged(results: Results, rows: Sequence[Mapping[str, Any]]) -> Results:
    if not any("evaluation" in row for row in rows):
        return results
    of_row = results.trials["row"].map
    evaluations = {row["row"]: row["evaluation"] for row in rows}
    baselines = {row["row"]: str(row["is_baseline"]) == "True" for row in rows}
    trials = results.trials.assign(
        evaluation=of_row(evaluations), is_baseline=of_row(baselines)
    )
    return replace(results, trials=trials)


def _pivot_cell(row: Mapping[str, Any], trials: pd.DataFrame) -> dict[str, Any]:
    column = f"{_BY_TYPE}{row['type']}" if row["type"] else "val_accuracy"
    mine = trials.set_index("trial_id").loc[list(row["trial_ids"]), column]
    done = mine.dropna().to_numpy(float)
    values = (
        len(mine),
        len(done),
        float(done.mean()) if len(done) else math.nan,
        float(done.std(ddof=1)) if len(done) > 1 else math.nan,
        tuple(float(run) for run in done),
    )
    return dict(zip(_OF_PIVOT, values, strict=True))


# Parquet and JSON hold numbers, CSV their texts: they are compared as the latter.
def _text(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    if isinstance(value, list | tuple | np.ndarray):
        return ";".join(map(_text, value))
    text = "" if value is None else str(value)
    return "" if text in _NO_NUMBERS else text


def _is_equal(written: str, computed: str) -> bool:
    mine, its = written.split(";"), computed.split(";")
    return len(mine) == len(its) and all(map(_is_same, mine, its))


def _is_same(written: str, computed: str) -> bool:
    if written == computed:
        return True
    try:
        mine, its = float(written), float(computed)
    except ValueError:
        return False
    return math.isclose(mine, its, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
