"""A relation network: every two places of a picture are looked at together.

References:
    Santoro et al., *A simple neural network module for relational reasoning*, NIPS
    2017, https://arxiv.org/abs/1706.01427, Equation 1, Section 4 and supplement (CLEVR
    from pixels); the row CNN+LSTM+RN of Perez et al., AAAI 2018, Table 1.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import ImageInput, RnConfig
from film.model.baselines.question import QuestionLstm, mlp
from film.model.coordinates import with_coordinates
from film.model.network import DataSizes

__all__ = ["RelationNetwork", "moved"]


class RelationNetwork(nn.Module):
    """Convolutions make objects, an MLP relates any two, another answers of the sum.

    An object is a cell of the last maps with its coordinates, from −1 to 1 (the paper
    says that there are two, not their range). Weights start as torch draws them.

    In training, pixels are moved and turned, and some numbers dropped. What is drawn
    for that comes from ``draws``, which whoever trains sets for each epoch, so that a
    training goes on from a checkpoint as if it had never stopped; None is torch's own.

    Args:
        config: Its sizes.
        sizes: What it is fed.
        generator_seed: Seed of the first weights of what reads the question.
        network_seed: Seed of those of the rest, so that neither moves the other.
    """

    def __init__(
        self,
        config: RnConfig,
        sizes: DataSizes,
        *,
        generator_seed: int = 0,
        network_seed: int = 1,
    ) -> None:
        super().__init__()
        self.config = config
        self.draws: torch.Generator | None = None  # on the CPU, whatever the device
        first, *others = config.relation_hidden
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator_seed)
            self.reader = QuestionLstm(
                n_words=sizes.n_words,
                word_dim=config.word_dim,
                hidden=config.hidden,
                n_layers=config.n_layers,
            )
            torch.manual_seed(network_seed)
            self.convolutions = nn.Sequential()
            inputs = sizes.image_shape[0]
            for _ in range(config.convolutions):
                self.convolutions.append(
                    nn.Conv2d(inputs, config.width, 3, stride=2, padding=1)
                )
                self.convolutions.append(nn.ReLU())
                self.convolutions.append(nn.BatchNorm2d(config.width))
                inputs = config.width
            self.n_numbers = config.width + 2  # of an object
            self.pair = nn.Linear(2 * self.n_numbers + config.hidden, first)
            self.relation = mlp((first, *others))
            self.classifier = mlp(
                (
                    config.relation_hidden[-1],
                    *config.classifier_hidden,
                    sizes.n_answers,
                )
            )

    @property
    def question_side(self) -> list[nn.Module]:
        """What reads the question."""
        return [self.reader]

    def forward(
        self,
        questions: Int[Tensor, "batch tokens"],
        images: Float[Tensor, "batch inputs height width"],
    ) -> Float[Tensor, "batch answers"]:
        """Score every answer to each question about its picture.

        Args:
            questions: Token ids, padded on the right with 0.
            images: Features, or pixels from 0 to 1.

        Returns:
            Logits.
        """
        return self.answer(self.objects(images), self.reader(questions))

    def objects(
        self, images: Float[Tensor, "batch inputs height width"]
    ) -> Float[Tensor, "batch objects numbers"]:
        """Make objects of pictures.

        Args:
            images: Features, or pixels from 0 to 1.

        Returns:
            Every cell of the last maps, and where it is.
        """
        config = self.config
        if config.input is ImageInput.PIXELS:
            if config.image_size is not None:
                images = _scaled(images, config.image_size)
            if self.training and (config.padding or config.rotation):
                images = moved(
                    images,
                    padding=config.padding,
                    rotation=config.rotation,
                    draws=self.draws,
                )
        maps = with_coordinates(self.convolutions(images))
        return maps.flatten(2).transpose(1, 2)

    def answer(
        self,
        objects: Float[Tensor, "batch objects numbers"],
        state: Float[Tensor, "batch hidden"],
    ) -> Float[Tensor, "batch answers"]:
        """Score every answer, given what there is and what is asked.

        Args:
            objects: In any order.
            state: Of the question.

        Returns:
            Logits.
        """
        # The first layer of a pair is a sum over its two objects and the question, so
        # that each is worked out once, not once per pair.
        numbers = self.n_numbers
        one, other, asked = self.pair.weight.split(
            [numbers, numbers, self.pair.in_features - 2 * numbers], dim=1
        )
        pairs = (
            nn.functional.linear(objects, one)[:, :, None]
            + nn.functional.linear(objects, other)[:, None]
            + nn.functional.linear(state, asked, self.pair.bias)[:, None, None]
        ).relu()
        if len(self.relation):
            pairs = self.relation(pairs).relu()
        seen = pairs.sum(dim=(1, 2))
        *hidden, last = self.classifier
        for layer in hidden:
            seen = layer(seen)
        if hidden:
            seen = self._some_dropped(seen)
        logits: Tensor = last(seen)
        return logits

    def _some_dropped(
        self, seen: Float[Tensor, "batch hidden"]
    ) -> Float[Tensor, "batch hidden"]:
        share = self.config.dropout
        if not self.training or not share:
            return seen
        is_kept = torch.rand(seen.shape, generator=self.draws) >= share
        return seen * is_kept.to(seen.device) / (1 - share)


def moved(
    images: Float[Tensor, "batch channels height width"],
    *,
    padding: int,
    rotation: float,
    draws: torch.Generator | None,
) -> Float[Tensor, "batch channels height width"]:
    """Move every picture by whole pixels and turn it, each by chance; 0 comes in.

    To move a picture is to pad it and to cut out one of the old size, as the paper
    does.

    Args:
        images: Pictures.
        padding: How many pixels a picture moves in a direction, at most.
        rotation: How far it turns, in radians, either way, at most.
        draws: What is drawn from, on the CPU; None is torch's own.

    Returns:
        Other pictures of the same size.
    """
    n_images, _, height, width = images.shape
    angles = (2 * torch.rand(n_images, generator=draws) - 1) * rotation
    shifts = torch.randint(
        -padding, padding + 1, (n_images, 2), generator=draws, dtype=torch.int64
    )
    cos, sin = angles.cos(), angles.sin()
    # From places of the new picture to those of the old one, both from −1 to 1, where
    # pixels are no squares unless the picture is.
    to_x = [cos, -sin * height / width, 2 * shifts[:, 0] / width]
    to_y = [sin * width / height, cos, 2 * shifts[:, 1] / height]
    change = torch.stack([torch.stack(to_x, 1), torch.stack(to_y, 1)], dim=1)
    change = change.to(images.device, images.dtype)
    places = nn.functional.affine_grid(change, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, places, align_corners=False)


def _scaled(
    images: Float[Tensor, "batch channels height width"], size: int
) -> Float[Tensor, "batch channels size size"]:
    if images.shape[2:] == (size, size):
        return images
    return nn.functional.interpolate(
        images, size=(size, size), mode="bilinear", antialias=True
    )
