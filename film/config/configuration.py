"""A model and its training: read, changed, and told from every other."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import ValidationError, model_validator

from film.config import canonical
from film.config.choices import Architecture, Learns
from film.config.fields import Settings
from film.config.model import ModelConfig
from film.config.training import TrainConfig
from film.errors import ConfigError
from film.validation import nearest, validation_line

__all__ = ["Config", "named_config"]


class Config(Settings):
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
        return canonical.canonical(self)

    def inert(self) -> dict[str, str]:
        """Name the settings whose value makes no difference here.

        Returns:
            Why, by dotted name; ``canonical`` gives them one value.
        """
        return canonical.inert(self)

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
        return canonical.identity(self)


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


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
