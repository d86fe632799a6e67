"""What baselines have in common: an LSTM that reads the question, and small MLPs."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.model.generator import last_token

__all__ = ["QuestionLstm", "last_state", "mlp"]


class QuestionLstm(nn.Module):
    """Read a question with an LSTM; its last state stands for the question.

    Args:
        n_words: Of the questions' vocabulary.
        word_dim: Numbers per word.
        hidden: Numbers of the state.
        n_layers: Of the LSTM.
    """

    def __init__(
        self, *, n_words: int, word_dim: int, hidden: int, n_layers: int
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_words, word_dim)
        self.rnn = nn.LSTM(word_dim, hidden, num_layers=n_layers, batch_first=True)

    def forward(
        self, questions: Int[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch hidden"]:
        """Read questions.

        Args:
            questions: Token ids, padded on the right with 0.

        Returns:
            The state at each one's last token, so that padding changes nothing.
        """
        states, _ = self.rnn(self.embedding(questions))
        return last_state(states, questions)


def last_state(
    states: Float[Tensor, "batch tokens hidden"], questions: Int[Tensor, "batch tokens"]
) -> Float[Tensor, "batch hidden"]:
    """Pick the state at the last token of each question.

    Args:
        states: After every token.
        questions: Token ids, padded on the right with 0.

    Returns:
        One state per question.
    """
    rows = torch.arange(len(questions), device=questions.device)
    return states[rows, last_token(questions)]


def mlp(widths: Sequence[int]) -> nn.Sequential:
    """Build linear layers with a ReLU between any two.

    Args:
        widths: Of the input, of every hidden layer, and of the output.

    Returns:
        The layers, with weights as torch draws them.
    """
    layers = nn.Sequential()
    for inputs, outputs in pairwise(widths):
        if len(layers):
            layers.append(nn.ReLU())
        layers.append(nn.Linear(inputs, outputs))
    return layers
