"""Training learns, resumes to the bit, and keeps the best epoch."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from film.config import Config, ImageInput
from film.data.dataset import Batch, QuestionDataset, open_dataset
from film.errors import DataError, DivergedError, TrainingError
from film.model.network import DataSizes, FilmNetwork
from film.training.checkpoint import load_tensors, save_tensors
from film.training.cost import Lesson, Stage
from film.training.evaluation import accuracy_by_type, evaluate
from film.training.fit import EpochMetrics, _learning_rate, fit

SIZES_OF_STORE = DataSizes(n_words=7, n_answers=6, image_shape=(2, 3, 4))


def run(
    config: Config,
    train: QuestionDataset,
    val: QuestionDataset,
    folder: Path,
    seed: int = 0,
) -> list[EpochMetrics]:
    return list(fit(config, train, val, seed=seed, device="cpu", directory=folder))


def learnt(metrics: list[EpochMetrics]) -> list[dict[str, Any]]:
    """What was computed, without how long it took."""
    clocks = {"wall_time_s", "questions_per_s"}
    return [{k: v for k, v in asdict(m).items() if k not in clocks} for m in metrics]


def test_it_learns_what_can_be_learnt(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    longer = config.with_changes({"train.max_epochs": 25})
    metrics = run(longer, train, val, tmp_path)
    assert metrics[-1].best_val_accuracy >= 0.95
    assert metrics[-1].train_loss < metrics[0].train_loss
    assert [m.epoch for m in metrics] == list(range(1, 26))


def test_without_film_it_cannot_tell_the_questions_apart(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    deaf = config.with_changes({"model.film.blocks": "none", "train.max_epochs": 25})
    assert run(deaf, train, val, tmp_path)[-1].best_val_accuracy < 0.85


def test_a_network_that_sees_no_picture_learns_the_frequencies_of_answers(
    config: Config, store: Path, tmp_path: Path
) -> None:
    changes = {"model.architecture": "lstm", "model.lstm.hidden": 8}
    blind = config.with_changes({**changes, "train.max_epochs": 10})
    for split in ("train", "val"):
        shutil.copy(store / f"{split}.h5", tmp_path)
        with h5py.File(tmp_path / f"{split}.h5", "r+") as file:
            del file["features"], file["image_ids"]
            is_left = file["questions"][:, 1] == 4
            is_late = np.arange(len(is_left)) % 10 == 0
            file["answers"][:] = np.where(is_left ^ is_late, 5, 4)
    shutil.copy(store / "vocab.json", tmp_path)
    train, val = (open_dataset(tmp_path, split, None) for split in ("train", "val"))
    metrics = run(blind, train, val, tmp_path / "run")
    # Left means yes and right means no, but for every tenth question.
    assert metrics[-1].best_val_accuracy == pytest.approx(0.9)
    assert learnt(run(blind, train, val, tmp_path / "again")) == learnt(metrics)
    assert len(predictions(tmp_path / "run")) == len(val)


@pytest.mark.parametrize("stopped_after", [1, 3, 4])
def test_a_resumed_run_gives_the_bits_of_an_uninterrupted_one(
    config: Config,
    train: QuestionDataset,
    val: QuestionDataset,
    tmp_path: Path,
    stopped_after: int,
) -> None:
    whole = run(config, train, val, tmp_path / "whole")
    part = fit(config, train, val, seed=0, device="cpu", directory=tmp_path / "stopped")
    for _ in range(stopped_after):
        next(part)
    part.close()
    assert not (tmp_path / "stopped" / "predictions.parquet").exists()

    torch.manual_seed(12345)  # what happens in between is nobody's business
    resumed = run(config, train, val, tmp_path / "stopped")

    assert learnt(resumed) == learnt(whole)
    ours, theirs = (
        load_tensors(tmp_path / name / "checkpoint.pt") for name in ("stopped", "whole")
    )
    assert all(ours["network"][k].equal(v) for k, v in theirs["network"].items())
    moments = theirs["optimizer"]["state"]
    for number, state in ours["optimizer"]["state"].items():
        assert all(state[k].equal(moments[number][k]) for k in state)
    assert predictions(tmp_path / "stopped").equals(predictions(tmp_path / "whole"))


def predictions(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "predictions.parquet")


def test_a_finished_run_trains_no_further(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    first = run(config, train, val, tmp_path)
    before = (tmp_path / "checkpoint.pt").stat().st_mtime_ns
    assert run(config, train, val, tmp_path) == first
    assert (tmp_path / "checkpoint.pt").stat().st_mtime_ns == before


def test_seeds_make_other_runs_and_the_same_seed_the_same(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    one = learnt(run(config, train, val, tmp_path / "1", seed=1))
    again = learnt(run(config, train, val, tmp_path / "again", seed=1))
    other = learnt(run(config, train, val, tmp_path / "2", seed=2))
    assert one == again
    assert one != other


def test_training_leaves_the_global_random_generator_alone(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    run(config, train, val, tmp_path)
    assert torch.random.get_rng_state().equal(before)


def test_the_best_epoch_is_the_one_that_is_kept(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    metrics = run(config, train, val, tmp_path)
    best = max(metrics, key=lambda m: m.val_accuracy)  # the first of equals
    last = metrics[-1]
    assert last.best_epoch == best.epoch
    assert last.best_val_accuracy == best.val_accuracy
    table = predictions(tmp_path)
    assert table["correct"].mean() == pytest.approx(best.val_accuracy)

    kept = load_tensors(tmp_path / "best.pt")
    sizes = kept["sizes"] | {"image_shape": tuple(kept["sizes"]["image_shape"])}
    network = FilmNetwork(Config.from_tree(kept["config"]).model, DataSizes(**sizes))
    network.load_state_dict(kept["network"])
    again = evaluate(network, val, device="cpu", precision=config.train.precision)
    assert again.accuracy == best.val_accuracy


def test_predictions_say_what_was_asked_and_answered(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    run(config, train, val, tmp_path)
    table = predictions(tmp_path)
    assert list(table) == [
        "question", "image", "family", "type", "answer", "label", "correct",
        "correct_by_epoch",
    ]  # fmt: skip
    assert len(table) == len(val) == 60
    assert set(table["type"]) == {"exist"}
    assert set(table["label"]) == {"yes", "no"}
    assert ((table["answer"] == table["label"]) == table["correct"]).all()
    assert list(table["image"][:4]) == [5, 5, 8, 8]


def test_what_was_right_after_every_epoch_is_kept(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    metrics = run(config, train, val, tmp_path)
    table = predictions(tmp_path)
    right = np.stack(list(table["correct_by_epoch"]), axis=1)
    assert list(right.mean(axis=1)) == pytest.approx([m.val_accuracy for m in metrics])
    assert (right[metrics[-1].best_epoch - 1] == table["correct"]).all()


def test_a_run_that_began_before_that_was_kept_goes_on_without(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    begun = fit(config, train, val, seed=0, device="cpu", directory=tmp_path)
    next(begun)
    begun.close()
    newest = tmp_path / "checkpoint.pt"
    content = load_tensors(newest)
    del content["right"]
    save_tensors(content, newest)
    assert len(run(config, train, val, tmp_path)) == 4
    assert "correct_by_epoch" not in predictions(tmp_path)


def test_patience_stops_a_run_that_no_longer_improves(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    patient = config.with_changes({"train.max_epochs": 60, "train.patience": 3})
    metrics = run(patient, train, val, tmp_path)
    assert len(metrics) < 60
    assert metrics[-1].epoch - metrics[-1].best_epoch == 3
    assert run(patient, train, val, tmp_path) == metrics


def test_a_diverged_loss_is_named(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    wild = config.with_changes(
        {
            "train.learning_rate": 1e30,
            "model.norm": "none",
            "model.classifier.norm": "none",
        }
    )
    with pytest.raises(DivergedError, match=r"loss of epoch \d is .*learning_rate"):
        run(wild, train, val, tmp_path)


def test_another_runs_checkpoint_is_refused(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    run(config, train, val, tmp_path)
    with pytest.raises(TrainingError, match=r"another run \(other seed\)"):
        run(config, train, val, tmp_path, seed=1)
    other = config.with_changes({"model.width": 6})
    with pytest.raises(TrainingError, match=r"another run \(other settings\)"):
        run(other, train, val, tmp_path)


def test_reading_ahead_gives_the_same_run_as_reading_from_memory(
    config: Config, store: Path, tmp_path: Path
) -> None:
    runs = []
    for in_memory in (True, False):
        datasets = [
            open_dataset(store, split, ImageInput.FEATURES, in_memory=in_memory)
            for split in ("train", "val")
        ]
        runs.append(learnt(run(config, *datasets, tmp_path / str(in_memory))))
    assert runs[0] == runs[1]


def test_bfloat16_is_an_option_that_learns(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    half = config.with_changes({"train.precision": "bfloat16", "train.max_epochs": 25})
    metrics = run(half, train, val, tmp_path / "half")
    assert metrics[-1].best_val_accuracy >= 0.9
    whole = run(config, train, val, tmp_path / "whole")
    assert metrics[0].train_loss != whole[0].train_loss


def test_a_decaying_schedule_ends_at_a_learning_rate_of_zero(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    run(config.with_changes({"train.schedule": "decay"}), train, val, tmp_path)
    optimizer = load_tensors(tmp_path / "checkpoint.pt")["optimizer"]
    assert optimizer["param_groups"][0]["lr"] == pytest.approx(0, abs=1e-9)


def test_the_learning_rate_is_constant_until_the_last_third(config: Config) -> None:
    decay = config.with_changes({"train.schedule": "decay", "train.max_epochs": 3})
    stage = Stage(lesson=Lesson.ANSWERS, before=0, epochs=3)
    rates = [_learning_rate(decay, p, stage) for p in (0.1, 1.0, 2.0, 2.5, 3.0)]
    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.005, 0])
    assert _learning_rate(config, 4.0, stage) == 0.01


def test_the_learning_rate_decays_in_each_stage_by_itself(config: Config) -> None:
    decay = config.with_changes({"train.schedule": "decay", "train.max_epochs": 9})
    stage = Stage(lesson=Lesson.JOINT, before=4, epochs=3, rate=0.1)
    rates = [_learning_rate(decay, p, stage) for p in (4.1, 6.0, 6.5, 7.0)]
    assert rates == pytest.approx([0.001, 0.001, 0.0005, 0])


def test_adam_is_the_papers(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    run(config, train, val, tmp_path)
    (group,) = load_tensors(tmp_path / "checkpoint.pt")["optimizer"]["param_groups"]
    assert group["weight_decay"] == config.train.weight_decay == 1e-5
    assert tuple(group["betas"]) == (0.9, 0.999)
    assert group["eps"] == 1e-8
    n_weights = len(list(FilmNetwork(config.model, SIZES_OF_STORE).parameters()))
    assert len(group["params"]) == n_weights  # biases, norms and embeddings too


def test_every_epoch_has_its_own_order(
    config: Config,
    store: Path,
    val: QuestionDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train = open_dataset(store, "train", ImageInput.FEATURES)
    read = train.batch
    seen: list[int] = []

    def spy(rows: np.ndarray) -> Batch:
        seen.extend(rows.tolist())
        return read(rows)

    monkeypatch.setattr(train, "batch", spy)
    run(config.with_changes({"train.max_epochs": 2}), train, val, tmp_path)
    first, second = seen[: len(train)], seen[len(train) :]
    assert sorted(first) == sorted(second) == list(range(len(train)))
    assert first != second
    assert first != sorted(first)


def test_evaluation_leaves_the_network_as_it_was(
    config: Config, val: QuestionDataset
) -> None:
    network = FilmNetwork(config.model, SIZES_OF_STORE).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    result = evaluate(network, val, device="cpu", precision=config.train.precision)
    assert network.training
    assert all(before[k].equal(v) for k, v in network.state_dict().items())

    network.eval()
    batch = val.batch(np.arange(len(val)))
    with torch.no_grad():
        logits = network(batch.questions, batch.images)
    loss = torch.nn.functional.cross_entropy(logits, batch.answers)
    assert result.loss == pytest.approx(float(loss), rel=1e-5)
    np.testing.assert_array_equal(result.answers, logits.argmax(dim=1).numpy())


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_picture_that_holds_no_numbers_is_named(
    config: Config, store: Path, tmp_path: Path, split: str
) -> None:
    datasets = {
        name: open_dataset(store, name, ImageInput.FEATURES)
        for name in ("train", "val")
    }
    images = datasets[split]._images
    assert images is not None
    images[7] = float("nan")
    with pytest.raises(DataError, match=r"image 26 holds numbers that are not finite"):
        run(config, datasets["train"], datasets["val"], tmp_path)


def test_a_split_of_one_question_is_refused(
    config: Config, store: Path, val: QuestionDataset, tmp_path: Path
) -> None:
    shutil.copytree(store, tmp_path / "store")
    with h5py.File(tmp_path / "store" / "train.h5", "a") as file:
        for name in set(file) - {"features", "image_ids"}:
            first = file[name][:1]
            del file[name]
            file[name] = first
    one = open_dataset(tmp_path / "store", "train", ImageInput.FEATURES)
    with pytest.raises(TrainingError, match=r"has 1 question\(s\); two are the least"):
        run(config, one, val, tmp_path)


def test_a_network_that_hears_nothing_resumes_under_any_generator(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    deaf = config.with_changes({"model.film.blocks": "none"})
    part = fit(deaf, train, val, seed=0, device="cpu", directory=tmp_path)
    first = next(part)
    part.close()
    other = deaf.with_changes({"model.generator.hidden": 12})
    assert other.identity() == deaf.identity()
    assert run(other, train, val, tmp_path)[0] == first


def test_a_device_that_is_not_there_is_refused(
    config: Config, train: QuestionDataset, val: QuestionDataset, tmp_path: Path
) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(TrainingError, match="torch sees no CUDA device; take cpu"):
        list(fit(config, train, val, seed=0, device="cuda", directory=tmp_path))


def test_accuracy_by_type_leaves_out_what_does_not_occur() -> None:
    correct = np.array([True, False, True, True])
    types = np.array([0, 0, 3, -1])
    assert accuracy_by_type(correct, types) == {"count": 0.5, "query_attribute": 1.0}
