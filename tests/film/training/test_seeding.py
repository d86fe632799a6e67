"""Every purpose has its own random numbers, the same on every machine."""

from film.training.seeding import generator_for, seed_for


def test_purposes_and_seeds_are_apart() -> None:
    seeds = {seed_for(s, p) for s in range(20) for p in ("shuffle", "weights")}
    assert len(seeds) == 40


def test_a_seed_is_the_same_everywhere() -> None:
    assert seed_for(0, "shuffle: epoch 1") == 2861842949486852281  # sha256sum, by hand
    assert generator_for(0, "shuffle: epoch 1").integers(10**6) == generator_for(
        0, "shuffle: epoch 1"
    ).integers(10**6)
