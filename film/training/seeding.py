"""One owner for every random number of a run.

A generator is derived from the run's seed and a purpose, so that a new draw in one
place moves no other.
"""

import hashlib

import numpy as np

__all__ = ["generator_for", "seed_for"]


def seed_for(seed: int, purpose: str) -> int:
    """Derive the seed of one purpose.

    Args:
        seed: The run's.
        purpose: What it is for, such as ``"initial weights: network"``.

    Returns:
        An integer below 2⁶³, the same on every machine.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator_for(seed: int, purpose: str) -> np.random.Generator:
    """Make the random generator of one purpose.

    Args:
        seed: The run's.
        purpose: What it is for, such as ``"shuffle: epoch 3"``.

    Returns:
        A fresh generator.
    """
    return np.random.default_rng(seed_for(seed, purpose))
