"""Which weights of a network are trained."""

from torch import nn

from film.config import Learns
from film.errors import TrainingError

__all__ = ["learnt_parameters"]


def learnt_parameters(network: nn.Module, learns: Learns) -> list[nn.Parameter]:
    """List the parameters that are trained, and fix the others.

    A fixed part goes on in train mode, as in the authors' code: its batch normalisation
    takes the statistics of each batch, and its running averages drift to the new data.

    Args:
        network: With ``question_side``, the modules that read the question.
        learns: All, or that side alone.

    Returns:
        Parameters, in the order of the network.

    Raises:
        TrainingError: Nothing in the network reads the question.

    References:
        Perez et al., AAAI 2018, Section 4.4, and the authors' ``film_humans.sh``.
    """
    if learns is Learns.ALL:
        return list(network.parameters())
    side = getattr(network, "question_side", [])
    learnt = {id(one) for module in side for one in module.parameters()}
    if not learnt:
        raise TrainingError(
            "train.learns is generator, and nothing in this network reads the question "
            "apart from the rest; leave it at all"
        )
    for parameter in network.parameters():
        parameter.requires_grad_(id(parameter) in learnt)
    return [one for one in network.parameters() if one.requires_grad]
