"""What a number or a list must be to stand in a setting."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "Blocks",
    "Count",
    "Decay",
    "Epochs",
    "Factor",
    "Number",
    "Pixels",
    "Settings",
    "Switch",
]


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"got {value!r}, should be a number")  # noqa: TRY004 - pydantic turns ValueError alone into a validation error
    return value


def _refuse_other_than_blocks(value: object) -> object:
    is_list = isinstance(value, list | tuple) and all(
        type(number) is int and number > 0 for number in value
    )
    if value in ("all", "none") or is_list:
        return value
    raise ValueError(
        f"got {value!r}, should be all, none, or a list of blocks such as [1, 2]"
    )


Blocks = Annotated[
    Literal["all", "none"] | tuple[int, ...], BeforeValidator(_refuse_other_than_blocks)
]
Count = Annotated[int, Field(strict=True, ge=1)]
Number = Annotated[float, BeforeValidator(_refuse_bool), Field(allow_inf_nan=False)]
Switch = Annotated[bool, Field(strict=True)]
Epochs = Annotated[int, Field(strict=True, ge=0)]  # of a stage
Pixels = Annotated[int, Field(strict=True, ge=0)]
Factor = Annotated[Number, Field(gt=0)]
Decay = Annotated[Number, Field(ge=0, lt=1)]


class Settings(BaseModel):
    """A group of settings: unchangeable, and without names that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
