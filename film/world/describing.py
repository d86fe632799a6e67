"""Find words for the things of one scene, sometimes more than it takes."""

import random
from dataclasses import replace
from itertools import combinations
from typing import Final, final

from film.world.attributes import Attribute, Direction
from film.world.executor import Objects, SceneGraph, find_objects
from film.world.families import Hop
from film.world.palette import Palette
from film.world.phrases import Description, Phrase, Step, phrase_program

__all__ = ["PhraseDrawer"]

_FROM_SCENE: Final = 0.7  # of described values; the others come from the palette


@final
class PhraseDrawer:
    """Draws what a question about one scene may speak of.

    Args:
        rng: Where the draws come from.
        palette: What the world's questions are about.
        scene: The scene.
    """

    def __init__(self, rng: random.Random, palette: Palette, scene: SceneGraph) -> None:
        self.rng = rng
        self.palette = palette
        self.scene = scene

    def draw_one(
        self, hops: tuple[Hop, ...], hidden: Attribute | None
    ) -> Phrase | None:
        """Draw words for one object and no other.

        The last hop is needed: without it, the words would fit more than one.

        Args:
            hops: The steps that lead to the object.
            hidden: What is asked about it, and therefore not mentioned.

        Returns:
            The phrase; None where this draw leads to nothing.
        """
        start = self._draw_start(hops)
        if start is None:
            return None
        bare, reached = start
        if not reached:
            return None
        target = self.rng.choice(sorted(reached))
        fitting = [
            words
            for words in self._descriptions(target, {hidden, _shared(hops)})
            if self._singles_out(words, target, reached, is_direct=bare.step is None)
        ]
        return replace(bare, description=self.rng.choice(fitting)) if fitting else None

    def draw_some(self, hops: tuple[Hop, ...], *, is_described: bool) -> Phrase | None:
        """Draw words for any number of objects, maybe none.

        Args:
            hops: The steps that lead to the objects.
            is_described: Whether words narrow what the last step leads to.

        Returns:
            The phrase; None where this draw leads to nothing.
        """
        start = self._draw_start(hops)
        if start is None:
            return None
        bare, _ = start
        if not is_described:
            return bare
        known = [name for name in self.palette.values if name != _shared(hops)]
        fewest = 0 if bare.step and isinstance(bare.step.hop, Direction) else 1
        mentioned = [
            names
            for size in self._sizes(fewest, len(known))
            for names in combinations(known, size)
        ]
        if not mentioned:
            return None
        words = tuple(
            (name, self._draw_value(name)) for name in self.rng.choice(mentioned)
        )
        return replace(bare, description=words)

    # A phrase without words, and the objects that its step leads to.
    def _draw_start(self, hops: tuple[Hop, ...]) -> tuple[Phrase, Objects] | None:
        if not hops:
            return Phrase(), self.scene.everything
        *earlier, last = hops
        anchor = self.draw_one(tuple(earlier), last.attribute)
        if anchor is None:
            return None
        hop = last.attribute or self.rng.choice(list(Direction))
        bare = Phrase(step=Step(hop, anchor))
        return bare, find_objects(phrase_program(bare), self.scene)

    # Every way to describe an object without the hidden attributes.
    def _descriptions(
        self, target: int, hidden: set[Attribute | None]
    ) -> list[Description]:
        known = [
            (name, self.scene.objects[target][name])
            for name in self.palette.values
            if name not in hidden
        ]
        return [
            words
            for size in self._sizes(0, len(known))
            for words in combinations(known, size)
        ]

    def _sizes(self, fewest: int, known: int) -> range:
        return range(fewest, min(known, self.palette.max_attributes) + 1)

    def _singles_out(
        self, words: Description, target: int, reached: Objects, *, is_direct: bool
    ) -> bool:
        fitting = self.scene.everything
        for name, value in words:
            fitting = self.scene.matching(fitting, name, value)
        if is_direct:
            return bool(words) and fitting == {target}
        return len(fitting) > 1 and fitting & reached == {target}

    # Each value is taken from an object of the scene, not always the same one: a
    # question about a red cube may be about a scene of red balls and blue cubes.
    def _draw_value(self, name: Attribute) -> str:
        if self.rng.random() < _FROM_SCENE:
            return self.rng.choice(self.scene.objects)[name]
        return self.rng.choice(self.palette.values[name])


def _shared(hops: tuple[Hop, ...]) -> Attribute | None:
    return hops[-1].attribute if hops else None
