"""The epochs of a trial, as its folder lists them: a line each, from the first."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, final, overload

__all__ = ["Epochs", "is_same_epoch"]

_Row = Mapping[str, Any]
_MEASURED: Final = {  # recomputed bits are the same; what that took is not
    "time_ms",
    "wall_time_s",
    "questions_per_s",
    "memory_bytes",
    "gpu_memory_bytes",
}


@final
class Epochs(Sequence[_Row]):
    """Rows by epoch; a line is parsed when somebody looks at it.

    How many there are, and the last one, is all that most ask for: of 1,000 trials,
    parsing the rest takes most of a second. The first line that is no epoch ends them.
    """

    def __init__(self, content: bytes = b"") -> None:
        """Take what the file holds.

        Args:
            content: Its bytes, of which a crash may have torn the last line.
        """
        self._lines = content.splitlines()
        if self._lines and _parsed(self._lines[-1], len(self._lines)) is None:
            self._lines = self._lines[: sum(1 for _ in self)]

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> _Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_Row]: ...
    def __getitem__(self, index: int | slice) -> _Row | Sequence[_Row]:
        if isinstance(index, slice):
            return tuple(self)[index]
        number = range(len(self))[index]
        return next(islice(self._from(number), 1), None) or tuple(self)[index]

    def __iter__(self) -> Iterator[_Row]:
        return self._from(0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self._lines))

    def _from(self, start: int) -> Iterator[_Row]:
        for number in range(start, len(self._lines)):
            row = _parsed(self._lines[number], number + 1)
            if row is None:
                self._lines = self._lines[:number]
                return
            yield row


def is_same_epoch(row: _Row, other: _Row) -> bool:
    """Tell whether the same was computed, however long it took.

    Args:
        row: Metrics of an epoch.
        other: Metrics of an epoch.

    Returns:
        Whether all that is computed is equal, NaN included.
    """
    return _computed(row) == _computed(other)


def _computed(row: _Row) -> str:
    kept = {key: value for key, value in row.items() if key not in _MEASURED}
    return json.dumps(kept, sort_keys=True)


def _parsed(line: bytes, number: int) -> _Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and row.get("epoch") == number else None
