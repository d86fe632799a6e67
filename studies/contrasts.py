"""The key ``contrasts`` of a study file: differences that the study expects.

A contrast is the mean accuracy of some rows less that of others, with the sign that a
paper, or whoever wrote the study, expects of it. It is written down before the runs are
seen, so that a report can say whether it came out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from film.validation import nearest
from studies.errors import StudyError
from studies.labels import Label

__all__ = ["Contrast", "ContrastFile", "Expected", "planned_contrasts"]


class Expected(StrEnum):
    """The sign that a difference is expected to have."""

    LOWER = "lower"
    HIGHER = "higher"

    @property
    def sign(self) -> int:
        """Minus one or one."""
        return -1 if self is Expected.LOWER else 1


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """An expected difference.

    Attributes:
        name: What is expected, in a few words.
        rows: Labels of the rows whose mean accuracy is taken.
        minus: Labels of the rows whose mean accuracy is taken off.
        expected: The sign that the difference is expected to have.
        source: Who says so, and where; empty where nobody is named.
    """

    name: str
    rows: tuple[str, ...]
    minus: tuple[str, ...]
    expected: Expected
    source: str = ""

    @property
    def weights(self) -> Mapping[str, float]:
        """What each row counts."""
        plus = dict.fromkeys(self.rows, 1 / len(self.rows))
        return plus | dict.fromkeys(self.minus, -1 / len(self.minus))


def _listed(given: object) -> object:
    return [given] if isinstance(given, str) else given


_Labels = Annotated[
    list[Label],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=Label | list[Label]),
]


class ContrastFile(BaseModel):
    """What a study file says of a contrast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: _Labels = Field(description="A row, or several whose mean is taken.")
    minus: _Labels = Field(
        description="The row that it is compared with, or several whose mean is."
    )
    expect: Expected = Field(description="Whether `row` is expected to be lower.")
    source: Annotated[str, Field(max_length=200, pattern=r"^\S[^\n]*$")] = Field(
        default="", description="Who says so, and where."
    )

    @model_validator(mode="after")
    def _refuse_repeated_rows(self) -> "ContrastFile":
        named = [*self.row, *self.minus]
        twice = [label for label in named if named.count(label) > 1]
        if twice:
            raise ValueError(f"row '{twice[0]}' stands twice in it")
        return self


def planned_contrasts(
    contrasts: Mapping[str, ContrastFile], rows: Sequence[str]
) -> tuple[Contrast, ...]:
    """List the contrasts of a study.

    Args:
        contrasts: By name, in the order of the file.
        rows: Labels of all rows of the study.

    Returns:
        The contrasts.

    Raises:
        StudyError: A contrast is of a row that the study has not.
    """
    for name, one in contrasts.items():
        for label in (*one.row, *one.minus):
            if label not in rows:
                raise StudyError(
                    f"contrast '{name}' is of '{label}', which is no row"
                    f"{nearest(label, rows)}"
                )
    return tuple(
        Contrast(
            name=name,
            rows=tuple(one.row),
            minus=tuple(one.minus),
            expected=one.expect,
            source=one.source,
        )
        for name, one in contrasts.items()
    )
