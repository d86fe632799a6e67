"""Architectures that run programs learn in stages, resumable to the bit in each."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from film.config import Config, ImageInput
from film.data.dataset import QuestionDataset, open_dataset
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, END, SPECIAL_TOKENS, START
from film.errors import ConfigError, TrainingError
from film.model.baselines.n2nmn import N2nmn
from film.model.baselines.pg_ee import PgEe
from film.model.build import build_network
from film.training.checkpoint import load_tensors
from film.training.cost import Lesson, Training
from film.training.evaluation import evaluate
from film.training.fit import EpochMetrics, _sizes, fit
from film.training.objective import Objective, objective_for

PROGRAMS = (*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS)
ANSWERS = (*SPECIAL_TOKENS, "no", "yes")
TEXTS = [
    f"{function} filter_color[{color}] scene"
    for function in ("exist", "count")
    for color in ("red", "blue", "gray")
]
N_TRAIN, N_VAL = 48, 24
_SMALL = {
    "pg_ee": {
        "word_dim": 6,
        "hidden": 8,
        "n_layers": 1,
        "max_length": 6,
        "width": 3,
        "projection": 4,
        "classifier_hidden": [5],
        "programs": 10,
        "generator_epochs": 2,
        "engine_epochs": 2,
    },
    "n2nmn": {
        "word_dim": 6,
        "module_dim": 4,
        "hidden": 8,
        "n_layers": 1,
        "max_length": 4,
        "map_dim": 5,
        "transform_kernel": 3,
        "cloning_epochs": 2,
    },
}


def write_store(folder: Path, *, unknown: tuple[str, ...] = ()) -> Path:
    """Ask for a colour by one word, and for its being or number by another."""
    folder.mkdir()
    words = (*SPECIAL_TOKENS, *(f"word{n}" for n in range(6)))
    vocabulary = {
        "question_token_to_idx": words,
        "answer_token_to_idx": ANSWERS,
        "program_token_to_idx": PROGRAMS,
    }
    numbered = {
        name: {word: number for number, word in enumerate(some)}
        for name, some in vocabulary.items()
    }
    (folder / "vocab.json").write_text(json.dumps(numbered))
    for split, n_rows in (("train", N_TRAIN), ("val", N_VAL)):
        rng = np.random.default_rng(n_rows)
        kinds = rng.integers(0, 6, n_rows)
        questions = np.zeros((n_rows, 4), np.int32)
        questions[:, 0], questions[:, 1], questions[:, 2] = START, 4 + kinds, END
        programs = np.zeros((n_rows, 6), np.int32)
        programs[:, 0], programs[:, 4] = START, END
        for row, kind in enumerate(kinds):
            programs[row, 1:4] = [PROGRAMS.index(t) for t in TEXTS[kind].split()]
        features = rng.random((n_rows, 4, 4, 4)).astype(np.float32)
        lit = features[np.arange(n_rows), kinds % 3].mean(axis=(1, 2)) > 0.5
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file["questions"] = questions
            file["answers"] = (4 + lit).astype(np.int64)
            file["image_idxs"] = np.arange(n_rows)
            file["features"] = features
            if split not in unknown:
                file["programs"] = programs
    return folder


@pytest.fixture(scope="module")
def stage_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("stages") / "store")


def splits(folder: Path) -> tuple[QuestionDataset, QuestionDataset]:
    return (
        open_dataset(folder, "train", ImageInput.FEATURES),
        open_dataset(folder, "val", ImageInput.FEATURES),
    )


def config_of(architecture: str, **changes: object) -> Config:
    small = {
        f"model.{architecture}.{name}": value
        for name, value in _SMALL[architecture].items()
    }
    return Config().with_changes(
        {
            "model.architecture": architecture,
            "train.batch_size": 16,
            "train.learning_rate": 0.01,
            "train.max_epochs": 6 if architecture == "pg_ee" else 4,
            **small,
            **changes,
        }
    )


def run(config: Config, store: Path, folder: Path) -> list[EpochMetrics]:
    return list(fit(config, *splits(store), seed=0, device="cpu", directory=folder))


def learnt(metrics: list[EpochMetrics]) -> list[dict[str, Any]]:
    clocks = {"wall_time_s", "questions_per_s"}
    return [{k: v for k, v in asdict(m).items() if k not in clocks} for m in metrics]


def training_of(config: Config, store: Path) -> Training:
    train, _ = splits(store)
    network = build_network(config.model, _sizes(train))
    return Training(network=network, config=config, train=train, seed=0, device="cpu")


def step(objective: Objective, network: nn.Module, epoch: int) -> set[str]:
    """One batch of an epoch; say which parts of the network learn from it."""
    data, order = objective.begin(epoch)
    network.zero_grad(set_to_none=True)
    objective.cost(data.batch(order[:16])).loss.backward()
    return {
        name.split(".")[0]
        for name, one in network.named_parameters()
        if one.grad is not None and one.grad.any()
    }


@pytest.mark.parametrize("architecture", ["pg_ee", "n2nmn"])
def test_a_run_broken_off_in_any_stage_ends_in_the_same_bits(
    architecture: str, stage_store: Path, tmp_path: Path
) -> None:
    config = config_of(architecture, **{"train.schedule": "decay"})
    whole = []
    begun = fit(
        config,
        *splits(stage_store),
        seed=0,
        device="cpu",
        directory=tmp_path / "whole",
    )
    for metrics in begun:
        whole.append(metrics)
        shutil.copytree(tmp_path / "whole", tmp_path / f"after {metrics.epoch}")
    wanted = load_tensors(tmp_path / "whole" / "checkpoint.pt")
    assert len(whole) == config.train.max_epochs
    for epoch in {1, 2, 3, 5} & set(range(1, len(whole))):
        folder = tmp_path / f"after {epoch}"
        assert learnt(run(config, stage_store, folder)) == learnt(whole)
        found = load_tensors(folder / "checkpoint.pt")
        for part in ("network", "objective"):
            assert found[part].keys() == wanted[part].keys()
            assert all(
                found[part][name].equal(one) for name, one in wanted[part].items()
            )


def test_each_stage_of_pg_ee_trains_what_it_is_for(stage_store: Path) -> None:
    training = training_of(config_of("pg_ee"), stage_store)
    objective = objective_for(training)
    assert [stage.lesson for stage in objective.stages] == [
        Lesson.PROGRAMS,
        Lesson.ENGINE,
        Lesson.JOINT,
    ]
    learns = [step(objective, training.network, epoch) for epoch in range(1, 7)]
    both = {"generator", "engine"}
    assert learns == [{"generator"}] * 2 + [{"engine"}] * 2 + [both] * 2


def test_both_stages_of_n2nmn_train_policy_and_modules(stage_store: Path) -> None:
    training = training_of(config_of("n2nmn"), stage_store)
    objective = objective_for(training)
    assert [stage.lesson for stage in objective.stages] == [
        Lesson.CLONING,
        Lesson.SEARCH,
    ]
    learns = [step(objective, training.network, epoch) for epoch in (1, 3)]
    assert learns == [{"policy", "executor"}] * 2


def test_a_stage_of_no_epochs_is_left_out(stage_store: Path) -> None:
    none = {"model.pg_ee.generator_epochs": 0, "model.pg_ee.engine_epochs": 6}
    objective = objective_for(training_of(config_of("pg_ee", **none), stage_store))
    assert [stage.lesson for stage in objective.stages] == [Lesson.ENGINE]


class TestTheKnownPrograms:
    def chosen(self, store: Path, epoch: int = 1, **changes: object) -> list[int]:
        config = config_of(
            "pg_ee",
            **{f"model.pg_ee.{name}": value for name, value in changes.items()},
        )
        data, order = objective_for(training_of(config, store)).begin(epoch)
        assert data.batch(order[:2]).images.numel() == 0  # they are not looked at
        return order.tolist()

    def test_are_as_many_as_wished_and_seen_over_and_over(
        self, stage_store: Path
    ) -> None:
        order = self.chosen(stage_store)
        assert len(order) == N_TRAIN
        assert len(set(order)) == 10
        assert len(set(order[:10])) == 10  # each pass sees each of them
        assert order[:10] != order[10:20]

    def test_are_the_same_in_every_epoch_and_among_a_larger_number(
        self, stage_store: Path
    ) -> None:
        few = set(self.chosen(stage_store))
        assert few == set(self.chosen(stage_store, epoch=2))
        assert few < set(self.chosen(stage_store, programs=20))
        assert len(set(self.chosen(stage_store, programs="all"))) == N_TRAIN

    def test_are_refused_where_there_are_not_as_many(self, stage_store: Path) -> None:
        with pytest.raises(TrainingError, match=r"programs is 99, .* has 48 questions"):
            self.chosen(stage_store, programs=99)

    def test_are_refused_where_there_are_none(self, tmp_path: Path) -> None:
        store = write_store(tmp_path / "store", unknown=("train",))
        with pytest.raises(TrainingError, match="the train split has none"):
            self.chosen(store)

    def test_are_refused_in_another_order(self, tmp_path: Path) -> None:
        store = write_store(tmp_path / "store")
        with h5py.File(store / "train.h5", "a") as file:
            file["programs"][:, 1:4] = file["programs"][:][:, 3:0:-1]
        with pytest.raises(TrainingError, match="in prefix order"):
            self.chosen(store)


def test_the_engine_learns_from_predicted_programs_or_from_true_ones(
    stage_store: Path,
) -> None:
    costs = {}
    for kind in ("predicted", "true"):
        config = config_of("pg_ee", **{"model.pg_ee.engine_programs": kind})
        training = training_of(config, stage_store)
        network = training.network
        assert isinstance(network, PgEe)
        objective = objective_for(training)
        data, order = objective.begin(3)
        batch = data.batch(order[:8])
        costs[kind] = float(objective.cost(batch).shown.detach())
        programs = (
            network.read(batch.programs)
            if kind == "true"
            else network.write(batch.questions)
        )
        logits = network.engine(batch.images, programs)
        loss = nn.functional.cross_entropy(logits, batch.answers)
        assert costs[kind] == pytest.approx(float(loss.detach()))
    assert costs["predicted"] != costs["true"]


class _AnswersByProgram(nn.Module):
    """Answers right where one program is run, and wrong elsewhere."""

    def __init__(self, program: Tensor, answers: Tensor) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.program, self.answers = program, answers

    def forward(self, _images: Tensor, programs: Tensor) -> Tensor:
        longer = max(programs.shape[1] - len(self.program), 0)
        wanted = nn.functional.pad(self.program, (0, longer))
        given = nn.functional.pad(programs, (0, len(wanted) - programs.shape[1]))
        is_right = (given == wanted).all(dim=1)
        chosen = torch.where(is_right, self.answers, 9 - self.answers)
        return 5 * self.scale * nn.functional.one_hot(chosen, 6).float()


def test_reinforce_finds_the_program_that_is_rewarded(stage_store: Path) -> None:
    only = {"model.pg_ee.generator_epochs": 0, "model.pg_ee.engine_epochs": 0}
    training = training_of(config_of("pg_ee", **only), stage_store)
    network = training.network
    assert isinstance(network, PgEe)
    objective = objective_for(training)
    data, order = objective.begin(1)
    batch = data.batch(np.resize(order, 96))
    scene = torch.tensor([PROGRAMS.index("scene")])
    network.engine = _AnswersByProgram(scene, batch.answers)  # type: ignore[assignment]
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    rights = []
    for _ in range(60):
        cost = objective.cost(batch)
        optimizer.zero_grad()
        cost.loss.backward()
        optimizer.step()
        rights.append(int(cost.n_right) / 96)
    assert rights[0] < 0.5
    assert rights[-1] > 0.9
    assert network.write(batch.questions).tolist() == [[int(scene)]] * 96


def test_rewards_are_held_against_their_moving_average(stage_store: Path) -> None:
    only = {"model.pg_ee.generator_epochs": 0, "model.pg_ee.engine_epochs": 0}
    objective = objective_for(training_of(config_of("pg_ee", **only), stage_store))
    data, order = objective.begin(1)
    average = 0.0
    for start in (0, 16):
        cost = objective.cost(data.batch(order[start : start + 16]))
        average = 0.9 * average + 0.1 * int(cost.n_right) / 16
        assert float(objective.state()["reward"]) == pytest.approx(average)
    other = objective_for(training_of(config_of("pg_ee", **only), stage_store))
    other.resume(objective.state())
    assert other.state() == objective.state()


def test_losses_of_a_search_are_held_against_their_moving_average(
    stage_store: Path,
) -> None:
    training = training_of(config_of("n2nmn"), stage_store)
    network = training.network
    assert isinstance(network, N2nmn)
    objective = objective_for(training)
    data, order = objective.begin(3)
    batch = data.batch(order[:16])
    cost = objective.cost(batch)
    planned = network.policy(batch.questions, draws=training.draws(3))
    losses = nn.functional.cross_entropy(
        network.run(batch.images, planned), batch.answers, reduction="none"
    ).detach()
    policy = ((losses - 0.5) * planned.log_probability).mean()
    expected = losses.mean() + policy - 0.005 * planned.entropy.mean()
    torch.testing.assert_close(cost.loss, expected)
    average = 0.5 + 0.01 * (losses.mean() - 0.5)
    torch.testing.assert_close(objective.state()["loss"], average)


@pytest.mark.parametrize("architecture", ["pg_ee", "n2nmn"])
def test_programs_are_learnt_and_their_accuracy_is_told(
    architecture: str, stage_store: Path, tmp_path: Path
) -> None:
    epochs = "generator_epochs" if architecture == "pg_ee" else "cloning_epochs"
    config = config_of(
        architecture,
        **{
            f"model.{architecture}.{epochs}": 16,
            f"model.{architecture}.hidden": 32,
            f"model.{architecture}.word_dim": 16,
            "train.batch_size": 8,
            "train.learning_rate": 0.03,
            "train.max_epochs": 17,
            "model.pg_ee.programs": "all",
            "model.pg_ee.engine_epochs": 0,
        },
    )
    metrics = run(config, stage_store, tmp_path)
    accuracies = [one.val_program_accuracy for one in metrics]
    assert accuracies[15] == 1
    assert accuracies[0] is not None
    assert accuracies[0] < 1


@pytest.mark.parametrize("architecture", ["pg_ee", "n2nmn"])
def test_questions_without_programs_are_answered_by_predicted_ones(
    architecture: str, stage_store: Path, tmp_path: Path
) -> None:
    config = config_of(architecture)
    _, known = splits(stage_store)
    _, unknown = splits(write_store(tmp_path / "store", unknown=("val",)))
    assert not unknown.has_program.any()
    network = build_network(config.model, _sizes(known))
    precision = config.train.precision
    with_programs = evaluate(network, known, device="cpu", precision=precision)
    without = evaluate(network, unknown, device="cpu", precision=precision)
    assert without.program_accuracy is None
    assert with_programs.program_accuracy is not None
    np.testing.assert_array_equal(with_programs.answers, without.answers)


@pytest.mark.parametrize("architecture", ["pg_ee", "n2nmn"])
def test_evaluation_draws_nothing(architecture: str, stage_store: Path) -> None:
    config = config_of(architecture)
    _, val = splits(stage_store)
    network = build_network(config.model, _sizes(val))
    precision = config.train.precision
    once = evaluate(network, val, device="cpu", precision=precision)
    torch.manual_seed(99)
    again = evaluate(network, val, device="cpu", precision=precision)
    assert (once.loss, once.program_accuracy) == (again.loss, again.program_accuracy)


def test_patience_is_for_the_last_stage(stage_store: Path, tmp_path: Path) -> None:
    config = config_of(
        "pg_ee",
        **{"train.patience": 1, "train.max_epochs": 12, "train.learning_rate": 1e-9},
    )
    metrics = run(config, stage_store, tmp_path)
    assert metrics[-1].epoch == 5  # one epoch after the four of the first stages


def test_a_stage_begins_with_an_optimiser_of_its_own(
    stage_store: Path, tmp_path: Path
) -> None:
    config = config_of("pg_ee")
    steps: dict[int, set[float]] = {}
    for metrics in fit(
        config, *splits(stage_store), seed=0, device="cpu", directory=tmp_path
    ):
        state = load_tensors(tmp_path / "checkpoint.pt")["optimizer"]["state"]
        steps[metrics.epoch] = {float(one["step"]) for one in state.values()}
    n_batches = N_TRAIN / 16
    assert [max(steps[epoch]) for epoch in range(1, 7)] == [
        n_batches,
        2 * n_batches,
    ] * 3


@pytest.mark.parametrize("limit", [1e-6, None])
def test_gradients_of_n2nmn_are_limited(
    stage_store: Path, tmp_path: Path, limit: float | None
) -> None:
    config = config_of(
        "n2nmn", **{"model.n2nmn.max_gradient": limit, "train.weight_decay": 0}
    )
    next(fit(config, *splits(stage_store), seed=0, device="cpu", directory=tmp_path))
    state = load_tensors(tmp_path / "checkpoint.pt")["optimizer"]["state"]
    largest = max(float(one["exp_avg"].norm()) for one in state.values())
    assert (largest <= 1e-6) is (limit is not None)


def test_an_engine_that_is_not_to_learn_has_no_stage() -> None:
    changes: dict[str, object] = {"train.learns": "generator"}
    with pytest.raises(ConfigError, match=r"engine_epochs is 2, .* take 0"):
        config_of("pg_ee", **changes)
    changes |= {"model.pg_ee.generator_epochs": 0, "model.pg_ee.engine_epochs": 0}
    assert config_of("pg_ee", **changes).train.learns == "generator"


def test_stages_longer_than_the_training_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"cloning_epochs is 2, .* is 1; take more"):
        config_of("n2nmn", **{"train.max_epochs": 1})


def test_settings_of_stages_that_are_not_there_change_nothing() -> None:
    none = {"model.pg_ee.generator_epochs": 0, "model.pg_ee.engine_epochs": 0}
    config = config_of("pg_ee", **none)
    other = config.with_changes(
        {"model.pg_ee.programs": 7, "model.pg_ee.engine_programs": "true"}
    )
    assert config.identity() == other.identity()
    short = config_of("pg_ee", **{"train.max_epochs": 4})
    other = short.with_changes({"model.pg_ee.joint_rate": 0.5})
    assert short.identity() == other.identity()
    longer = config_of("pg_ee")
    other = longer.with_changes({"model.pg_ee.joint_rate": 0.5})
    assert longer.identity() != other.identity()


def test_film_is_named_as_before_there_were_others() -> None:
    tree = json.loads(Config().identity())
    assert not {"pg_ee", "n2nmn", "architecture"} & set(tree["model"])
    lstm = Config().with_changes({"model.architecture": "lstm"}).identity()
    assert set(json.loads(lstm)["model"]) == {"architecture", "lstm"}


def test_a_vocabulary_without_programs_is_refused(stage_store: Path) -> None:
    train, _ = splits(stage_store)
    sizes = replace(_sizes(train), program_words=(*SPECIAL_TOKENS, "paint", "scene"))
    with pytest.raises(ConfigError, match="'paint', which is no function of CLEVR"):
        build_network(config_of("pg_ee").model, sizes)
