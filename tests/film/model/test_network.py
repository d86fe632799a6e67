"""The network computes what the paper says, for every combination of settings."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from film.config import Config, ModelConfig
from film.errors import ConfigError
from film.model.network import DataSizes, FilmNetwork

SMALL = {
    "model.width": 4,
    "model.generator.word_dim": 3,
    "model.generator.hidden": 5,
    "model.classifier.projection": 8,
    "model.norm_groups": 2,
    "model.stem.n_downsamplings": 2,
}
SIZES = DataSizes(n_words=9, n_answers=7, image_shape=(3, 6, 8))


def load_naive() -> ModuleType:
    path = Path(__file__).with_name("naive.py")
    spec = importlib.util.spec_from_file_location("naive", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NAIVE = load_naive()


def small(**changes: Any) -> ModelConfig:
    dotted = {
        f"model.{key.replace('__', '.')}": value for key, value in changes.items()
    }
    base = Config().with_changes({**SMALL, "model.classifier.hidden": [8]})
    return base.with_changes(dotted).model


def shaken(config: ModelConfig) -> FilmNetwork:
    """A network none of whose biases, scales and statistics are trivial."""
    network = FilmNetwork(config, SIZES)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                noise = torch.rand(value.shape, generator=generator)
                value.add_(noise - (0 if "running_var" in name else 0.5))
    return network.eval()


def some_input() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    questions = torch.randint(1, 9, (3, 6), generator=generator)
    questions[1, 3:] = 0
    questions[2, 1:] = 0
    return questions, torch.rand((3, *SIZES.image_shape), generator=generator)


@st.composite
def any_settings(draw: st.DrawFn) -> dict[str, Any]:
    def one_of(*choices: object) -> Any:
        return draw(st.sampled_from(choices))

    n_blocks = one_of(1, 2)
    way = one_of(
        "film",
        "film",
        "film",
        "concat",
        "conditional_batch_norm",
        "conditional_layer_norm",
        "adain",
    )
    is_free = way in {"film", "adain"}  # may be held to a part of what it can do
    return {
        "n_blocks": n_blocks,
        "film__blocks": one_of("all", "none", [1], [n_blocks]),
        "film__placement": one_of(
            "before_conv", "after_conv", "after_norm", "after_relu", "after_residual"
        ),
        "film__conditioning": way,
        "film__gamma": one_of("none", "sigmoid", "tanh", "exp", "one")
        if is_free
        else "none",
        "film__gamma_baseline": one_of(0, 1),
        "film__beta": one_of("learned", "zero") if is_free else "learned",
        "kernel_size": one_of(1, 3, 5),
        "residual": one_of(True, False),
        "norm": one_of("batch", "none", "layer", "group"),
        "norm_groups": one_of(2, 4),  # of 4 channels
        "coordinates": one_of("none", "once", "twice"),
        "stem__input": one_of("features", "pixels"),
        "stem__kernel_size": one_of(1, 3),
        "classifier__norm": one_of("batch", "none", "layer", "group"),
        "classifier__pooling": one_of("max", "average"),
        "classifier__hidden": one_of([], [8], [8, 4]),
    }


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=any_settings())
def test_every_combination_agrees_with_a_naive_second_implementation(
    changes: dict[str, Any],
) -> None:
    config = small(**changes)
    network = shaken(config)
    questions, images = some_input()
    with torch.no_grad():
        ours = network(questions, images).numpy()
    weights = {k: v.double().numpy() for k, v in network.state_dict().items()}
    for i in range(len(questions)):
        theirs = NAIVE.logits(config, weights, questions[i].numpy(), images[i].numpy())
        np.testing.assert_allclose(ours[i], theirs, rtol=1e-4, atol=1e-4)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=any_settings())
def test_a_canonical_form_computes_the_same(changes: dict[str, Any]) -> None:
    config = small(**changes)
    canonical = Config(model=config).canonical().model
    questions, images = some_input()
    one, other = (FilmNetwork(c, SIZES).eval() for c in (config, canonical))
    with torch.no_grad():
        assert torch.equal(one(questions, images), other(questions, images))
    assert [n for n, _ in one.named_parameters()] == [
        n for n, _ in other.named_parameters()
    ]


def test_first_weights_are_uniform_within_kaimings_bound() -> None:
    for name, layer in FilmNetwork(small(), SIZES).named_modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            fan_in = layer.weight[0].numel()
            largest = float(layer.weight.detach().abs().max())
            assert 0.7 < largest / (6 / fan_in) ** 0.5 <= 1, name
            assert float(layer.bias.detach().abs().max()) <= fan_in**-0.5, name


def test_padding_changes_nothing() -> None:
    network = shaken(small())
    questions, images = some_input()
    longer = torch.nn.functional.pad(questions, (0, 5))
    with torch.no_grad():
        assert torch.equal(network(questions, images), network(longer, images))


def test_without_film_in_any_block_the_question_is_not_heard() -> None:
    questions, images = some_input()
    for config in (
        small(film__blocks="none"),
        small(film__gamma="one", film__beta="zero"),
    ):
        network = shaken(config)
        with torch.no_grad():
            assert torch.equal(
                network(questions, images), network(questions.flip(1), images)
            )


def test_an_unconditioned_block_has_an_affine_norm_and_a_conditioned_one_has_not() -> (
    None
):
    network = FilmNetwork(small(film__blocks=[2]), SIZES)
    assert [block.norm.affine for block in network.blocks] == [True, False, True, True]


def test_the_paper_has_as_many_weights_as_the_authors_report() -> None:
    sizes = DataSizes(n_words=93, n_answers=32, image_shape=(1024, 14, 14))
    with torch.device("meta"):
        network = FilmNetwork(Config().model, sizes)
    count = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in network.named_children()
    }
    assert count == {
        "generator": 57_027_752,
        "stem": 1_182_336,
        "blocks": 657_408,
        "classifier": 628_256,
    }


def test_the_pixel_stem_has_as_many_weights_as_the_authors_report() -> None:
    sizes = DataSizes(n_words=93, n_answers=32, image_shape=(3, 224, 224))
    config = Config().with_changes({"model.stem.input": "pixels"}).model
    with torch.device("meta"):
        network = FilmNetwork(config, sizes)
        stem = sum(p.numel() for p in network.stem.parameters())
        assert stem == 794_112
        assert network.stem(torch.empty(1, 3, 224, 224)).shape == (1, 128, 14, 14)


def test_the_question_side_and_the_picture_side_draw_weights_apart() -> None:
    one = FilmNetwork(small(), SIZES, generator_seed=1, network_seed=2).state_dict()
    other = FilmNetwork(small(), SIZES, generator_seed=3, network_seed=2).state_dict()
    moved = {name.split(".")[0] for name in one if not one[name].equal(other[name])}
    assert moved == {"generator"}


def test_building_a_network_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    FilmNetwork(small(), SIZES)
    assert torch.random.get_rng_state().equal(before)


def test_pictures_too_small_for_the_stem_are_refused() -> None:
    config = small(stem__input="pixels", stem__n_downsamplings=4)
    with pytest.raises(ConfigError, match="at least 16×16 pixels; these have 8×6"):
        FilmNetwork(config, SIZES)


def test_every_weight_that_can_matter_gets_a_gradient() -> None:
    network = FilmNetwork(small(), SIZES).train()
    questions, images = some_input()
    torch.nn.functional.cross_entropy(
        network(questions, images), torch.tensor([0, 1, 2])
    ).backward()
    without = [n for n, p in network.named_parameters() if p.grad is None]
    assert without == []


def test_an_update_bias_lengthens_the_memory_of_every_layer() -> None:
    short = FilmNetwork(small(generator__n_layers=2), SIZES).generator.rnn
    long = FilmNetwork(
        small(generator__n_layers=2, generator__update_bias=2), SIZES
    ).generator.rnn
    for layer in (0, 1):
        name = f"bias_ih_l{layer}"
        added = getattr(long, name) - getattr(short, name)
        expected = torch.tensor([0.0] * 5 + [2.0] * 5 + [0.0] * 5)  # reset, update, new
        torch.testing.assert_close(added, expected)
