"""A study: a baseline and named variations of it, read from a YAML file."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from film.config import Config, ImageInput, named_config
from film.errors import FilmError
from film.validation import nearest, validation_line
from film.world.config import PRESETS, WorldConfig, world_preset
from studies.contrasts import Contrast, ContrastFile, planned_contrasts
from studies.design import Design, PlannedRow
from studies.design_file import DesignFile
from studies.errors import StudyError
from studies.labels import Label
from studies.splits import USUAL, Needed, Splits
from studies.stage_file import (
    Evaluations,
    PlannedStage,
    StageFile,
    evaluation_label,
    planned_stages,
)
from studies.trial import BASELINE, Trial

__all__ = ["Row", "Study", "StudyFile", "read_study"]

_TRAINING = "train."  # begins the names of what is no part of the model
_MOST_RUNS = 1000  # of a row; more is a slip of the finger


_Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
_Sentence = Annotated[str, Field(max_length=200, pattern=r"^\S[^\n]*$")]
_Rows = Annotated[dict[Label, dict[str, Any]], Field(min_length=1)]
_MERGE = "tag:yaml.org,2002:merge"  # the key <<
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where it is built


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
        known = [name for name in Config().flat() if name.startswith(_TRAINING)]
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

    def resolve(self) -> "Study":
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
        _refuse_twins(rows)
        rows += self._evaluations(rows)
        _refuse_splits_of_no_world(rows, self.world)
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

    def _evaluations(self, rows: list["Row"]) -> list["Row"]:
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


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table that a study will become."""

    group: str  # "" for the baseline
    label: str
    changes: Mapping[str, Any]
    config: Config
    on: frozenset[str] | None = None  # components of the design; None where it has none
    parent: str = ""  # label of the row whose best weights it starts from
    splits: Splits = USUAL
    evaluation: str = ""  # its name, where it judges its parent's weights

    @property
    def is_evaluation(self) -> bool:
        """Whether it judges its parent's weights, and trains nothing."""
        return bool(self.evaluation)

    @property
    def data_key(self) -> str | None:
        """What a launch calls its data."""
        return self.needed.key

    @property
    def needed(self) -> Needed:
        """What it needs of the data."""
        return Needed.by(self.config.model, self.splits)


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
            changed = _changed(row, self.compared_with(row).config.flat())
            _refuse_side_effects(row, changed)
            _refuse_confounds(row, changed, self.confounds)

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
        before = self.compared_with(row).config.flat()
        after = row.config.flat()
        names = _training_beside(_changed(row, before))
        return {name: (after[name], before[name]) for name in names}

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
        raise StudyError(f"{path}: cannot be read: {error}") from None
    try:
        tree = _parse(text)
        if not isinstance(tree, dict):
            raise StudyError("is not a study; it should begin with `study: NAME`")
        return StudyFile.model_validate(tree).resolve()
    except (yaml.YAMLError, _NotYamlError) as error:
        line = " ".join(str(error).split())
        raise StudyError(f"{path}: is not valid YAML: {line}") from None
    except ValidationError as error:
        raise StudyError(f"{path}: {validation_line(error, StudyFile)}") from None
    except FilmError as error:
        raise StudyError(f"{path}: {error}") from None


class _NotYamlError(Exception):
    """PyYAML met a value that is not what it claims to be."""


def _parse(text: str) -> object:
    try:
        return yaml.load(text, _UniqueKeyLoader)  # noqa: S506 - a subclass of the safe loader
    except (ValueError, TypeError, AttributeError) as error:
        raise _NotYamlError(str(error)) from None
    except RecursionError:
        raise _NotYamlError("it is nested too deeply") from None


class _UniqueKeyLoader(_LOADER):  # type: ignore[misc,valid-type] # chosen at run time
    """YAML as it is, except that a key given twice is refused, not overwritten."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - the loader's signature
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue  # what it brings may be overwritten
            key = self.construct_object(key_node, deep=True)
            wrong = "cannot be a name" if not isinstance(key, Hashable) else ""
            wrong = wrong or ("stands twice" if key in seen else "")
            if wrong:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key}' {wrong}", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# What differs from the baseline and makes a difference.
def _changed(row: Row, before: Mapping[str, Any]) -> list[str]:
    after = row.config.flat()
    different = [name for name in after if after[name] != before[name]]
    inert = row.config.inert() if different else {}
    return [name for name in different if name not in inert]


# A row that changes nothing but training studies that.
def _training_beside(changed: list[str]) -> list[str]:
    training = [name for name in changed if name.startswith(_TRAINING)]
    return [] if len(training) == len(changed) else training


def _refuse_side_effects(row: Row, changed: list[str]) -> None:
    unnamed = [name for name in changed if name not in row.changes]
    if unnamed:
        raise StudyError(
            f"row '{row.label}' differs from the baseline in more than it names: "
            f"{', '.join(unnamed)}; name all that the row changes"
        )


def _refuse_confounds(row: Row, changed: list[str], allowed: tuple[str, ...]) -> None:
    unsaid = [name for name in _training_beside(changed) if name not in allowed]
    if unsaid:
        names = ", ".join(unsaid)
        raise StudyError(
            f"row '{row.label}' also changes how it is trained ({names}), so that a "
            "difference to the baseline may come from either: leave it out, or say "
            f"so in the study with `confounds: [{names}]`"
        )


# Every row must be another one than those before it, in name and in what it computes.
def _refuse_twins(rows: list[Row]) -> None:
    labels: set[str] = set()
    computed: dict[Hashable, str] = {}
    for row in rows:
        if row.label in labels:
            where = "is the baseline's own name" if row.label == BASELINE else ""
            raise StudyError(f"row '{row.label}' {where or 'stands twice'}; rename it")
        labels.add(row.label)
        what = (row.config.identity(), row.parent, row.splits)
        twin = computed.setdefault(what, row.label)
        if twin != row.label:
            remedy = (
                "change what it sets, or leave it out"
                if row.on is None
                else "a component must make a difference whatever else is on or off"
            )
            raise StudyError(
                f"row '{row.label}' computes the same as '{twin}': {remedy}"
            )


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
    other = [name for name in planned.changes if not name.startswith(_TRAINING)]
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


# What a world has is known before it is made.
def _refuse_splits_of_no_world(rows: list[Row], world: WorldConfig | None) -> None:
    if world is None:
        return
    known = world.stored_splits
    for row in rows:
        for split in row.splits.names:
            name = f"{row.splits.store}/{split}".lstrip("/")
            if name not in known:
                raise StudyError(
                    f"row '{row.label}': its world has no split '{name}'"
                    f"{nearest(name, known)} (it has {', '.join(known)})"
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
