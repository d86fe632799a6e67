"""What a setting may be, where it is one of a few things."""

from enum import StrEnum

__all__ = [
    "Architecture",
    "Beta",
    "Conditioning",
    "Coordinates",
    "EnginePrograms",
    "FilmPlacement",
    "GammaConstraint",
    "ImageInput",
    "Learns",
    "Norm",
    "Pooling",
    "Precision",
    "Schedule",
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
    """How a conditioned block hears the question.

    The conditional norms and AdaIN stand where the block's norm stands, whatever
    ``model.norm`` is. Biasing alone is ``model.film.gamma`` one, scaling alone
    ``model.film.beta`` zero.

    The conditional norms have a scale and a shift of their own, 1 and 0 at first, to
    which the question adds a change, as de Vries et al. have it; theirs came from a
    trained network and were frozen, here there is none, and they are learnt. AdaIN
    has none: as in FiLM, all comes from the question, where Huang and Belongie take
    the mean and the standard deviation of a picture's style.

    References:
        de Vries et al., NIPS 2017, https://arxiv.org/abs/1707.00683, Section 3.2;
        Kim et al., Interspeech 2017, https://arxiv.org/abs/1707.06065, who generate
        layer normalisation's scale and shift; Huang and Belongie, ICCV 2017,
        https://arxiv.org/abs/1703.06868, Section 5.
    """

    FILM = "film"
    CONCAT = "concat"  # γ and β as constant maps beside the input of Conv-2
    CONDITIONAL_BATCH_NORM = "conditional_batch_norm"
    CONDITIONAL_LAYER_NORM = "conditional_layer_norm"  # over channels and positions
    ADAIN = "adain"  # every map of every picture normalised by itself


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
