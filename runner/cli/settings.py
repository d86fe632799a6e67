"""Settings given on the command line, ``NAME=VALUE``."""

from collections.abc import Sequence
from typing import Any

import yaml

from film.errors import ConfigError

__all__ = ["parse_settings"]


def parse_settings(given: Sequence[str]) -> dict[str, Any]:
    """Read settings; values are as in a YAML file.

    Args:
        given: ``model.width=64`` and the like.

    Returns:
        Values by name.

    Raises:
        ConfigError: One is not written so.
    """
    settings = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not (separator and name):
            raise ConfigError(f"--set {text}: write NAME=VALUE")
        try:
            settings[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"--set {text}: {value} is not a value") from None
    return settings
