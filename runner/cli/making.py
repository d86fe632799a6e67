"""What ``film data make`` says before, while and after it makes a world."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from film.errors import DataError
from film.world.config import WorldConfig
from runner.cli.bars import follow
from runner.sweeping.progress import clock
from runner.sweeping.workers import n_cores

if TYPE_CHECKING:
    from film.world.needs import Needs

__all__ = ["make_with_notice"]


def make_with_notice(
    config: WorldConfig,
    out: Path,
    jobs: int | None,
    *,
    store_only: bool,
    dry_run: bool,
) -> None:
    """Say what a world needs, and make it unless that is all that is wanted.

    Args:
        config: The world.
        out: Where it goes.
        jobs: How many processes draw; None is one per core.
        store_only: Keep what training reads, and nothing else.
        dry_run: Make nothing.

    Raises:
        DataError: If the pictures are wanted of a world that was made without.
    """
    from film.world.making import check_disk, has_source, make_world, plan_world

    directory, processes = out.resolve(), jobs or n_cores()
    needs = plan_world(config, directory, processes=processes, store_only=store_only)
    if needs is not None:
        _echo_needs(config, needs, out, processes)
        check_disk(needs, directory)
        if dry_run:
            return
        work = make_world(config, directory, processes=processes, store_only=store_only)
        follow(work)
    elif not store_only and not has_source(config, directory):
        raise DataError(
            f"{out} holds this world without pictures and JSON files (--store-only); "
            "name another folder for one that has them"
        )
    click.echo(f"world {config.fingerprint} is in {out}")


def _echo_needs(config: WorldConfig, needs: "Needs", out: Path, n: int) -> None:
    from film.world.needs import free_bytes, size_text

    splits = ", ".join(f"{split} {size:,}" for split, size in config.splits.items())
    click.echo(
        f"{needs.n_pictures:,} pictures ({splits}), about {needs.n_questions:,} "
        "questions"
    )
    click.echo(
        f"needs about {size_text(needs.kept_bytes)} in {out}, "
        f"{size_text(needs.peak_bytes)} while it is made; "
        f"{size_text(free_bytes(out))} are free"
    )
    seconds = clock(sum(needs.stages.values()))
    click.echo(f"takes about {seconds} with {n} process{'es' if n > 1 else ''}")
