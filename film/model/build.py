"""From settings to the network that they describe, FiLM or a baseline."""

from film.config import Architecture, ModelConfig
from film.model.baselines.lstm import LstmBaseline
from film.model.baselines.n2nmn import N2nmn
from film.model.baselines.pg_ee import PgEe
from film.model.network import DataSizes, FilmNetwork

__all__ = ["build_network"]


def build_network(
    config: ModelConfig,
    sizes: DataSizes,
    *,
    generator_seed: int = 0,
    network_seed: int = 1,
) -> FilmNetwork | LstmBaseline | PgEe | N2nmn:
    """Build a network; all are called with questions and images, and give logits.

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
        case Architecture.LSTM:
            return LstmBaseline(
                config.lstm,
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
