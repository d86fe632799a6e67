"""What a world is made of, as settings that are valid or refused.

The module loads without NumPy and torch: a study plans with a world's fingerprint
before any picture is drawn.
"""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Annotated, Any, Final, final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from film.data.programs import QuestionType
from film.errors import ConfigError
from film.validation import nearest, validation_line
from film.world.attributes import Attribute, Color, Material, Shape, Size
from film.world.questions.families import FAMILIES, Family, Reasoning

__all__ = [
    "EXTRACTOR_VERSION",
    "GENERATOR_VERSION",
    "HUMANS_STORE",
    "HUMANS_WORD_COUNT",
    "PRESETS",
    "RELATED_FROM",
    "ReasoningShares",
    "Renderer",
    "TypeShares",
    "WorldConfig",
    "load_world_config",
    "world_preset",
]

GENERATOR_VERSION: Final = 3
"""Raised with every change that draws another world from the same settings."""

EXTRACTOR_VERSION: Final = "8bc919ba46c8"
"""The digest of the shipped extractor's weights, on which the features depend."""

HUMANS_STORE: Final = "humans"
"""The folder of a world with what training reads of its loosely worded questions."""

HUMANS_WORD_COUNT: Final = 5
"""How often a word must occur there to be known, as the authors have it."""

RELATED_FROM: Final = 0.2
"""How far along a direction a relation begins."""

TABLE_HOLDS: Final = 10
"""Objects; with more, placing them by CLEVR's rules rarely succeeds."""


class _Shares(BaseModel):
    """How often each kind is asked, relative to the others; absent means never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _something_is_asked(self) -> "_Shares":
        if not any(share for _, share in self):
            raise ValueError("nothing has a share; give one to one kind at least")
        return self

    def __getitem__(self, kind: StrEnum) -> float:
        return float(getattr(self, kind))


_Integer = Annotated[int, Field(strict=True)]
_Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Length = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
_Switch = Annotated[bool, Field(strict=True)]


@unique
class Renderer(StrEnum):
    """What draws the pictures."""

    RAY_CASTER = "ray_caster"  # ours: NumPy alone, fast
    MITSUBA = (
        "mitsuba"  # slower and truer to light; pip install 'film-ablations[mitsuba]'
    )


@final
class TypeShares(_Shares):
    """How often each type of question is asked."""

    count: _Share = 0
    exist: _Share = 0
    compare_numbers: _Share = 0
    query_attribute: _Share = 0
    compare_attribute: _Share = 0


@final
class ReasoningShares(_Shares):
    """How often a family of each way of reasoning is asked, next to one of another.

    Types come first: the shares divide what a type has among its families.
    """

    zero_hop: _Share = 0
    one_hop: _Share = 0
    two_hop: _Share = 0
    three_hop: _Share = 0
    single_and: _Share = 0
    single_or: _Share = 0
    same_attribute: _Share = 0


def _is_listed(value: Any) -> Any:  # noqa: ANN401 (whatever the user wrote)
    if isinstance(value, str):
        raise ValueError(f"got {value!r}, should be a list, such as [{value}]")  # noqa: TRY004 - pydantic turns ValueError alone into a validation error
    return tuple(value) if isinstance(value, list) else value


# A YAML or JSON file has lists where the settings are tuples.
_Colors = Annotated[tuple[Color, ...], BeforeValidator(_is_listed)]
_Shapes = Annotated[tuple[Shape, ...], BeforeValidator(_is_listed)]
_Materials = Annotated[tuple[Material, ...], BeforeValidator(_is_listed)]
_Sizes = Annotated[tuple[Size, ...], BeforeValidator(_is_listed)]


def _check_picture(width: int, height: int) -> None:
    if not height <= width <= 2 * height:
        raise ValueError(
            f"a picture of {width}x{height} leaves objects outside; make width "
            "one to two times height"
        )


def _check_palette(name: str, palette: tuple[str, ...]) -> None:
    if not palette:
        raise ValueError(f"{name} is empty; name one at least")
    if len(set(palette)) != len(palette):
        raise ValueError(f"{name} names one twice: {', '.join(palette)}")


_SOME = frozenset({Color.GRAY, Color.BLUE, Color.BROWN, Color.YELLOW})
_OTHERS = frozenset(Color) - _SOME
_COGENT_COLORS = {
    "A": {Shape.CUBE: _SOME, Shape.CYLINDER: _OTHERS},
    "B": {Shape.CUBE: _OTHERS, Shape.CYLINDER: _SOME},
}


def _check_cogent(config: "WorldConfig") -> None:
    for shape in config.shapes:
        for condition in _COGENT_COLORS:
            if not config.colors_of(shape, condition):
                raise ValueError(
                    f"cogent leaves no color to a {shape} in condition {condition}; "
                    "give colors one of gray, blue, brown and yellow and one of the "
                    "others"
                )


# Each type with a share needs a family that the palette and the reasoning allow.
def _check_that_types_can_be_asked(config: "WorldConfig") -> None:
    askable = {family.type for family in config.families}
    for kind in QuestionType:
        if not config.question_types[kind] or kind in askable:
            continue
        able = {
            family.reasoning
            for family in FAMILIES
            if family.type == kind and family.attributes <= set(config.choices)
        }
        ways = " or ".join(way for way in Reasoning if way in able)
        raise ValueError(
            f"question_types asks for {kind}, which needs a share of {ways} in "
            "reasoning with these colors, shapes, materials and sizes"
        )


@final
class WorldConfig(BaseModel):
    """Everything a world depends on; the defaults are CLEVR's, in small numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_train: _Integer = Field(2000, ge=1)
    """Pictures to train on."""
    n_val: _Integer = Field(400, ge=1)
    """Pictures to judge by."""
    n_test: _Integer = Field(0, ge=0)
    """Pictures that no study looks at."""
    questions_per_scene: _Integer = Field(10, ge=1)
    """At most; a scene of two objects may not give as many good ones."""
    width: _Integer = Field(96, ge=32, le=1024, multiple_of=8)
    """Of the pictures, in pixels; one to two times their height."""
    height: _Integer = Field(64, ge=32, le=1024, multiple_of=8)
    """Of the pictures, in pixels."""
    samples_per_side: _Integer = Field(2, ge=1, le=8)
    """Rays through each pixel, along each of its sides."""
    min_objects: _Integer = Field(3, ge=1)
    max_objects: _Integer = Field(10, ge=1)
    colors: _Colors = tuple(Color)
    shapes: _Shapes = tuple(Shape)
    materials: _Materials = tuple(Material)
    sizes: _Sizes = tuple(Size)
    max_attributes: _Integer = Field(4, ge=1, le=4)
    """Words such as "red" that a description has, at most."""
    question_types: TypeShares = TypeShares(
        count=0.232,
        exist=0.139,
        compare_numbers=0.089,
        query_attribute=0.354,
        compare_attribute=0.185,
    )
    """The shares of CLEVR's release."""
    reasoning: ReasoningShares = ReasoningShares(
        zero_hop=1,
        one_hop=1,
        two_hop=1,
        three_hop=1,
        single_and=1,
        single_or=1,
        same_attribute=1,
    )
    """All families of a type alike, as CLEVR's generator asks them."""
    cogent: _Switch = False
    """CoGenT's splits: trainA, valA and testA with one rule of colors, B the other."""
    camera_jitter: _Length = 0.5
    """By how much the camera is moved along each axis, at most."""
    lamp_jitter: _Length = 1.0
    """The same for each lamp."""
    min_gap: _Length = 0.25
    """Free space between two objects."""
    min_margin: _Length = Field(0.4, ge=RELATED_FROM)
    """Between two objects' middles, along left and right, and front and behind."""
    min_visible_pixels: _Integer = Field(200, ge=1, le=1000)
    """Of every object, in a picture of 320×240."""
    renderer: Renderer = Renderer.RAY_CASTER
    masks: _Switch = False
    """Write a picture of object numbers beside each picture."""
    seed: _Integer = Field(0, ge=0)

    @model_validator(mode="after")
    def _is_possible(self) -> "WorldConfig":
        if self.min_objects > self.max_objects:
            raise ValueError(
                f"min_objects is {self.min_objects} and max_objects only "
                f"{self.max_objects}; raise max_objects"
            )
        if self.max_objects > TABLE_HOLDS:
            raise ValueError(
                f"max_objects is {self.max_objects}, and the table holds "
                f"{TABLE_HOLDS}; lower it"
            )
        _check_picture(self.width, self.height)
        for name in ("colors", "shapes", "materials", "sizes"):
            _check_palette(name, getattr(self, name))
        if max(map(len, (self.colors, self.shapes, self.materials, self.sizes))) == 1:
            raise ValueError(
                "all objects are alike; give one of colors, shapes, materials, sizes "
                "two values"
            )
        if self.cogent:
            _check_cogent(self)
        _check_that_types_can_be_asked(self)
        return self

    def colors_of(self, shape: Shape, split: str) -> tuple[Color, ...]:
        """List the colors that a shape may have in a split.

        Args:
            shape: The shape.
            split: The split's name, one of ``splits``.

        Returns:
            All colors, unless CoGenT forbids some to the shape.
        """
        if not self.cogent:
            return self.colors
        given = _COGENT_COLORS[split[-1]].get(shape, frozenset(Color))
        return tuple(color for color in self.colors if color in given)

    @property
    def choices(self) -> dict[Attribute, tuple[str, ...]]:
        """The values of each attribute that has more than one."""
        values: dict[Attribute, tuple[str, ...]] = {
            Attribute.SIZE: self.sizes,
            Attribute.COLOR: self.colors,
            Attribute.MATERIAL: self.materials,
            Attribute.SHAPE: self.shapes,
        }
        return {name: given for name, given in values.items() if len(given) > 1}

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of questions that have a share and something to speak of."""
        spoken = set(self.choices)
        return tuple(
            family
            for family in FAMILIES
            if self.question_types[family.type]
            and self.reasoning[family.reasoning]
            and family.attributes <= spoken
        )

    @property
    def fingerprint(self) -> str:
        """A short name of what is drawn: the settings, the generator, the features."""
        content = {
            "settings": self.model_dump(mode="json"),
            "generator": GENERATOR_VERSION,
            "extractor": EXTRACTOR_VERSION,
        }
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def splits(self) -> Mapping[str, int]:
        """How many pictures each split has; a split without any is absent."""
        sizes = {"train": self.n_train, "val": self.n_val, "test": self.n_test}
        if self.cogent:
            sizes = {
                "trainA": self.n_train,
                **{f"val{condition}": self.n_val for condition in _COGENT_COLORS},
                **{f"test{condition}": self.n_test for condition in _COGENT_COLORS},
            }
        return {split: n_scenes for split, n_scenes in sizes.items() if n_scenes}

    @property
    def stored_splits(self) -> tuple[str, ...]:
        """What training can read: CoGenT's condition A has plain names there.

        Those in ``humans`` ask about the same pictures, as people do.
        """
        plain = [split.removesuffix("A") for split in self.splits]
        return (*plain, *(f"{HUMANS_STORE}/{split}" for split in plain))

    @property
    def humans_fingerprint(self) -> str:
        """A short name of the questions that are asked as people do."""
        text = f"{self.fingerprint} {HUMANS_STORE} {HUMANS_WORD_COUNT}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


_FOUR_COLORS = (Color.RED, Color.GREEN, Color.BLUE, Color.YELLOW)

PRESETS: Final[Mapping[str, WorldConfig]] = MappingProxyType(
    {
        "tiny": WorldConfig(
            n_train=12,
            n_val=6,
            n_test=4,
            questions_per_scene=4,
            width=48,
            height=32,
            samples_per_side=1,
            min_objects=2,
            max_objects=4,
        ),
        "quick": WorldConfig(
            n_train=2200,
            n_val=400,
            min_objects=2,
            max_objects=4,
            colors=_FOUR_COLORS,
            max_attributes=2,
            question_types=TypeShares(exist=0.65, query_attribute=0.35),
            reasoning=ReasoningShares(zero_hop=0.9, one_hop=0.1),
        ),
        "small": WorldConfig(
            n_train=20_000,
            n_val=1500,
            n_test=1500,
            min_objects=3,
            max_objects=5,
            colors=_FOUR_COLORS,
            max_attributes=2,
            reasoning=ReasoningShares(zero_hop=1, one_hop=0.1, same_attribute=0.05),
        ),
        "clevr": WorldConfig(
            n_train=70_000, n_val=15_000, n_test=15_000, width=480, height=320
        ),
    }
)
"""Worlds by name: for tests, for the first study of an afternoon, for a weekend, and
one with the numbers of CLEVR itself."""


def world_preset(name: str) -> WorldConfig:
    """Find a world by its name.

    Args:
        name: One of ``PRESETS``.

    Returns:
        Its settings.

    Raises:
        ConfigError: If there is no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"there is no world '{name}'{nearest(name, PRESETS)} "
            f"(known: {', '.join(PRESETS)})"
        )
    return PRESETS[name]


def load_world_config(
    settings: Mapping[str, Any], base: str | None = None
) -> WorldConfig:
    """Build the settings of a world from what a user wrote.

    Args:
        settings: Names and values; what is absent is as in the base.
        base: The preset to start from; None starts from the defaults.

    Returns:
        The settings.

    Raises:
        ConfigError: If a setting is unknown or impossible, in one line.
    """
    start = WorldConfig() if base is None else world_preset(base)
    given = {**start.model_dump(), **settings}
    try:
        return WorldConfig.model_validate(given)
    except ValidationError as error:
        raise ConfigError(f"world: {validation_line(error, WorldConfig)}") from None
