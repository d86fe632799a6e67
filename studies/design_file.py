"""The key ``design`` of a study file, read into a design."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from film.validation import nearest
from studies.design import Component, Design, DesignKind, Direction, PlannedRow
from studies.labels import ComponentLabel, Label

__all__ = ["DesignFile", "LevelsFile"]

_Changes = Annotated[dict[str, Any], Field(min_length=1)]


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ComponentFile(_Keys):
    """What switches a component: off, where the baseline has it, or else on."""

    without: _Changes | None = Field(
        default=None,
        description="What switches it off; the baseline has the component.",
    )
    with_: _Changes | None = Field(
        default=None,
        alias="with",
        description="What switches it on; the baseline has it not.",
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_on_and_off(cls, given: object) -> object:
        if isinstance(given, Mapping) and (True in given or False in given):
            raise ValueError(
                "YAML reads the keys on and off as true and false; write `with` and "
                "`without`"
            )
        return given

    @model_validator(mode="after")
    def _refuse_both_or_neither(self) -> "ComponentFile":
        if (self.without is None) is (self.with_ is None):
            raise ValueError(
                "should say either what switches it off (`without: {...}`) or what "
                "switches it on (`with: {...}`)"
            )
        return self

    def resolve(self, label: str) -> Component:
        """Name the component.

        Args:
            label: What the file calls it.

        Returns:
            The component.
        """
        changes = self.without or self.with_ or {}
        has = self.without is not None
        return Component(label=label, changes=changes, is_in_baseline=has)


class LevelsFile(_Keys):
    """One factor, level by level: what the named rows of a group say more briefly."""

    kind: Literal[DesignKind.LEVELS]
    factor: Label = Field(description="What is varied; heads the rows.")
    levels: Annotated[dict[Label, _Changes], Field(min_length=2)] = Field(
        description="A label, and what the level sets; one may be the baseline's own."
    )

    def resolve(self) -> Design:
        """Make the design.

        Returns:
            One factor.
        """
        return Design(kind=self.kind, factor=self.factor)

    def rows(self) -> tuple[PlannedRow, ...]:
        """List the levels.

        Returns:
            One row per level, that of the baseline included.
        """
        return tuple(
            PlannedRow(group=self.factor, label=label, changes=changes, on=None)
            for label, changes in self.levels.items()
        )


class ComponentsFile(_Keys):
    """Components, switched in the combinations of the design."""

    kind: Literal[
        DesignKind.LEAVE_ONE_OUT,
        DesignKind.ADD_ONE_IN,
        DesignKind.LEAVE_TWO_OUT,
        DesignKind.FULL_FACTORIAL,
        DesignKind.HALF_FRACTION,
    ]
    components: Annotated[dict[ComponentLabel, ComponentFile], Field(min_length=2)] = (
        Field(description="Parts of the model, and what switches each.")
    )

    def resolve(self) -> Design:
        """Make the design.

        Returns:
            The design, with its components in the order of the file.
        """
        return Design(kind=self.kind, components=_components(self.components))

    def rows(self) -> tuple[PlannedRow, ...]:
        """List the combinations.

        Returns:
            One row per combination but the baseline's.
        """
        return self.resolve().rows()


class PathFile(_Keys):
    """Components, switched one after the other in the order of the file."""

    kind: Literal[DesignKind.PATH]
    components: Annotated[dict[ComponentLabel, ComponentFile], Field(min_length=2)] = (
        Field(description="In the order of the steps, and what switches each.")
    )
    direction: Direction = Field(
        default=Direction.BOTH,
        description="Removing from everything, adding to nothing, or both.",
    )

    def resolve(self) -> Design:
        """Make the design.

        Returns:
            The path.
        """
        components = _components(self.components)
        return Design(kind=self.kind, components=components, direction=self.direction)

    def rows(self) -> tuple[PlannedRow, ...]:
        """List the steps.

        Returns:
            One row per step, each combination once.
        """
        return self.resolve().rows()


def _components(given: Mapping[str, ComponentFile]) -> tuple[Component, ...]:
    return tuple(one.resolve(label) for label, one in given.items())


def _refuse_unknown_kind(given: object) -> object:
    if not isinstance(given, Mapping):
        return given
    kind = given.get("kind")
    if kind not in list(DesignKind):
        close = nearest(str(kind), DesignKind) or f"; choose {', '.join(DesignKind)}"
        raise ValueError(f"got kind {kind!r}{close}")
    return given


DesignFile = Annotated[
    Annotated[LevelsFile | ComponentsFile | PathFile, Field(discriminator="kind")],
    BeforeValidator(
        _refuse_unknown_kind,
        json_schema_input_type=LevelsFile | ComponentsFile | PathFile,
    ),
]
