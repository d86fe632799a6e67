"""What ``film predict`` does."""

from pathlib import Path

import click

from film.data.dataset import open_dataset
from film.training.best import Best
from film.training.judging import answer_all
from runner.cli.launching import count_gpus
from runner.errors import LaunchError
from runner.looking.addresses import NamedTrial, find_one
from runner.store.files import write_text
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.sweeping.workers import choose_workers
from runner.text import count, percent

__all__ = ["find_run", "predict_split"]


def find_run(
    address: str, workspace: Workspace, *, study: str | None
) -> tuple[NamedTrial, TrialFolder]:
    """Find a finished run that has weights.

    Args:
        address: A row, ``ROW@SEED``, or the beginning of a trial's id.
        workspace: The store.
        study: Of which study; None is the last launched one that has such a row.

    Returns:
        The run and its folder.

    Raises:
        LaunchError: There is none, it is not finished, or it judges another's weights.
    """
    trial = find_one(address, workspace, study=study)
    folder = workspace.trial(trial.trial_id)
    state = folder.state()
    if state is not TrialState.FINISHED:
        raise LaunchError(f"{trial.name} is {state}: it has no weights yet")
    stage = folder.description().get("stage", {})
    if stage.get("learn", True) is None:
        raise LaunchError(
            f"{trial.name} judges the weights of another run: name that "
            f"({stage['parent']})"
        )
    return trial, folder


def predict_split(
    run: tuple[NamedTrial, TrialFolder],
    data: tuple[Path, str],
    out: Path,
    *,
    device: str,
) -> None:
    """Answer the questions of a split, and write one answer per line.

    Args:
        run: Whose best weights answer.
        data: A store, and the name of a split.
        out: The file.
        device: Where; ``auto`` takes a GPU where there is one.
    """
    trial, folder = run
    directory, split = data
    where = choose_workers(device, 1, 1.0, n_gpus=count_gpus(device)).device
    weights = Best.read(folder.path / "best.pt")
    questions = open_dataset(directory, split, weights.config.model.image_input)
    answers = answer_all(weights, questions, device=where)
    write_text(out, "".join(f"{answer}\n" for answer in answers))
    click.echo(f"{count(len(answers), 'answer')} of {trial.name} in {out}")
    if questions.has_answers:
        words = questions.vocabulary.answers
        right = [
            words[label] == answer
            for label, answer in zip(questions.answers, answers, strict=True)
        ]
        click.echo(f"{percent(sum(right) / len(right))} are right")
