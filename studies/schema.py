"""Write the JSON Schema of study files, with which an editor completes them.

Run ``python -m studies.schema`` after a change of the models.
"""

import json
from pathlib import Path

from studies.study import StudyFile

__all__ = ["schema_path", "write_schema"]


def schema_path() -> Path:
    """Say where the shipped schema stands.

    Returns:
        The file beside this module.
    """
    return Path(__file__).with_name("study.schema.json")


def write_schema() -> None:
    """Write the schema of the models as they are now."""
    schema = json.dumps(StudyFile.model_json_schema(), indent=1, ensure_ascii=False)
    schema_path().write_text(schema + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_schema()
