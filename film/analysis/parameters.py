"""γ and β that a network gives to questions, as it applies them."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from film.analysis.model import TrainedModel, one_thread
from film.config import Conditioning
from film.data.dataset import QuestionDataset
from film.errors import AnalysisError
from film.model.generator import FilmGenerator
from film.model.network import FilmNetwork
from film.model.norm import ConditionalNorm

__all__ = ["Parameters", "generate", "generator_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameters:
    """γ and β of questions, in the blocks that hear the question.

    Attributes:
        gamma: What feature maps are multiplied by, with its baseline: 1 + Δγ in the
            paper's model; in a conditional norm, with the norm's own scale.
        beta: What is added to them.
        layers: Numbers of these blocks, from 1 as in the paper.
        given: The same two as blocks are given them: of a conditional norm, changes
            of its own scale and shift.
    """

    gamma: Float[np.ndarray, "questions layers channels"]
    beta: Float[np.ndarray, "questions layers channels"]
    layers: tuple[int, ...]
    given: tuple[
        Float[np.ndarray, "questions layers channels"],
        Float[np.ndarray, "questions layers channels"],
    ]

    @property
    def by_name(self) -> dict[str, Float[np.ndarray, "questions layers channels"]]:
        """Both, by the paper's letters."""
        return {"γ": self.gamma, "β": self.beta}

    def fixed(self) -> dict[str, float]:
        """Say which of the two no question changes.

        Returns:
            Its one value, by letter.
        """
        return {
            name: float(values.flat[0]) + 0.0
            for name, values in self.by_name.items()
            if values.min() == values.max()
        }


def generate(model: TrainedModel, questions: QuestionDataset) -> Parameters:
    """Let the network read questions; no image is looked at.

    Args:
        model: The run.
        questions: What to read.

    Returns:
        γ and β of every question.
    """
    network = model.film
    generator = generator_of(network)
    layers = network.config.conditioned_blocks
    kept = torch.tensor([layer - 1 for layer in layers])
    pairs: list[tuple[Tensor, Tensor]] = []
    with one_thread():
        for batch in model.batches(questions.without_images()):
            gamma, beta = generator(batch.questions)
            pairs.append((gamma[:, kept], beta[:, kept]))
        own = [_own(network.blocks[layer - 1]) for layer in layers]
    gammas, betas = zip(*pairs, strict=True)
    given = torch.cat(gammas).numpy(), torch.cat(betas).numpy()
    applied = [
        some + mine if mine.any() else some
        for some, mine in zip(given, map(np.stack, zip(*own, strict=True)), strict=True)
    ]
    return Parameters(gamma=applied[0], beta=applied[1], layers=layers, given=given)


def generator_of(network: FilmNetwork) -> FilmGenerator:
    """Find what gives a network its γ and β.

    Args:
        network: Of FiLM.

    Returns:
        Its generator.

    Raises:
        AnalysisError: The network has no γ and β.
    """
    if network.generator is None:
        raise AnalysisError("no block hears the question, so it has no γ and β")
    if network.config.film.conditioning is Conditioning.CONCAT:
        raise AnalysisError(
            "its blocks hear the question in maps beside their input "
            "(model.film.conditioning is concat), and have no γ and β"
        )
    return network.generator


# The scale and the shift that a block has without any question, beyond its baseline.
def _own(block: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    norm = block.norm
    if isinstance(norm, ConditionalNorm):
        return norm.weight.numpy(force=True), norm.bias.numpy(force=True)
    return np.zeros(1, np.float32), np.zeros(1, np.float32)
