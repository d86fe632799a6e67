"""Everything that can be ablated, as settings that are valid or refused.

The default of every setting is the value of the paper, so that ``Config()`` is the
configuration named ``paper``. The package loads without torch.

References:
    Perez et al., *FiLM: Visual Reasoning with a General Conditioning Layer*,
    AAAI 2018, https://arxiv.org/abs/1709.07871 (Sections 3 and 4.3, Tables 2 and 3),
    and the authors' code, https://github.com/ethanjperez/film.
"""

from film.config.baselines import (
    CnnLstmConfig,
    LstmConfig,
    N2nmnConfig,
    PgEeConfig,
    RnConfig,
    SaConfig,
)
from film.config.choices import (
    Architecture,
    Beta,
    Conditioning,
    Coordinates,
    EnginePrograms,
    FilmPlacement,
    GammaConstraint,
    ImageInput,
    Learns,
    Norm,
    Pooling,
    Precision,
    Schedule,
)
from film.config.configuration import Config, named_config
from film.config.model import ModelConfig
from film.config.parts import (
    ClassifierConfig,
    FilmConfig,
    GeneratorConfig,
    StemConfig,
)
from film.config.training import TrainConfig

__all__ = [
    "Architecture",
    "Beta",
    "ClassifierConfig",
    "CnnLstmConfig",
    "Conditioning",
    "Config",
    "Coordinates",
    "EnginePrograms",
    "FilmConfig",
    "FilmPlacement",
    "GammaConstraint",
    "GeneratorConfig",
    "ImageInput",
    "Learns",
    "LstmConfig",
    "ModelConfig",
    "N2nmnConfig",
    "Norm",
    "PgEeConfig",
    "Pooling",
    "Precision",
    "RnConfig",
    "SaConfig",
    "Schedule",
    "StemConfig",
    "TrainConfig",
    "named_config",
]
