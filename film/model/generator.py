"""From a question to one γ and one β per block and feature map."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import ModelConfig
from film.model.modulation import constrain

__all__ = ["FilmGenerator", "last_token"]


def last_token(questions: Int[Tensor, "batch tokens"]) -> Int[Tensor, " batch"]:
    """Find where each question ends, which is before its first padding.

    Args:
        questions: Token ids, padded on the right with 0.

    Returns:
        Position of the last token; the last column for a question without any.
    """
    following = nn.functional.pad(questions[:, 1:], (0, 1))
    is_end = (questions != 0) & (following == 0)
    n_tokens = questions.shape[1]
    position = is_end.int().argmax(dim=1)
    return torch.where(is_end.any(dim=1), position, n_tokens - 1)


class FilmGenerator(nn.Module):
    """Read a question with a GRU and map its last state linearly to γ and β.

    The state is read at the last token, so that padding changes nothing.

    References:
        Perez et al., AAAI 2018, Section 3; sizes as in the authors' code.
    """

    def __init__(self, config: ModelConfig, *, n_words: int) -> None:
        super().__init__()
        self.config = config
        sizes = config.generator
        self.embedding = nn.Embedding(n_words, sizes.word_dim)
        self.rnn = nn.GRU(
            sizes.word_dim, sizes.hidden, num_layers=sizes.n_layers, batch_first=True
        )
        self.linear = nn.Linear(sizes.hidden, config.n_blocks * 2 * config.width)

    def lengthen_memory(self, bias: float) -> None:
        """Keep more of the old state at every word, before anything is learnt.

        With a bias of 0, half of the state is replaced at each word, so that a
        small GRU trained briefly hears little of how a question begins.

        Args:
            bias: Added to the update gate's input biases, in every layer.

        References:
            Jozefowicz et al., ICML 2015, on the forget gate's first bias.
        """
        hidden = self.rnn.hidden_size
        with torch.no_grad():
            for layer in range(self.rnn.num_layers):
                gates = getattr(self.rnn, f"bias_ih_l{layer}")  # reset, update, new
                gates[hidden : 2 * hidden] += bias

    def forward(
        self, questions: Int[Tensor, "batch tokens"]
    ) -> tuple[
        Float[Tensor, "batch blocks channels"], Float[Tensor, "batch blocks channels"]
    ]:
        """Generate the parameters of every block.

        Args:
            questions: Token ids, padded on the right with 0.

        Returns:
            γ and β of every block, conditioned or not.
        """
        states, _ = self.rnn(self.embedding(questions))
        rows = torch.arange(len(questions), device=questions.device)
        state = states[rows, last_token(questions)]
        raw = self.linear(state)
        raw = raw.view(len(questions), self.config.n_blocks, 2 * self.config.width)
        return constrain(raw, self.config.film)
