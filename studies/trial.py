"""One resolved configuration and one seed: what is trained once and for all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from film.config import Config

__all__ = ["BASELINE", "Trial"]

BASELINE = "baseline"  # the row that every other one is compared with
_COMPUTATION = 1  # raised whenever the same settings come to compute something else


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A cell of a study: one row, one seed.

    The study, group and row are labels: two studies that want the same computation
    have trials of the same ``trial_id``.
    """

    study: str
    group: str  # "" for the baseline
    row: str
    seed: int
    config: Config
    changes: Mapping[str, Any]  # to the baseline, by dotted name
    data: str  # fingerprint of what is learnt and judged from

    @property
    def name(self) -> str:
        """What people call it: the row and the seed."""
        return f"{self.row} · seed {self.seed}"

    @cached_property
    def trial_id(self) -> str:
        """Sixteen hexadecimal digits that name all that is computed.

        Labels, paths, worker counts and devices are left out; a knob that does
        nothing counts as its default.
        """
        content = [_COMPUTATION, self.config.identity(), self.seed, self.data]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
