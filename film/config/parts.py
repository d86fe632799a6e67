"""The parts of the FiLM network."""

from film.config.choices import (
    Beta,
    Conditioning,
    FilmPlacement,
    GammaConstraint,
    ImageInput,
    Norm,
    Pooling,
)
from film.config.fields import (
    Blocks,
    Count,
    Number,
    Settings,
)

__all__ = [
    "ClassifierConfig",
    "FilmConfig",
    "GeneratorConfig",
    "StemConfig",
]


class FilmConfig(Settings):
    """How the question modulates the picture (Section 2, Equations 1 to 3)."""

    placement: FilmPlacement = FilmPlacement.AFTER_NORM
    gamma: GammaConstraint = GammaConstraint.NONE
    gamma_baseline: Number = 1.0  # γ = 1 + Δγ, appendix; squashed γ need 0
    beta: Beta = Beta.LEARNED
    blocks: Blocks = "all"
    conditioning: Conditioning = Conditioning.FILM

    @property
    def is_identity(self) -> bool:
        """Whether γ and β are both fixed, so that no question is heard."""
        return self.gamma is GammaConstraint.ONE and self.beta is Beta.ZERO

    @property
    def adds_to_norm(self) -> bool:
        """Whether γ and β are changes of a norm's own scale and shift."""
        return self.conditioning in {
            Conditioning.CONDITIONAL_BATCH_NORM,
            Conditioning.CONDITIONAL_LAYER_NORM,
        }


class GeneratorConfig(Settings):
    """The question's GRU and the linear layer that gives γ and β (Section 3)."""

    word_dim: Count = 200
    hidden: Count = 4096
    n_layers: Count = 1
    update_bias: Number = 0.0  # first bias of the update gate; above 0, memory is long


class StemConfig(Settings):
    """What turns the picture into ``width`` maps."""

    input: ImageInput = ImageInput.FEATURES
    kernel_size: Count = 3  # of the single layer on features
    n_downsamplings: Count = 4  # on pixels: layers of 4×4, stride 2


class ClassifierConfig(Settings):
    """From the last block's maps to answers (Section 3)."""

    projection: Count = 512
    pooling: Pooling = Pooling.MAX
    hidden: tuple[Count, ...] = (1024,)
    norm: Norm = Norm.BATCH
