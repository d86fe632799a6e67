"""Which settings do nothing: two configurations that compute the same are one."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from film.config.baselines import RnConfig
from film.config.choices import (
    Architecture,
    Conditioning,
    FilmPlacement,
    GammaConstraint,
    ImageInput,
    Norm,
)
from film.config.model import ModelConfig
from film.config.parts import FilmConfig, GeneratorConfig
from film.config.training import TrainConfig

if TYPE_CHECKING:
    from film.config.configuration import Config

__all__ = ["canonical", "identity", "inert"]

# Of training: after the first trials had names.
_LATER = ("learns", "samples", "warmup_epochs", "warmup_doublings")


def canonical(config: "Config") -> "Config":
    """Set every knob that does nothing to its default.

    Args:
        config: A configuration.

    Returns:
        One that computes the same; configurations that compute the same get the same.
    """
    rewrites = _plain_norms, _plain_adain, _silent_film, _one_place, _defaults_of_inert
    for rewrite in rewrites:
        config = _rewritten(config, rewrite(config))
    return config


def inert(config: "Config") -> dict[str, str]:
    """Name the settings whose value makes no difference.

    Args:
        config: A configuration.

    Returns:
        Why, by dotted name; ``canonical`` gives them one value.
    """
    plain = _rewritten(config, _plain_norms(config))
    place = _one_place(plain)["model.film.placement"]
    same = {}
    if place != plain.model.film.placement:
        same["model.film.placement"] = f"it is the same place as {place}"
    return same | _inert_settings(plain)


def identity(config: "Config") -> str:
    """Write down all that a configuration computes, and nothing else.

    Settings of other architectures are left out, so that a new architecture leaves the
    identities of those before it as they were; so are new settings of training where
    they are at their default.

    Args:
        config: A configuration.

    Returns:
        The canonical settings as JSON with sorted keys.
    """
    plain = canonical(config)
    tree = plain.model_dump(mode="json")
    names = _own_settings(config.model.architecture)
    tree["model"] = {name: tree["model"][name] for name in names}
    fields = TrainConfig.model_fields
    for name in _LATER:
        if getattr(plain.train, name) == fields[name].default:
            del tree["train"][name]
    return json.dumps(tree, sort_keys=True)


# Group normalisation in one group is layer normalisation.
def _plain_norms(config: "Config") -> dict[str, Any]:
    model = config.model
    if model.norm_groups > 1:
        return {}
    norms = {"model.norm": model.norm, "model.classifier.norm": model.classifier.norm}
    return {name: Norm.LAYER for name, norm in norms.items() if norm is Norm.GROUP}


# Where the norm takes every map by itself, FiLM after it is AdaIN.
def _plain_adain(config: "Config") -> dict[str, Any]:
    model = config.model
    n_groups = {Norm.GROUP: model.norm_groups, Norm.LAYER: 1}.get(model.norm)
    is_same = model.film.conditioning is Conditioning.ADAIN and n_groups == model.width
    film = {
        "model.film.conditioning": Conditioning.FILM,
        "model.film.placement": FilmPlacement.AFTER_NORM,
    }
    return film if is_same else {}


# The blocks as numbers. Without a norm, whose affine part FiLM replaces, a block whose
# γ and β are fixed is a block without FiLM.
def _silent_film(config: "Config") -> dict[str, Any]:
    model = config.model
    is_film = model.film.conditioning is Conditioning.FILM
    is_absent = is_film and model.film.is_identity and model.norm is Norm.NONE
    blocks = [] if is_absent else list(model.conditioned_blocks)
    return {"model.film.blocks": blocks or "none"}


# Of the places in a block that are the same place, the paper's or else the first.
def _one_place(config: "Config") -> dict[str, Any]:
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


def _defaults_of_inert(config: "Config") -> dict[str, Any]:
    defaults = _defaults(type(config))
    return {name: defaults[name] for name in _inert_settings(config)}


@lru_cache(maxsize=1)
def _defaults(kind: type["Config"]) -> Mapping[str, Any]:
    return kind().flat()


# Only what differs: to validate a configuration takes most of the time.
def _rewritten(config: "Config", changes: Mapping[str, Any]) -> "Config":
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
def _inert_settings(config: "Config") -> dict[str, str]:
    model, last = config.model, config.train.max_epochs
    heeded = {"architecture", *_own_settings(model.architecture)}
    inert = {
        name: f"model.architecture is {model.architecture}"
        for name in _defaults(type(config))
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


def _inert_in_stages(config: "Config") -> dict[str, str]:
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
    inert = _inert_in_conditioning(model.film) | inert
    match model.stem.input:
        case ImageInput.FEATURES:
            inert["model.stem.n_downsamplings"] = "model.stem.input is features"
        case ImageInput.PIXELS:
            inert["model.stem.kernel_size"] = "model.stem.input is pixels"
    if Norm.GROUP not in (model.norm, model.classifier.norm):
        inert["model.norm_groups"] = "no norm is in groups"
    return inert


def _inert_in_conditioning(film: FilmConfig) -> dict[str, str]:
    inert = {}
    conditioning = f"model.film.conditioning is {film.conditioning}"
    if film.conditioning is not Conditioning.FILM:
        inert["model.film.placement"] = conditioning
    if film.adds_to_norm:
        inert["model.film.gamma_baseline"] = conditioning
    if film.gamma is GammaConstraint.ONE:
        inert["model.film.gamma_baseline"] = "model.film.gamma is one"
    return inert
