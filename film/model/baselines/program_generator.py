"""From a question to a program, token by token.

References:
    Johnson et al., *Inferring and Executing Programs*, ICCV 2017, Section 3.2; sizes
    as in their code, https://github.com/facebookresearch/clevr-iep.
"""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import PgEeConfig
from film.data.vocabulary import NULL, START
from film.model.baselines.prefix import Reading
from film.model.generator import last_token

__all__ = ["ProgramGenerator", "Written", "choose", "program_loss"]

_States = tuple[Tensor, Tensor]


@final
@dataclass(frozen=True)
class Written:
    """Programs that a generator wrote.

    Attributes:
        programs: Whole programs in prefix order, padded with 0.
        log_probability: Of what was written, as far as it was read.
    """

    programs: Int[Tensor, "batch length"]
    log_probability: Float[Tensor, " batch"]


def choose(
    scores: Float[Tensor, "batch choices"], draws: torch.Generator | None
) -> Int[Tensor, " batch"]:
    """Take the best choice of each row, or draw one.

    Args:
        scores: Log-probabilities, but for a constant.
        draws: Where to draw from, on the CPU, so that every device draws the same;
            None for the best.

    Returns:
        The choices.

    References:
        The best after adding Gumbel noise is a draw: Maddison et al., NeurIPS 2014,
        https://arxiv.org/abs/1411.0030, Section 2.
    """
    if draws is None:
        return scores.argmax(dim=1)
    uniform = torch.rand(scores.shape, generator=draws).to(scores.device)
    return (scores - (-uniform.log()).log()).argmax(dim=1)


class ProgramGenerator(nn.Module):
    """An LSTM reads the question, another one writes the program.

    The reader's state at the last token is an input to every step of the writer, whose
    own state begins at zero. Weights start as torch draws them.

    Args:
        config: Its sizes.
        n_words: Of the questions' vocabulary.
        arity: Inputs of each token of the programs' vocabulary.
        scene: The number of ``scene`` in it.
    """

    arity: Tensor

    def __init__(
        self,
        config: PgEeConfig,
        *,
        n_words: int,
        arity: tuple[int, ...],
        scene: int,
    ) -> None:
        super().__init__()
        self.max_length = config.max_length
        self.scene = scene
        self.register_buffer("arity", torch.tensor(arity), persistent=False)
        self.embedding = nn.Embedding(n_words, config.word_dim)
        self.reader = nn.LSTM(
            config.word_dim,
            config.hidden,
            num_layers=config.n_layers,
            batch_first=True,
        )
        self.token_embedding = nn.Embedding(len(arity), config.word_dim)
        self.writer = nn.LSTM(
            config.word_dim + config.hidden,
            config.hidden,
            num_layers=config.n_layers,
            batch_first=True,
        )
        self.token = nn.Linear(config.hidden, len(arity))

    def forward(
        self,
        questions: Int[Tensor, "batch tokens"],
        programs: Int[Tensor, "batch length"],
    ) -> Float[Tensor, "batch shorter program_words"]:
        """Score the next token after each of a program's.

        Args:
            questions: Token ids, padded on the right with 0.
            programs: The same, from ``<START>`` on.

        Returns:
            Logits, of what follows each token but the last.
        """
        scores, _ = self._write(self._read(questions), programs[:, :-1], None)
        return scores

    def write(
        self,
        questions: Int[Tensor, "batch tokens"],
        draws: torch.Generator | None = None,
    ) -> Written:
        """Write a program for each question.

        A program ends where its tree is whole, or where a special token stands.

        Args:
            questions: Token ids, padded on the right with 0.
            draws: Where to draw tokens from; None takes the likeliest each time.

        Returns:
            Programs that can be run.
        """
        state = self._read(questions)
        token = torch.full_like(questions[:, 0], START)
        due = torch.ones_like(token)  # inputs that are still to be written
        memory: _States | None = None
        tokens, chances = [], []
        for _ in range(self.max_length):
            scores, memory = self._write(state, token[:, None], memory)
            log_probabilities = scores[:, 0].log_softmax(dim=1)
            token = choose(log_probabilities.detach(), draws)
            tokens.append(token)
            chances.append(log_probabilities.gather(1, token[:, None]))
            inputs = self.arity[token]
            due = torch.where(inputs < 0, 0, due + inputs - 1).where(due > 0, 0)
            if not due.any():
                break
        reading = Reading.of(torch.stack(tokens, dim=1), self.arity, self.scene)
        return Written(
            programs=reading.programs,
            log_probability=(torch.cat(chances, dim=1) * reading.is_read).sum(dim=1),
        )

    def _read(self, questions: Tensor) -> Tensor:
        states, _ = self.reader(self.embedding(questions))
        rows = torch.arange(len(questions), device=questions.device)
        state: Tensor = states[rows, last_token(questions)]
        return state

    def _write(
        self, state: Tensor, tokens: Tensor, memory: _States | None
    ) -> tuple[Tensor, _States]:
        question = state[:, None].expand(-1, tokens.shape[1], -1)
        inputs = torch.cat([question, self.token_embedding(tokens)], dim=2)
        outputs, memory = self.writer(inputs, memory)
        return self.token(outputs), memory


def program_loss(
    scores: Float[Tensor, "batch shorter program_words"],
    programs: Int[Tensor, "batch length"],
) -> Float[Tensor, ""]:
    """Judge what a generator expected after each token of known programs.

    Args:
        scores: Its logits.
        programs: The programs, from ``<START>`` on, padded with 0.

    Returns:
        Mean cross-entropy of a token.
    """
    return nn.functional.cross_entropy(
        scores.flatten(0, 1).float(), programs[:, 1:].flatten(), ignore_index=NULL
    )
