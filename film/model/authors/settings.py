"""Settings of the FiLM network in the authors' words.

References:
    The authors' code, https://github.com/ethanjperez/film: the options of
    ``train_model.py`` and what its checkpoints keep of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from film.config import (
    Beta,
    Config,
    Coordinates,
    FilmPlacement,
    GammaConstraint,
    ImageInput,
    ModelConfig,
    Norm,
    Pooling,
)
from film.data.vocabulary import Vocabulary
from film.model.network import DataSizes

__all__ = ["film_settings", "image_shape", "require", "translate"]

_AXES: Final = 3

_PLACEMENTS: Final = {
    "bn-film": FilmPlacement.AFTER_NORM,
    "conv-film": FilmPlacement.AFTER_CONV,
    "relu-film": FilmPlacement.AFTER_RELU,
    "block-output-film": FilmPlacement.AFTER_RESIDUAL,
    "block-input-film": FilmPlacement.BEFORE_CONV,
}
_CONSTRAINTS: Final = {
    "linear": GammaConstraint.NONE,
    "sigmoid": GammaConstraint.SIGMOID,
    "tanh": GammaConstraint.TANH,
    "exp": GammaConstraint.EXP,
}
_POOLINGS: Final = {"maxpoolfull": Pooling.MAX, "avgpoolfull": Pooling.AVERAGE}
_COORDINATES: Final = {
    0: Coordinates.NONE,
    1: Coordinates.ONCE,
    2: Coordinates.TWICE,
}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "method": "bn-film",
    "option": "linear",
    "baseline": 1,
    "use_gamma": True,
    "use_beta": True,
    "pattern": None,
    "nb": 4,
    "md": 8,
    "residual": True,
    "bn": True,
    "clbn": True,
    "coords": 1,
    "kernel": 3,
    "stemk": 3,
    "downsamplings": None,  # of pixels; None is one layer, on features
    "down": "maxpoolfull",
    "V": 20,
    "wd": 12,
    "hd": 24,
    "layers": 1,
    "fd": [12, 6, 6],
    "proj": 16,
    "fc": [20],
    "A": 10,
}
_GENERATOR_ONLY: Final = {
    "encoder_type": "gru",
    "decoder_type": "linear",
    "bidirectional": False,
    "output_batchnorm": False,
    "parameter_efficient": True,
    "module_num_layers": 1,
}
_ENGINE_ONLY: Final = {
    "module_num_layers": 1,
    "module_input_proj": 1,
    "module_batchnorm_affine": False,
}
_DESCRIPTIVE: Final = {"variant"}  # settings that compute nothing


def translate(given: Mapping[str, Any]) -> tuple[ModelConfig, DataSizes]:
    """Turn the authors' settings, by short names, into this package's.

    Args:
        given: ``method`` is ``condition_method``, ``nb`` the number of blocks, ``md``
            their width, ``wd`` and ``hd`` the generator's sizes, ``fd`` the shape of
            an image, ``V`` and ``A`` the numbers of words and answers, and so on.

    Returns:
        The network, and what it is fed.

    Raises:
        ValueError: A setting is unknown, or of a value that this package lacks.
    """
    unknown = set(given) - set(_DEFAULTS) - _DESCRIPTIVE
    if unknown:
        raise ValueError(f"unknown settings {', '.join(sorted(unknown))}")
    settings = {**_DEFAULTS, **given}
    model = {**_film(settings), **_rest(settings)}
    config = Config().with_changes({f"model.{k}": v for k, v in model.items()}).model
    sizes = DataSizes(
        n_words=int(settings["V"]),
        n_answers=int(settings["A"]),
        image_shape=image_shape(settings["fd"]),
    )
    return config, sizes


def image_shape(size: Sequence[Any]) -> tuple[int, int, int]:
    """Read what images a network is fed.

    Args:
        size: Its ``feature_dim``.

    Returns:
        Channels, height and width.

    Raises:
        ValueError: These are no three whole numbers above 0.
    """
    if len(size) != _AXES or not all(type(one) is int and one > 0 for one in size):
        raise ValueError(
            f"feature_dim is {list(size)!s:.40}, and not channels, height and width"
        )
    channels, height, width = size
    return channels, height, width


def _film(settings: Mapping[str, Any]) -> dict[str, Any]:
    gamma = _choose(_CONSTRAINTS, settings, "option")
    return {
        "film.placement": _choose(_PLACEMENTS, settings, "method"),
        "film.gamma": gamma if settings["use_gamma"] else GammaConstraint.ONE,
        "film.gamma_baseline": settings["baseline"],
        "film.beta": Beta.LEARNED if settings["use_beta"] else Beta.ZERO,
        "film.blocks": _blocks(settings["pattern"], settings["nb"]),
        "generator.word_dim": settings["wd"],
        "generator.hidden": settings["hd"],
        "generator.n_layers": settings["layers"],
    }


def _rest(settings: Mapping[str, Any]) -> dict[str, Any]:
    norm = {True: Norm.BATCH, False: Norm.NONE}
    return {
        **_stem(settings),
        "classifier.projection": settings["proj"],
        "classifier.pooling": _choose(_POOLINGS, settings, "down"),
        "classifier.hidden": settings["fc"],
        "classifier.norm": norm[bool(settings["clbn"])],
        "n_blocks": settings["nb"],
        "width": settings["md"],
        "kernel_size": settings["kernel"],
        "residual": bool(settings["residual"]),
        "norm": norm[bool(settings["bn"])],
        "coordinates": _choose(_COORDINATES, settings, "coords"),
    }


def _stem(settings: Mapping[str, Any]) -> dict[str, Any]:
    if settings["downsamplings"] is None:
        return {"stem.kernel_size": settings["stemk"]}
    return {
        "stem.input": ImageInput.PIXELS,
        "stem.n_downsamplings": settings["downsamplings"],
    }


def _blocks(pattern: list[int] | None, n_blocks: int) -> str | list[int]:
    if pattern is None:
        return "all"
    if len(pattern) != n_blocks:
        raise ValueError(f"pattern has {len(pattern)} entries for {n_blocks} blocks")
    on = [number for number, is_on in enumerate(pattern, start=1) if is_on]
    return "all" if len(on) == n_blocks else on


def _choose(choices: Mapping[Any, Any], settings: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - one of the choices' values
    value = settings[name]
    if value not in choices:
        known = ", ".join(str(choice) for choice in choices)
        raise ValueError(f"{name} is {value!r}; known are {known}")
    return choices[value]


def film_settings(
    generator: Mapping[str, Any], engine: Mapping[str, Any], vocabulary: Vocabulary
) -> tuple[ModelConfig, DataSizes]:
    """Turn what a checkpoint of a FiLM network was made with into settings.

    Args:
        generator: The arguments of the authors' ``FiLMGen``.
        engine: Those of their ``FiLMedNet``.
        vocabulary: The words that they are for.

    Returns:
        The network, and what it is fed.

    Raises:
        ValueError: An argument is not known here, or its two halves do not agree.
    """
    require(generator, _GENERATOR_ONLY)
    require(engine, _ENGINE_ONLY)
    for name in ("num_modules", "module_dim"):
        if name in generator and generator[name] != engine[name]:
            raise ValueError(
                f"{name} is {generator[name]!r:.40} in its generator and "
                f"{engine[name]!r:.40} in the network that this modulates"
            )
    require(engine, {"stem_batchnorm": engine["module_batchnorm"]})
    given = {
        "V": len(vocabulary.question_token_to_idx),
        "A": len(vocabulary.answer_token_to_idx),
        "method": engine["condition_method"],
        "pattern": engine.get("condition_pattern") or None,
        "option": generator["gamma_option"],
        "baseline": generator["gamma_baseline"],
        "use_gamma": engine["use_gamma"],
        "use_beta": engine["use_beta"],
        "nb": engine["num_modules"],
        "md": engine["module_dim"],
        "residual": engine["module_residual"],
        "bn": engine["module_batchnorm"],
        "clbn": engine["classifier_batchnorm"],
        "coords": engine["use_coords"],
        "kernel": engine["module_kernel_size"],
        "down": engine["classifier_downsample"],
        "proj": engine["classifier_proj_dim"],
        "fc": list(engine["classifier_fc_layers"]),
        "wd": generator["wordvec_dim"],
        "hd": generator["hidden_dim"],
        "layers": generator["rnn_num_layers"],
        "fd": list(engine["feature_dim"]),
        **_arguments_of_stem(engine),
    }
    return translate(given)


# Of what the authors' stems can be, this package has the two that they trained.
def _arguments_of_stem(engine: Mapping[str, Any]) -> dict[str, Any]:
    kernel, stride, padding = (
        _one(engine.get(f"stem_{name}"))
        for name in ("kernel_size", "stride", "padding")
    )
    n_layers = engine["stem_num_layers"]
    if (kernel, stride, padding) == (4, 2, 1):
        return {"downsamplings": n_layers}
    if (stride, n_layers) == (1, 1) and padding in {None, int(kernel) // 2}:
        return {"stemk": kernel}
    raise ValueError(
        f"its stem has {n_layers} layers of kernel {kernel}, stride {stride} and "
        f"padding {padding}; known are one layer of stride 1, and layers of kernel 4, "
        "stride 2 and padding 1"
    )


def _one(value: Any) -> Any:  # noqa: ANN401 - a number, a list of one number, or none
    if isinstance(value, list | tuple) and len(set(value)) == 1:
        return value[0]
    return value


def require(given: Mapping[str, Any], only: Mapping[str, Any]) -> None:
    """Refuse arguments of other values than this package knows.

    Args:
        given: Of a checkpoint; what is left out is as it should be.
        only: The one value that each may have.

    Raises:
        ValueError: One has another.
    """
    for name, value in only.items():
        if name in given and given[name] != value:
            raise ValueError(
                f"{name} is {given[name]!r:.40}; this package knows {value!r} alone"
            )
