"""From a question to a layout of modules, and to the words that each module hears.

References:
    Hu et al., ICCV 2017, Section 3.2; sizes as in their code,
    https://github.com/ronghanghu/n2nmn.
"""

from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from film.config import N2nmnConfig
from film.data.vocabulary import NULL
from film.model.baselines.layouts import ANSWERS, INPUTS, MODULES, steps_to_end
from film.model.baselines.program_generator import choose
from film.model.generator import last_token

__all__ = ["LayoutPolicy", "Planned"]

_IMPOSSIBLE: Final = -1e9  # a score; minus infinity would make NaN of the entropy


@final
@dataclass(frozen=True)
class Planned:
    """Layouts, and how a policy came to them.

    Attributes:
        layouts: Numbers of modules in reverse Polish notation, padded with 0.
        texts: What each module hears: a mean of word vectors.
        log_probability: Of the layout.
        entropy: Of the policy, summed over the layout's steps.
    """

    layouts: Int[Tensor, "batch length"]
    texts: Float[Tensor, "batch length text"]
    log_probability: Float[Tensor, " batch"]
    entropy: Float[Tensor, " batch"]


class LayoutPolicy(nn.Module):
    """An LSTM reads the question; another one goes on from its state and plans.

    At every step the planner attends to the words, and the module that it chooses
    hears their mean, so weighted. Only modules that can still lead to a whole layout
    of at most ``max_length`` modules can be chosen. An answer ends the layout, so
    that there is no ``<eos>`` as in the authors' code. The softmax is over what can
    be chosen while cloning, too, where theirs is over all modules.

    Args:
        config: Its sizes.
        n_words: Of the questions' vocabulary.
    """

    inputs: Tensor
    is_answer: Tensor

    def __init__(self, config: N2nmnConfig, *, n_words: int) -> None:
        super().__init__()
        hidden, n_modules = config.hidden, len(MODULES)
        self.max_length = config.max_length
        n_inputs = torch.tensor([INPUTS[one] for one in MODULES])
        is_answer = torch.tensor([one in ANSWERS for one in MODULES])
        self.register_buffer("inputs", n_inputs, persistent=False)
        self.register_buffer("is_answer", is_answer, persistent=False)
        self.embedding = nn.Embedding(n_words, config.word_dim)
        self.reader = nn.LSTM(
            config.word_dim, hidden, num_layers=config.n_layers, batch_first=True
        )
        # Row 0 is what stands before the first module.
        self.module_embedding = nn.Embedding(n_modules + 1, config.module_dim)
        self.planner = nn.LSTM(
            config.module_dim, hidden, num_layers=config.n_layers, batch_first=True
        )
        self.word_key = nn.Linear(hidden, hidden)
        self.plan_key = nn.Linear(hidden, hidden)
        self.attention = nn.Linear(hidden, 1, bias=False)
        self.choice = nn.Linear(2 * hidden, n_modules)

    def forward(
        self,
        questions: Int[Tensor, "batch tokens"],
        layouts: Int[Tensor, "batch length"] | None = None,
        draws: torch.Generator | None = None,
    ) -> Planned:
        """Plan how to answer.

        Args:
            questions: Token ids, padded on the right with 0.
            layouts: What to choose, whatever is likely; None chooses.
            draws: Where to draw modules from; None takes the likeliest each time.

        Returns:
            Valid layouts, if the given ones are.
        """
        words = self.embedding(questions)
        states, memory = self._read(questions, words)
        keys, is_word = self.word_key(states), questions != NULL
        chosen = torch.zeros_like(questions[:, 0])
        n_maps, is_over = torch.zeros_like(chosen), torch.zeros_like(chosen).bool()
        steps, texts, chances, entropies = [], [], [], []
        length = self.max_length if layouts is None else layouts.shape[1]
        for step in range(length):
            output, memory = self.planner(
                self.module_embedding(chosen)[:, None], memory
            )
            weights = self._attend(output, keys, is_word)
            context = (weights[:, None] @ states)[:, 0]
            scores = self.choice(torch.cat([output[:, 0], context], dim=1))
            left = self.max_length - step - 1
            scores = scores.float().masked_fill(
                ~self.possible(n_maps, left), _IMPOSSIBLE
            )
            log_chances = scores.log_softmax(dim=1)
            if layouts is None:
                chosen = choose(log_chances.detach(), draws) + 1
            else:
                chosen = layouts[:, step].clamp(min=1)
            place = chosen - 1
            steps.append(chosen.where(~is_over, 0))
            texts.append((weights[:, None] @ words)[:, 0])
            chances.append(log_chances.gather(1, place[:, None])[:, 0] * ~is_over)
            entropies.append(-(log_chances.exp() * log_chances).sum(1) * ~is_over)
            change = (~self.is_answer[place]).long() - self.inputs[place]
            n_maps = (n_maps + change).where(~is_over, n_maps)
            is_over = is_over | self.is_answer[place]
            if is_over.all():
                break
        return Planned(
            layouts=torch.stack(steps, dim=1),
            texts=torch.stack(texts, dim=1),
            log_probability=torch.stack(chances).sum(dim=0),
            entropy=torch.stack(entropies).sum(dim=0),
        )

    def possible(
        self, n_maps: Int[Tensor, " batch"], left: int
    ) -> Bool[Tensor, "batch modules"]:
        """Say which modules may come next.

        Args:
            n_maps: How many attention maps wait to be taken.
            left: How many modules may follow.

        Returns:
            Those that find their inputs and leave enough room to end.
        """
        enough = n_maps[:, None] >= self.inputs
        after = n_maps[:, None] + (~self.is_answer).long() - self.inputs
        needs = torch.tensor(
            [steps_to_end(n) for n in range(self.max_length + 2)],
            device=n_maps.device,
        )
        can_end = needs[after.clamp(min=0)] <= left
        return enough & torch.where(self.is_answer, after == 0, can_end)

    def _read(
        self, questions: Tensor, words: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        packed = nn.utils.rnn.pack_padded_sequence(
            words,
            last_token(questions).cpu() + 1,
            batch_first=True,
            enforce_sorted=False,
        )
        outputs, memory = self.reader(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(
            outputs, batch_first=True, total_length=questions.shape[1]
        )
        return states, memory

    def _attend(self, output: Tensor, keys: Tensor, is_word: Tensor) -> Tensor:
        scores = self.attention((self.plan_key(output) + keys).tanh())[:, :, 0]
        weights: Tensor = scores.masked_fill(~is_word, _IMPOSSIBLE).softmax(dim=1)
        return weights
