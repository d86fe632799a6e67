"""Find words for the things of one scene, sometimes more than it takes."""

import random
from functools import cache
from itertools import combinations
from typing import Final, NamedTuple, final

from film.world.attributes import Attribute, Direction
from film.world.questions.families import Family, Hop, Reasoning
from film.world.questions.palette import Palette
from film.world.questions.phrases import Description, Junction, Logic, Phrase, Step
from film.world.questions.views import Mask, SceneView, members

__all__ = ["PhraseDrawer"]

_FROM_SCENE: Final = 0.7  # of described values; the others come from the palette
_DIRECTIONS: Final = tuple(Direction)

_Hidden = frozenset[Attribute | None]


class _Start(NamedTuple):
    """A phrase without words, the objects that it leads to, and shorter ways."""

    bare: Phrase
    reached: Mask
    shortcuts: tuple[Mask, ...]  # what a part of the step leads to


@final
class PhraseDrawer:
    """Draws what a question about one scene may speak of.

    Args:
        rng: Where the draws come from.
        palette: What the world's questions are about.
        view: The scene.
    """

    def __init__(self, rng: random.Random, palette: Palette, view: SceneView) -> None:
        self.rng = rng
        self.palette = palette
        self.view = view
        self._described: dict[tuple[int, _Hidden], list[tuple[Description, Mask]]] = {}

    def draw(self, family: Family) -> tuple[Phrase, ...] | None:
        """Draw the phrases of a question.

        What is called "the" is one and no more, and needs its whole step.

        Args:
            family: What is asked.

        Returns:
            One or two phrases; None where this draw leads to nothing.
        """
        match family.reasoning:
            case Reasoning.SINGLE_AND:
                starts = [self._start_from_both(family.hops)]
            case Reasoning.SINGLE_OR:
                starts = [self._start_from_either(family)]
            case _:
                starts = [self._start(hops) for hops in family.hops]
        phrases = []
        for start, hops in zip(starts, family.hops, strict=False):
            phrase = None if start is None else self._finish(start, family, hops)
            if phrase is None:
                return None
            phrases.append(phrase)
        return tuple(phrases)

    def _finish(
        self, start: _Start, family: Family, hops: tuple[Hop, ...]
    ) -> Phrase | None:
        shared = hops[-1].attribute if hops else None
        if family.wants_one:
            return self._name_one(start, frozenset({family.attribute, shared}))
        if family.reasoning is Reasoning.SINGLE_OR:
            common = family.common
            words = () if common is None else ((common, self._draw_value(common)),)
            return Phrase(words, start.bare.step)
        if not family.is_described:
            return start.bare
        return self._name_some(start, frozenset({shared}))

    # Follow the hops from things that have a name of their own.
    def _start(self, hops: tuple[Hop, ...]) -> _Start | None:
        if not hops:
            return _Start(Phrase(), self.view.everything, ())
        before = self._start(hops[:-1])
        anchor = before and self._name_one(before, _hidden_of_anchor(hops))
        if anchor is None:
            return None
        step = Step(hops[-1].attribute or self.rng.choice(_DIRECTIONS), anchor)
        return _Start(
            Phrase(step=step), self.view.led_to(step), (self.view.everything,)
        )

    def _start_from_both(self, hops: tuple[tuple[Hop, ...], ...]) -> _Start | None:
        one, other = self._start(hops[0]), self._start(hops[1])
        if one is None or other is None:
            return None
        return _Start(
            Phrase(step=Junction(Logic.AND, (one.bare, other.bare))),
            one.reached & other.reached,
            (one.reached, other.reached),
        )

    def _start_from_either(self, family: Family) -> _Start | None:
        parts = []
        for hops in family.hops:
            start = self._start(hops)
            part = start and self._name_some(start, frozenset({family.common}))
            if part is None:
                return None
            parts.append(part)
        step = Junction(Logic.OR, (parts[0], parts[1]))
        return _Start(Phrase(step=step), self.view.led_to(step), ())

    # Words for one object, which no shorter way would single out.
    def _name_one(self, start: _Start, hidden: _Hidden) -> Phrase | None:
        if not start.reached:
            return None
        target = self.rng.choice(members(start.reached))
        alone = 1 << target
        fitting = [
            words
            for words, mask in self._descriptions(target, hidden)
            if mask & start.reached == alone
            and (words or start.shortcuts)
            and all(mask & shortcut != alone for shortcut in start.shortcuts)
        ]
        if not fitting:
            return None
        return Phrase(self.rng.choice(fitting), start.bare.step)

    # Every way to describe an object, with all that fits it.
    def _descriptions(
        self, target: int, hidden: _Hidden
    ) -> list[tuple[Description, Mask]]:
        described = self._described.get((target, hidden))
        if described is None:
            thing = self.view.scene.objects[target]
            described = []
            for names in self._mentions(hidden, fewest=0):
                words = tuple((name, thing[name]) for name in names)
                described.append((words, self.view.described(words)))
            self._described[target, hidden] = described
        return described

    # Words for any number of objects, maybe none.
    def _name_some(self, start: _Start, hidden: _Hidden) -> Phrase | None:
        step = start.bare.step
        is_near = step is None or (
            isinstance(step, Step) and isinstance(step.hop, Attribute)
        )
        mentions = self._mentions(hidden, fewest=1 if is_near else 0)
        if not mentions:
            return None
        words = tuple(
            (name, self._draw_value(name)) for name in self.rng.choice(mentions)
        )
        return Phrase(words, step)

    # Every choice of attributes that a description may mention.
    def _mentions(
        self, hidden: _Hidden, *, fewest: int
    ) -> tuple[tuple[Attribute, ...], ...]:
        known = tuple(name for name in self.palette.values if name not in hidden)
        return _subsets(known, fewest, self.palette.max_attributes)

    # Each value is taken from an object of the scene, not always the same one: a
    # question about a red cube may be about a scene of red balls and blue cubes.
    def _draw_value(self, name: Attribute) -> str:
        if self.rng.random() < _FROM_SCENE:
            return self.rng.choice(self.view.scene.objects)[name]
        return self.rng.choice(self.palette.values[name])


# An anchor's words do not name what it shares with what comes before or after it.
@cache
def _hidden_of_anchor(hops: tuple[Hop, ...]) -> _Hidden:
    return frozenset(hop.attribute for hop in hops[-2:])


@cache
def _subsets(
    names: tuple[Attribute, ...], fewest: int, most: int
) -> tuple[tuple[Attribute, ...], ...]:
    return tuple(
        chosen
        for size in range(fewest, min(len(names), most) + 1)
        for chosen in combinations(names, size)
    )
