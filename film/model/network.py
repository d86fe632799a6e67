"""The whole network, from a question and a picture to the scores of answers."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import ImageInput, ModelConfig
from film.errors import ConfigError
from film.model.block import ResBlock
from film.model.classifier import Classifier
from film.model.generator import FilmGenerator
from film.model.stem import Stem

__all__ = ["DataSizes", "FilmNetwork"]


@dataclass(frozen=True, kw_only=True)
class DataSizes:
    """What a network has to know of the data it will see."""

    n_words: int  # of the questions' vocabulary, special tokens included
    n_answers: int  # likewise
    image_shape: tuple[int, int, int]  # channels, height, width
    program_words: tuple[str, ...] = ()  # of the programs' vocabulary, by number


class FilmNetwork(nn.Module):
    """A CNN whose feature maps a question scales and shifts.

    Weights start as in the authors' code: Kaiming-uniform for convolutions and
    linear layers, torch's defaults elsewhere. (Their torch drew the scale of batch
    normalisation from U(0, 1); it is 1 here, as in torch since 2018.)

    Args:
        config: Which network.
        sizes: What it is fed.
        generator_seed: Seed of the question side's first weights.
        network_seed: Seed of the picture side's, so that neither moves the other.

    Raises:
        ConfigError: The pictures are too small for the stem.

    References:
        Perez et al., AAAI 2018, Sections 2 and 3, Figures 2 and 3.
    """

    def __init__(
        self,
        config: ModelConfig,
        sizes: DataSizes,
        *,
        generator_seed: int = 0,
        network_seed: int = 1,
    ) -> None:
        super().__init__()
        _refuse_small_pictures(config, sizes)
        self.config = config
        conditioned = config.conditioned_blocks
        self.generator: FilmGenerator | None = None  # where no question is heard
        with torch.random.fork_rng(devices=[]):
            if config.hears_question:
                torch.manual_seed(generator_seed)
                self.generator = FilmGenerator(config, n_words=sizes.n_words)
                _initialise(self.generator)
                self.generator.lengthen_memory(config.generator.update_bias)
            torch.manual_seed(network_seed)
            self.stem = Stem(config, n_channels=sizes.image_shape[0])
            self.blocks = nn.ModuleList(
                ResBlock(config, is_conditioned=number in conditioned)
                for number in range(1, config.n_blocks + 1)
            )
            self.classifier = Classifier(config, n_answers=sizes.n_answers)
            for part in (self.stem, self.blocks, self.classifier):
                _initialise(part)

    @property
    def question_side(self) -> list[nn.Module]:
        """What reads the question: the generator, where a block hears it."""
        return [] if self.generator is None else [self.generator]

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
        if self.generator is None:
            return self.answer(images, None, None)
        gamma, beta = self.generator(questions)
        return self.answer(images, gamma, beta)

    def answer(
        self,
        images: Float[Tensor, "batch inputs height width"],
        gamma: Float[Tensor, "batch blocks channels"] | None,
        beta: Float[Tensor, "batch blocks channels"] | None,
    ) -> Float[Tensor, "batch answers"]:
        """Score the answers under given γ and β, whoever made them.

        Args:
            images: Features, or pixels from 0 to 1.
            gamma: Scales of every block; None for 1 everywhere.
            beta: Shifts of every block; None for 0 everywhere.

        Returns:
            Logits.
        """
        return self.answer_maps(self.stem(images), gamma, beta)

    def answer_maps(
        self,
        maps: Float[Tensor, "batch channels height width"],
        gamma: Float[Tensor, "batch blocks channels"] | None,
        beta: Float[Tensor, "batch blocks channels"] | None,
    ) -> Float[Tensor, "batch answers"]:
        """Score the answers from what the stem made of pictures.

        Args:
            maps: The stem's output.
            gamma: Scales of every block; None for 1 everywhere.
            beta: Shifts of every block; None for 0 everywhere.

        Returns:
            Logits.
        """
        for number, block in enumerate(self.blocks):
            scale = None if gamma is None else gamma[:, number]
            shift = None if beta is None else beta[:, number]
            maps = block(maps, scale, shift)
        logits: Tensor = self.classifier(maps)
        return logits


def _initialise(part: nn.Module) -> None:
    for layer in part.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight)


def _refuse_small_pictures(config: ModelConfig, sizes: DataSizes) -> None:
    _, height, width = sizes.image_shape
    smallest = 2**config.stem.n_downsamplings
    if config.stem.input is ImageInput.PIXELS and min(height, width) < smallest:
        raise ConfigError(
            f"model.stem.n_downsamplings is {config.stem.n_downsamplings}, which "
            f"needs pictures of at least {smallest}×{smallest} pixels; these have "
            f"{width}×{height}"
        )
