"""Programs are written, run as they say, and learnt by heart."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from film.config import Config, PgEeConfig
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, END, SPECIAL_TOKENS, START
from film.errors import ConfigError
from film.model.baselines.execution_engine import (
    BinaryModule,
    ExecutionEngine,
    UnaryModule,
)
from film.model.baselines.pg_ee import PgEe
from film.model.baselines.prefix import Reading, arities
from film.model.baselines.program_generator import choose, program_loss
from film.model.build import build_network
from film.model.network import DataSizes

WORDS = (*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS)
SCENE = WORDS.index("scene")
ARITY = torch.tensor(arities(WORDS))
SIZES = DataSizes(n_words=20, n_answers=12, image_shape=(3, 4, 6), program_words=WORDS)
SMALL = PgEeConfig(
    word_dim=16,
    hidden=32,
    n_layers=1,
    width=4,
    projection=5,
    classifier_hidden=(6,),
    max_length=9,
)


def some_programs(n_programs: int, seed: int = 0) -> Tensor:
    """Read from noise with few functions, so that trees are of any shape."""
    generator = torch.Generator().manual_seed(seed)
    names = ["union", "count", "filter_color[red]", "relate[left]", "scene"]
    few = torch.tensor([WORDS.index(name) for name in names])
    draws = torch.randint(0, len(few), (n_programs, 14), generator=generator)
    return Reading.of(few[draws], ARITY, SCENE).programs


def slowly(engine: ExecutionEngine, image: Tensor, program: list[int]) -> Tensor:
    """One picture, one program, one module after the other."""
    maps, tokens = engine.stem(image[None]), iter(program)

    def run() -> Tensor:
        token = next(tokens)
        module = engine.functions[str(token)]
        if token == SCENE:
            return module(maps)
        return module(*[run() for _ in range(int(ARITY[token]))])

    return engine.classifier(run())[0]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_running_a_batch_is_running_each_program_by_itself(*, batch_norm: bool) -> None:
    torch.manual_seed(0)
    config = SMALL.model_copy(update={"batch_norm": batch_norm})
    engine = ExecutionEngine(config, SIZES, arities(WORDS)).double().eval()
    images = torch.rand(25, 3, 4, 6, dtype=torch.float64)
    programs = some_programs(25)
    together = engine(images, programs)
    together.square().sum().backward()
    gradients = [
        None if one.grad is None else one.grad.clone() for one in engine.parameters()
    ]
    engine.zero_grad(set_to_none=True)
    apart = torch.stack(
        [
            slowly(engine, image, program)
            for image, program in zip(images, programs.tolist(), strict=True)
        ]
    )
    apart.square().sum().backward()
    torch.testing.assert_close(together, apart)
    for ours, parameter in zip(gradients, engine.parameters(), strict=True):
        assert (ours is None) == (parameter.grad is None)
        if ours is not None:
            torch.testing.assert_close(ours, parameter.grad)


class TestWeightsSetByHand:
    """Maps are: where something is, where it is red, where it is made of metal.

    A filter is mask − relu(mask − property), the smaller of both; a union is
    a + relu(b − a), the larger. Objects stand apart enough for the pooling.
    """

    @pytest.fixture
    def engine(self) -> ExecutionEngine:
        config = SMALL.model_copy(
            update={
                "width": 3,
                "stem_layers": 1,
                "projection": 1,
                "classifier_hidden": (1,),
            }
        )
        sizes = DataSizes(
            n_words=20, n_answers=16, image_shape=(3, 8, 8), program_words=WORDS
        )
        engine = ExecutionEngine(config, sizes, arities(WORDS))
        for parameter in engine.parameters():
            nn.init.zeros_(parameter)
        with torch.no_grad():
            engine.stem[0].weight[:, :, 1, 1] = torch.eye(3)
            for channel, name in ((1, "color[red]"), (2, "material[metal]")):
                block = engine.functions[str(WORDS.index(f"filter_{name}"))]
                assert isinstance(block, UnaryModule)
                block.first.weight[0, 0, 1, 1] = 1
                block.first.weight[0, channel, 1, 1] = -1
                block.second.weight[0, 0, 1, 1] = -1
            union = engine.functions[str(WORDS.index("union"))]
            assert isinstance(union, BinaryModule)
            union.join.weight[0, 0] = 1
            union.join.weight[1, 3] = 1
            union.join.weight[1, 0] = -1
            union.block.first.weight[0, 1, 1, 1] = 1
            union.block.second.weight[0, 0, 1, 1] = 1
            engine.classifier[0].weight[0, 0] = 1
            engine.classifier[4].weight[:] = 1
            numbers = torch.arange(16.0)
            engine.classifier[6].weight[:, 0] = 2 * numbers
            engine.classifier[6].bias[:] = -(numbers**2)
        return engine

    @pytest.mark.parametrize(
        ("text", "counted"),
        [
            ("count scene", lambda red, metal: red | metal | True),
            ("count filter_color[red] scene", lambda red, _: red),
            (
                "count filter_material[metal] filter_color[red] scene",
                lambda red, metal: red & metal,
            ),
            (
                "count union filter_material[metal] scene filter_color[red] scene",
                lambda red, metal: red | metal,
            ),
        ],
    )
    def test_what_a_program_counts_is_counted(
        self, engine: ExecutionEngine, text: str, counted: object
    ) -> None:
        assert callable(counted)
        rng = np.random.default_rng(3)
        images, expected = torch.zeros(12, 3, 8, 8), []
        for image in images:
            cells = rng.permutation(16)[: rng.integers(1, 11)]
            red, metal = rng.random((2, len(cells))) < 0.5
            for cell, is_red, is_metal in zip(cells, red, metal, strict=True):
                row, column = 2 * (cell // 4), 2 * (cell % 4)
                image[:, row, column] = torch.tensor([1.0, is_red, is_metal])
            expected.append(int(np.sum(counted(red, metal))))
        program = torch.tensor([[WORDS.index(word) for word in text.split()]])
        answers = engine(images, program.expand(12, -1)).argmax(dim=1)
        assert answers.tolist() == expected
        assert len(set(expected)) > 2


@pytest.fixture(scope="module")
def learnt() -> tuple[PgEe, Tensor, Tensor]:
    """Give a network that wrote 50 programs often enough, questions and programs."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    questions = torch.randint(4, 20, (50, 7), generator=generator)
    questions[::3, 5:] = 0
    whole = some_programs(4000, seed=1)
    lengths = (whole != 0).sum(dim=1)
    short = whole[(lengths > 1) & (lengths <= 9)].unique(dim=0)[:50, :9]
    assert len(short) == 50
    programs = torch.zeros(50, 11, dtype=torch.int64)
    programs[:, 0], programs[:, 1:10] = START, short
    programs[torch.arange(50), 1 + (short != 0).sum(dim=1)] = END
    network = PgEe(SMALL.model_copy(update={"hidden": 64}), SIZES)
    optimizer = torch.optim.Adam(network.generator.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        loss = program_loss(network.generator(questions, programs), programs)
        loss.backward()
        optimizer.step()
    return network, questions, programs


class TestAfterLearningFiftyProgramsByHeart:
    def test_every_one_is_written(self, learnt: tuple[PgEe, Tensor, Tensor]) -> None:
        network, questions, programs = learnt
        written = network.write(questions)
        assert network.is_right(written, programs).all()
        other = written.roll(1, dims=0)
        assert network.is_right(other, programs).float().mean() < 0.3

    def test_padding_changes_nothing(self, learnt: tuple[PgEe, Tensor, Tensor]) -> None:
        network, questions, _ = learnt
        longer = nn.functional.pad(questions, (0, 4))
        assert network.write(questions).equal(network.write(longer))

    def test_a_draw_has_the_probability_that_it_says(
        self, learnt: tuple[PgEe, Tensor, Tensor]
    ) -> None:
        network, questions, _ = learnt
        draws = torch.Generator().manual_seed(5)
        written = network.generator.write(questions[:8].repeat(40, 1), draws)
        whole = nn.functional.pad(written.programs, (1, 0), value=START)
        chances = network.generator(questions[:8].repeat(40, 1), whole).log_softmax(2)
        chances = chances.gather(2, written.programs[:, :, None])[:, :, 0]
        expected = (chances * (written.programs != 0)).sum(dim=1)
        # What was cut off or ended early has other tokens than its program.
        is_plain = (written.log_probability - expected).abs() < 1e-4
        assert is_plain.float().mean() > 0.9

    def test_answers_are_those_of_the_written_programs(
        self, learnt: tuple[PgEe, Tensor, Tensor]
    ) -> None:
        network, questions, programs = learnt
        images = torch.rand(50, 3, 4, 6)
        with torch.no_grad():
            logits = network(questions, images)
            expected = network.engine(images, network.read(programs))
        torch.testing.assert_close(logits, expected)


def test_choices_are_drawn_as_often_as_they_are_likely() -> None:
    chances = torch.tensor([0.5, 0.3, 0.15, 0.05])
    draws = torch.Generator().manual_seed(0)
    drawn = choose(chances.log().expand(40000, 4), draws)
    shares = drawn.bincount(minlength=4) / 40000
    torch.testing.assert_close(shares, chances, atol=0.01, rtol=0)
    assert choose(chances.log()[None], None).tolist() == [0]


def test_writing_stops_at_its_longest_and_is_still_a_program() -> None:
    network = PgEe(SMALL, SIZES)
    with torch.no_grad():
        network.generator.token.bias[WORDS.index("union")] += 100
    programs = network.write(torch.tensor([[4, 5], [6, 0]]))
    union = WORDS.index("union")
    assert programs.tolist() == [[union] * 9 + [SCENE] * 10] * 2
    assert network.engine(torch.rand(2, 3, 4, 6), programs).isfinite().all()


def test_it_has_as_many_weights_as_its_published_sizes_give() -> None:
    sizes = DataSizes(
        n_words=93, n_answers=32, image_shape=(1024, 14, 14), program_words=WORDS
    )
    config = Config().with_changes({"model.architecture": "pg_ee"}).model
    with torch.device("meta"):
        network = build_network(config, sizes)
    assert isinstance(network, PgEe)

    def count(part: nn.Module) -> int:
        return sum(one.numel() for one in part.parameters())

    def lstm(inputs: int) -> int:  # four gates of inputs, states and two biases
        return 4 * 256 * (inputs + 256 + 2)

    generator = 93 * 300 + lstm(300) + lstm(256)
    generator += 44 * 300 + lstm(300 + 256) + lstm(256) + 257 * 44
    assert count(network.generator) == generator
    block = 2 * (9 * 128 * 128 + 128)
    joined = 256 * 128 + 128 + block
    assert len(network.engine.functions) == 40  # special tokens have none here
    assert count(network.engine.functions) == 31 * block + 9 * joined
    stem = 9 * 1024 * 128 + 128 + 9 * 128 * 128 + 128
    classifier = 129 * 512 + (512 * 7 * 7 + 1) * 1024 + 1025 * 32
    assert count(network.engine.stem) == stem
    assert count(network.engine.classifier) == classifier


def test_the_two_sides_draw_weights_apart() -> None:
    one = PgEe(SMALL, SIZES, generator_seed=1, network_seed=2).state_dict()
    other = PgEe(SMALL, SIZES, generator_seed=3, network_seed=2).state_dict()
    moved = {name.split(".")[0] for name in one if not one[name].equal(other[name])}
    assert moved == {"generator"}


def test_maps_too_small_to_pool_are_refused() -> None:
    sizes = DataSizes(
        n_words=20, n_answers=3, image_shape=(3, 1, 6), program_words=WORDS
    )
    with pytest.raises(ConfigError, match=r"pools squares of 2×2.* have 6×1"):
        PgEe(SMALL, sizes)
