"""Read the entries of a long list in a JSON file one at a time.

CLEVR's training questions are one JSON object of 713 MB. Parsed at once it takes
several gigabytes of memory; entry by entry it takes the text and one entry.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, final

from film.errors import DataError

__all__ = ["EntryList"]

_STARTS: Final = '{["-0123456789tfn'  # of a value in JSON
_SPACE: Final = re.compile(r"[ \t\n\r]*")


@final
class EntryList:
    """The entries of the list under one key of a JSON object, in order.

    Iterating yields the entries, each an object as a dictionary. ``position`` of
    ``size`` characters have been read so far, which serves to show progress.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.key = key
        self.position = 0
        self._text = _read_text(path)
        self._decode = json.JSONDecoder().raw_decode

    @property
    def size(self) -> int:
        """The number of characters of the whole file."""
        return len(self._text)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.position = 0
        n_entries = 0
        try:
            for entry in self._entries():
                if not isinstance(entry, dict):
                    raise DataError(
                        f"{self.path}: entry {n_entries} of '{self.key}' is no object"
                    )
                n_entries += 1
                yield entry
        except RecursionError:
            raise DataError(
                f"{self.path}: after {n_entries} entries, lists or objects lie too "
                "deep in each other"
            ) from None
        except json.JSONDecodeError as error:
            raise DataError(
                f"{self.path}: broken JSON at line {error.lineno}, column "
                f"{error.colno}, after {n_entries} entries: {error.msg} (was the "
                "file cut off? Get it again)"
            ) from None
        except ValueError:  # Python's own limit of digits
            raise DataError(
                f"{self.path}: a number after {n_entries} entries has thousands of "
                "digits"
            ) from None

    def _entries(self) -> Iterator[object]:
        is_found = False
        self._open("{", "the file", "an object")
        while True:
            name = self._value()
            self._take(":")
            if name == self.key:
                is_found = True
                yield from self._list()
            else:
                self._value()
            if self._take(",}") == "}":
                break
        if self._next():
            line = self._text.count("\n", 0, self.position) + 1
            raise DataError(
                f"{self.path}: more follows on line {line} after the JSON has ended; "
                "get the file again"
            )
        if not is_found:
            raise DataError(
                f"{self.path} has no list '{self.key}'; is it a file of the CLEVR "
                "layout?"
            )

    def _list(self) -> Iterator[object]:
        self._open("[", f"'{self.key}'", "a list")
        if self._next() == "]":
            self._take("]")
            return
        while True:
            yield self._value()
            if self._take(",]") == "]":
                return

    def _value(self) -> object:
        self._next()
        value, self.position = self._decode(self._text, self.position)
        return value

    def _next(self) -> str:
        # Skip white space; the next character, or nothing at the end of the file.
        space = _SPACE.match(self._text, self.position)
        if space is not None:
            self.position = space.end()
        return self._text[self.position : self.position + 1]

    def _open(self, bracket: str, what: str, wanted: str) -> None:
        # JSON of another shape is not a file that was cut off.
        character = self._next()
        if character and character != bracket and character in _STARTS:
            raise DataError(
                f"{self.path}: {what} is not {wanted}; is it a file of the CLEVR "
                "layout?"
            )
        self._take(bracket)

    def _take(self, allowed: str) -> str:
        character = self._next()
        if not character or character not in allowed:
            wanted = " or ".join(f"'{choice}'" for choice in allowed)
            raise json.JSONDecodeError(f"Expecting {wanted}", self._text, self.position)
        self.position += 1
        return character


def _read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if not text or text.isspace():
        raise DataError(f"{path} is empty")
    return text
