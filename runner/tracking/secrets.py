"""Passwords and tokens, taken out of whatever is shown or recorded."""

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

__all__ = ["redacted"]

_HIDDEN: Final = "***"
_SHORTEST: Final = 4  # a shorter secret is part of too many innocent words
_LONG: Final = 8  # what is shorter and named token is rather a word of a text
_KEY: Final = r"(?:api|secret|access|private|encryption|signing)[_-]?key"
_WORD: Final = rf"(?:pass(?:word|wd|phrase)|pwd|secret|token|{_KEY})"
_IN_URI: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/?#\s'\"]*@")
_NAMED: Final = re.compile(
    rf"""(?ix)
    (?P<name>{_WORD})\d*
    (?P<link>
        \\?['"]?\]?[ \t]*
        (?: :[ \t]*[\w.|\[\] ]{{1,60}}= | [!=:]?=>? | : )  # also `token: str =`
        [ \t]*
    )
    (?:
        [bfru]{{0,2}}(?P<quote>\\?(?:'''|\"\"\"|['"]))
        (?P<quoted>(?:(?!(?P=quote))(?:\\.|[^\n]))*)
        | (?P<bare>[^\s&;'"]+)
    )
    """
)
_FLAG: Final = re.compile(rf"(?i)(--?[\w-]*?{_WORD}\s+)[^\s'\"-][^\s'\"]*")
_HEADER: Final = re.compile(
    r"(?i)(\bauthorization['\"]?\s*[:=]\s*['\"]?)\w+\s+[^\s'\"]+"
)
_VARIABLE: Final = re.compile(rf"(?i)(?:{_WORD}|_pass)$")
_FOLDERS: Final = {"PWD", "OLDPWD"}  # a shell's
_NOTHING: Final = {"", "none", "null", "true", "false"}
_TYPES: Final = {"any", "bool", "bytes", "float", "int", "object", "str", "string"}
_REFERENCE: Final = re.compile(r"\$.*|<[^<>]*>|\{[\w.]*\}")  # says where it is
_CALL: Final = re.compile(r"(?i)(?:[a-z_][\w.]*)?[(\[{]")


def redacted(text: str) -> str:
    """Take secrets out of what is to be shown or recorded.

    Hidden are ``user:password@`` of addresses, values that are named password, token,
    secret or such a key, and whatever the environment holds under such a name. Code
    that has the name and computes the value stays.

    Args:
        text: Such as a message, an address, a command line or changes of code.

    Returns:
        The text, with ``***`` in place of every secret.
    """
    for secret in sorted(_of_environment(), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    text = _IN_URI.sub(rf"\1{_HIDDEN}@", text)
    text = _NAMED.sub(_without_value, text)
    text = _FLAG.sub(rf"\1{_HIDDEN}", text)
    return _HEADER.sub(rf"\1{_HIDDEN}", text)


def _without_value(found: re.Match[str]) -> str:
    value = found["bare"] or found["quoted"]
    if _is_innocent(found, value):
        return found[0]
    return f"{found[0].removesuffix(value)}{_HIDDEN}"


def _is_innocent(found: re.Match[str], value: str) -> bool:
    name = found["name"].casefold()
    word = value.rstrip(",:)]}").casefold()
    if word in _NOTHING or _REFERENCE.fullmatch(value):
        return True
    if name == "pwd" and value.startswith("/"):
        return True
    if found["link"] == "=" and found["bare"]:  # as a shell or an address has it
        return False
    if found["bare"] and (word in _TYPES or _CALL.match(value)):
        return True
    has_digit = any(letter.isdigit() for letter in word)
    is_word = len(word) < _LONG or (bool(found["bare"]) and not has_digit)
    return name == "token" and is_word


def _of_environment() -> Iterator[str]:
    for name, value in os.environ.items():
        if not _VARIABLE.search(name) or name in _FOLDERS:
            continue
        if len(value) >= _SHORTEST and value.casefold() not in _NOTHING:
            yield from {value, quote(value, safe="")}
