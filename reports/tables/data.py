"""The numbers of a table at full precision, with what they follow from.

CSV repeats the source in every line, so that each line stands for itself; JSON and
parquet have it once.
"""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reports.errors import ReportError
from reports.results import records
from reports.tables.source import SCHEMA, Source
from reports.tables.spec import TableSpec

__all__ = [
    "ENDINGS",
    "WrittenTable",
    "read_table",
    "to_csv",
    "to_json",
    "to_parquet",
]

_METADATA: Final = b"film"
_UNITS: Final = "accuracies and differences are fractions; intervals are 95 %"
_LISTS: Final = ("runs", "seeds", "suspect_runs", "trial_ids")
_REPEATED: Final = (
    "schema", "table", "study", "study_hash", "margin_points", "select_on",
    "variance_rule", "tracking_uri",
)  # fmt: skip
_SEPARATOR: Final = ";"


def to_json(table: TableSpec) -> str:
    """Write the numbers as JSON.

    Args:
        table: The table.

    Returns:
        Strict JSON, with a line break at the end; what is not known is null.
    """
    content = {**_head(table), "rows": _rows(table.frame)}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(table: TableSpec) -> str:
    """Write the numbers as CSV.

    Args:
        table: The table.

    Returns:
        One line per row, lists joined by semicolons; the last columns say what they
        follow from.
    """
    flat = table.frame.copy()
    for name in flat.select_dtypes("float"):
        flat[name] += 0.0  # without the sign of zero
    for name in _lists(flat):
        flat[name] = [_SEPARATOR.join(map(_word, values)) for values in flat[name]]
    if table.source.study:
        head = _head(table)
        flat = flat.assign(**{name: head[name] for name in _REPEATED})
    return flat.to_csv(index=False, lineterminator="\n")


def to_parquet(table: TableSpec) -> bytes:
    """Write the numbers as parquet.

    Args:
        table: The table.

    Returns:
        The content of a file, with its source under ``film`` in the metadata.
    """
    arrow = pa.Table.from_pylist(_rows(table.frame))
    head = json.dumps(_head(table), ensure_ascii=False).encode()
    arrow = arrow.replace_schema_metadata({_METADATA: head})
    sink = io.BytesIO()
    pq.write_table(arrow, sink)
    return sink.getvalue()


@dataclass(frozen=True)
class WrittenTable:
    """A table that was written as CSV, JSON or parquet.

    Attributes:
        kind: Which table it is.
        source: What it was computed from.
        rows: Its rows as they stand there; CSV has texts alone.
    """

    kind: str
    source: Source
    rows: Sequence[Mapping[str, Any]]


def read_table(path: Path) -> WrittenTable:
    """Read a table back.

    Args:
        path: A file that ends in csv, json or parquet.

    Returns:
        Its rows and its source.

    Raises:
        ReportError: It is no such table.
    """
    read = _READERS.get(path.suffix)
    if read is None:
        raise ReportError(f"{path}: is no table as CSV, JSON or parquet")
    try:
        return read(path)
    except ReportError as error:
        raise ReportError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        line = str(error).partition("\n")[0]
        raise ReportError(f"{path}: cannot be read as a table: {line}") from None
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror or error}") from None


def _read_json(path: Path) -> WrittenTable:
    content = json.loads(path.read_text(encoding="utf-8"))
    is_table = isinstance(content, dict) and isinstance(content.get("rows"), list)
    return _written(content if is_table else {}, content["rows"] if is_table else [])


def _read_csv(path: Path) -> WrittenTable:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = records(frame)
    for name in _lists(frame):
        for row in rows:
            row[name] = row[name].split(_SEPARATOR) if row[name] else []
    return _written(rows[0] if rows else {}, rows)


def _read_parquet(path: Path) -> WrittenTable:
    table = pq.read_table(path)
    head = (table.schema.metadata or {}).get(_METADATA, b"{}")
    return _written(json.loads(head), table.to_pylist())


def _written(
    head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> WrittenTable:
    if head.get("schema") != SCHEMA:
        raise ReportError(f"is no table of schema {SCHEMA}")
    source = Source.from_plain(head, rows)
    return WrittenTable(str(head.get("table", "")), source, rows)


_READERS: Final[Mapping[str, Callable[[Path], WrittenTable]]] = {
    ".json": _read_json,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}

ENDINGS: Final = frozenset(_READERS)
"""Of the files that can be read back."""


def _head(table: TableSpec) -> dict[str, Any]:
    source = table.source
    return {
        "schema": SCHEMA,
        "table": table.kind,
        "question": source.question,
        "units": _UNITS,
        **source.to_plain(),
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {key: _plain(value) for key, value in row.items()} for row in records(frame)
    ]


def _lists(frame: pd.DataFrame) -> list[str]:
    return [name for name in _LISTS if name in frame]


def _word(value: object) -> str:
    return repr(_unsigned(value)) if isinstance(value, float) else str(value)


# Zero has a sign, which says nothing of a result.
def _unsigned(value: float) -> float:
    return float(value) + 0.0


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a frame holds
    if isinstance(value, float):
        return _unsigned(value) if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, StrEnum) else value
