"""Question and picture beside each other, and an MLP that answers from both.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 4.1 (CNN+LSTM); layers as in the code of
    Johnson et al., ICCV 2017, https://github.com/facebookresearch/clevr-iep; the row
    CNN+LSTM of Perez et al., AAAI 2018, Tables 1 and 4.
"""

from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import CnnLstmConfig
from film.errors import ConfigError
from film.model.baselines.question import QuestionLstm, mlp
from film.model.network import DataSizes

__all__ = ["CnnLstm"]

_POOLED: Final = 2  # rows and columns that become one


class CnnLstm(nn.Module):
    """The state of an LSTM, all cells of pooled maps, and an MLP on them together.

    Weights start as torch draws them.

    Args:
        config: Its sizes.
        sizes: What it is fed.
        generator_seed: Seed of the first weights of what reads the question.
        network_seed: Seed of those of the rest, so that neither moves the other.

    Raises:
        ConfigError: The picture's maps are too small to be pooled.
    """

    def __init__(
        self,
        config: CnnLstmConfig,
        sizes: DataSizes,
        *,
        generator_seed: int = 0,
        network_seed: int = 1,
    ) -> None:
        super().__init__()
        channels, height, width = sizes.image_shape
        if min(height, width) < _POOLED:
            raise ConfigError(
                f"model.architecture cnn_lstm pools squares of 2×2, and these feature "
                f"maps have {width}×{height}"
            )
        cells = (height // _POOLED) * (width // _POOLED)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator_seed)
            self.reader = QuestionLstm(
                n_words=sizes.n_words,
                word_dim=config.word_dim,
                hidden=config.hidden,
                n_layers=config.n_layers,
            )
            torch.manual_seed(network_seed)
            self.looker = nn.Sequential(
                nn.Conv2d(channels, config.projection, 1),
                nn.ReLU(),
                nn.MaxPool2d(_POOLED),
                nn.Flatten(),
            )
            inputs = config.hidden + config.projection * cells
            self.classifier = mlp((inputs, *config.classifier_hidden, sizes.n_answers))

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
            images: Features.

        Returns:
            Logits.
        """
        both = torch.cat([self.reader(questions), self.looker(images)], dim=1)
        logits: Tensor = self.classifier(both)
        return logits
