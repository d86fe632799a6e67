"""What ``film train`` does."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from film.config import Config
from film.errors import FilmError
from film.training.fit import EpochMetrics
from film.world.config import world_preset
from runner.cli.bars import follow
from runner.cli.launching import count_gpus
from runner.cli.options import check_data
from runner.cli.settings import parse_settings
from runner.errors import LaunchError
from runner.planning.sources import find_source, make_missing
from runner.store.saying import one_line
from runner.store.workspace import Workspace
from runner.sweeping.progress import clock
from runner.sweeping.workers import choose_workers, n_cores
from runner.text import percent
from runner.working.revision import revision
from runner.working.trial import TrialJob, run_trial
from studies.splits import Needed
from studies.trial import BASELINE, Trial

__all__ = ["train_one"]


def train_one(
    settings: Sequence[str],
    seed: int,
    source: tuple[str | None, Path | None],
    device: str,
    workspace: Workspace,
) -> None:
    """Train one configuration, saying each epoch.

    Args:
        settings: Changes to the paper's model, ``NAME=VALUE``.
        seed: Of everything random.
        source: The preset of a world, or the folder of prepared data.
        device: Where to train.
        workspace: Where to record.
    """
    changes = parse_settings(settings)
    config = Config().with_changes(changes)
    needed = Needed.by(config.model)
    where = choose_workers(device, 1, 1.0, n_gpus=count_gpus(device)).device
    preset, given = source
    check_data("`film train --world`", has_world=preset is not None)
    world = None if preset is None else world_preset(preset)
    data = find_source(
        "`film train` without --world",
        world,
        given,
        {needed.key: needed},
        workspace,
    )
    follow(make_missing(data, processes=n_cores()))
    trial = Trial(
        study="",
        group="",
        row=", ".join(settings) or BASELINE,
        seed=seed,
        config=config,
        changes=changes,
        data=data.fingerprints[needed.key],
    )
    folder = workspace.trial(trial.trial_id)
    job = TrialJob(
        trial=trial,
        data=data.directory,
        folder=folder.path,
        device=where,
        n_threads=n_cores(),
        command=tuple(sys.argv),
        revision=revision(),
    )
    for metrics in _epochs(job, folder.log):
        click.echo(
            f"epoch {metrics.epoch} of {config.train.max_epochs}: "
            f"loss {metrics.train_loss:.4f}, "
            f"validation {percent(metrics.val_accuracy)}, "
            f"best {percent(metrics.best_val_accuracy)} in epoch {metrics.best_epoch}, "
            f"{clock(metrics.wall_time_s)}"
        )
    summary = folder.read().summary or {}
    best = percent(summary.get("best_val_accuracy"))
    click.echo(f"{best} in epoch {summary.get('best_epoch')}; {folder.path}")


def _say(line: str) -> None:
    click.echo(f"film: this trial {line}", err=True)


# What is no user's mistake has its traceback in the log.
def _epochs(job: TrialJob, log: Path) -> Iterator[EpochMetrics]:
    try:
        yield from run_trial(job, say=_say)
    except (FilmError, OSError):
        raise
    except Exception as problem:
        raise LaunchError(f"the trial failed: {one_line(problem)} ({log})") from problem
