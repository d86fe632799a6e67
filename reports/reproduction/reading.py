"""Published numbers from a file: rows, accuracies and, where known, s.d. and runs."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from film.validation import nearest
from reports.errors import ReportError
from reports.published import PUBLISHED, Published, PublishedTable
from studies.catalogue import RENAMED
from studies.trial import BASELINE

__all__ = ["find_table", "read_published"]

_COLUMNS: Final = ("row", "accuracy", "sd", "n")
_NEEDED: Final = ("row", "accuracy")
_MOST: Final = 100.0  # percent


def find_table(name: str) -> PublishedTable:
    """Find a published table by its name, or by the file that holds it.

    Args:
        name: ``architecture``, or the path of a CSV file.

    Returns:
        The table.

    Raises:
        ReportError: There is neither, or the file is no such table.
    """
    if name in PUBLISHED:
        return PUBLISHED[name]
    if name in RENAMED:
        raise ReportError(f"the table '{name}' is called '{RENAMED[name]}' now")
    path = Path(name)
    if path.suffix.lower() == ".csv" or path.is_file():
        return read_published(path)
    raise ReportError(
        f"no published table is named '{name}'{nearest(name, PUBLISHED)} "
        f"(there are {', '.join(PUBLISHED)}; a file's name ends in .csv)"
    )


def read_published(path: Path) -> PublishedTable:
    """Read a published table.

    Args:
        path: A CSV file with a line of headings: ``row`` and ``accuracy`` (in percent),
            and if known ``sd`` (over runs, in points) and ``n`` (runs, else 1).

    Returns:
        The table.

    Raises:
        ReportError: The file cannot be read, or is no such table.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = list(csv.reader(text.splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReportError(f"{path}: cannot be read: {reason}") from None
    try:
        return _table(path, lines)
    except ReportError as error:
        raise ReportError(f"{path}: {error}") from None


def _table(path: Path, lines: list[list[str]]) -> PublishedTable:
    names = [name.strip() for name in lines[0]] if lines else []
    _refuse_other_columns(names)
    rows: dict[str, Published] = {}
    digits = 0
    for number, values in enumerate(lines[1:], start=2):
        if not any(value.strip() for value in values):
            continue
        if len(values) > len(names):
            much = f"{len(values)} values for {len(names)} columns"
            raise ReportError(f"line {number}: has {much}")
        padded = values + [""] * (len(names) - len(values))
        line = dict(zip(names, (value.strip() for value in padded), strict=True))
        label = line["row"]
        if not label or label in rows:
            wrong = f"row '{label}' stands twice" if label else "has no row"
            raise ReportError(f"line {number}: {wrong}")
        rows[label] = _published(number, line, path.name)
        digits = max(digits, len(line["accuracy"].partition(".")[2]))
    if BASELINE not in rows:
        raise ReportError(
            f"has no row '{BASELINE}', which every other one is compared with"
        )
    if all(row.accuracy <= 1 for row in rows.values()):
        raise ReportError("accuracies are percent, and these look like fractions")
    return PublishedTable(
        name=path.name,
        source=path.name,
        rows=MappingProxyType(rows),
        rounding=0.5 * 10.0**-digits,
    )


def _refuse_other_columns(names: Sequence[str]) -> None:
    if not any(names):
        raise ReportError(f"is empty; it should begin with `{','.join(_COLUMNS)}`")
    for needed in _NEEDED:
        if needed not in names:
            raise ReportError(f"has no column '{needed}'{nearest(needed, names)}")
    for name in names:
        if name not in _COLUMNS or names.count(name) > 1:
            wrong = "stands twice" if name in _COLUMNS else "is not known"
            known = ", ".join(_COLUMNS)
            raise ReportError(f"column '{name}' {wrong}; there are {known}")


def _published(number: int, line: Mapping[str, str], source: str) -> Published:
    accuracy = _number(number, line, "accuracy")
    if accuracy is None:
        raise ReportError(f"line {number}: row '{line['row']}' has no accuracy")
    text = line.get("n", "") or "1"
    if not text.isdecimal() or int(text) == 0:
        raise ReportError(f"line {number}: n is '{text}', should be 1, 2, 3 ...")
    return Published(accuracy, source, _number(number, line, "sd"), int(text))


def _number(number: int, line: Mapping[str, str], column: str) -> float | None:
    text = line.get(column, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _MOST:
        wanted = f"a number from 0 to {_MOST:g}"
        raise ReportError(f"line {number}: {column} is '{text}', should be {wanted}")
    return value
