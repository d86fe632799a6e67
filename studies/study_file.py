"""A study as its YAML file says it, and how its rows are worked out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from film.config import Config, named_config
from film.errors import FilmError
from film.validation import nearest, validation_line
from film.world.config import PRESETS, WorldConfig, world_preset
from studies.checks import refuse_missing_splits, refuse_twins
from studies.contrasts import ContrastFile, planned_contrasts
from studies.design import Design, PlannedRow
from studies.design_file import DesignFile
from studies.errors import StudyError
from studies.labels import Label
from studies.row import TRAINING, Row
from studies.splits import Splits
from studies.stage_file import (
    Evaluations,
    PlannedStage,
    StageFile,
    evaluation_label,
    planned_stages,
)
from studies.strict_yaml import parse
from studies.study import Study
from studies.trial import BASELINE

__all__ = ["StudyFile", "read_study"]

_MOST_RUNS: Final = 1000  # of a row; more is a slip of the finger

_Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
_Sentence = Annotated[str, Field(max_length=200, pattern=r"^\S[^\n]*$")]
_Rows = Annotated[dict[Label, dict[str, Any]], Field(min_length=1)]


def _named_world(given: object) -> object:
    if isinstance(given, Mapping | WorldConfig):
        return given
    if not isinstance(given, str):
        raise ValueError("should be the name of a preset, or a world's settings")  # noqa: TRY004 - pydantic's own
    try:
        return world_preset(given)
    except FilmError as error:
        raise ValueError(str(error)) from None


# The settings of a world, or the name of a preset.
_World = Annotated[
    WorldConfig,
    BeforeValidator(
        _named_world,
        json_schema_input_type=WorldConfig | Literal[tuple(PRESETS)],
    ),
]


class StudyFile(BaseModel):
    """What a study file says, key by key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="Its name: small letters, digits and hyphens."
    )
    question: Annotated[str, Field(min_length=1)] = Field(
        description="What it asks, in a sentence."
    )
    baseline: str = Field("paper", description="A named configuration.")
    settings: dict[str, Any] = Field(
        default={}, description="Changes to it that hold in every row."
    )
    world: _World | None = Field(
        default=None,
        description="A world to make, by its settings or the name of a preset; "
        "without one, files of CLEVR given at launch.",
    )
    seeds: Annotated[int, Field(strict=True, ge=1, le=_MOST_RUNS)] | list[_Seed] = (
        Field(default=5, description="How many runs a row has, or their seeds.")
    )
    confounds: list[str] = Field(
        default=[],
        description="Settings of training, such as train.max_epochs, that rows may "
        "change beside what they study; the report then says so at those rows.",
    )
    margin: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = (
        Field(default=None, description="Percentage points that would matter.")
    )
    deviations: list[_Sentence] = Field(
        default=[],
        description="What it does otherwise than a published study, in words, beside "
        "what its settings show.",
    )
    design: DesignFile | None = Field(
        default=None, description="How rows are made of components or levels."
    )
    groups: Annotated[dict[Label, _Rows], Field(min_length=1)] | None = Field(
        default=None,
        description="Rows by group: a label, and what it changes in the baseline. "
        "With a design too, they stand below its rows.",
    )
    stages: Annotated[dict[Label, StageFile], Field(min_length=1)] | None = Field(
        default=None,
        description="Rows, by stage, that start from the best weights of rows above.",
    )
    evaluate: Annotated[Evaluations, Field(min_length=1)] | None = Field(
        default=None,
        description="Other questions that the weights of every row are judged by: a "
        "name, and a split of the data.",
    )
    contrasts: Annotated[dict[Label, ContrastFile], Field(min_length=1)] | None = Field(
        default=None,
        description="Differences between rows that are expected, by what is expected "
        "in a few words; the report says whether they came out.",
    )

    @field_validator("seeds")
    @classmethod
    def _refuse_repeated_seeds(cls, seeds: int | list[int]) -> int | list[int]:
        if isinstance(seeds, list) and (not seeds or len(set(seeds)) < len(seeds)):
            raise ValueError(f"got {seeds}, should be one or more different seeds")
        return seeds

    @field_validator("confounds")
    @classmethod
    def _refuse_what_is_no_training(cls, confounds: list[str]) -> list[str]:
        known = [name for name in Config().flat() if name.startswith(TRAINING)]
        for name in confounds:
            if name not in known:
                close = nearest(name, known)
                raise ValueError(f"'{name}' is no setting of training{close}")
        return confounds

    @model_validator(mode="after")
    def _refuse_a_study_without_rows(self) -> "StudyFile":
        if self.design is None and self.groups is None and self.stages is None:
            raise ValueError(
                "has no rows: name them in `groups`, or give `stages` or a `design`"
            )
        return self

    def resolve(self) -> Study:
        """Work out every row.

        Returns:
            The study, every row of which is a valid configuration and another one
            than the rows before it.
        """
        config = named_config(self.baseline).with_changes(self.settings)
        design = self.design.resolve() if self.design else None
        on = design.baseline_on if design and design.components else None
        baseline = Row(group="", label=BASELINE, changes={}, config=config, on=on)
        planned = self.design.rows() if self.design else ()
        designed = [_row(config, one) for one in planned]
        if design and not design.components:
            design, designed = _without_own_level(design, baseline, designed)
        named = [
            _row(config, PlannedRow(group=group, label=label, changes=changes, on=None))
            for group, variations in (self.groups or {}).items()
            for label, changes in variations.items()
        ]
        rows = [baseline, *designed, *named]
        for planned_row in planned_stages(self.stages or {}, [r.label for r in rows]):
            rows.append(_stage_row(rows, planned_row))
        refuse_twins(rows)
        rows += self._evaluations(rows)
        if self.world is not None:
            refuse_missing_splits(rows, self.world)
        seeds = self.seeds if isinstance(self.seeds, list) else range(self.seeds)
        return Study(
            name=self.study,
            question=self.question,
            rows=tuple(rows),
            seeds=tuple(seeds),
            margin=self.margin,
            world=self.world,
            confounds=tuple(self.confounds),
            deviations=tuple(self.deviations),
            design=design,
            contrasts=planned_contrasts(
                self.contrasts or {}, [row.label for row in rows]
            ),
        )

    def _evaluations(self, rows: list[Row]) -> list[Row]:
        return [
            replace(
                row,
                group=f"Judged by {name}",
                label=evaluation_label(row.label, name),
                parent=row.label,
                evaluation=name,
                splits=Splits(learn=None, judge=part.resolve()),
                on=None,
            )
            for name, part in (self.evaluate or {}).items()
            for row in rows
        ]


def read_study(path: Path) -> Study:
    """Read a study file.

    Args:
        path: A YAML file.

    Returns:
        The study, every row of which is a valid configuration.

    Raises:
        StudyError: The file is missing, or what it says cannot be studied.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise StudyError(f"{path}: cannot be read: {why}") from None
    try:
        tree = parse(text)
        if not isinstance(tree, dict):
            raise StudyError("is not a study; it should begin with `study: NAME`")
        return StudyFile.model_validate(tree).resolve()
    except ValidationError as error:
        raise StudyError(f"{path}: {validation_line(error, StudyFile)}") from None
    except FilmError as error:
        raise StudyError(f"{path}: {error}") from None


def _row(baseline: Config, planned: PlannedRow) -> Row:
    try:
        config = baseline.with_changes(planned.changes)
    except FilmError as error:
        raise StudyError(f"row '{planned.label}': {error}") from None
    return Row(
        group=planned.group,
        label=planned.label,
        changes=planned.changes,
        config=config,
        on=planned.on,
    )


def _stage_row(rows: list[Row], planned: PlannedStage) -> Row:
    parent = next(row for row in rows if row.label == planned.parent)
    other = [name for name in planned.changes if not name.startswith(TRAINING)]
    if other:
        raise StudyError(
            f"row '{planned.label}' starts from the weights of '{parent.label}', and "
            f"changes {other[0]}: a stage can change settings of training alone"
        )
    try:
        config = parent.config.with_changes(planned.changes)
    except FilmError as error:
        raise StudyError(f"row '{planned.label}': {error}") from None
    return Row(
        group=planned.group,
        label=planned.label,
        changes={**parent.changes, **planned.changes},
        config=config,
        parent=parent.label,
        splits=planned.splits,
    )


# A level that the baseline has already is the baseline, and is not trained again.
def _without_own_level(
    design: Design, baseline: Row, levels: list[Row]
) -> tuple[Design, list[Row]]:
    same = baseline.config.identity()
    own = [row.label for row in levels if row.config.identity() == same]
    if len(own) > 1:
        raise StudyError(f"levels '{own[0]}' and '{own[1]}' are both the baseline")
    others = [row for row in levels if row.label not in own]
    return replace(design, baseline_level="".join(own)), others
