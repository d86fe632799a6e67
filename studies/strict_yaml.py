"""YAML as study files are: plain data, in which no key stands twice."""

from collections.abc import Hashable
from typing import Any

import yaml

from studies.errors import StudyError

__all__ = ["parse"]

_MERGE = "tag:yaml.org,2002:merge"  # the key <<
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where it is built


def parse(text: str) -> object:
    """Read YAML; nothing in it is executed.

    Args:
        text: Of a file.

    Returns:
        What it says.

    Raises:
        StudyError: It is not valid YAML.
    """
    try:
        return yaml.load(text, _UniqueKeyLoader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        line = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
    except RecursionError:
        line = "it is nested too deeply"
    raise StudyError(f"is not valid YAML: {line}")


class _UniqueKeyLoader(_LOADER):  # type: ignore[misc,valid-type] # chosen at run time
    """YAML as it is, except that a key given twice is refused, not overwritten."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - the loader's signature
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue  # what it brings may be overwritten
            key = self.construct_object(key_node, deep=True)
            wrong = "cannot be a name" if not isinstance(key, Hashable) else ""
            wrong = wrong or ("stands twice" if key in seen else "")
            if wrong:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key}' {wrong}", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
