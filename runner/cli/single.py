"""Commands about one network: train it, let it answer, hold it against outputs."""

from pathlib import Path

import click

from runner.cli.completing import rows as rows_of
from runner.cli.options import as_json, data_option, device_option, store_option

__all__ = ["predict", "train", "verify"]


@click.command()
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a setting of the paper's model; repeatable.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--world", metavar="PRESET", help="Learn from a world made here.")
@data_option
@device_option
@store_option
def train(
    settings: tuple[str, ...],
    seed: int,
    world: str | None,
    data: Path | None,
    device: str,
    store: Path,
) -> None:
    """Train one configuration.

    It is recorded where studies find it.

    Stop it (Ctrl-C) and run it again: it goes on after the last whole epoch.

    Example: film train --world quick --set model.width=32 --set train.max_epochs=5
    """
    from runner.cli.training import train_one
    from runner.store.workspace import Workspace

    train_one(settings, seed, (world, data), device, Workspace.at(store))


@click.command()
@click.argument("run", shell_complete=rows_of)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="FILM_DATA",
    required=True,
    help="Prepared data, or a world.  [env: FILM_DATA]",
)
@click.option("--split", default="test", show_default=True, metavar="NAME")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="answers.txt",
    show_default=True,
)
@click.option("--study", metavar="STUDY", help="Of which study RUN is a row.")
@device_option
@store_option
def predict(
    run: str,
    data: Path,
    split: str,
    out: Path,
    *,
    study: str | None,
    device: str,
    store: Path,
) -> None:
    """Write what RUN answers to the questions of a split, one answer per line.

    RUN is a row, ROW@SEED, or the beginning of a trial's id; its best weights answer.
    The lines are in the order of the questions, as CLEVR's authors take them for test.

    Example: film predict baseline@0 --data my-clevr --split test --out answers.txt
    """
    from runner.cli.predicting import find_run, predict_split
    from runner.store.workspace import Workspace

    found = find_run(run, Workspace.at(store), study=study)
    predict_split(found, (data, split), out, device=device)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--tolerance", type=click.FloatRange(min=0), default=1e-4, show_default=True
)
@as_json
def verify(files: tuple[Path, ...], tolerance: float, *, as_json: bool) -> int:
    """Compare the network with recorded outputs (FILES, .npz).

    They are of the authors' code. Prints the largest difference of each file.

    Exit code: 0 all agree, 1 some do not, 2 a file cannot be used.

    Example: film verify reference/*.npz
    """
    from runner.cli.verifying import verify_all

    return verify_all(files, tolerance, as_json=as_json)
