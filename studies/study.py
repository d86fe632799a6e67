"""A study: a baseline and named variations of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from film.config import ImageInput
from film.world.config import WorldConfig
from studies.checks import refuse_silent_changes
from studies.contrasts import Contrast
from studies.design import Design
from studies.row import Row, changed_settings, training_beside
from studies.splits import Needed
from studies.trial import Trial

__all__ = ["Study"]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question asked of the model, with every row resolved and valid."""

    name: str
    question: str
    rows: tuple[Row, ...]  # the baseline first, then in the order of the file
    seeds: tuple[int, ...]
    margin: float | None  # percentage points
    world: WorldConfig | None  # None where the data are given at launch
    confounds: tuple[str, ...] = ()  # settings of training that rows may change as well
    deviations: tuple[str, ...] = ()  # from a published study, as its author says
    design: Design | None = None  # None where every row is named by itself
    contrasts: tuple[Contrast, ...] = ()  # differences that it expects

    def __post_init__(self) -> None:
        """Refuse rows that change more than they name, or more than they study."""
        for row in self.rows[1:]:
            refuse_silent_changes(row, self.compared_with(row), self.confounds)

    @property
    def baseline(self) -> Row:
        """The row that the others are compared with."""
        return self.rows[0]

    def compared_with(self, row: Row) -> Row:
        """Find the row that another one changes something of.

        Args:
            row: Of this study.

        Returns:
            The row that it starts from, else the baseline.
        """
        return self._by_label.get(row.parent, self.baseline)

    @cached_property
    def _by_label(self) -> Mapping[str, Row]:
        return {row.label: row for row in self.rows}

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, in order, without the baseline's empty one."""
        return tuple(dict.fromkeys(row.group for row in self.rows[1:]))

    @property
    def inputs(self) -> tuple[ImageInput | None, ...]:
        """What the rows see of pictures: features, pixels, nothing, or several."""
        return tuple(dict.fromkeys(row.config.model.image_input for row in self.rows))

    @property
    def data(self) -> Mapping[str | None, Needed]:
        """What the rows need of the data, by what a launch calls it."""
        return {row.data_key: row.needed for row in self.rows}

    @property
    def stores(self) -> tuple[str, ...]:
        """Folders inside the data that rows learn from or are judged by."""
        stores = (one.splits.store for one in self.data.values())
        return tuple(dict.fromkeys(filter(None, stores)))

    def trained_otherwise(self, row: Row) -> dict[str, tuple[Any, Any]]:
        """Find what a row changes of its training beside what it studies.

        A row that changes nothing but training studies that.

        Args:
            row: Of this study.

        Returns:
            The row's value and that of the row it is compared with, by setting.
        """
        before = self.compared_with(row)
        names = training_beside(changed_settings(row, before))
        after, was = row.config.flat(), before.config.flat()
        return {name: (after[name], was[name]) for name in names}

    def trials(
        self,
        fingerprints: Mapping[str | None, str],
        *,
        seeds: tuple[int, ...] | None = None,
    ) -> tuple[Trial, ...]:
        """List what the study wants, seed by seed, so that a cut one is balanced.

        Args:
            fingerprints: The data's names, for each of `data`.
            seeds: Other seeds than the study's own.

        Returns:
            One trial per seed and row, the baseline first, and each after the one
            whose weights it starts from.
        """
        return tuple(
            trial
            for seed in (self.seeds if seeds is None else seeds)
            for trial in self._trials(fingerprints, seed)
        )

    def _trials(
        self, fingerprints: Mapping[str | None, str], seed: int
    ) -> Iterable[Trial]:
        made: dict[str, Trial] = {}
        for row in self.rows:
            made[row.label] = Trial(
                study=self.name,
                group=row.group,
                row=row.label,
                seed=seed,
                config=row.config,
                changes=row.changes,
                data=fingerprints[row.data_key],
                parent=made[row.parent].trial_id if row.parent else "",
                splits=row.splits,
            )
        return made.values()
