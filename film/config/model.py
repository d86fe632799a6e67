"""The network: FiLM or another system."""

from pydantic import model_validator

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
    GammaConstraint,
    ImageInput,
    Norm,
)
from film.config.fields import (
    Count,
    Settings,
    Switch,
)
from film.config.parts import (
    ClassifierConfig,
    FilmConfig,
    GeneratorConfig,
    StemConfig,
)

__all__ = [
    "ModelConfig",
]

_READ_PROGRAMS = frozenset({Architecture.QTYPE, Architecture.PG_EE, Architecture.N2NMN})


class ModelConfig(Settings):
    """The network, FiLM or a baseline; ``n_blocks`` is the depth of Table 3."""

    architecture: Architecture = Architecture.FILM
    lstm: LstmConfig = LstmConfig()
    cnn_lstm: CnnLstmConfig = CnnLstmConfig()
    sa: SaConfig = SaConfig()
    rn: RnConfig = RnConfig()
    pg_ee: PgEeConfig = PgEeConfig()
    n2nmn: N2nmnConfig = N2nmnConfig()
    film: FilmConfig = FilmConfig()
    generator: GeneratorConfig = GeneratorConfig()
    stem: StemConfig = StemConfig()
    classifier: ClassifierConfig = ClassifierConfig()
    n_blocks: Count = 4
    width: Count = 128
    kernel_size: Count = 3  # of Conv-2
    residual: Switch = True
    norm: Norm = Norm.BATCH  # of the stem and the blocks
    norm_groups: Count = 8
    coordinates: Coordinates = Coordinates.ONCE

    @property
    def image_input(self) -> ImageInput | None:
        """What the network sees of a picture; None where it sees nothing."""
        match self.architecture:
            case Architecture.FILM:
                return self.stem.input
            case Architecture.QTYPE | Architecture.LSTM:
                return None
            case Architecture.RN:
                return self.rn.input
            case (
                Architecture.CNN_LSTM
                | Architecture.SA
                | Architecture.PG_EE
                | Architecture.N2NMN
            ):
                return ImageInput.FEATURES

    @property
    def first_stages(self) -> dict[str, int]:
        """Epochs of the stages before the last, by the names of their settings."""
        match self.architecture:
            case Architecture.PG_EE:
                return {
                    "model.pg_ee.generator_epochs": self.pg_ee.generator_epochs,
                    "model.pg_ee.engine_epochs": self.pg_ee.engine_epochs,
                }
            case Architecture.N2NMN:
                return {"model.n2nmn.cloning_epochs": self.n2nmn.cloning_epochs}
            case _:
                return {}

    @property
    def conditioned_blocks(self) -> tuple[int, ...]:
        """Numbers of the blocks that hear the question, from 1 as in the paper."""
        match self.film.blocks:
            case "all":
                return tuple(range(1, self.n_blocks + 1))
            case "none":
                return ()
            case blocks:
                return tuple(sorted(set(blocks)))

    @property
    def reads_programs(self) -> bool:
        """Whether it learns from the programs of questions, or answers by them."""
        return self.architecture in _READ_PROGRAMS

    @property
    def hears_question(self) -> bool:
        """Whether anything that the question says can reach the answer."""
        return bool(self.conditioned_blocks) and not self.film.is_identity

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> "ModelConfig":
        beyond = [block for block in self.conditioned_blocks if block > self.n_blocks]
        if beyond:
            raise ValueError(
                f"model.film.blocks names block {beyond[0]}, but model.n_blocks is "
                f"{self.n_blocks}; name blocks from 1 to {self.n_blocks}"
            )
        kernels = {
            "model.kernel_size": self.kernel_size,
            "model.stem.kernel_size": self.stem.kernel_size,
            "model.n2nmn.transform_kernel": self.n2nmn.transform_kernel,
        }
        for name, size in kernels.items():
            if size % 2 == 0:
                raise ValueError(
                    f"{name} is {size}; an even kernel would shift the maps, "
                    f"take {size - 1} or {size + 1}"
                )
        self._refuse_uneven_groups()
        self._refuse_constraints()
        return self

    def _refuse_constraints(self) -> None:
        film = self.film
        if film.gamma is GammaConstraint.NONE and film.beta is Beta.LEARNED:
            return
        if film.conditioning is Conditioning.CONCAT:
            why = "which neither scales nor shifts"
        elif film.adds_to_norm:
            why = "which changes the norm's own scale and shift"
        else:
            return
        raise ValueError(
            f"model.film.conditioning is {film.conditioning}, {why}: "
            "leave model.film.gamma at none and model.film.beta at learned"
        )

    def _refuse_uneven_groups(self) -> None:
        widths = {}
        if self.norm is Norm.GROUP:
            widths["model.width"] = self.width
        if self.classifier.norm is Norm.GROUP:
            widths["model.classifier.projection"] = self.classifier.projection
            for number, width in enumerate(self.classifier.hidden):
                widths[f"model.classifier.hidden.{number}"] = width
        for name, width in widths.items():
            if width % self.norm_groups:
                raise ValueError(
                    f"{name} is {width}, which model.norm_groups "
                    f"({self.norm_groups}) does not divide"
                )
