"""Commands about data: make a world, prepare CLEVR, say what there is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from film.errors import ConfigError
from runner.cli.options import as_json

__all__ = ["data"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_COUNT = click.IntRange(min=1)


@click.group()
def data() -> None:
    """Make, prepare and describe what is learnt from."""


@data.command()
@click.argument("preset")
@click.argument("out", type=_FOLDER)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a setting of the preset; repeatable.",
)
@click.option("-j", "--jobs", type=_COUNT, help="Processes.  [default: one per core]")
@click.option(
    "--store-only",
    is_flag=True,
    help="Keep what training reads, and no pictures and JSON files.",
)
@click.option(
    "-n", "--dry-run", is_flag=True, help="Say what would be made and what it needs."
)
def make(
    preset: str,
    out: Path,
    *,
    settings: tuple[str, ...],
    jobs: int | None,
    store_only: bool,
    dry_run: bool,
) -> None:
    """Make the world PRESET (tiny, quick, small or clevr) in the folder OUT.

    Stopped at any moment, the same command goes on from where it was.

    Example: film data make quick world --set n_train=500
    """
    from film.world.config import load_world_config
    from runner.cli.making import make_with_notice
    from runner.cli.settings import parse_settings

    config = load_world_config(parse_settings(settings), preset)
    make_with_notice(config, out, jobs, store_only=store_only, dry_run=dry_run)


@data.command()
@click.argument("source", type=_FOLDER)
@click.argument("out", type=_FOLDER)
@click.option("--split", "splits", multiple=True, help="Only this one; repeatable.")
@click.option("--images", type=_FOLDER, help="The folder of pictures.")
@click.option(
    "--image-size", type=(_COUNT, _COUNT), metavar="H W", help="Resize pictures."
)
@click.option("--no-pixels", is_flag=True, help="Do not store the pictures.")
@click.option(
    "--features",
    type=click.Choice(["world", "resnet101", "none"]),
    default="none",
    show_default=True,
    help="Store features too: of the suite's own small network, or the paper's.",
)
@click.option(
    "--resnet-weights",
    type=_FILE,
    help="A state_dict of ResNet-101.  [default: torchvision's IMAGENET1K_V1, fetched]",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where resnet101 computes; auto takes a GPU where there is one.",
)
@click.option("--vocabulary", type=_FILE, help="A vocab.json to use.")
@click.option("--expand", is_flag=True, help="Add the training questions' words to it.")
@click.option(
    "--min-word-count", type=_COUNT, default=1, help="Rarer words are unknown."
)
@click.option("--max-images", type=_COUNT, metavar="N", help="Of each split.")
@click.option("--max-questions", type=_COUNT, metavar="N", help="Of each split.")
def prepare(
    source: Path,
    out: Path,
    *,
    splits: tuple[str, ...],
    images: Path | None,
    image_size: tuple[int, int] | None,
    vocabulary: Path | None,
    min_word_count: int,
    max_images: int | None,
    max_questions: int | None,
    no_pixels: bool,
    features: str,
    resnet_weights: Path | None,
    device: str,
    expand: bool,
) -> None:
    """Prepare SOURCE (CLEVR, CoGenT, CLEVR-Humans) for training, in the folder OUT.

    SOURCE may also be a world, whose CLEVR files are prepared.

    Example: film data prepare CLEVR_v1.0 clevr --max-images 100 --features world
    """
    from film.data.prepare import PrepareOptions
    from film.data.prepare import prepare as prepare_store
    from film.world.finding import find_clevr
    from runner.cli.bars import follow

    extractor, size, name = _choose_extractor(features, resnet_weights, device)
    options = PrepareOptions(
        splits=splits or None,
        images=images,
        image_size=image_size,
        keep_pixels=not no_pixels,
        extractor=extractor,
        extractor_size=size,
        extractor_name=name,
        vocabulary=vocabulary,
        expand=expand,
        min_word_count=min_word_count,
        max_images=max_images,
        max_questions=max_questions,
    )
    follow(prepare_store(find_clevr(source), out, options))
    click.echo(f"prepared in {out}; `film data info {out}` says what is there")


# What computes the features, the size of pictures that it sees, and its name.
def _choose_extractor(
    features: str, weights: Path | None, device: str
) -> tuple[Callable[..., Any] | None, tuple[int, int] | None, str | None]:
    if features == "resnet101":
        from film.data.resnet import RESNET_SIZE, load_resnet

        resnet = load_resnet(weights, None if device == "auto" else device)
        return resnet, RESNET_SIZE, resnet.name
    if weights is not None or device != "auto":
        raise ConfigError(
            "--resnet-weights and --device choose how --features resnet101 are "
            f"computed; leave them out with --features {features}"
        )
    if features == "none":
        return None, None, None
    from film.world.features.extraction import EXTRACTOR_NAME, extract_features

    return extract_features, None, EXTRACTOR_NAME


@data.command()
@click.argument("directory", type=_FOLDER)
@as_json
def info(directory: Path, *, as_json: bool) -> None:
    """Say what the prepared folder DIRECTORY holds.

    Example: film data info clevr
    """
    from film.data.describe import describe_store
    from runner.cli.describing import echo_store

    echo_store(describe_store(directory), as_json=as_json)


@data.command("train-extractor")
@click.argument("out", type=_FILE)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--epochs", type=_COUNT, default=10, show_default=True)
def train_extractor(out: Path, seed: int, epochs: int) -> None:
    """Train the network whose maps stand in for ResNet's, and write it to OUT (.npz).

    The weights that come with the suite were made so; training takes minutes.

    Example: film data train-extractor extractor.npz
    """
    from film.world.features.teaching import train_extractor as teach
    from runner.cli.describing import follow_teaching

    follow_teaching(teach(out, seed=seed, n_epochs=epochs))
    click.echo(f"written to {out}")
