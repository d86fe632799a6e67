"""`film import` takes a checkpoint of the authors' code for a run that evaluates."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from film.data.vocabulary import read_vocabulary
from film.training.best import Best
from runner.store.record import TrialState
from runner.store.workspace import Workspace
from tests.film.model.authors.made import (
    made_checkpoint,
    made_network,
    write_as_of_old,
)

Film = Callable[..., tuple[int, str, str]]


class Harmful:
    """What a hostile file has in it."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "Best model.pt"
    torch.save(made_checkpoint(made_network()), path)
    return path


def test_a_checkpoint_becomes_a_run_that_answers(
    film: Film, checkpoint: Path, workspace: Workspace, data: Path, tmp_path: Path
) -> None:
    code, text, error = film("import", checkpoint, "--store", workspace.root)
    assert (code, error) == (0, "")
    n_parameters = sum(one.numel() for one in made_network().parameters())
    assert f"FiLM with {n_parameters:,} parameters, for images of 2×3×3" in text
    assert "model.width 4" in text
    assert "6 words and 6 answers" in text
    assert "it says: 75.0 % on validation after 1,200 batches" in text
    assert "not used: decoder_rnn.weight_ih_l0\n" in text
    out = tmp_path / "answers.txt"
    words = ("--data", data, "--split", "val", "--out", out)
    asked = film("predict", "imported-best-model", *words, "--store", workspace.root)
    assert asked[0] == 0, asked
    assert "48 answers of imported-best-model in" in asked[1]
    assert len(out.read_text().splitlines()) == 48


def test_its_folder_is_like_a_trials_and_is_taken_for_none(
    film: Film, checkpoint: Path, workspace: Workspace
) -> None:
    film("import", checkpoint, "--name", "authors", "--store", workspace.root)
    folder = workspace.trial("imported-authors")
    assert folder.state() is TrialState.FINISHED
    assert folder.damage() == ()
    said = folder.description()
    assert (said["row"], said["seed"], said["study"]) == ("imported-authors", None, "")
    assert said["origin"]["file"] == "Best model.pt"
    assert workspace.recorded_trials() == ()
    best = Best.read(folder.path / "best.pt")
    assert best.network().state_dict().keys() == made_network().state_dict().keys()
    assert read_vocabulary(folder.path / "vocab.json") == best.vocabulary
    freed = film("gc", "--unwanted", "-y", "--store", workspace.root)
    assert "nothing can be freed" in freed[1]
    assert [path.name for path in workspace.trials.iterdir()] == ["imported-authors"]


def test_what_it_learnt_is_looked_at_as_of_any_run(
    film: Film, checkpoint: Path, workspace: Workspace, data: Path, tmp_path: Path
) -> None:
    film("import", checkpoint, "--store", workspace.root)
    code, text, error = film(
        *("analyse", "modulation", "imported-best-model", "--data", data),
        *("--store", workspace.root, "--out", tmp_path / "figures"),
    )
    assert (code, error) == (0, "")
    assert "γ" in text


def test_importing_twice_changes_nothing_and_another_model_needs_another_name(
    film: Film, checkpoint: Path, workspace: Workspace
) -> None:
    words = ("import", checkpoint, "--store", workspace.root)
    assert "imported:" in film(*words)[1]
    code, text, _ = film(*words)
    assert code == 0
    assert "here already:" in text
    torch.save(made_checkpoint(made_network({"model.film.beta": "zero"})), checkpoint)
    code, _, error = film(*words)
    assert code == 2
    assert "imported-best-model is another model; give this one another --n" in error
    assert film(*words, "--name", "second")[0] == 0


def test_a_vocabulary_of_another_file_is_taken(
    film: Film, checkpoint: Path, workspace: Workspace, data: Path
) -> None:
    content = made_checkpoint(made_network())
    del content["vocab"], content["execution_engine_kwargs"]["vocab"]
    torch.save(content, checkpoint)
    words = ("import", checkpoint, "--store", workspace.root)
    code, _, error = film(*words)
    assert code == 2
    assert "give clevr-iep's vocab.json with --vocab" in error
    assert film(*words, "--vocab", data / "vocab.json")[0] == 0


@pytest.mark.parametrize("is_old", [False, True])
def test_a_hostile_file_is_refused_in_one_line_and_runs_nothing(
    film: Film, checkpoint: Path, workspace: Workspace, tmp_path: Path, *, is_old: bool
) -> None:
    trace = tmp_path / "executed"
    content = {**made_checkpoint(made_network()), "args": Harmful(trace)}
    torch.save(content, checkpoint, _use_new_zipfile_serialization=not is_old)
    code, text, error = film("import", checkpoint, "--store", workspace.root)
    assert (code, text) == (2, "")
    assert error.count("\n") == 1
    assert "mkdir, which is not executed" in error
    assert not trace.exists()
    assert not workspace.root.exists()


def test_a_bare_hostile_pickle_is_refused_too(
    film: Film, checkpoint: Path, workspace: Workspace, tmp_path: Path
) -> None:
    trace = tmp_path / "executed"
    checkpoint.write_bytes(pickle.dumps(Harmful(trace), protocol=2))
    code, _, error = film("import", checkpoint, "--store", workspace.root)
    assert code == 2
    assert error.count("\n") == 1
    assert not trace.exists()


def test_a_file_of_the_authors_torch_is_read(
    film: Film, checkpoint: Path, workspace: Workspace
) -> None:
    write_as_of_old(made_checkpoint(made_network()), checkpoint)
    assert film("import", checkpoint, "--store", workspace.root)[0] == 0
    folder = workspace.trial("imported-best-model").path
    weights = Best.read(folder / "best.pt").weights
    torch.testing.assert_close(dict(weights), dict(made_network().state_dict()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 and no more", "cannot be read as weights"),
        (b"\x80\x02}q\x00", "cannot be read as weights"),
        (b"something else", "no whole archive"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(
    film: Film, checkpoint: Path, workspace: Workspace, content: bytes, message: str
) -> None:
    checkpoint.write_bytes(content)
    code, _, error = film("import", checkpoint, "--store", workspace.root)
    assert code == 2
    assert error.count("\n") == 1
    assert message in error


def test_flags_of_a_checkpoint_are_refused_with_an_archive(
    film: Film, tmp_path: Path, workspace: Workspace
) -> None:
    archive = tmp_path / "quick.tar.gz"
    archive.write_bytes(b"\x1f\x8b")
    words = ("import", archive, "--store", workspace.root)
    assert "--name is of a checkpoint" in film(*words, "--name", "x")[2]
    assert "--vocab is of a checkpoint" in film(*words, "--vocab", "v.json")[2]


@pytest.mark.parametrize("name", ["../x", "Über", "a b", "", "-x"])
def test_a_name_that_is_no_folders_is_refused(
    film: Film, checkpoint: Path, workspace: Workspace, name: str
) -> None:
    words = ("import", checkpoint, f"--name={name}", "--store", workspace.root)
    code, _, error = film(*words)
    assert code == 2
    assert "should be small letters, digits and hyphens" in error
