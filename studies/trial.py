"""One resolved configuration and one seed: what is trained once and for all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from film.config import Config
from studies.splits import USUAL, Needed, Splits

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
    parent: str = ""  # trial_id whose best weights it starts from; "": random ones
    splits: Splits = USUAL

    @property
    def name(self) -> str:
        """What people call it: the row and the seed."""
        return f"{self.row} · seed {self.seed}"

    @property
    def is_evaluation(self) -> bool:
        """Whether it judges its parent's weights, and trains nothing."""
        return self.splits.learn is None

    @property
    def max_epochs(self) -> int:
        """How many epochs it may take; none where nothing is trained."""
        return 0 if self.is_evaluation else self.config.n_epochs

    @property
    def data_key(self) -> str | None:
        """What a launch calls its data."""
        return self.needed.key

    @property
    def needed(self) -> Needed:
        """What it needs of the data."""
        return Needed.by(self.config.model, self.splits)

    @property
    def stage(self) -> dict[str, Any]:
        """What its record says of its place in a study with stages, if it has one."""
        if not self.parent and self.splits == USUAL:
            return {}
        return {"stage": {"parent": self.parent, **self.splits.said()}}

    @cached_property
    def trial_id(self) -> str:
        """Sixteen hexadecimal digits that name all that is computed.

        Labels, paths, worker counts and devices are left out; a knob that does
        nothing counts as its default. What starts from other weights is named for the
        trial that they are of, and so is what judges them.
        """
        if self.splits.learn is None:
            judge = self.splits.judge.identity()
            content = [_COMPUTATION, "judge", self.parent, self.data, judge]
        else:
            content = [_COMPUTATION, self.config.identity(), self.seed, self.data]
            if self.parent or self.splits != USUAL:
                parts = [self.splits.learn.identity(), self.splits.judge.identity()]
                content += [self.parent, *parts]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
