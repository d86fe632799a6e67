"""The keys ``stages`` and ``evaluate`` of a study file.

A stage starts from the best weights of rows above it. Its rows are rows like others,
and so are evaluations: the same weights, judged by other questions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from film.validation import nearest
from studies.errors import StudyError
from studies.labels import Label
from studies.splits import Part, Splits

__all__ = [
    "Evaluations",
    "PlannedStage",
    "StageFile",
    "evaluation_label",
    "planned_stages",
]

_ALL: Final = "all rows"
_Name = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)?$")
]
_Count = Annotated[int, Field(strict=True, ge=1)]


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartFile(_Keys):
    """Questions of a split, all or a part."""

    split: _Name = Field(
        description="A split of the data, as val or valB; of a store inside their "
        "folder, as humans/val."
    )
    first: _Count | None = Field(default=None, description="Only so many questions.")
    after: _Count | None = Field(
        default=None,
        description="All but the first so many, and others about their images.",
    )

    @model_validator(mode="after")
    def _refuse_both(self) -> "PartFile":
        if self.first is not None and self.after is not None:
            raise ValueError("should have one of `first` and `after`, not both")
        return self

    def resolve(self) -> Part:
        """Name the part.

        Returns:
            The part.
        """
        store, _, split = self.split.rpartition("/")
        return Part(split=split, store=store, first=self.first, after=self.after or 0)


def _by_name(given: object) -> object:
    return {"split": given} if isinstance(given, str) else given


_Part = Annotated[
    PartFile, BeforeValidator(_by_name, json_schema_input_type=_Name | PartFile)
]
Evaluations = dict[Annotated[Label, Field(max_length=24)], _Part]
"""What weights are judged by besides validation, by the name of a column."""


class StageFile(_Keys):
    """Rows that start from the best weights of other rows."""

    after: Literal["all rows"] | Label | list[Label] = Field(
        description="The row that they start from, or several, or `all rows` above."
    )
    learn_from: _Part = Field(description="What they learn from.")
    judge_by: _Part = Field(
        description="What their epoch is chosen by, and their accuracy is of."
    )
    settings: dict[str, Any] = Field(
        default={}, description="Changes of training that hold in every row of it."
    )
    rows: Annotated[dict[Label, dict[str, Any]], Field(min_length=1)] = Field(
        description="A label, and what it changes; behind the label of the row that it "
        "starts from, where there are several."
    )

    @model_validator(mode="after")
    def _refuse_two_stores(self) -> "StageFile":
        learn, judge = self.learn_from.resolve(), self.judge_by.resolve()
        if learn.store != judge.store:
            raise ValueError(
                f"learns from {learn.name} and is judged by {judge.name}, which have "
                "different vocabularies: take both from one store"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """A row that a stage asks for."""

    group: str
    label: str
    parent: str  # label of the row that it starts from
    changes: Mapping[str, Any]  # to that
    splits: Splits


def planned_stages(
    stages: Mapping[str, StageFile], before: Sequence[str]
) -> Iterator[PlannedStage]:
    """List the rows of all stages, each below the one that it starts from.

    Args:
        stages: By name, in the order of the file.
        before: Labels of the rows that start from nothing.

    Yields:
        The rows.

    Raises:
        StudyError: A stage starts from a row that is not above it.
    """
    known = list(before)
    for group, stage in stages.items():
        parents = [stage.after] if isinstance(stage.after, str) else stage.after
        is_single = len(parents) == 1 and parents != [_ALL]
        parents = list(before) if parents == [_ALL] else parents
        splits = Splits(
            learn=stage.learn_from.resolve(), judge=stage.judge_by.resolve()
        )
        labels = []
        for parent in parents:
            if parent not in known:
                raise StudyError(
                    f"stage '{group}' starts from '{parent}', which is no row above it"
                    f"{nearest(parent, known)}"
                )
            for label, changes in stage.rows.items():
                labels.append(label if is_single else f"{parent}, {label}")
                yield PlannedStage(
                    group=group,
                    label=labels[-1],
                    parent=parent,
                    changes={**stage.settings, **changes},
                    splits=splits,
                )
        known += labels


def evaluation_label(row: str, name: str) -> str:
    """Name the row that judges another row's weights.

    Args:
        row: Whose weights.
        name: Of the evaluation.

    Returns:
        ``baseline → B``.
    """
    return f"{row} → {name}"
