"""A configuration that exists is valid, and says what it computes."""

import hashlib
import json
import re
import subprocess
import sys

import pytest

from film.config import (
    Config,
    Coordinates,
    FilmPlacement,
    GammaConstraint,
    named_config,
)
from film.errors import ConfigError


def test_the_default_is_the_paper() -> None:
    paper = named_config("paper")
    assert paper == Config()
    assert paper.model.n_blocks == 4
    assert paper.model.width == 128
    assert paper.model.film.placement is FilmPlacement.AFTER_NORM
    assert paper.model.film.gamma_baseline == 1
    assert paper.model.generator.hidden == 4096
    assert paper.model.coordinates is Coordinates.ONCE
    assert paper.train.learning_rate == 3e-4
    assert paper.train.weight_decay == 1e-5
    assert paper.train.batch_size == 64


def test_a_change_changes_what_it_names_and_nothing_else() -> None:
    changed = Config().with_changes({"model.film.gamma": "tanh"})
    before, after = Config().flat(), changed.flat()
    assert {key for key in before if before[key] != after[key]} == {"model.film.gamma"}
    assert changed.model.film.gamma is GammaConstraint.TANH


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.film.gama": "one"}, r"model\.film\.gama: no such .*model.film.gamma'"),
        ({"model.film.gamma": "sigmod"}, r"model\.film\.gamma: got 'sigmod'; choose"),
        ({"model.film": "none"}, r"model\.film: is a group .* model.film.placement"),
        ({"model.n_blocks": 0}, r"model\.n_blocks: got 0, should be greater than"),
        ({"model.n_blocks": True}, r"model\.n_blocks: got True"),
        ({"model.n_blocks": 2.5}, r"model\.n_blocks: got 2\.5"),
        ({"model.residual": "maybe"}, r"model\.residual: got 'maybe'"),
        ({"model.kernel_size": 2}, r"^model\.kernel_size is 2; .* take 1 or 3"),
        ({"model.film.blocks": [1, 5]}, r"names block 5, but model\.n_blocks is 4"),
        (
            {"model.film.blocks": "some"},
            r"blocks: got 'some', should be all, none, or a list",
        ),
        ({"model.film.blocks": 3}, r"blocks: got 3, should be all, none, or a list"),
        ({"model.film.blocks": [True]}, r"blocks: got \[True\], should be all"),
        (
            {"model.n_blocks": 0, "model.width": 0},
            r"model\.n_blocks: got 0.* \(and 1 more\)",
        ),
        ({"model.norm": "group", "model.width": 12}, r"model\.width is 12, which"),
        (
            {"model.film.conditioning": "concat", "model.film.gamma": "one"},
            r"is concat, which neither scales nor shifts",
        ),
        (
            {
                "model.film.conditioning": "conditional_layer_norm",
                "model.film.beta": "zero",
            },
            r"is conditional_layer_norm, which changes the norm's own scale and shift",
        ),
        ({"train.learning_rate": 0}, r"train\.learning_rate: got 0"),
        ({"train.learning_rate": True}, r"train\.learning_rate: got True"),
        ({"train.learning_rate": float("nan")}, r"train\.learning_rate: got nan"),
        ({"train.batch_size": 1}, r"train\.batch_size: got 1"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        Config().with_changes(changes)
    assert "\n" not in str(error.value)


def test_an_unknown_name_of_a_configuration_is_refused() -> None:
    with pytest.raises(ConfigError, match="'papier'; there is paper"):
        named_config("papier")


def test_a_tree_round_trips_through_json() -> None:
    config = Config().with_changes({"model.film.blocks": [2, 3], "model.width": 16})
    assert Config.from_tree(config.model_dump(mode="json")) == config


class TestCanonicalForm:
    """Knobs that do nothing do not make another computation."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (
                {"model.film.blocks": "none"},
                {
                    "model.film.blocks": [],
                    "model.film.placement": "after_conv",
                    "model.film.gamma": "tanh",
                    "model.generator.hidden": 7,
                },
            ),
            ({"model.film.blocks": "all"}, {"model.film.blocks": [4, 3, 2, 1]}),
            (
                {"model.film.gamma": "one"},
                {"model.film.gamma": "one", "model.film.gamma_baseline": 0},
            ),
            (
                {"model.residual": False, "model.film.placement": "after_relu"},
                {"model.residual": False, "model.film.placement": "after_residual"},
            ),
            (
                {"model.stem.input": "pixels"},
                {"model.stem.input": "pixels", "model.stem.kernel_size": 1},
            ),
            ({}, {"model.stem.n_downsamplings": 2}),
            ({}, {"model.norm_groups": 4}),
            ({}, {"train.patience": 80}),
            ({}, {"train.patience": 79}),
            ({"model.film.gamma_baseline": 0}, {"model.film.gamma_baseline": -0.0}),
            (
                {"model.norm": "none"},
                {"model.norm": "none", "model.film.placement": "after_conv"},
            ),
            (
                {"model.norm": "none", "model.film.blocks": "none"},
                {
                    "model.norm": "none",
                    "model.film.gamma": "one",
                    "model.film.beta": "zero",
                },
            ),
            (
                {"model.norm": "layer"},
                {"model.norm": "group", "model.norm_groups": 1},
            ),
            (
                {"model.film.conditioning": "concat"},
                {
                    "model.film.conditioning": "concat",
                    "model.film.placement": "after_relu",
                },
            ),
            (
                {"model.film.conditioning": "conditional_batch_norm"},
                {
                    "model.film.conditioning": "conditional_batch_norm",
                    "model.film.placement": "before_conv",
                    "model.film.gamma_baseline": 0,
                },
            ),
            (
                {"model.norm": "group", "model.norm_groups": 128},
                {
                    "model.norm": "group",
                    "model.norm_groups": 128,
                    "model.film.conditioning": "adain",
                    "model.film.placement": "before_conv",
                },
            ),
            (
                {"model.film.blocks": "none"},
                {"model.film.blocks": "none", "model.film.conditioning": "adain"},
            ),
            ({}, {"model.lstm.hidden": 7}),
            ({}, {"model.rn.dropout": 0.1, "model.sa.rounds": 3}),
            ({}, {"train.warmup_doublings": 3}),
            (
                {"model.architecture": "qtype"},
                {
                    "model.architecture": "qtype",
                    "model.width": 16,
                    "train.max_epochs": 3,
                    "train.patience": 1,
                    "train.precision": "bfloat16",
                    "train.warmup_epochs": 2,
                },
            ),
            (
                {"model.architecture": "rn", "model.rn.input": "features"},
                {
                    "model.architecture": "rn",
                    "model.rn.input": "features",
                    "model.rn.image_size": None,
                    "model.rn.padding": 0,
                    "model.rn.rotation": 0,
                },
            ),
            (
                {"model.architecture": "lstm"},
                {
                    "model.architecture": "lstm",
                    "model.film.blocks": "none",
                    "model.n_blocks": 2,
                    "model.width": 16,
                    "model.generator.hidden": 7,
                    "model.stem.input": "pixels",
                    "model.classifier.hidden": [],
                    "model.norm": "group",
                },
            ),
        ],
    )
    def test_what_computes_the_same_has_one_identity(
        self, one: dict[str, object], other: dict[str, object]
    ) -> None:
        first, second = Config().with_changes(one), Config().with_changes(other)
        assert str(one) != str(other)  # as values, 0 and −0 are equal
        assert first.identity() == second.identity()

    @pytest.mark.parametrize(
        "changes",
        [
            {"model.film.gamma": "one"},
            {"model.film.beta": "zero"},
            {"model.film.placement": "after_residual"},
            {"model.film.gamma_baseline": 0},
            {"model.film.blocks": "none"},
            {"model.film.conditioning": "concat"},
            {"model.film.conditioning": "conditional_batch_norm"},
            {"model.film.conditioning": "conditional_layer_norm"},
            {"model.film.conditioning": "adain"},
            {"model.film.conditioning": "adain", "model.film.gamma_baseline": 0},
            {"model.n_blocks": 5},
            {"model.coordinates": "twice"},
            {"model.classifier.pooling": "average"},
            {"train.precision": "bfloat16"},
            {"train.patience": 5},
            {"train.patience": 78},
            {"model.film.gamma": "one", "model.film.beta": "zero"},
            {"model.norm": "group", "model.norm_groups": 2},
            {"model.architecture": "lstm"},
            {"model.architecture": "qtype"},
            {"model.architecture": "rn"},
            {"train.warmup_epochs": 2},
        ],
    )
    def test_what_computes_something_else_has_another(
        self, changes: dict[str, object]
    ) -> None:
        assert Config().with_changes(changes).identity() != Config().identity()

    @pytest.mark.parametrize(
        "changes", [{"model.film.blocks": "none"}, {"model.architecture": "lstm"}]
    )
    def test_a_canonical_form_is_its_own(self, changes: dict[str, object]) -> None:
        config = Config().with_changes(changes).canonical()
        assert config.canonical() == config

    @pytest.mark.parametrize(
        ("changes", "name", "why"),
        [
            ({"model.film.blocks": "none"}, "model.film.gamma", "no block hears"),
            ({"model.film.gamma": "one"}, "model.film.gamma_baseline", "gamma is one"),
            (
                {"model.film.conditioning": "adain"},
                "model.film.placement",
                "conditioning is adain",
            ),
            (
                {"model.film.conditioning": "conditional_batch_norm"},
                "model.film.gamma_baseline",
                "conditioning is conditional_batch_norm",
            ),
            ({"model.architecture": "lstm"}, "model.width", "architecture is lstm"),
            ({"model.stem.input": "pixels"}, "model.stem.kernel_size", "pixels"),
            ({"train.patience": 79}, "train.patience", "max_epochs is 80"),
            ({"model.architecture": "qtype"}, "train.max_epochs", "counted, once"),
            (
                {"model.norm": "none", "model.film.placement": "after_conv"},
                "model.film.placement",
                "same place as after_norm",
            ),
        ],
    )
    def test_what_does_nothing_is_named_with_its_reason(
        self, changes: dict[str, object], name: str, why: str
    ) -> None:
        assert name not in Config().inert()
        assert why in Config().with_changes(changes).inert()[name]

    def test_what_is_dropped_of_no_hidden_layer_does_nothing(self) -> None:
        rn = Config().with_changes({"model.architecture": "rn"})
        linear = rn.with_changes({"model.rn.classifier_hidden": []})
        assert "model.rn.dropout" not in rn.inert()
        assert "classifier_hidden is empty" in linear.inert()["model.rn.dropout"]

    def test_what_does_nothing_may_have_any_value(self) -> None:
        config = Config().with_changes({"model.film.blocks": "none"})
        other = config.with_changes({"model.generator.hidden": 7})
        assert "model.generator.hidden" in config.inert()
        assert other.identity() == config.identity()
        assert "model.width" not in config.inert()

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({}, "8406b0da2983c580"),
            ({"model.stem.input": "pixels"}, "436362b49d3bf4b1"),
            ({"model.architecture": "lstm"}, "3658e87b19bfa5d4"),
        ],
    )
    def test_trials_of_earlier_versions_keep_their_names(
        self, changes: dict[str, object], name: str
    ) -> None:
        identity = Config().with_changes(changes).identity()
        assert hashlib.sha256(identity.encode()).hexdigest()[:16] == name

    def test_a_baselines_own_settings_are_computed(self) -> None:
        lstm = Config().with_changes({"model.architecture": "lstm"})
        smaller = lstm.with_changes({"model.lstm.hidden": 7})
        assert smaller.identity() != lstm.identity()

    def test_an_architecture_changes_no_identity_of_another(self) -> None:
        film = json.loads(Config().identity())["model"]
        assert not {"architecture", "lstm"} & film.keys()
        lstm = Config().with_changes({"model.architecture": "lstm"})
        assert json.loads(lstm.identity())["model"].keys() == {"architecture", "lstm"}


def test_settings_load_without_torch_or_numpy() -> None:
    code = (
        "import sys, film.config, film.world.config, studies.catalogue; "
        "print([m for m in ('torch', 'numpy', 'ray', 'mlflow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"\[\]\s*", done.stdout)
