"""A scene as bit masks, in which sets of objects cost one integer each.

The executor runs any program and says what is wrong with it. Drawing questions tries
thousands of phrases of which few are asked; here they are looked up instead. What is
asked in the end is answered by its program.
"""

from dataclasses import dataclass
from functools import cache
from typing import final

from film.world.attributes import Attribute, Direction
from film.world.questions.executor import SceneGraph
from film.world.questions.phrases import Description, Junction, Logic, Phrase, Step

__all__ = ["Mask", "SceneView", "members"]

Mask = int
"""A set of objects: bit n stands for object n."""


@cache
def members(mask: Mask) -> tuple[int, ...]:
    """List a set of objects.

    Args:
        mask: The set.

    Returns:
        The objects' numbers, in order.
    """
    return tuple(n for n in range(mask.bit_length()) if mask >> n & 1)


@final
@dataclass(frozen=True)
class SceneView:
    """What can be said of a scene, ready to be looked up.

    Attributes:
        scene: The scene itself.
        everything: All objects.
        having: The objects with each value of each attribute.
        related: Per direction and object, the objects that stand there.
    """

    scene: SceneGraph
    everything: Mask
    having: dict[Attribute, dict[str, Mask]]
    related: dict[Direction, tuple[Mask, ...]]

    @classmethod
    def of(cls, scene: SceneGraph) -> "SceneView":
        """Look at a scene.

        Args:
            scene: The scene.

        Returns:
            Its view.
        """
        having: dict[Attribute, dict[str, Mask]] = {name: {} for name in Attribute}
        for number, thing in enumerate(scene.objects):
            for name, value in thing.items():
                having[name][value] = having[name].get(value, 0) | 1 << number
        related = {
            direction: tuple(sum(1 << n for n in there) for there in reached)
            for direction, reached in scene.related.items()
        }
        return cls(scene, (1 << len(scene.objects)) - 1, having, related)

    def described(self, description: Description) -> Mask:
        """Find what fits a description.

        Args:
            description: What the objects are.

        Returns:
            The objects.
        """
        mask = self.everything
        for name, value in description:
            mask &= self.having[name].get(value, 0)
        return mask

    def reached(self, hop: Direction | Attribute, number: int) -> Mask:
        """Find what a hop from an object leads to.

        Args:
            hop: A direction, or the attribute that is shared.
            number: The object.

        Returns:
            The objects.
        """
        if isinstance(hop, Direction):
            return self.related[hop][number]
        value = self.scene.objects[number][hop]
        return self.having[hop][value] & ~(1 << number)

    def value(self, alone: Mask, attribute: Attribute) -> str:
        """Say what one object is in one respect.

        Args:
            alone: The object.
            attribute: The respect.

        Returns:
            The value.
        """
        return self.scene.objects[alone.bit_length() - 1][attribute]

    def found(self, phrase: Phrase) -> Mask:
        """Find what a phrase leads to.

        Args:
            phrase: The phrase; its anchors are each one object.

        Returns:
            The objects.
        """
        return self.described(phrase.description) & self.led_to(phrase.step)

    def led_to(self, step: Step | Junction | None) -> Mask:
        """Find what a step leads to, whatever the words.

        Args:
            step: The step; None leads everywhere.

        Returns:
            The objects.
        """
        match step:
            case None:
                return self.everything
            case Step(hop=hop, anchor=anchor):
                return self.reached(hop, self.found(anchor).bit_length() - 1)
            case Junction(logic=Logic.AND, parts=(one, other)):
                return self.found(one) & self.found(other)
            case Junction(parts=(one, other)):
                return self.found(one) | self.found(other)
