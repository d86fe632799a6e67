"""Every draw of the world has an owner: a generator per seed and purpose."""

import random

__all__ = ["generator_for"]


def generator_for(seed: int, *purpose: str | int) -> random.Random:
    """Derive the generator of one purpose, so that no draw moves another.

    Args:
        seed: The seed of the world.
        purpose: What is drawn, such as a split, an index and a word.

    Returns:
        A generator that depends on the arguments alone.
    """
    name = "/".join(map(str, (seed, *purpose)))
    return random.Random(name)  # noqa: S311 (a world is drawn, no secret is made)
