"""From settings to the network that they describe, FiLM or a baseline."""

from film.config import Architecture, ModelConfig
from film.model.baselines.attention import StackedAttention
from film.model.baselines.cnn_lstm import CnnLstm
from film.model.baselines.lstm import LstmBaseline
from film.model.baselines.n2nmn import N2nmn
from film.model.baselines.pg_ee import PgEe
from film.model.baselines.qtype import QTypeMode
from film.model.baselines.relation import RelationNetwork
from film.model.network import DataSizes, FilmNetwork

__all__ = ["Network", "build_network"]

Network = (
    FilmNetwork
    | QTypeMode
    | LstmBaseline
    | CnnLstm
    | StackedAttention
    | RelationNetwork
    | PgEe
    | N2nmn
)
"""All are called with questions and images, and give logits."""


def build_network(  # noqa: C901, PLR0911 - a case for every architecture
    config: ModelConfig,
    sizes: DataSizes,
    *,
    generator_seed: int = 0,
    network_seed: int = 1,
) -> Network:
    """Build a network.

    Args:
        config: Which network.
        sizes: What it is fed.
        generator_seed: Seed of the question side's first weights.
        network_seed: Seed of the other side's, so that neither moves the other.

    Returns:
        The network, with its first weights.
    """
    match config.architecture:
        case Architecture.FILM:
            return FilmNetwork(
                config, sizes, generator_seed=generator_seed, network_seed=network_seed
            )
        case Architecture.QTYPE:
            return QTypeMode(sizes)
        case Architecture.LSTM:
            return LstmBaseline(
                config.lstm,
                sizes,
                generator_seed=generator_seed,
                network_seed=network_seed,
            )
        case Architecture.CNN_LSTM:
            return CnnLstm(
                config.cnn_lstm,
                sizes,
                generator_seed=generator_seed,
                network_seed=network_seed,
            )
        case Architecture.SA:
            return StackedAttention(
                config.sa,
                sizes,
                generator_seed=generator_seed,
                network_seed=network_seed,
            )
        case Architecture.RN:
            return RelationNetwork(
                config.rn,
                sizes,
                generator_seed=generator_seed,
                network_seed=network_seed,
            )
        case Architecture.PG_EE:
            return PgEe(
                config.pg_ee,
                sizes,
                generator_seed=generator_seed,
                network_seed=network_seed,
            )
        case Architecture.N2NMN:
            return N2nmn(
                config.n2nmn,
                sizes,
                generator_seed=generator_seed,
                network_seed=network_seed,
            )
