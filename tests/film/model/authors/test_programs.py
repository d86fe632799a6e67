"""A PG+EE checkpoint of clevr-iep answers here as it did there."""

from typing import Any

import pytest
import torch
from torch import Tensor

from film.config import Config
from film.data.programs import FUNCTION_ARITY
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, SPECIAL_TOKENS
from film.errors import DataError
from film.model.authors.checkpoint import parse_checkpoint
from film.model.baselines.pg_ee import PgEe
from film.model.build import build_network
from film.model.network import DataSizes
from tests.film.model.authors.made import ANSWERS, IMAGE, WORDS, numbered

SMALL = {
    "model.architecture": "pg_ee",
    "model.pg_ee.word_dim": 4,
    "model.pg_ee.hidden": 6,
    "model.pg_ee.width": 3,
    "model.pg_ee.projection": 5,
    "model.pg_ee.classifier_hidden": [7],
}
GENERATOR = {
    "generator.embedding": "encoder_embed",
    "generator.reader": "encoder_rnn",
    "generator.token_embedding": "decoder_embed",
    "generator.writer": "decoder_rnn",
    "generator.token": "decoder_linear",
}
UNARY = {"first": "conv1", "second": "conv2", "norms.0": "bn1", "norms.1": "bn2"}


def made(changes: dict[str, Any]) -> PgEe:
    config = Config().with_changes({**SMALL, **changes}).model
    sizes = DataSizes(
        n_words=4 + len(WORDS),
        n_answers=4 + len(ANSWERS),
        image_shape=IMAGE,
        program_words=(*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS),
    )
    network = PgEe(config.pg_ee, sizes)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.add_((torch.rand(value.shape, generator=draw) - 0.5) / 4)
    return network.eval()


def checkpoint_of(network: PgEe, *, has_norm: bool, dropout: float) -> dict[str, Any]:
    generator, engine = {}, {"<NULL>.conv1.bias": torch.zeros(3)}
    last = 8 if has_norm else 6
    shift = {last: last + 1} if dropout else {}  # a dropout is a layer too
    for name, value in network.state_dict().items():
        layer, _, parameter = name.rpartition(".")
        part, _, rest = layer.removeprefix("engine.").partition(".")
        if layer in GENERATOR:
            generator[f"{GENERATOR[layer]}.{parameter}"] = value.clone()
        elif part == "functions":
            engine[f"{of_function(rest)}.{parameter}"] = value.clone()
        else:
            number = shift.get(int(rest), int(rest)) if part == "classifier" else rest
            engine[f"{part}.{number}.{parameter}"] = value.clone()
    return {
        "program_generator_kwargs": {
            "encoder_vocab_size": 6,
            "decoder_vocab_size": 44,
            "wordvec_dim": 4,
            "hidden_dim": 6,
            "rnn_num_layers": 2,
            "rnn_dropout": 0,
        },
        "program_generator_state": generator,
        "execution_engine_kwargs": {
            "feature_dim": IMAGE,
            "stem_batchnorm": has_norm,
            "stem_num_layers": 2,
            "module_dim": 3,
            "module_residual": True,
            "module_batchnorm": has_norm,
            "classifier_proj_dim": 5,
            "classifier_downsample": "maxpool2",
            "classifier_fc_layers": (7,),
            "classifier_batchnorm": has_norm,
            "classifier_dropout": dropout,
        },
        "execution_engine_state": engine,
        "vocab": {
            "question_token_to_idx": numbered(*WORDS),
            "program_token_to_idx": numbered(*CLEVR_PROGRAM_TOKENS),
            "answer_token_to_idx": numbered(*ANSWERS),
        },
    }


def of_function(rest: str) -> str:
    number, _, layer = rest.partition(".")
    token = CLEVR_PROGRAM_TOKENS[int(number) - 4]
    if FUNCTION_ARITY[token.partition("[")[0]] < 2:
        return f"{token}.{UNARY[layer]}"
    if layer == "join":
        return f"{token}.proj"
    return f"{token}.res_block.{UNARY[layer.removeprefix('block.')]}"


def answers(network: Any) -> Tensor:
    questions = torch.tensor([[1, 4, 5, 2], [1, 5, 2, 0], [1, 4, 2, 0]])
    images = torch.rand((3, *IMAGE), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found: Tensor = network.eval()(questions, images)
    return found


@pytest.mark.parametrize("has_norm", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_whatever_was_trained_there_answers_the_same_here(
    *, has_norm: bool, dropout: float
) -> None:
    network = made({"model.pg_ee.batch_norm": has_norm})
    model = parse_checkpoint(
        checkpoint_of(network, has_norm=has_norm, dropout=dropout), "made.pt"
    )
    found = build_network(model.config, model.sizes)
    found.load_state_dict(dict(model.weights))
    assert torch.equal(answers(found), answers(network))
    assert bool(answers(found).isfinite().all())
    assert model.unused == ("<NULL>.conv1.bias",)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("module_residual", False, "module_residual is False"),
        ("classifier_downsample", "maxpool4", "classifier_downsample is 'maxpool4'"),
        ("stem_batchnorm", True, "stem_batchnorm is True; this package knows False"),
    ],
)
def test_engines_that_this_package_lacks_are_refused(
    name: str, value: object, message: str
) -> None:
    content = checkpoint_of(made({}), has_norm=False, dropout=0)
    content["execution_engine_kwargs"][name] = value
    with pytest.raises(DataError, match=message):
        parse_checkpoint(content, "made.pt")


def test_a_vocabulary_without_clevrs_functions_is_refused() -> None:
    content = checkpoint_of(made({}), has_norm=False, dropout=0)
    content["vocab"]["program_token_to_idx"] = numbered("scene", "dance")
    with pytest.raises(DataError, match="'dance', which is no function of CLEVR"):
        parse_checkpoint(content, "made.pt")
