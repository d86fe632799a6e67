"""A relation network relates every two objects, in whatever order they come."""

import pytest
import torch
from torch import nn

from film.config import Config, ImageInput, RnConfig
from film.model.baselines.relation import RelationNetwork, moved
from film.model.build import build_network
from film.model.network import DataSizes

SIZES = DataSizes(n_words=9, n_answers=7, image_shape=(3, 12, 20))
SMALL = RnConfig(
    image_size=None,
    word_dim=3,
    hidden=5,
    convolutions=2,
    width=4,
    relation_hidden=(6, 7),
    classifier_hidden=(8, 9),
)


def some_questions() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    questions = torch.randint(1, 9, (3, 6), generator=generator)
    questions[1, 3:] = 0
    return questions


def some_images() -> torch.Tensor:
    return torch.rand((3, 3, 12, 20), generator=torch.Generator().manual_seed(2))


def with_(**changes: object) -> RnConfig:
    return SMALL.model_copy(update=changes)


@torch.no_grad()
def naive_logits(
    network: RelationNetwork, objects: torch.Tensor, state: torch.Tensor
) -> torch.Tensor:
    """Equation 1: one pair after the other."""
    total = torch.zeros(network.config.relation_hidden[-1], dtype=state.dtype)
    for one in objects:
        for other in objects:
            related = network.pair(torch.cat([one, other, state])).clamp(min=0)
            if len(network.relation):
                related = network.relation(related).clamp(min=0)
            total += related
    logits: torch.Tensor = network.classifier(total)
    return logits


@pytest.mark.parametrize("relation_hidden", [(6,), (6, 7), (6, 7, 6)])
def test_it_agrees_with_a_naive_second_implementation(
    relation_hidden: tuple[int, ...],
) -> None:
    config = with_(relation_hidden=relation_hidden)
    network = RelationNetwork(config, SIZES).eval().double()
    with torch.no_grad():
        objects = network.objects(some_images().double())
        states = network.reader(some_questions())
        ours = network.answer(objects, states)
    assert objects.shape == (3, 3 * 5, 4 + 2)
    for row, some, state in zip(ours, objects, states, strict=True):
        torch.testing.assert_close(row, naive_logits(network, some, state))


def test_the_order_of_objects_changes_nothing() -> None:
    network = RelationNetwork(SMALL, SIZES).eval().double()
    objects = network.objects(some_images().double())
    state = network.reader(some_questions())
    logits = network.answer(objects, state)
    shuffled = objects[
        :, torch.randperm(15, generator=torch.Generator().manual_seed(3))
    ]
    assert not shuffled.equal(objects)
    torch.testing.assert_close(network.answer(shuffled, state), logits)
    fewer = network.answer(objects[:, 1:], state)
    assert not fewer.allclose(logits)


def test_an_object_says_where_it_is() -> None:
    network = RelationNetwork(SMALL, SIZES).eval()
    where = network.objects(some_images())[0, :, -2:]
    expected = [(x, y) for y in (-1, 0, 1) for x in (-1, -0.5, 0, 0.5, 1)]
    torch.testing.assert_close(where, torch.tensor(expected))


def test_padding_changes_nothing() -> None:
    network = RelationNetwork(SMALL, SIZES).eval()
    questions, images = some_questions(), some_images()
    longer = nn.functional.pad(questions, (0, 5))
    assert network(questions, images).equal(network(longer, images))


def test_it_has_the_published_objects_and_weights() -> None:
    sizes = DataSizes(n_words=93, n_answers=32, image_shape=(3, 224, 224))
    config = Config().with_changes({"model.architecture": "rn"}).model
    with torch.device("meta"):
        network = build_network(config, sizes)
    assert isinstance(network, RelationNetwork)
    count = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in network.named_children()
    }
    convolutions = (9 * 3 + 1 + 2) * 24 + 3 * (9 * 24 + 1 + 2) * 24  # 2 of a norm
    assert count == {
        "reader": 93 * 32 + 4 * 128 * (32 + 128 + 2),
        "convolutions": convolutions,
        "pair": (2 * 26 + 128 + 1) * 256,
        "relation": 3 * 257 * 256,
        "classifier": 2 * 257 * 256 + 257 * 32,
    }
    # Pictures of any size become 128×128 pixels, and these 8×8 objects.
    real = RelationNetwork(RnConfig(), sizes).eval()
    assert real.objects(torch.rand(1, 3, 50, 70)).shape == (1, 64, 26)


def test_features_are_neither_scaled_nor_moved() -> None:
    config = with_(input=ImageInput.FEATURES, image_size=4, convolutions=1, dropout=0)
    network = RelationNetwork(config, SIZES)
    assert network.objects(some_images()).shape == (3, 6 * 10, 6)
    network.convolutions = nn.Sequential()  # a norm would change with every batch
    assert (
        network.train()
        .objects(some_images())
        .equal(network.eval().objects(some_images()))
    )


class TestInTraining:
    def test_pictures_are_moved_as_padding_and_cropping_moves_them(self) -> None:
        images, draws = some_images(), torch.Generator()
        crops = []
        padded = nn.functional.pad(images, (2, 2, 2, 2))
        for top in range(5):
            for left in range(5):
                crops.append(padded[:, :, top : top + 12, left : left + 20])  # noqa: PERF401
        found = set()
        for seed in range(20):
            draws.manual_seed(seed)
            cut = moved(images, padding=2, rotation=0.0, draws=draws)
            for row in range(3):
                distances = [float((cut[row] - one[row]).abs().max()) for one in crops]
                best = min(range(25), key=distances.__getitem__)
                assert distances[best] < 1e-4
                found.add(best)
        assert len(found) > 15

    def test_a_picture_is_turned_by_the_angle_around_its_middle(self) -> None:
        # A bright point right of the middle of a wide picture goes up or down by as
        # many pixels as it is to the right, times the angle.
        image = torch.zeros(200, 1, 41, 81)
        image[:, 0, 19:22, 69:72] = 1
        draws = torch.Generator().manual_seed(0)
        turned = moved(image, padding=0, rotation=0.2, draws=draws)
        mass = turned.sum(dim=(1, 2, 3))
        y = (turned.sum(dim=(1, 3)) @ torch.arange(41.0)) / mass - 20
        x = (turned.sum(dim=(1, 2)) @ torch.arange(81.0)) / mass - 40
        torch.testing.assert_close(
            x**2 + y**2, torch.full((200,), 900.0), rtol=2e-2, atol=0
        )
        angles = (y / x).atan()
        assert 0.18 < float(angles.max()) < 0.205
        assert -0.205 < float(angles.min()) < -0.18

    def test_nothing_is_moved_by_nothing(self) -> None:
        same = moved(some_images(), padding=0, rotation=0.0, draws=None)
        torch.testing.assert_close(same, some_images())

    def test_what_is_drawn_follows_from_the_generator_alone(self) -> None:
        network = RelationNetwork(SMALL, SIZES)
        outputs = []
        for noise, seed in ((1, 5), (2, 5), (1, 6)):
            torch.manual_seed(noise)
            network.draws = torch.Generator().manual_seed(seed)
            outputs.append(network(some_questions(), some_images()))
        assert outputs[0].equal(outputs[1])
        assert not outputs[0].equal(outputs[2])

    def test_the_share_that_is_dropped_is_as_set_and_the_rest_made_up_for(self) -> None:
        config = with_(classifier_hidden=(4000,), dropout=0.3, padding=0, rotation=0.0)
        network = RelationNetwork(config, SIZES)
        network.draws = torch.Generator().manual_seed(0)
        seen: list[torch.Tensor] = []
        network.classifier[-1].register_forward_pre_hook(
            lambda _, inputs: seen.append(inputs[0])
        )
        objects = torch.rand(3, 15, 6)
        for mode in (True, False):
            network.train(mode).answer(objects, torch.rand(3, 5) * 0)
        dropped, whole = seen
        is_on = whole > 0
        share = float((dropped[is_on] == 0).float().mean())
        assert share == pytest.approx(0.3, abs=0.02)
        kept = dropped != 0
        torch.testing.assert_close(dropped[kept], whole[kept] / 0.7)

    def test_nothing_is_drawn_to_be_judged(self) -> None:
        network = RelationNetwork(SMALL, SIZES).eval()
        once = network(some_questions(), some_images())
        assert network(some_questions(), some_images()).equal(once)


def test_the_two_sides_draw_weights_apart() -> None:
    one = RelationNetwork(SMALL, SIZES, generator_seed=1, network_seed=2).state_dict()
    other = RelationNetwork(SMALL, SIZES, generator_seed=3, network_seed=2)
    theirs = other.state_dict()
    moved_ = {name.split(".")[0] for name in one if not one[name].equal(theirs[name])}
    assert moved_ == {"reader"}


def test_every_weight_gets_a_gradient() -> None:
    network = RelationNetwork(SMALL, SIZES)
    logits = network(some_questions(), some_images())
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2])).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
