"""Whether the objects that an answer depends on can be seen.

References:
    Perez et al., *FiLM*, AAAI 2018, appendix: most errors involve partial occlusion.
    https://arxiv.org/abs/1709.07871
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from film.analysis.errors.visibility import hidden_shares, not_a_scene
from film.data.programs import Program
from film.errors import DataError
from film.world.questions.executor import (
    ExecutionError,
    Objects,
    SceneGraph,
    Thing,
    Value,
    run_nodes,
)

__all__ = ["Known", "Occlusion", "needed_objects", "occlusion_of"]


Known = dict[int, Float[np.ndarray, " objects"]]
"""What is hidden of each object, by picture."""


@final
@dataclass(frozen=True, eq=False)
class Occlusion:
    """How much of what each question needs is hidden.

    Attributes:
        n_objects: How many objects the answer depends on.
        hidden: The share of the most hidden of them; NaN where there is none.
    """

    n_objects: Int[np.ndarray, " questions"]
    hidden: Float[np.ndarray, " questions"]


def occlusion_of(
    programs: Sequence[Program | None],
    images: Sequence[int],
    entries: Iterable[Mapping[str, Any]],
    size: tuple[int, int],
    *,
    known: Known | None = None,
) -> Occlusion:
    """Find how much of what each question needs is hidden.

    Args:
        programs: Of the questions; None where it is not known.
        images: The picture of each question.
        entries: The scenes, as CLEVR writes them; others than those asked about too.
        size: Width and height of the pictures, in pixels.
        known: What is hidden in pictures that were drawn before; new ones are added.

    Returns:
        The objects of each question; none where its program is not known.

    Raises:
        DataError: A picture has no scene, or a scene does not fit its questions.
    """
    known = {} if known is None else known
    wanted: dict[int, list[int]] = {}
    for question, image in enumerate(images):
        wanted.setdefault(image, []).append(question)
    n_objects = np.zeros(len(images), np.int64)
    hidden = np.full(len(images), math.nan)
    for entry in entries:
        number = entry.get("image_index")
        if not isinstance(number, int) or number not in wanted:
            continue
        if number not in known:
            known[number] = hidden_shares(entry, size)
        for question in wanted.pop(number):
            needed = _needed(programs[question], entry)
            n_objects[question] = len(needed)
            seen = known[number][sorted(needed)]
            if not np.isnan(seen).all():
                hidden[question] = np.nanmax(seen)
    if wanted:
        raise DataError(f"there is no scene of image {min(wanted)}")
    return Occlusion(n_objects, hidden)


def needed_objects(program: Program, scene: SceneGraph) -> Objects:
    """Find the objects that an answer depends on.

    These are the objects that the outermost function counts, compares or describes,
    and every single object that the program singles out on its way there.

    Args:
        program: The question's program.
        scene: The scene that it asks about.

    Returns:
        The objects' numbers; none where none fits the question.
    """
    results = run_nodes(program, scene)
    needed = {_objects(value) for value in results if isinstance(value, Thing)}
    counting = [node for node in program if node.function in {"count", "exist"}]
    needed |= {_objects(results[node.inputs[0]]) for node in counting}
    return frozenset().union(*needed)


def _needed(program: Program | None, entry: Mapping[str, Any]) -> Objects:
    if program is None:
        return frozenset()
    image = entry["image_index"]
    try:
        needed = needed_objects(program, SceneGraph.from_entry(entry))
    except ExecutionError as error:
        raise DataError(
            f"the scene of image {image} does not fit a question about it: {error}"
        ) from None
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(not_a_scene(image, error)) from None
    if not all(0 <= number < len(entry["objects"]) for number in needed):
        raise DataError(f"the scene of image {image} names an object that it lacks")
    return needed


def _objects(value: Value) -> Objects:
    if isinstance(value, Thing):
        return frozenset({value.number})
    return value if isinstance(value, frozenset) else frozenset()
