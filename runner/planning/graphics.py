"""What the GPU is that trials get, asked for in a process of its own.

Whoever asks CUDA keeps some hundred MB of a GPU until it ends, and where a GPU is one
process's alone, keeps it from every trial: the driver of a sweep must not.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Final

__all__ = ["Gpu", "first_gpu"]

_PATIENCE_S: Final = 120.0  # a busy machine reads torch slowly
_ASK: Final = """
import json, torch
free, _ = torch.cuda.mem_get_info()
print(json.dumps({"name": torch.cuda.get_device_name(), "free_bytes": free}))
"""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU, as it was when it was asked for."""

    name: str
    free_bytes: int


@cache
def first_gpu() -> Gpu | None:
    """Ask for the first of the GPUs that may be used, once.

    Returns:
        What it is; None where it cannot be asked, which the trials will tell of.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-P", "-c", _ASK],
            capture_output=True,
            text=True,
            check=True,
            timeout=_PATIENCE_S,
        )
        said = json.loads(ended.stdout.splitlines()[-1])
        return Gpu(name=str(said["name"]), free_bytes=int(said["free_bytes"]))
    except (subprocess.SubprocessError, OSError, ValueError, LookupError, TypeError):
        return None
