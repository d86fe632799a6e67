"""The network agrees with the authors' own model."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from film.errors import DataError
from film.model.network import FilmNetwork
from film.model.reference import build, read_reference, verify

TOLERANCE = 1e-4


def reference_files(shared: Path) -> list[Path]:
    files = sorted((shared / "reference" / "film").glob("*.npz"))
    assert files, "the reference material holds no file to compare with"
    return files


def test_logits_agree_in_eval_and_train_mode(shared: Path) -> None:
    differences = {file.stem: verify(file).largest for file in reference_files(shared)}
    assert {k: v for k, v in differences.items() if not v <= TOLERANCE} == {}


def test_gradients_of_the_generator_agree(shared: Path) -> None:
    for file in reference_files(shared):
        reference = read_reference(file)
        network = build(reference, file).eval()
        network(reference.questions, reference.features)
        network.train()
        torch.nn.functional.cross_entropy(
            network(reference.questions, reference.features), reference.answers
        ).backward()
        generator = network.generator
        norms = (
            {}
            if generator is None
            else {
                name: 0.0 if value.grad is None else float(value.grad.norm())
                for name, value in generator.named_parameters()
            }
        )
        for name, norm in reference.gradient_norms.items():
            assert norms.get(name, 0) == pytest.approx(norm, rel=1e-3, abs=1e-5), (
                file,
                name,
            )


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A reference file of our own making, so that users can test the reader too."""
    settings = {
        "nb": 2,
        "fc": [5, 4],
        "option": "tanh",
        "baseline": 0,
        "coords": 0,
        "hd": 7,
        "wd": 5,
        "V": 15,
        "A": 10,
        "proj": 9,
        "md": 6,
    }
    path = tmp_path / "made.npz"
    np.savez(path, config=json.dumps(settings), **arrays_for(path, settings))
    return path


def arrays_for(path: Path, settings: dict[str, object]) -> dict[str, np.ndarray]:
    blank = {
        "questions": np.array([[3, 4, 0], [5, 6, 7]]),
        "features": np.random.default_rng(0).random((2, 12, 6, 6), dtype=np.float32),
        "answers": np.array([1, 2]),
        "logits_eval": np.zeros((2, 10), np.float32),
        "logits_train": np.zeros((2, 10), np.float32),
    }
    np.savez(path, config=json.dumps(settings), **blank)
    reference = read_reference(path)
    network = FilmNetwork(reference.config, reference.sizes)
    weights = {}
    for name, value in network.state_dict().items():
        layer, _, parameter = name.rpartition(".")
        layer = layer.replace("stem.layers.0.norm", "stem.bn")
        layer = layer.replace("stem.layers.0.conv", "stem.conv")
        layer = layer.replace("classifier.conv_norm", "classifier.conv_bn")
        layer = layer.replace("norm", "bn")
        for index, theirs in enumerate(("fc1", "fc1_bn", "", "fc2", "fc2_bn")):
            if layer == f"classifier.hidden.{index}":
                layer = f"classifier.{theirs}"
        layer = layer.replace("classifier.answer", "classifier.fc3")
        weights[f"weights/{layer}.{parameter}"] = value.clone().numpy()
    with torch.no_grad():
        batch = reference.questions, reference.features
        blank["logits_eval"] = network.eval()(*batch).numpy()
        blank["logits_train"] = network.train()(*batch).numpy()
    return {**blank, **weights}


def test_a_file_made_here_is_read_and_agrees(made: Path) -> None:
    assert verify(made).largest < 1e-6


def test_a_changed_weight_is_noticed(made: Path) -> None:
    with np.load(made) as file:
        arrays = dict(file)
    arrays["weights/generator.linear.bias"] = (
        arrays["weights/generator.linear.bias"] + 0.1
    )
    np.savez(made, **arrays)
    assert verify(made).largest > TOLERANCE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "film-bn"}, "method is 'film-bn'; known are bn-film"),
        ({"colour": 1}, "unknown settings colour"),
        ({"pattern": [1]}, "pattern has 1 entries for 2 blocks"),
        ({"nb": 3}, "its weights do not fit its settings"),
        ({"kernel": 2}, "an even kernel"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    made: Path, change: dict[str, object], message: str
) -> None:
    with np.load(made) as file:
        arrays = dict(file)
    settings = json.loads(str(arrays["config"])) | change
    np.savez(made, **(arrays | {"config": json.dumps(settings)}))
    with pytest.raises(DataError, match=message) as error:
        verify(made)
    assert "\n" not in str(error.value)
    assert str(made) in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("questions", np.array([[3, 99, 0], [5, 6, 7]]), "words beyond the vocab"),
        ("questions", np.array([[3, 4, 0]]), r"features \(2, 12, 6, 6\), should be"),
        ("features", np.zeros((2, 12, 5, 6), np.float32), r"should be \(n, tokens\)"),
        ("logits_eval", np.zeros((2, 3), np.float32), r"outputs of shape \(2, 3\)"),
    ],
)
def test_inputs_that_do_not_fit_the_settings_are_named(
    made: Path, name: str, value: np.ndarray, message: str
) -> None:
    with np.load(made) as file:
        arrays = dict(file)
    np.savez(made, **(arrays | {name: value}))
    with pytest.raises(DataError, match=message):
        verify(made)


def test_features_of_double_precision_are_taken(made: Path) -> None:
    with np.load(made) as file:
        arrays = dict(file)
    np.savez(made, **(arrays | {"features": arrays["features"].astype(np.float64)}))
    assert verify(made).largest < 1e-6


def test_files_that_are_no_reference_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        verify(tmp_path / "absent.npz")
    (tmp_path / "empty.npz").touch()
    with pytest.raises(DataError, match="cannot be read as"):
        verify(tmp_path / "empty.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(DataError, match="cannot be read as"):
        verify(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(DataError, match="lacks 'config'"):
        verify(tmp_path / "other.npz")
