"""Stacked attention: the question looks at the picture, and looks again.

References:
    Yang et al., *Stacked Attention Networks*, CVPR 2016,
    https://arxiv.org/abs/1511.02274, Section 3.3; layers as in the code of Johnson et
    al., ICCV 2017, https://github.com/facebookresearch/clevr-iep; the rows CNN+LSTM+SA
    of Perez et al., AAAI 2018, Table 1 and Figure 9, and CNN+LSTM+SA+MLP of Table 4.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import SaConfig
from film.model.baselines.question import QuestionLstm, mlp
from film.model.network import DataSizes

__all__ = ["Attention", "Looked", "StackedAttention"]


class Looked(NamedTuple):
    """What came of looking.

    Attributes:
        state: The question's, with all that was seen added to it.
        weights: Where each round looked; those of a round add up to 1.
    """

    state: Float[Tensor, "batch hidden"]
    weights: Float[Tensor, "batch rounds height width"]


class Attention(nn.Module):
    """One round: how well every place matches the state, as a softmax over places.

    Args:
        hidden: Maps of the picture, and numbers of the state.
        attention_dim: Numbers in which they are compared.
        kaiming: Whether weights start Kaiming-normal, or as torch draws them.
    """

    def __init__(self, hidden: int, attention_dim: int, *, kaiming: bool) -> None:
        super().__init__()
        self.seen = nn.Conv2d(hidden, attention_dim, 1)
        self.heard = nn.Linear(hidden, attention_dim)
        self.match = nn.Conv2d(attention_dim, 1, 1)
        if kaiming:
            for layer in (self.seen, self.heard, self.match):
                nn.init.kaiming_normal_(layer.weight)

    def forward(
        self,
        maps: Float[Tensor, "batch hidden height width"],
        state: Float[Tensor, "batch hidden"],
    ) -> Float[Tensor, "batch height width"]:
        """Say where to look.

        Args:
            maps: Of the picture.
            state: Of the question.

        Returns:
            Weights that add up to 1 over places.
        """
        both = self.seen(maps) + self.heard(state)[:, :, None, None]
        scores = self.match(both.tanh())[:, 0]
        weights: Tensor = scores.flatten(1).softmax(dim=1).view_as(scores)
        return weights


class StackedAttention(nn.Module):
    """An LSTM, rounds of attention that add what they see to its state, and an answer.

    The projection of the picture has no non-linearity, as in the code.

    Args:
        config: Its sizes.
        sizes: What it is fed.
        generator_seed: Seed of the first weights of what reads the question.
        network_seed: Seed of those of the rest, so that neither moves the other.
    """

    def __init__(
        self,
        config: SaConfig,
        sizes: DataSizes,
        *,
        generator_seed: int = 0,
        network_seed: int = 1,
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator_seed)
            self.reader = QuestionLstm(
                n_words=sizes.n_words,
                word_dim=config.word_dim,
                hidden=config.hidden,
                n_layers=config.n_layers,
            )
            torch.manual_seed(network_seed)
            self.projection = nn.Conv2d(sizes.image_shape[0], config.hidden, 1)
            self.rounds = nn.ModuleList(
                Attention(config.hidden, config.attention_dim, kaiming=config.kaiming)
                for _ in range(config.rounds)
            )
            self.classifier = mlp(
                (config.hidden, *config.classifier_hidden, sizes.n_answers)
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
            images: Features.

        Returns:
            Logits.
        """
        logits: Tensor = self.classifier(self.look(questions, images).state)
        return logits

    def look(
        self,
        questions: Int[Tensor, "batch tokens"],
        images: Float[Tensor, "batch inputs height width"],
    ) -> Looked:
        """Look at pictures as questions want it.

        Args:
            questions: Token ids, padded on the right with 0.
            images: Features.

        Returns:
            What was seen, and where.
        """
        state, maps = self.reader(questions), self.projection(images)
        weights = []
        for attention in self.rounds:
            weights.append(attention(maps, state))
            state = state + torch.einsum("nchw,nhw->nc", maps, weights[-1])
        return Looked(state, torch.stack(weights, dim=1))
