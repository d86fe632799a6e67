"""The results of an analysis as files: whole or absent, and nothing that runs code."""

import json
import re
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from film.errors import AnalysisError

__all__ = ["Analysis", "analysis_folder", "read_analysis", "write_analysis"]

_ABOUT: Final = "about.json"
_ARRAYS: Final = "arrays.npz"
_TABLE: Final = ".parquet"
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, eq=False, kw_only=True)
class Analysis:
    """What was found in one run.

    Attributes:
        tables: Frames by name; accuracies are fractions.
        arrays: Numbers by name, for what is no table.
        about: What it is of: ``split``, ``questions`` (how many), ``weights`` (digest
            of the file), ``data`` (fingerprint), seeds and settings.
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


def analysis_folder(trial: Path, kind: str) -> Path:
    """Name the folder of one analysis of a run.

    Args:
        trial: The trial's folder.
        kind: Which analysis.

    Returns:
        A folder, which need not exist.
    """
    return trial / "analysis" / _checked(kind)


def write_analysis(analysis: Analysis, folder: Path) -> None:
    """Write what was found, whole or not at all; what was there before is replaced.

    Args:
        analysis: What was found.
        folder: Where, as `analysis_folder` gives it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    made, old = (folder.with_name(f".{folder.name}-{token}{end}") for end in ("", "~"))
    made.mkdir()
    try:
        for name, table in analysis.tables.items():
            arrow = pa.Table.from_pandas(table, preserve_index=False)
            arrow = arrow.replace_schema_metadata()  # no versions: equal bytes
            pq.write_table(arrow, made / f"{_checked(name)}{_TABLE}")
        arrays = {_checked(name): array for name, array in analysis.arrays.items()}
        if arrays:
            np.savez(made / _ARRAYS, allow_pickle=False, **arrays)
        text = json.dumps(analysis.about, indent=2, ensure_ascii=False, allow_nan=False)
        (made / _ABOUT).write_text(f"{text}\n", encoding="utf-8", newline="\n")
        if folder.exists():
            folder.rename(old)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def read_analysis(folder: Path) -> Analysis:
    """Read what was found; nothing in the files can run code.

    Args:
        folder: As `analysis_folder` gives it.

    Returns:
        What was written.

    Raises:
        AnalysisError: Nothing was, or it cannot be read.
    """
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        if not isinstance(about, dict):
            raise AnalysisError(f"{folder / _ABOUT}: holds no settings")
        tables = {
            path.stem: pq.read_table(path, partitioning=None).to_pandas()
            for path in sorted(folder.glob(f"*{_TABLE}"))
        }
        return Analysis(tables=tables, arrays=_arrays(folder / _ARRAYS), about=about)
    except FileNotFoundError:
        raise AnalysisError(
            f"{folder}: no such analysis; `film analyse {folder.name} RUN` makes it"
        ) from None
    except (OSError, ValueError, pa.ArrowException, zipfile.BadZipFile) as error:
        line = str(error).partition("\n")[0]
        raise AnalysisError(
            f"{folder}: cannot be read ({line}); make it again with "
            f"`film analyse {folder.name} RUN`"
        ) from None


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as content:
        return {name: content[name] for name in content.files}


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise AnalysisError(f"'{name}' cannot be the name of an analysis or its tables")
    return name
