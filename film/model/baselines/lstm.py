"""Answers from the question alone: what the wording of questions gives away."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import LstmConfig
from film.model.baselines.question import last_state, mlp
from film.model.network import DataSizes

__all__ = ["LstmBaseline"]


class LstmBaseline(nn.Module):
    """An LSTM reads the question, and a small MLP answers from its last state.

    The state is read at the last token, so that padding changes nothing. Weights
    start as torch draws them.

    Args:
        config: Its sizes.
        sizes: What it is fed; the picture's have no influence.
        generator_seed: Seed of the first weights of what reads the question.
        network_seed: Seed of those of what answers, so that neither moves the other.

    References:
        Johnson et al., *CLEVR*, CVPR 2017, Section 4.1; sizes as in the code of
        Johnson et al., ICCV 2017, https://github.com/facebookresearch/clevr-iep.
    """

    def __init__(
        self,
        config: LstmConfig,
        sizes: DataSizes,
        *,
        generator_seed: int = 0,
        network_seed: int = 1,
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator_seed)
            self.embedding = nn.Embedding(sizes.n_words, config.word_dim)
            self.rnn = nn.LSTM(
                config.word_dim,
                config.hidden,
                num_layers=config.n_layers,
                batch_first=True,
            )
            torch.manual_seed(network_seed)
            self.classifier = mlp(
                (config.hidden, *config.classifier_hidden, sizes.n_answers)
            )

    @property
    def question_side(self) -> list[nn.Module]:
        """What reads the question."""
        return [self.embedding, self.rnn]

    def forward(
        self,
        questions: Int[Tensor, "batch tokens"],
        _images: Float[Tensor, "batch inputs height width"],
    ) -> Float[Tensor, "batch answers"]:
        """Score every answer to each question.

        Args:
            questions: Token ids, padded on the right with 0.
            _images: Not looked at.

        Returns:
            Logits.
        """
        states, _ = self.rnn(self.embedding(questions))
        logits: Tensor = self.classifier(last_state(states, questions))
        return logits
