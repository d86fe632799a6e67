"""Layouts follow from programs, are always whole, and modules do what they are for."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from film.config import Config, N2nmnConfig
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, END, SPECIAL_TOKENS, START
from film.model.baselines.layout_policy import LayoutPolicy
from film.model.baselines.layouts import (
    ANSWERS,
    INPUTS,
    MODULES,
    Module,
    layout_nodes,
    layout_of,
)
from film.model.baselines.n2nmn import AttentionModules, N2nmn
from film.model.build import build_network
from film.model.network import DataSizes

WORDS = (*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS)
SIZES = DataSizes(n_words=12, n_answers=7, image_shape=(3, 2, 4), program_words=WORDS)
SMALL = N2nmnConfig(
    word_dim=4, module_dim=3, hidden=5, n_layers=2, max_length=5, map_dim=6
)


@pytest.mark.parametrize(
    ("program", "layout"),
    [
        ("count scene", "Scene Count"),
        ("exist filter_color[red] filter_size[small] scene", "Find Exist"),
        (
            "query_size unique filter_shape[cube] relate[left] filter_color[red] scene",
            "Find Transform Filter Describe",
        ),
        (
            "count same_size unique filter_shape[cube] scene",
            "Find FindSameProperty Count",
        ),
        (
            "exist filter_color[red] union filter_size[small] scene scene",
            "Find Scene Or Filter Exist",
        ),
        (
            "count intersect relate[left] filter_color[red] scene relate[front] scene",
            "Find Transform Scene Transform And Count",
        ),
        (
            "less_than count filter_color[red] scene count scene",
            "Find Scene LessNum",
        ),
        (
            "equal_size query_size unique scene query_size filter_color[red] scene",
            "Scene Find SameProperty",
        ),
    ],
)
def test_a_program_is_translated(program: str, layout: str) -> None:
    assert layout_of(program.split()) == tuple(map(Module, layout.split()))


@pytest.mark.parametrize(
    "program",
    [
        "",
        "scene",
        "count",
        "count union scene",
        "count scene scene",
        "count count scene",
        "exist equal_size scene scene",
        "<START> count scene",
    ],
)
def test_what_is_no_question_has_no_layout(program: str) -> None:
    assert layout_of(program.split()) is None


def is_whole(layout: tuple[Module, ...]) -> bool:
    """One answer, at the end, and nothing left over."""
    stack: list[str] = []
    for module in layout:
        if "answer" in stack or len(stack) < INPUTS[module]:
            return False
        del stack[len(stack) - INPUTS[module] :]
        stack.append("answer" if module in ANSWERS else "map")
    return stack == ["answer"]


def test_the_policys_layouts_are_all_whole_ones_and_share_its_probability() -> None:
    torch.manual_seed(0)
    config = SMALL.model_copy(update={"max_length": 3})
    policy = LayoutPolicy(config, n_words=12).double().requires_grad_(False)
    whole = [
        tuple(MODULES.index(one) + 1 for one in layout)
        for length in (1, 2, 3)
        for layout in product(MODULES, repeat=length)
        if is_whole(layout)
    ]
    padded = torch.tensor([(*one, 0, 0)[:3] for one in whole])
    question = torch.tensor([[4, 7, 9, 0]]).expand(len(whole), -1)
    planned = policy(question, padded)
    assert planned.layouts.equal(padded)
    chances = planned.log_probability.exp()
    assert float(chances.sum()) == pytest.approx(1)
    # The entropy of the whole policy is the mean of what is added up on the way.
    entropy = -(chances * planned.log_probability).sum()
    assert float((chances * planned.entropy).sum()) == pytest.approx(float(entropy))
    drawn = policy(question, draws=torch.Generator().manual_seed(0)).layouts
    assert {tuple(row) for row in drawn.tolist()} <= set(map(tuple, padded.tolist()))


@pytest.mark.parametrize("max_length", [2, 5, 10])
def test_drawn_layouts_are_whole(max_length: int) -> None:
    torch.manual_seed(0)
    config = SMALL.model_copy(update={"max_length": max_length})
    policy = LayoutPolicy(config, n_words=12)
    with torch.no_grad():
        policy.choice.weight *= 5
    questions = torch.randint(1, 12, (200, 4))
    planned = policy(questions, draws=torch.Generator().manual_seed(1))
    lengths = set()
    for row in planned.layouts.tolist():
        layout = tuple(MODULES[number - 1] for number in row if number)
        assert is_whole(layout)
        assert len(layout) <= max_length
        lengths.add(len(layout))
    assert max(lengths) == max_length
    again = policy(questions, planned.layouts)
    torch.testing.assert_close(again.log_probability, planned.log_probability)
    is_there = planned.layouts != 0
    torch.testing.assert_close(again.texts[is_there], planned.texts[is_there])


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    network = N2nmn(SMALL, SIZES)
    questions = torch.tensor([[4, 5, 6, 7], [8, 9, 0, 0]])
    images = torch.rand(2, 3, 2, 4)
    longer = nn.functional.pad(questions, (0, 3))
    torch.testing.assert_close(network(questions, images), network(longer, images))
    alone = network(questions[1:, :2], images[1:])
    torch.testing.assert_close(network(questions, images)[1:], alone)


def numbers(layout: str) -> list[int]:
    return [MODULES.index(Module(name)) + 1 for name in layout.split()]


def padded(layouts: list[str]) -> Tensor:
    rows = [numbers(layout) for layout in layouts]
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])


class TestWeightsSetByHand:
    """Three channels, which say where red, blue and metal things are; a text names one.

    Find is 1 where its text is, and 0 elsewhere.
    """

    RED, BLUE, METAL = torch.eye(3)

    @pytest.fixture
    def modules(self) -> AttentionModules:
        config = N2nmnConfig(word_dim=3, map_dim=3, transform_kernel=3)
        sizes = DataSizes(n_words=9, n_answers=8, image_shape=(3, 3, 3))
        modules = AttentionModules(config, sizes)
        for parameter in modules.parameters():
            nn.init.zeros_(parameter)
        counts = torch.arange(8.0)
        with torch.no_grad():
            modules.find.image.weight[:, :, 0, 0] = torch.eye(3)
            modules.find.text.weight[:] = torch.eye(3)
            modules.find.map.weight[:] = 1
            modules.count.weight[:, :9] = 2 * counts[:, None]
            modules.count.bias[:] = -(counts**2)
            # More: the difference of sums, halves rounded down, against "yes" (1).
            modules.compare["MoreNum"].weight[1] = torch.cat(
                [torch.ones(9), torch.zeros(2), -torch.ones(9), torch.zeros(2)]
            )
            modules.compare["MoreNum"].bias[1] = -0.5
        return modules

    @pytest.fixture
    def image(self) -> Tensor:
        image = torch.zeros(1, 3, 3, 3)
        image[0, :, 0] = torch.tensor([[1.0, 0, 1], [0, 1, 0], [1, 1, 0]])
        image[0, :, 1] = torch.tensor([[0.0, 1, 1], [1, 0, 0], [0, 1, 0]])
        return image

    @pytest.mark.parametrize(
        ("layout", "texts", "answer"),
        [
            ("Find Count", (RED, RED), 4),
            ("Find Count", (BLUE, RED), 2),
            ("Find Filter Count", (RED, METAL, RED), 2),
            ("Find Find And Count", (RED, METAL, RED, RED), 2),
            ("Find Find Or Count", (RED, METAL, RED, RED), 5),
            ("Find Find MoreNum", (RED, BLUE, RED), 1),
            ("Find Find MoreNum", (BLUE, METAL, RED), 0),
        ],
    )
    def test_a_layout_made_by_hand_is_right(
        self,
        modules: AttentionModules,
        image: Tensor,
        layout: str,
        texts: tuple[Tensor, ...],
        answer: int,
    ) -> None:
        logits = modules(image, padded([layout]), torch.stack(texts)[None])
        assert int(logits.argmax()) == answer


def test_running_a_batch_is_running_each_layout_by_itself() -> None:
    torch.manual_seed(0)
    modules = AttentionModules(SMALL, SIZES).double()
    layouts = padded(
        [
            "Find Exist",
            "Scene Count",
            "Find Transform Filter Describe",
            "Find FindSameProperty Find And Count",
            "Scene Find Or Exist",
            "Find Find SameProperty",
            "Find Transform Scene EqualNum",
            "Find Scene MoreNum",
            "Scene Find LessNum",
        ]
    )
    images = torch.rand(9, 3, 2, 4, dtype=torch.float64)
    texts = torch.rand(9, 5, 4, dtype=torch.float64)
    together = modules(images, layouts, texts)
    together.sum().backward()
    assert [n for n, one in modules.named_parameters() if one.grad is None] == []
    for row in range(9):
        some = slice(row, row + 1)
        alone = modules(images[some], layouts[some], texts[some])
        torch.testing.assert_close(together[some], alone)
        assert len(layout_nodes(layouts[some].tolist()).all) == int(
            (layouts[row] != 0).sum()
        )


def test_programs_of_a_store_become_numbers() -> None:
    network = N2nmn(SMALL, SIZES)
    texts = [
        "count filter_color[red] scene",
        "count scene scene",
        "count intersect union scene scene union scene scene",
    ]
    rows = [
        [START, *(WORDS.index(word) for word in text.split()), END] for text in texts
    ]
    programs = torch.tensor([[*row, *[0] * (10 - len(row))] for row in rows])
    layouts = network.layouts(programs)
    assert layouts[0].tolist() == [*numbers("Find Count"), 0, 0, 0]
    assert (layouts[1:] == 0).all()  # no program; longer than what can be planned
    assert network.is_right(layouts[:, :2], programs).tolist() == [True] * 3
    assert not network.is_right(layouts[:, :2] * 0 + 1, programs).any()


def test_it_has_as_many_weights_as_its_published_sizes_give() -> None:
    sizes = DataSizes(n_words=82, n_answers=28, image_shape=(512, 10, 15))
    config = Config().with_changes({"model.architecture": "n2nmn"}).model
    with torch.device("meta"):
        network = build_network(config, sizes)
    assert isinstance(network, N2nmn)

    def count(part: nn.Module) -> int:
        return sum(one.numel() for one in part.parameters())

    def lstm(inputs: int) -> int:  # torch has two biases where TensorFlow has one
        return 4 * 512 * (inputs + 512 + 2)

    policy = 82 * 300 + 15 * 300 + 2 * (lstm(300) + lstm(512))
    policy += 2 * (512 + 1) * 512 + 512 + (2 * 512 + 1) * 14
    assert count(network.policy) == policy
    seen, heard, fit = 513 * 250, 301 * 250, 251
    modules = 2 * (seen + heard + fit) + seen  # Find, FindSameProperty
    modules += 26 * 250 + heard + fit  # Transform
    modules += 4 * 28 + (150 + 3) * 28 + 3 * (2 * 152 + 1) * 28
    modules += 2 * seen + heard + 251 * 28 + seen + heard + 251 * 28
    assert count(network.executor) == modules


def test_the_two_sides_draw_weights_apart() -> None:
    one = N2nmn(SMALL, SIZES, generator_seed=1, network_seed=2).state_dict()
    other = N2nmn(SMALL, SIZES, generator_seed=3, network_seed=2).state_dict()
    moved = {name.split(".")[0] for name in one if not one[name].equal(other[name])}
    assert moved == {"policy"}
