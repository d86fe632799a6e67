"""Commands about the store itself: what may go, and what is carried elsewhere."""

from pathlib import Path

import click

from runner.cli.options import as_json, store_option, tracking_option

__all__ = ["export", "gc", "import_archive"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--unwanted", is_flag=True, help="Also trials that no study wants.")
@click.option("--worlds", is_flag=True, help="Also worlds that no study learns from.")
@click.option("--mlflow", is_flag=True, help="Also MLflow stores that were set aside.")
@click.option(
    "-n", "--dry-run", is_flag=True, help="Say what would be freed, and stop."
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@store_option
@as_json
def gc(
    store: Path,
    *,
    unwanted: bool,
    worlds: bool,
    mlflow: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Free disk space in the store.

    Says what would be freed, then asks. What a study wants and what somebody works on
    stays. Without flags, nothing that was computed goes: only checkpoints of finished
    trials, and what processes left half-made when they died.

    Exit code: 0 done, 1 some of it could not be removed, 2 bad input, 130 stopped.

    Example: film gc --unwanted -n
    """
    from runner.cli.storing import free_space
    from runner.store.garbage import SAFE, Kind
    from runner.store.workspace import Workspace

    asked = {Kind.UNWANTED: unwanted, Kind.WORLDS: worlds, Kind.MLFLOW: mlflow}
    kinds = {*SAFE, *(kind for kind, is_asked in asked.items() if is_asked)}
    workspace = Workspace.at(store)
    return free_space(workspace, kinds, dry_run=dry_run, yes=yes, as_json=as_json)


@click.command()
@click.argument("study")
@click.option("--out", type=_FILE, metavar="FILE", help="[default: STUDY.tar.gz]")
@click.option(
    "--checkpoints", is_flag=True, help="Also what lets unfinished trials go on there."
)
@store_option
def export(study: str, out: Path | None, store: Path, *, checkpoints: bool) -> int:
    """Write STUDY with its trials to one file.

    As it was last launched, finished or not; `film import` takes it into another
    store, with or without a network. The data that it learnt from is not in it.

    Exit code: 0 done, 1 trials that are damaged are left out, 2 bad input.

    Example: film export quick --out quick.tar.gz
    """
    from runner.cli.storing import export_study
    from runner.store.workspace import Workspace

    workspace = Workspace.at(store)
    return export_study(study, out, workspace, with_checkpoints=checkpoints)


@click.command("import")
@click.argument("file", type=_FILE)
@click.option(
    "--vocab", type=_FILE, metavar="FILE", help="Of a checkpoint: its vocab.json."
)
@click.option("--name", metavar="NAME", help="Of a checkpoint: what to call its model.")
@store_option
@tracking_option
def import_archive(
    file: Path,
    store: Path,
    tracking_uri: str | None,
    vocab: Path | None,
    name: str | None,
) -> int:
    """Take a study, or a model, out of FILE.

    A study is what `film export` wrote. All of it is checked before anything is placed.
    Trials that are finished here already stay as they are. Then `film report` works as
    where it was trained.

    A model is a checkpoint (.pt) of FiLM or PG+EE that the authors' code or clevr-iep
    wrote. Nothing in it is executed. It becomes imported-NAME, which `film predict`,
    `film ask` and `film analyse` take as a RUN, and belongs to no study.

    Exit code: 0 it is here, 1 some trials were busy or MLflow lags, 2 bad input.

    Example: film import quick.tar.gz

    Example: film import best.pt --vocab vocab.json --name authors
    """
    from runner.cli.importing import import_checkpoint, is_checkpoint
    from runner.cli.storing import import_file
    from runner.store.workspace import Workspace

    workspace = Workspace.at(store)
    if is_checkpoint(file):
        import_checkpoint(file, workspace, vocabulary=vocab, name=name)
        return 0
    for flag, given in (("--vocab", vocab), ("--name", name)):
        if given is not None:
            raise click.UsageError(f"{flag} is of a checkpoint, and {file} is none")
    return import_file(file, workspace, tracking_uri)
