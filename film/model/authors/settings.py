"""Settings of the FiLM network in the authors' words.

References:
    The authors' code, https://github.com/ethanjperez/film: the options of
    ``train_model.py`` and what its checkpoints keep of them.
"""

from collections.abc import Mapping
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
from film.model.network import DataSizes

__all__ = ["translate"]

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
    channels, height, width = (int(size) for size in settings["fd"])
    sizes = DataSizes(
        n_words=int(settings["V"]),
        n_answers=int(settings["A"]),
        image_shape=(channels, height, width),
    )
    return config, sizes


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
