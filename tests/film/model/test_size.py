"""The size of a network, told from its settings, is that of the network."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from film.config import Config, ImageInput
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, SPECIAL_TOKENS
from film.model.build import build_network
from film.model.network import DataSizes
from film.model.size import network_size

_SMALL = {
    "model.width": 8,
    "model.generator.hidden": 12,
    "model.generator.word_dim": 6,
    "model.classifier.projection": 16,
    "model.classifier.hidden": [16, 8],
}
_CHANGES = [
    {},
    {"model.generator.n_layers": 3, "model.n_blocks": 2},
    {"model.film.blocks": [1, 2]},
    {"model.film.blocks": "none"},
    {"model.film.gamma": "one", "model.film.beta": "zero"},
    {"model.film.conditioning": "concat"},
    {"model.film.conditioning": "conditional_batch_norm", "model.norm": "none"},
    {"model.film.conditioning": "conditional_layer_norm", "model.film.blocks": [2]},
    {"model.film.conditioning": "adain", "model.film.blocks": [2]},
    {"model.coordinates": "none", "model.kernel_size": 1},
    {"model.coordinates": "twice"},
    {"model.norm": "none", "model.film.blocks": [2]},
    {"model.classifier.norm": "none", "model.norm": "group"},
    {"model.stem.input": "pixels", "model.stem.n_downsamplings": 2},
    {"model.architecture": "lstm", "model.lstm.hidden": 7, "model.lstm.n_layers": 3},
    {"model.architecture": "lstm", "model.lstm.classifier_hidden": []},
    {"model.architecture": "qtype"},
    {"model.architecture": "cnn_lstm"},
    {"model.architecture": "cnn_lstm", "model.cnn_lstm.classifier_hidden": []},
    {"model.architecture": "sa", "model.sa.rounds": 3},
    {"model.architecture": "sa", "model.sa.classifier_hidden": [8]},
    {"model.architecture": "rn"},
    {"model.architecture": "rn", "model.rn.relation_hidden": [7]},
    {
        "model.architecture": "rn",
        "model.rn.input": "features",
        "model.rn.convolutions": 1,
        "model.rn.classifier_hidden": [],
    },
    {"model.architecture": "pg_ee"},
    {"model.architecture": "pg_ee", "model.pg_ee.stem_layers": 1},
    {"model.architecture": "pg_ee", "model.pg_ee.batch_norm": True},
    {"model.architecture": "pg_ee", "model.pg_ee.classifier_hidden": [8, 4]},
    {"model.architecture": "n2nmn"},
    {"model.architecture": "n2nmn", "model.n2nmn.transform_kernel": 3},
]


def shape_of(config: Config) -> tuple[int, int, int]:
    is_pixels = config.model.image_input is ImageInput.PIXELS
    return (3, 18, 26) if is_pixels else (5, 4, 6)


@pytest.mark.parametrize("changes", _CHANGES, ids=str)
def test_every_weight_is_counted(changes: dict[str, object]) -> None:
    config = Config().with_changes({**_SMALL, **changes})
    sizes = DataSizes(
        n_words=11,
        n_answers=9,
        image_shape=shape_of(config),
        program_words=(*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS),
    )
    network = build_network(config.model, sizes)
    told = network_size(
        config.model,
        n_words=11,
        n_answers=9,
        image_shape=shape_of(config),
        n_tokens=13,
    )
    assert told.parameters == sum(one.numel() for one in network.parameters())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model.stem.input": "pixels", "model.stem.n_downsamplings": 2},
        {"model.coordinates": "twice", "model.stem.kernel_size": 1},
        {"model.architecture": "cnn_lstm"},
        {"model.architecture": "rn", "model.rn.image_size": 20},
        {"model.architecture": "rn", "model.rn.image_size": None},
        {
            "model.architecture": "rn",
            "model.rn.input": "features",
            "model.rn.convolutions": 1,
        },
    ],
    ids=str,
)
def test_the_work_on_a_picture_is_what_torch_counts(changes: dict[str, object]) -> None:
    # Torch does not count what a GRU or an LSTM does.
    deaf = {"model.film.blocks": "none"}
    config = Config().with_changes({**_SMALL, **deaf, **changes})
    shape = shape_of(config)
    sizes = DataSizes(n_words=11, n_answers=9, image_shape=shape)
    network = build_network(config.model, sizes).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.ones((1, 13), dtype=torch.int64), torch.zeros((1, *shape)))
    told = network_size(
        config.model, n_words=11, n_answers=9, image_shape=shape, n_tokens=0
    )
    assert counter.get_total_flops() == 2 * told.multiply_adds


def test_hearing_a_question_takes_work_for_every_word() -> None:
    config = Config().with_changes(_SMALL).model

    def work(n_tokens: int) -> int:
        return network_size(
            config, n_words=11, n_answers=9, image_shape=(5, 4, 6), n_tokens=n_tokens
        ).multiply_adds

    assert work(14) - work(13) == 3 * 12 * (6 + 12)
