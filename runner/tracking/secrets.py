"""Passwords and tokens, taken out of whatever is shown or recorded."""

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

__all__ = ["redacted"]

_HIDDEN: Final = "***"
_SHORTEST: Final = 4  # a shorter secret is part of too many innocent words
_WORD: Final = r"(?:password|passwd|token|secret|secret_access_key|api_?key)"
_IN_URI: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/?#\s'\"]*@")
_NAMED: Final = re.compile(rf"(?i)((?:\b|[_-]){_WORD}=)[^\s&;'\"]+")
_FLAG: Final = re.compile(rf"(?i)(--?[\w-]*?{_WORD}\s+)[^\s'\"-][^\s'\"]*")
_HEADER: Final = re.compile(
    r"(?i)(\bauthorization['\"]?\s*[:=]\s*['\"]?)\w+\s+[^\s'\"]+"
)
_VARIABLE: Final = re.compile(rf"(?i)(?:^|_){_WORD}$")


def redacted(text: str) -> str:
    """Take secrets out of a line that is to be shown or recorded.

    Hidden are ``user:password@`` of addresses, values that are named password, token
    or secret, and whatever the environment holds under such a name.

    Args:
        text: Such as a message, an address or a command line.

    Returns:
        The text, with ``***`` in place of every secret.
    """
    for secret in sorted(_of_environment(), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    text = _IN_URI.sub(rf"\1{_HIDDEN}@", text)
    text = _NAMED.sub(rf"\1{_HIDDEN}", text)
    text = _FLAG.sub(rf"\1{_HIDDEN}", text)
    return _HEADER.sub(rf"\1{_HIDDEN}", text)


def _of_environment() -> Iterator[str]:
    for name, value in os.environ.items():
        if _VARIABLE.search(name) and len(value) >= _SHORTEST:
            yield from {value, quote(value, safe="")}
