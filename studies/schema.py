"""Write the JSON Schema of study files, with which an editor completes them.

Run ``python -m studies.schema`` after a change of the models. An editor with a YAML
language server takes it from a study file's first line::

    # yaml-language-server: $schema=PATH/studies/study.schema.json
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter

from film.config import Config
from studies.study_file import StudyFile

__all__ = ["schema_path", "study_schema", "write_schema"]


def schema_path() -> Path:
    """Say where the shipped schema stands.

    Returns:
        The file beside this module.
    """
    return Path(__file__).with_name("study.schema.json")


def study_schema() -> dict[str, Any]:
    """Describe study files, every setting of a row included.

    Returns:
        The JSON Schema.
    """
    schema = StudyFile.model_json_schema()
    schema["$defs"]["Settings"] = {
        "type": "object",
        "properties": dict(_settings(Config)),
        "additionalProperties": False,
    }
    _name_settings(schema)
    keys = ("groups", "design", "stages")
    schema["anyOf"] = [{"required": [key]} for key in keys]
    return schema


def write_schema() -> None:
    """Write the schema of the models as they are now."""
    schema = json.dumps(study_schema(), indent=1, ensure_ascii=False)
    schema_path().write_text(schema + "\n", encoding="utf-8")


# Wherever the models take any key, a file sets settings.
def _name_settings(node: object) -> None:
    if isinstance(node, dict):
        if node.get("additionalProperties") is True:
            del node["additionalProperties"]
            node["$ref"] = "#/$defs/Settings"
        for inside in node.values():
            _name_settings(inside)
    elif isinstance(node, list):
        for inside in node:
            _name_settings(inside)


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _settings(kind, f"{prefix}{name}.")
            continue
        parts = (kind, *field.metadata) if field.metadata else (kind, None)
        annotated: Any = Annotated[parts]
        described = TypeAdapter(annotated).json_schema()
        default = Config().flat()[prefix + name]
        yield prefix + name, {**described, "default": default}


if __name__ == "__main__":
    write_schema()
