"""What is reached without reading: the most frequent answer of each type of question.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 4.1 (Q-type mode): the answer to a
    question is the one most frequent in training among questions of its type. A type
    is the outermost function of a question's program, such as ``query_color``; CLEVR
    has thirteen that give answers.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.data.vocabulary import NULL
from film.model.network import DataSizes

__all__ = ["QTypeMode", "outermost"]


class QTypeMode(nn.Module):
    """Count answers by type, and give the most frequent one.

    A question whose program is unknown, and one of a type that training lacked, gets
    the answer that is most frequent overall. Of answers that are as frequent, the one
    with the smallest number is given.

    Args:
        sizes: What it is fed; the picture's have no influence.
    """

    counts: Tensor

    def __init__(self, sizes: DataSizes) -> None:
        super().__init__()
        self.scene = (
            sizes.program_words.index("scene") if "scene" in sizes.program_words else -1
        )
        n_functions = max(len(sizes.program_words), 1)
        counts = torch.zeros((n_functions, sizes.n_answers), dtype=torch.int64)
        self.register_buffer("counts", counts)

    @property
    def question_side(self) -> list[nn.Module]:
        """What reads the question: nothing does."""
        return []

    def count(
        self, programs: Int[Tensor, "batch length"], answers: Int[Tensor, " batch"]
    ) -> None:
        """Count answers to the questions of each type.

        Args:
            programs: Of the questions, from ``<START>`` on; padding for unknown ones.
            answers: To them.
        """
        places = outermost(programs, self.scene), answers
        self.counts.index_put_(places, torch.ones_like(answers), accumulate=True)

    def forward(
        self,
        questions: Int[Tensor, "batch tokens"],
        _images: Float[Tensor, "batch inputs height width"],
    ) -> Float[Tensor, "batch answers"]:
        """Score every answer to questions of unknown type.

        Args:
            questions: Token ids; only how many there are matters.
            _images: Not looked at.

        Returns:
            Logits.
        """
        return self.answer(questions.new_zeros((len(questions), 0)))

    def answer(
        self, programs: Int[Tensor, "batch length"]
    ) -> Float[Tensor, "batch answers"]:
        """Score every answer to each question, given its program.

        Args:
            programs: Of the questions, from ``<START>`` on; padding for unknown ones.

        Returns:
            Logarithms of how often each answer was counted, and once more, so that
            none is impossible; the most frequent has 0.
        """
        functions = outermost(programs, self.scene)
        counts = self.counts[functions]
        is_known = (functions != NULL) & (counts.sum(dim=1) > 0)
        counts = torch.where(is_known[:, None], counts, self.counts.sum(dim=0))
        scores = (counts + 1).double().log()
        # In 64 bits until the largest is 0: 32 do not tell 699,989 from 699,988.
        return (scores - scores.amax(dim=1, keepdim=True)).float()


def outermost(
    programs: Int[Tensor, "batch length"], scene: int
) -> Int[Tensor, " batch"]:
    """Find the outermost function of each program, whatever order it is written in.

    It is the first token in prefix order. In postfix order and in chains, which begin
    with ``scene``, it is the last.

    Args:
        programs: From ``<START>`` on, padded with 0.
        scene: The number of ``scene``.

    Returns:
        The numbers of the functions; 0 for a program that is padding alone.
    """
    if programs.shape[1] == 0:
        return programs.new_zeros(len(programs))
    rows = torch.arange(len(programs), device=programs.device)
    lengths = (programs != NULL).sum(dim=1)
    first = programs[rows, (lengths - 1).clamp(0, 1)]
    last = programs[rows, (lengths - 2).clamp(min=0)]
    return torch.where(first == scene, last, first)
