"""The maps before and after FiLM are those that the network really computes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from film.analysis.model import TrainedModel
from film.analysis.pictured.activations import film_maps, measure_activations
from film.analysis.pictured.examples import ExampleChoice
from film.config import FilmPlacement
from film.errors import AnalysisError
from film.model.block import ResBlock
from film.model.coordinates import with_coordinates
from film.model.modulation import modulate
from tests.film.analysis.small_run import small_run, write_small_store

ASKED = [
    ("Is there a cube?", "exist filter_shape[cube] scene", "yes", 3),
    ("How many cubes are there?", "count filter_shape[cube] scene", "2", 7),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_store(tmp_path_factory.mktemp("store"), ASKED)


# What the block does from FiLM on, written out for each place.
def finish(block: ResBlock, after: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    if block.placement is FilmPlacement.BEFORE_CONV:
        maps = after
    shortcut = block.conv_1x1(with_coordinates(maps)).relu()
    if block.placement is FilmPlacement.AFTER_RESIDUAL:
        return after
    if block.placement is FilmPlacement.AFTER_RELU:
        return shortcut + after
    if block.placement is FilmPlacement.AFTER_NORM:
        return shortcut + after.relu()
    if block.placement is FilmPlacement.AFTER_CONV:
        return shortcut + block.norm(after).relu()
    return shortcut + block.norm(block.conv_kxk(shortcut)).relu()


@pytest.mark.parametrize("placement", list(FilmPlacement))
@torch.inference_mode()
def test_the_rest_of_the_block_makes_its_output_of_what_is_after_film(
    store: Path, placement: FilmPlacement
) -> None:
    network = small_run(store, **{"model.film.placement": placement}).film
    batch = small_run(store).open("val").batch(np.arange(2))
    seen: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
    for number, block in enumerate(network.blocks, start=1):
        block.register_forward_hook(
            lambda _block, inputs, output, number=number: seen.update(
                {number: (inputs[0], output)}
            )
        )
    logits, found = film_maps(network, batch.questions, batch.images)
    torch.testing.assert_close(logits, network(batch.questions, batch.images))
    assert sorted(found) == [1, 2]
    for number, maps in found.items():
        block = network.blocks[number - 1]
        assert isinstance(block, ResBlock)
        given, made = seen[number]
        torch.testing.assert_close(finish(block, maps.after, given), made)
        torch.testing.assert_close(
            modulate(maps.before, maps.gamma, maps.beta), maps.after
        )


@torch.inference_mode()
def test_gamma_and_beta_are_those_of_the_question(store: Path) -> None:
    network = small_run(store, **{"model.film.blocks": [2]}).film
    batch = small_run(store).open("val").batch(np.arange(2))
    _, found = film_maps(network, batch.questions, batch.images)
    assert network.generator is not None
    gamma, beta = network.generator(batch.questions)
    assert list(found) == [2]  # the other does not hear the question
    torch.testing.assert_close(found[2].gamma, gamma[:, 1])
    torch.testing.assert_close(found[2].beta, beta[:, 1])


@pytest.fixture(scope="module")
def model(store: Path) -> TrainedModel:
    return small_run(store)


def test_the_channels_that_change_most_are_kept(model: TrainedModel) -> None:
    everything = ExampleChoice(rows=(0, 1))
    found = measure_activations(model, "val", None, everything, n_channels=2)
    whole = measure_activations(model, "val", None, everything, channels=range(4))
    for block in (1, 2):
        before, after = (
            whole.arrays[f"{when}_{block}"] for when in ("before", "after")
        )
        changes = ((after - before) ** 2).mean(axis=(0, 2, 3))
        kept = found.tables["channels"].query(f"block == {block} and example == 0")
        assert kept["channel"].tolist() == np.argsort(-changes)[:2].tolist()
        np.testing.assert_array_equal(
            found.arrays[f"after_{block}"], after[:, kept["channel"]]
        )
        channel, change = kept["channel"].iloc[0], kept["change"].iloc[0]
        one = np.sqrt(((after - before) ** 2).mean(axis=(2, 3)))[0, channel]
        assert change == pytest.approx(one, rel=1e-5)


def test_channels_may_be_named(model: TrainedModel) -> None:
    found = measure_activations(model, "val", channels=(3, 1))
    assert found.tables["channels"]["channel"].tolist() == [3, 1] * 4
    assert found.about["channels"] == "named"
    with pytest.raises(
        AnalysisError, match="no channel 4; blocks have the channels 0 to 3"
    ):
        measure_activations(model, "val", channels=(4,))


@pytest.mark.parametrize(
    "change", [{"model.film.blocks": "none"}, {"model.film.conditioning": "concat"}]
)
def test_a_network_without_film_of_its_own_is_refused(
    store: Path, change: dict[str, str]
) -> None:
    with pytest.raises(AnalysisError, match="no block has FiLM of its own"):
        measure_activations(small_run(store, **change), "val")
