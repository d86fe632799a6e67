"""Commands about one network: train it, hold it against recorded outputs."""

from pathlib import Path

import click

from runner.cli.options import as_json, data_option, device_option, store_option

__all__ = ["train", "verify"]


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
