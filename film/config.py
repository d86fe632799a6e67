"""Everything that can be ablated, as settings that are valid or refused.

The default of every setting is the value of the paper, so that ``Config()`` is the
configuration named ``paper``. The module loads without torch.

References:
    Perez et al., *FiLM: Visual Reasoning with a General Conditioning Layer*,
    AAAI 2018, https://arxiv.org/abs/1709.07871 (Sections 3 and 4.3, Tables 2 and 3),
    and the authors' code, https://github.com/ethanjperez/film.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from film.errors import ConfigError
from film.validation import nearest, validation_line

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


class Architecture(StrEnum):
    """Which network answers; a baseline's own settings bear its name."""

    FILM = "film"
    QTYPE = "qtype"  # the most frequent answer of each type of question
    LSTM = "lstm"  # the question alone
    CNN_LSTM = "cnn_lstm"  # both sides beside each other
    SA = "sa"  # the question attends to places, twice
    RN = "rn"  # relates every two places
    PG_EE = "pg_ee"  # writes a program and runs it
    N2NMN = "n2nmn"  # plans a layout of attention modules


class FilmPlacement(StrEnum):
    """Where in a ResBlock FiLM stands (Table 2, "Moving FiLM within ResBlock").

    The block is Conv-1 (1×1), ReLU-1, Conv-2 (3×3), norm, ReLU-2, residual sum.
    """

    BEFORE_CONV = "before_conv"  # on the block's input, before Conv-1
    AFTER_CONV = "after_conv"  # between Conv-2 and the norm
    AFTER_NORM = "after_norm"  # the paper's model
    AFTER_RELU = "after_relu"  # after ReLU-2
    AFTER_RESIDUAL = "after_residual"  # on the sum


class GammaConstraint(StrEnum):
    """What γ may be: f of the generator's output, to which the baseline is added."""

    NONE = "none"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    EXP = "exp"
    ONE = "one"  # γ := 1, whatever the generator says


class Beta(StrEnum):
    """What β may be."""

    LEARNED = "learned"
    ZERO = "zero"  # β := 0


class Conditioning(StrEnum):
    """How a conditioned block hears the question."""

    FILM = "film"
    CONCAT = "concat"  # γ and β as constant maps beside the input of Conv-2


class Norm(StrEnum):
    """Normalisation of feature maps."""

    BATCH = "batch"
    NONE = "none"
    LAYER = "layer"  # over channels and positions of one picture
    GROUP = "group"  # the same, within groups of channels


class Coordinates(StrEnum):
    """Where maps of x and y from −1 to 1 are concatenated."""

    NONE = "none"
    ONCE = "once"  # stem, Conv-1 of each block, classifier
    TWICE = "twice"  # and Conv-2 of each block


class Pooling(StrEnum):
    """How the classifier pools over all positions."""

    MAX = "max"
    AVERAGE = "average"


class ImageInput(StrEnum):
    """What the network sees of a picture."""

    FEATURES = "features"
    PIXELS = "pixels"


class Precision(StrEnum):
    """Arithmetic of the forward and backward pass; weights stay float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Learns(StrEnum):
    """Which weights are trained; the others stay as they start."""

    ALL = "all"
    GENERATOR = "generator"  # what reads the question; of a baseline, its encoder


class EnginePrograms(StrEnum):
    """Which programs an execution engine learns from in a stage of its own."""

    PREDICTED = "predicted"  # the program generator's, for every question
    TRUE = "true"  # the data's, for every question that has one


class Schedule(StrEnum):
    """How the learning rate moves over ``max_epochs``."""

    CONSTANT = "constant"  # the paper
    DECAY = "decay"  # constant, then straight to zero over the last third


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"got {value!r}, should be a number")  # noqa: TRY004 - pydantic turns ValueError alone into a validation error
    return value


def _refuse_other_than_blocks(value: object) -> object:
    is_list = isinstance(value, list | tuple) and all(
        type(number) is int and number > 0 for number in value
    )
    if value in ("all", "none") or is_list:
        return value
    raise ValueError(
        f"got {value!r}, should be all, none, or a list of blocks such as [1, 2]"
    )


_Blocks = Annotated[
    Literal["all", "none"] | tuple[int, ...], BeforeValidator(_refuse_other_than_blocks)
]
_Count = Annotated[int, Field(strict=True, ge=1)]
_Number = Annotated[float, BeforeValidator(_refuse_bool), Field(allow_inf_nan=False)]
_Switch = Annotated[bool, Field(strict=True)]
_Epochs = Annotated[int, Field(strict=True, ge=0)]  # of a stage
_Pixels = Annotated[int, Field(strict=True, ge=0)]
_Factor = Annotated[_Number, Field(gt=0)]
_Decay = Annotated[_Number, Field(ge=0, lt=1)]
# Of training: after the first trials had names.
_LATER = ("learns", "samples", "warmup_epochs", "warmup_doublings")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class FilmConfig(_Settings):
    """How the question modulates the picture (Section 2, Equations 1 to 3)."""

    placement: FilmPlacement = FilmPlacement.AFTER_NORM
    gamma: GammaConstraint = GammaConstraint.NONE
    gamma_baseline: _Number = 1.0  # γ = 1 + Δγ, appendix; squashed γ need 0
    beta: Beta = Beta.LEARNED
    blocks: _Blocks = "all"
    conditioning: Conditioning = Conditioning.FILM

    @property
    def is_identity(self) -> bool:
        """Whether γ and β are both fixed, so that no question is heard."""
        return self.gamma is GammaConstraint.ONE and self.beta is Beta.ZERO


class GeneratorConfig(_Settings):
    """The question's GRU and the linear layer that gives γ and β (Section 3)."""

    word_dim: _Count = 200
    hidden: _Count = 4096
    n_layers: _Count = 1
    update_bias: _Number = 0.0  # first bias of the update gate; above 0, memory is long


class StemConfig(_Settings):
    """What turns the picture into ``width`` maps."""

    input: ImageInput = ImageInput.FEATURES
    kernel_size: _Count = 3  # of the single layer on features
    n_downsamplings: _Count = 4  # on pixels: layers of 4×4, stride 2


class ClassifierConfig(_Settings):
    """From the last block's maps to answers (Section 3)."""

    projection: _Count = 512
    pooling: Pooling = Pooling.MAX
    hidden: tuple[_Count, ...] = (1024,)
    norm: Norm = Norm.BATCH


class LstmConfig(_Settings):
    """The baseline that answers without seeing a picture.

    It was trained with ``train.learning_rate`` 5e-4 and no ``train.weight_decay``.

    References:
        Johnson et al., CVPR 2017, Section 4.1 (LSTM); sizes as in the code of
        Johnson et al., ICCV 2017, https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: _Count = 300
    hidden: _Count = 256
    n_layers: _Count = 2
    classifier_hidden: tuple[_Count, ...] = (1024,)


class CnnLstmConfig(_Settings):
    """The baseline that has question and picture beside each other.

    It was trained with ``train.learning_rate`` 5e-4 and no ``train.weight_decay``.

    References:
        Johnson et al., CVPR 2017, Section 4.1 (CNN+LSTM), who average a ResNet's last
        maps; here as in the code of Johnson et al., ICCV 2017,
        https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: _Count = 300
    hidden: _Count = 256
    n_layers: _Count = 2
    projection: _Count = 512  # maps, before squares of 2×2 are pooled
    classifier_hidden: tuple[_Count, ...] = (1024,)


class SaConfig(_Settings):
    """Stacked attention: the question looks at places of the picture, and again.

    SA answers linearly; SA+MLP has a ``classifier_hidden`` of (1024,), which is also
    what the code does unless it is told otherwise. It was trained with
    ``train.learning_rate`` 5e-4 and no ``train.weight_decay``. The row of Perez et al.
    is of Santoro et al., who trained a CNN of their own with it; its sizes are not
    published.

    References:
        Yang et al., CVPR 2016, https://arxiv.org/abs/1511.02274; sizes as in
        https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: _Count = 300
    hidden: _Count = 256  # also maps of the picture: what is seen is added to the state
    n_layers: _Count = 2
    attention_dim: _Count = 512
    rounds: _Count = 2
    # First weights of the attention Kaiming-normal, as in Perez et al.'s copy of the
    # code; else as torch draws them, as in the original.
    kaiming: _Switch = True
    classifier_hidden: tuple[_Count, ...] = ()


class RnConfig(_Settings):
    """A relation network: every two places of the picture, with the question.

    From pixels it is the published network; each convolution halves the maps, so that
    128×128 pixels become 8×8 objects. On features, which it was never published for,
    the same convolutions run on these: one makes 7×7 objects of 14×14.

    It was trained with ``train.learning_rate`` 2.5e-4, batches of 64 on ten machines at
    once, hence ``train.batch_size`` 640, and 1.4 million steps. Others needed a
    learning rate of 5e-4 that begins low and doubles (``train.warmup_epochs``), and
    a ``train.weight_decay`` of 1e-4.

    References:
        Santoro et al., NIPS 2017, https://arxiv.org/abs/1706.01427, and its supplement;
        warm-up: https://github.com/mesnico/RelationNetworks-CLEVR.
    """

    input: ImageInput = ImageInput.PIXELS
    image_size: _Count | None = 128  # pixels are scaled to its square, where given
    padding: _Pixels = 4  # pixels that a picture is moved by at most, in training
    rotation: Annotated[_Number, Field(ge=0)] = 0.05  # radians, at most, in training
    word_dim: _Count = 32
    hidden: _Count = 128
    n_layers: _Count = 1
    convolutions: _Count = 4
    width: _Count = 24
    relation_hidden: Annotated[tuple[_Count, ...], Field(min_length=1)] = (256,) * 4
    classifier_hidden: tuple[_Count, ...] = (256, 256)
    dropout: _Decay = 0.5  # of the last hidden layer


class PgEeConfig(_Settings):
    """PG+EE: a program generator and an execution engine, trained in three stages.

    First the generator learns a number of known programs; then the engine learns to
    run programs; for what is left of ``train.max_epochs`` both learn from answers
    alone, the generator by REINFORCE. In every stage an epoch is as many questions
    as there are to train on, so that the generator sees the few that have programs
    many times over, and every stage has an optimiser, and under a decaying schedule a
    decay, of its own.

    The code trains 20,000, 100,000 and 100,000 batches of 64: with all of CLEVR, the
    epochs below and a ``train.max_epochs`` of 20. It has ``train.learning_rate``
    5e-4 and no ``train.weight_decay``. It runs true programs in its second stage,
    for every question, although its instructions say predicted ones; with few
    programs these alone keep to the number, and are the default.

    References:
        Johnson et al., ICCV 2017, https://arxiv.org/abs/1705.03633, Section 3; sizes
        as in https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: _Count = 300
    hidden: _Count = 256
    n_layers: _Count = 2
    max_length: _Count = 30  # of what the generator writes
    width: _Count = 128
    stem_layers: _Count = 2
    projection: _Count = 512
    classifier_hidden: tuple[_Count, ...] = (1024,)
    batch_norm: _Switch = False  # after convolutions and hidden layers; not published
    programs: _Count | Literal["all"] = 18000  # how many are known; the seed says which
    generator_epochs: _Epochs = 2
    engine_epochs: _Epochs = 9
    engine_programs: EnginePrograms = EnginePrograms.PREDICTED
    joint_rate: _Factor = 1.0  # of train.learning_rate, in the joint stage
    reward_decay: _Decay = 0.9  # of the moving average that rewards are held against


class N2nmnConfig(_Settings):
    """N2NMN: a layout policy and attention modules, trained in two stages.

    First the policy learns the layouts of all known programs, and the modules learn in
    these; for what is left of ``train.max_epochs`` the policy searches by REINFORCE,
    and both learn from answers alone. The code has ``train.learning_rate`` 1e-3,
    ``train.weight_decay`` 5e-6 (on half the squares of weights, biases left out) and
    80,000 batches of 64 in each stage; the search goes on from batch 50,000.

    References:
        Hu et al., ICCV 2017, https://arxiv.org/abs/1704.05526; sizes and stages as in
        https://github.com/ronghanghu/n2nmn.
    """

    word_dim: _Count = 300
    module_dim: _Count = 300
    hidden: _Count = 512
    n_layers: _Count = 2
    max_length: Annotated[int, Field(strict=True, ge=2)] = 10  # modules of a layout
    map_dim: _Count = 250
    transform_kernel: _Count = 5
    cloning_epochs: _Epochs = 5
    search_rate: _Factor = 0.1  # of train.learning_rate, in the search
    entropy: Annotated[_Number, Field(ge=0)] = 0.005  # weight of the policy's entropy
    loss_decay: _Decay = 0.99  # of the moving average that losses are held against
    max_gradient: _Factor | None = 10.0  # norm, of each weight's by itself


class ModelConfig(_Settings):
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
    n_blocks: _Count = 4
    width: _Count = 128
    kernel_size: _Count = 3  # of Conv-2
    residual: _Switch = True
    norm: Norm = Norm.BATCH  # of the stem and the blocks
    norm_groups: _Count = 8
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
        constrained = self.film.gamma is not GammaConstraint.NONE or (
            self.film.beta is not Beta.LEARNED
        )
        if self.film.conditioning is Conditioning.CONCAT and constrained:
            raise ValueError(
                "model.film.conditioning is concat, which neither scales nor shifts: "
                "leave model.film.gamma at none and model.film.beta at learned"
            )
        return self

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


class TrainConfig(_Settings):
    """Optimisation (Section 3: Adam, 3e-4, weight decay 1e-5, batches of 64)."""

    learning_rate: Annotated[_Number, Field(gt=0)] = 3e-4
    weight_decay: Annotated[_Number, Field(ge=0)] = 1e-5  # L2 in Adam, on everything
    batch_size: Annotated[int, Field(strict=True, ge=2)] = 64
    max_epochs: _Count = 80
    patience: _Count | None = None  # epochs without a better validation accuracy
    schedule: Schedule = Schedule.CONSTANT
    warmup_epochs: _Epochs = 0  # at the beginning of every stage, in which the rate
    warmup_doublings: Annotated[int, Field(strict=True, ge=1, le=30)] = 7  # doubles
    precision: Precision = Precision.FLOAT32
    learns: Learns = Learns.ALL
    samples: Annotated[int, Field(strict=True, ge=2)] | None = None  # of the questions


class Config(_Settings):
    """One model and how it is trained; the default is the paper's."""

    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    @property
    def n_epochs(self) -> int:
        """How many epochs a training takes at most; to count takes one."""
        if self.model.architecture is Architecture.QTYPE:
            return 1
        return self.train.max_epochs

    @model_validator(mode="after")
    def _refuse_stages_without_end(self) -> "Config":
        stages = self.model.first_stages
        if sum(stages.values()) > self.train.max_epochs:
            epochs = " and ".join(f"{name} is {n}" for name, n in stages.items())
            raise ValueError(
                f"{epochs}, but train.max_epochs, which the last stage gets the rest "
                f"of, is {self.train.max_epochs}; take more"
            )
        engine = stages.get("model.pg_ee.engine_epochs", 0)
        if engine and self.train.learns is Learns.GENERATOR:
            raise ValueError(
                f"model.pg_ee.engine_epochs is {engine}, and train.learns generator "
                "leaves the engine as it is; take 0"
            )
        return self

    def with_changes(self, changes: Mapping[str, Any]) -> "Config":
        """Make a configuration that differs in the named settings.

        Args:
            changes: Dotted names and their values, ``{"model.film.beta": "zero"}``.

        Returns:
            The changed configuration, as valid as this one.

        Raises:
            ConfigError: A name is unknown or a value refused.
        """
        tree = self.model_dump(mode="json")
        for name, value in changes.items():
            *path, last = name.split(".")
            branch: Any = tree
            for part in path:
                branch = branch.get(part) if isinstance(branch, dict) else None
            if not isinstance(branch, dict) or last not in branch:
                close = nearest(name, self.flat())
                raise ConfigError(f"{name}: no such setting{close}")
            if isinstance(branch[last], dict):
                inside = [key for key in self.flat() if key.startswith(f"{name}.")]
                raise ConfigError(
                    f"{name}: is a group of settings; name one, such as {inside[0]}"
                )
            branch[last] = value
        return Config.from_tree(tree)

    @classmethod
    def from_tree(cls, tree: object) -> "Config":
        """Read a configuration from nested dictionaries, as JSON or YAML give them.

        Args:
            tree: Settings by group; what is left out keeps the paper's value.

        Returns:
            The configuration.

        Raises:
            ConfigError: A name is unknown, or a value is refused.
        """
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise ConfigError(validation_line(error, cls)) from None

    def flat(self) -> dict[str, Any]:
        """Give every setting by its dotted name, values as JSON has them.

        Returns:
            Settings in the order of their definition.
        """
        return _flatten(self.model_dump(mode="json"))

    def canonical(self) -> "Config":
        """Set every knob that does nothing here to its default.

        Two configurations that compute the same have the same canonical form, so
        that the same thing is never trained twice.

        Returns:
            A configuration that computes what this one does.
        """
        config = self
        for rewrite in (_plain_norms, _silent_film, _one_place, _defaults_of_inert):
            config = _rewritten(config, rewrite(config))
        return config

    def inert(self) -> dict[str, str]:
        """Name the settings whose value makes no difference here.

        Returns:
            Why, by dotted name; ``canonical`` gives them one value.
        """
        config = _rewritten(self, _plain_norms(self))
        place = _one_place(config)["model.film.placement"]
        same = {}
        if place != config.model.film.placement:
            same["model.film.placement"] = f"it is the same place as {place}"
        return same | _inert_settings(config)

    def identity(self) -> str:
        """Write down all that is computed, and nothing else.

        Settings of other architectures are left out, so that a new architecture
        leaves the identities of those before it as they were; so are new settings of
        training where they are at their default.

        Returns:
            The canonical settings as JSON with sorted keys.
        """
        return self._identity

    @cached_property
    def _identity(self) -> str:
        canonical = self.canonical()
        tree = canonical.model_dump(mode="json")
        names = _own_settings(self.model.architecture)
        tree["model"] = {name: tree["model"][name] for name in names}
        fields = TrainConfig.model_fields
        for name in _LATER:
            if getattr(canonical.train, name) == fields[name].default:
                del tree["train"][name]
        return json.dumps(tree, sort_keys=True)


def named_config(name: str) -> Config:
    """Look up a configuration by name.

    Args:
        name: ``paper``, the model that Perez et al. call best.

    Returns:
        The configuration.

    Raises:
        ConfigError: There is no configuration of that name.
    """
    configs = {"paper": Config()}
    if name not in configs:
        raise ConfigError(
            f"no configuration is named '{name}'; there is {', '.join(configs)}"
        )
    return configs[name]


# Group normalisation in one group is layer normalisation.
def _plain_norms(config: Config) -> dict[str, Any]:
    model = config.model
    if model.norm_groups > 1:
        return {}
    norms = {"model.norm": model.norm, "model.classifier.norm": model.classifier.norm}
    return {name: Norm.LAYER for name, norm in norms.items() if norm is Norm.GROUP}


# The blocks as numbers. Without a norm, whose affine part FiLM replaces, a block whose
# γ and β are fixed is a block without FiLM.
def _silent_film(config: Config) -> dict[str, Any]:
    model = config.model
    is_absent = model.film.is_identity and model.norm is Norm.NONE
    blocks = [] if is_absent else list(model.conditioned_blocks)
    return {"model.film.blocks": blocks or "none"}


# Of the places in a block that are the same place, the paper's or else the first.
def _one_place(config: Config) -> dict[str, Any]:
    model = config.model
    match model.film.placement:
        case FilmPlacement.AFTER_CONV if model.norm is Norm.NONE:
            place = FilmPlacement.AFTER_NORM
        case FilmPlacement.AFTER_RESIDUAL if not model.residual:
            place = FilmPlacement.AFTER_RELU
        case place:
            pass
    return {
        "model.film.placement": place,
        "model.film.gamma_baseline": model.film.gamma_baseline + 0.0,  # no −0
    }


def _defaults_of_inert(config: Config) -> dict[str, Any]:
    return {name: _defaults()[name] for name in _inert_settings(config)}


@lru_cache(maxsize=1)
def _defaults() -> Mapping[str, Any]:
    return Config().flat()


# Only what differs: to validate a configuration takes most of the time.
def _rewritten(config: Config, changes: Mapping[str, Any]) -> Config:
    now = config.flat()
    new = {
        name: value
        for name, value in changes.items()
        if repr(now[name]) != repr(value)  # 0 and −0 are equal
    }
    return config.with_changes(new) if new else config


# The settings and groups that an architecture heeds. FiLM's do not say which it is:
# they were all there was when the first trials got their names.
def _own_settings(architecture: Architecture) -> list[str]:
    if architecture is Architecture.QTYPE:
        return ["architecture"]
    if architecture is not Architecture.FILM:
        return ["architecture", architecture.value]
    baselines = {one.value for one in Architecture} - {Architecture.FILM.value}
    others = baselines | {"architecture"}
    return [name for name in ModelConfig.model_fields if name not in others]


# The settings that change nothing of what is computed, and why.
def _inert_settings(config: Config) -> dict[str, str]:
    model, last = config.model, config.train.max_epochs
    heeded = {"architecture", *_own_settings(model.architecture)}
    inert = {
        name: f"model.architecture is {model.architecture}"
        for name in _defaults()
        if name.startswith("model.") and name.split(".")[1] not in heeded
    }
    if model.architecture is Architecture.FILM:
        inert |= _inert_in_film(model)
    if model.architecture is Architecture.RN:
        inert |= _inert_in_rn(model.rn)
    inert |= _inert_in_stages(config)
    if model.architecture is Architecture.QTYPE:
        return inert | _inert_in_counting()
    if config.train.warmup_epochs == 0:
        inert["train.warmup_doublings"] = "train.warmup_epochs is 0"
    patience = config.train.patience
    if patience is not None and patience >= last - 1:  # it could stop the last alone
        inert["train.patience"] = f"train.max_epochs is {last}"
    return inert


def _inert_in_stages(config: Config) -> dict[str, str]:
    stages = config.model.first_stages
    inert = {}
    if stages.get("model.pg_ee.generator_epochs") == 0:
        inert["model.pg_ee.programs"] = "model.pg_ee.generator_epochs is 0"
    if stages.get("model.pg_ee.engine_epochs") == 0:
        inert["model.pg_ee.engine_programs"] = "model.pg_ee.engine_epochs is 0"
    if stages and sum(stages.values()) == config.train.max_epochs:
        last = {
            Architecture.PG_EE: ("joint_rate", "reward_decay"),
            Architecture.N2NMN: ("search_rate", "entropy", "loss_decay"),
        }[config.model.architecture]
        why = f"{' and '.join(stages)} leave no epoch"
        group = f"model.{config.model.architecture}"
        inert |= {f"{group}.{name}": why for name in last}
    return inert


# Which questions are counted matters, and what a network lacks is refused.
def _inert_in_counting() -> dict[str, str]:
    return {
        f"train.{name}": "answers are counted, once"
        for name in TrainConfig.model_fields
        if name not in {"samples", "learns"}
    }


def _inert_in_rn(settings: RnConfig) -> dict[str, str]:
    inert = {}
    if settings.input is ImageInput.FEATURES:
        names = "image_size", "padding", "rotation"
        inert = {f"model.rn.{name}": "model.rn.input is features" for name in names}
    if not settings.classifier_hidden:
        inert["model.rn.dropout"] = "model.rn.classifier_hidden is empty"
    return inert


def _inert_in_film(model: ModelConfig) -> dict[str, str]:
    film = [
        f"model.film.{name}" for name in FilmConfig.model_fields if name != "blocks"
    ]
    generator = [f"model.generator.{name}" for name in GeneratorConfig.model_fields]
    placed = ["model.film.placement", "model.film.gamma_baseline"]
    inert: dict[str, str] = {}
    if not model.hears_question:
        inert |= dict.fromkeys([*placed, *generator], "no block hears the question")
    if not model.conditioned_blocks:
        inert |= dict.fromkeys(film, "no block hears the question")
    if model.film.gamma is GammaConstraint.ONE:
        inert.setdefault("model.film.gamma_baseline", "model.film.gamma is one")
    if model.film.conditioning is Conditioning.CONCAT:
        inert.setdefault("model.film.placement", "model.film.conditioning is concat")
    match model.stem.input:
        case ImageInput.FEATURES:
            inert["model.stem.n_downsamplings"] = "model.stem.input is features"
        case ImageInput.PIXELS:
            inert["model.stem.kernel_size"] = "model.stem.input is pixels"
    if Norm.GROUP not in (model.norm, model.classifier.norm):
        inert["model.norm_groups"] = "no norm is in groups"
    return inert


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
