"""What an object of the world can be, in CLEVR's own words.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3. https://arxiv.org/abs/1612.06890
"""

from enum import StrEnum, unique

__all__ = [
    "VALUES",
    "Attribute",
    "Color",
    "Direction",
    "Material",
    "Shape",
    "Size",
]


@unique
class Size(StrEnum):
    """How large an object is."""

    LARGE = "large"
    SMALL = "small"


@unique
class Color(StrEnum):
    """What color an object has."""

    GRAY = "gray"
    RED = "red"
    BLUE = "blue"
    GREEN = "green"
    BROWN = "brown"
    PURPLE = "purple"
    CYAN = "cyan"
    YELLOW = "yellow"


@unique
class Material(StrEnum):
    """What an object is made of: matte rubber or mirroring metal."""

    RUBBER = "rubber"
    METAL = "metal"


@unique
class Shape(StrEnum):
    """What form an object has."""

    CUBE = "cube"
    SPHERE = "sphere"
    CYLINDER = "cylinder"


@unique
class Attribute(StrEnum):
    """What can be asked of one object, in the order in which CLEVR filters."""

    SIZE = "size"
    COLOR = "color"
    MATERIAL = "material"
    SHAPE = "shape"


@unique
class Direction(StrEnum):
    """Where one object stands seen from another."""

    LEFT = "left"
    RIGHT = "right"
    FRONT = "front"
    BEHIND = "behind"

    @property
    def opposite(self) -> "Direction":
        """The direction that points the other way."""
        return _OPPOSITES[self]


_OPPOSITES = {
    Direction.LEFT: Direction.RIGHT,
    Direction.RIGHT: Direction.LEFT,
    Direction.FRONT: Direction.BEHIND,
    Direction.BEHIND: Direction.FRONT,
}

VALUES: dict[Attribute, tuple[str, ...]] = {
    Attribute.SIZE: tuple(Size),
    Attribute.COLOR: tuple(Color),
    Attribute.MATERIAL: tuple(Material),
    Attribute.SHAPE: tuple(Shape),
}
