"""How large a network is and how much it computes, told from its settings alone.

Loads without torch, so that a plan can say it before anything is built.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from film.config import (
    Architecture,
    CnnLstmConfig,
    Conditioning,
    Coordinates,
    ImageInput,
    LstmConfig,
    ModelConfig,
    N2nmnConfig,
    Norm,
    PgEeConfig,
    RnConfig,
    SaConfig,
)
from film.data.programs import FUNCTION_ARITY
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, SPECIAL_TOKENS

__all__ = ["NetworkSize", "network_size"]

_LSTM_GATES = 4
_GRU_GATES = 3
_FUNCTIONS = 10  # of a program, roughly; one of them takes two inputs
_MODULES = 4  # of a layout, roughly
_MODULE_KINDS = 14


@dataclass(frozen=True, kw_only=True)
class NetworkSize:
    """What a network weighs.

    Attributes:
        parameters: Numbers that are learnt.
        multiply_adds: Of the layers with weights, to answer one question once.
    """

    parameters: int
    multiply_adds: int

    def __add__(self, other: "NetworkSize") -> "NetworkSize":
        """Put two parts together.

        Args:
            other: The other part.

        Returns:
            Both.
        """
        return NetworkSize(
            parameters=self.parameters + other.parameters,
            multiply_adds=self.multiply_adds + other.multiply_adds,
        )


_NOTHING = NetworkSize(parameters=0, multiply_adds=0)


def network_size(  # noqa: C901, PLR0911 - a case for every architecture
    config: ModelConfig,
    *,
    n_words: int,
    n_answers: int,
    image_shape: tuple[int, int, int],
    n_tokens: int,
) -> NetworkSize:
    """Count what a network learns and computes.

    Args:
        config: The network.
        n_words: Of the questions' vocabulary.
        n_answers: Likewise.
        image_shape: Channels, height and width of what it sees.
        n_tokens: How long a question is.

    Returns:
        Its size.
    """
    match config.architecture:
        case Architecture.FILM:
            return _film(config, n_words, n_answers, image_shape, n_tokens)
        case Architecture.QTYPE:
            return NetworkSize(parameters=0, multiply_adds=1)  # a look into a table
        case Architecture.LSTM:
            return _lstm(config.lstm, n_words, n_answers, n_tokens)
        case Architecture.CNN_LSTM:
            question = _question_lstm(config.cnn_lstm, n_words, n_tokens)
            return question + _cnn(config.cnn_lstm, n_answers, image_shape)
        case Architecture.SA:
            question = _question_lstm(config.sa, n_words, n_tokens)
            return question + _stacked_attention(config.sa, n_answers, image_shape)
        case Architecture.RN:
            question = _question_lstm(config.rn, n_words, n_tokens)
            return question + _relations(config.rn, n_answers, image_shape)
        case Architecture.PG_EE:
            writer = _program_generator(config.pg_ee, n_words, n_tokens)
            return writer + _engine(config.pg_ee, n_answers, image_shape)
        case Architecture.N2NMN:
            policy = _layout_policy(config.n2nmn, n_words, n_tokens)
            return policy + _attention_modules(config.n2nmn, n_answers, image_shape)


def _film(
    config: ModelConfig,
    n_words: int,
    n_answers: int,
    image_shape: tuple[int, int, int],
    n_tokens: int,
) -> NetworkSize:
    stem, height, width = _stem(config, image_shape)
    size = stem + _classifier(config, n_answers, cells=height * width)
    conditioned = config.conditioned_blocks
    for number in range(1, config.n_blocks + 1):
        size += _block(
            config, is_conditioned=number in conditioned, cells=height * width
        )
    return size + _generator(config, n_words, n_tokens)


def _lstm(
    config: LstmConfig, n_words: int, n_answers: int, n_tokens: int
) -> NetworkSize:
    question = _question_lstm(config, n_words, n_tokens)
    return question + _mlp((config.hidden, *config.classifier_hidden, n_answers))


def _question_lstm(
    config: LstmConfig | CnnLstmConfig | SaConfig | RnConfig,
    n_words: int,
    n_tokens: int,
) -> NetworkSize:
    return _recurrent(
        n_words, config.word_dim, config.hidden, config.n_layers, n_tokens, _LSTM_GATES
    )


def _cnn(
    config: CnnLstmConfig, n_answers: int, image_shape: tuple[int, int, int]
) -> NetworkSize:
    channels, height, width = image_shape
    seen = config.projection * (height // 2) * (width // 2)
    maps = _conv(channels, config.projection, 1, cells=height * width)
    return maps + _mlp((config.hidden + seen, *config.classifier_hidden, n_answers))


def _stacked_attention(
    config: SaConfig, n_answers: int, image_shape: tuple[int, int, int]
) -> NetworkSize:
    channels, height, width = image_shape
    cells, hidden, dim = height * width, config.hidden, config.attention_dim
    once = _conv(hidden, dim, 1, cells=cells) + _linear(hidden, dim)
    once += _conv(dim, 1, 1, cells=cells)
    maps = _conv(channels, hidden, 1, cells=cells)
    rounds = _run(once, weights=config.rounds, times=config.rounds)
    return maps + rounds + _mlp((hidden, *config.classifier_hidden, n_answers))


# The first layer of a pair is worked out for each object, and once for the question.
def _relations(
    config: RnConfig, n_answers: int, image_shape: tuple[int, int, int]
) -> NetworkSize:
    inputs, height, width = image_shape
    if config.input is ImageInput.PIXELS and config.image_size is not None:
        height = width = config.image_size
    size = _NOTHING
    for _ in range(config.convolutions):
        height, width = (height + 1) // 2, (width + 1) // 2
        size += _conv(inputs, config.width, 3, cells=height * width)
        size += _norm(Norm.BATCH, config.width)
        inputs = config.width
    objects, numbers = height * width, config.width + 2
    first, *others = config.relation_hidden
    weights = 2 * numbers * first
    size += NetworkSize(parameters=weights, multiply_adds=weights * objects)
    size += _linear(config.hidden, first)
    size += _run(_mlp((first, *others)), times=objects**2)
    return size + _mlp(
        (config.relation_hidden[-1], *config.classifier_hidden, n_answers)
    )


def _mlp(widths: tuple[int, ...]) -> NetworkSize:
    size = _NOTHING
    for inputs, outputs in pairwise(widths):
        size += _linear(inputs, outputs)
    return size


# Programs are of CLEVR's vocabulary.
def _program_generator(config: PgEeConfig, n_words: int, n_tokens: int) -> NetworkSize:
    n_functions = len(SPECIAL_TOKENS) + len(CLEVR_PROGRAM_TOKENS)
    question = _recurrent(
        n_words, config.word_dim, config.hidden, config.n_layers, n_tokens, _LSTM_GATES
    )
    program = _recurrent(
        0,
        config.word_dim + config.hidden,
        config.hidden,
        config.n_layers,
        _FUNCTIONS,
        _LSTM_GATES,
    )
    tokens = NetworkSize(parameters=n_functions * config.word_dim, multiply_adds=0)
    token = _linear(config.hidden, n_functions)
    return question + program + tokens + _run(token, times=_FUNCTIONS)


def _engine(
    config: PgEeConfig, n_answers: int, image_shape: tuple[int, int, int]
) -> NetworkSize:
    channels, height, width = image_shape
    cells, maps = height * width, config.width
    norm = partial(_norm, Norm.BATCH if config.batch_norm else Norm.NONE)
    size = _NOTHING
    for inputs in (channels, *[maps] * (config.stem_layers - 1)):
        size += _conv(inputs, maps, 3, cells=cells) + norm(maps)
    block = _conv(maps, maps, 3, cells=cells) + norm(maps)
    block = _run(block, weights=2, times=2)
    join = _conv(2 * maps, maps, 1, cells=cells)
    n_inputs = [FUNCTION_ARITY[one.partition("[")[0]] for one in CLEVR_PROGRAM_TOKENS]
    size += _run(block, weights=len(n_inputs), times=_FUNCTIONS)
    size += _run(join, weights=n_inputs.count(2), times=1)
    size += _conv(maps, config.projection, 1, cells=cells) + norm(config.projection)
    inputs = config.projection * (height // 2) * (width // 2)
    for outputs in config.classifier_hidden:
        size += _linear(inputs, outputs) + norm(outputs)
        inputs = outputs
    return size + _linear(inputs, n_answers)


def _layout_policy(config: N2nmnConfig, n_words: int, n_tokens: int) -> NetworkSize:
    hidden = config.hidden
    question = _recurrent(
        n_words, config.word_dim, hidden, config.n_layers, n_tokens, _LSTM_GATES
    )
    plan = _recurrent(
        _MODULE_KINDS + 1,
        config.module_dim,
        hidden,
        config.n_layers,
        _MODULES,
        _LSTM_GATES,
    )
    attention = NetworkSize(parameters=hidden, multiply_adds=hidden * n_tokens)
    step = attention + _linear(hidden, hidden) + _linear(2 * hidden, _MODULE_KINDS)
    keys = _run(_linear(hidden, hidden), times=n_tokens)
    return question + plan + keys + _run(step, times=_MODULES)


# Find, Transform and Describe are what most layouts have; the others are counted where
# they learn.
def _attention_modules(
    config: N2nmnConfig, n_answers: int, image_shape: tuple[int, int, int]
) -> NetworkSize:
    channels, height, width = image_shape
    cells, dim, text = height * width, config.map_dim, config.word_dim
    seen, heard = _linear(channels, dim), _linear(text, dim)
    answer = _linear(dim, n_answers)
    matching = _conv(channels, dim, 1, cells=cells) + heard
    matching += _conv(dim, 1, 1, cells=cells)
    transform = _conv(1, dim, config.transform_kernel, cells=cells) + heard
    transform += _conv(dim, 1, 1, cells=cells)
    rare = matching + seen + _linear(3, n_answers)  # FindSameProperty, Exist
    rare += seen + seen + heard + answer  # SameProperty
    rare += _linear(cells + 2, n_answers)
    rare += _run(_linear(2 * (cells + 2), n_answers), weights=3)
    common = matching + transform + seen + heard + answer
    return common + _run(rare, times=0)


def _run(size: NetworkSize, *, times: int = 1, weights: int = 1) -> NetworkSize:
    return NetworkSize(
        parameters=size.parameters * weights, multiply_adds=size.multiply_adds * times
    )


def _generator(config: ModelConfig, n_words: int, n_tokens: int) -> NetworkSize:
    if not config.hears_question:
        return _NOTHING
    sizes = config.generator
    words = _recurrent(
        n_words, sizes.word_dim, sizes.hidden, sizes.n_layers, n_tokens, _GRU_GATES
    )
    return words + _linear(sizes.hidden, 2 * config.n_blocks * config.width)


def _recurrent(
    n_words: int, word_dim: int, hidden: int, n_layers: int, n_tokens: int, gates: int
) -> NetworkSize:
    weights = sum(
        gates * hidden * (hidden + (word_dim if layer == 0 else hidden))
        for layer in range(n_layers)
    )
    biases = 2 * gates * hidden * n_layers
    return NetworkSize(
        parameters=n_words * word_dim + weights + biases,
        multiply_adds=weights * n_tokens,
    )


def _stem(
    config: ModelConfig, image_shape: tuple[int, int, int]
) -> tuple[NetworkSize, int, int]:
    inputs, height, width = image_shape
    norm = _norm(config.norm, config.width)
    if config.stem.input is ImageInput.FEATURES:
        inputs += 0 if config.coordinates is Coordinates.NONE else 2
        kernel = config.stem.kernel_size
        conv = _conv(inputs, config.width, kernel, cells=height * width)
        return conv + norm, height, width
    size = _NOTHING
    for _ in range(config.stem.n_downsamplings):
        height, width = height // 2, width // 2
        size += _conv(inputs, config.width, 4, cells=height * width) + norm
        inputs = config.width
    return size, height, width


def _block(config: ModelConfig, *, is_conditioned: bool, cells: int) -> NetworkSize:
    is_concatenated = is_conditioned and config.film.conditioning is Conditioning.CONCAT
    width = config.width
    first = width + (0 if config.coordinates is Coordinates.NONE else 2)
    second = width + (2 if config.coordinates is Coordinates.TWICE else 0)
    second += 2 * width if is_concatenated else 0
    size = _conv(first, width, 1, cells=cells)
    size += _conv(second, width, config.kernel_size, cells=cells)
    if is_conditioned and config.film.adds_to_norm:
        return size + _norm(Norm.BATCH, width)  # its own, as many as of any norm
    is_affine = not is_conditioned or is_concatenated
    return size + (_norm(config.norm, width) if is_affine else _NOTHING)


def _classifier(config: ModelConfig, n_answers: int, *, cells: int) -> NetworkSize:
    settings = config.classifier
    inputs = config.width + (0 if config.coordinates is Coordinates.NONE else 2)
    size = _conv(inputs, settings.projection, 1, cells=cells)
    size += _norm(settings.norm, settings.projection)
    inputs = settings.projection
    for width in settings.hidden:
        size += _linear(inputs, width) + _norm(settings.norm, width)
        inputs = width
    return size + _linear(inputs, n_answers)


def _conv(inputs: int, outputs: int, kernel: int, *, cells: int) -> NetworkSize:
    weights = kernel * kernel * inputs * outputs
    return NetworkSize(parameters=weights + outputs, multiply_adds=weights * cells)


def _linear(inputs: int, outputs: int) -> NetworkSize:
    return _conv(inputs, outputs, 1, cells=1)


def _norm(norm: Norm, width: int) -> NetworkSize:
    n_weights = 0 if norm is Norm.NONE else 2 * width
    return NetworkSize(parameters=n_weights, multiply_adds=0)
