"""Commands that say what is going on: how far, what was said, what differs."""

from pathlib import Path

import click

from runner.cli.completing import rows, studies
from runner.cli.options import as_json, store_option, tracking_option

__all__ = ["completion", "diff", "doctor", "logs", "status"]


@click.command()
@click.argument("study", required=False, shell_complete=studies)
@click.option("-w", "--watch", is_flag=True, help="Go on showing it until it is over.")
@store_option
@as_json
def status(study: str | None, store: Path, *, watch: bool, as_json: bool) -> int:
    """Show how far STUDY is, as it was last launched; without it, every study.

    It reads the store's files alone, so another terminal, or another machine with
    the same disk, sees the same. With --watch and --json, every change is a line.
    Watching ends when all is complete, when what is left failed or diverged, or when
    nobody runs it any more; a study that was not started yet is waited for.

    Exit code: 0; with --watch, 1 where it ended and is not complete, 130 Ctrl-C.

    Example: film status quick --watch
    """
    from runner.cli.standing import echo_status, watch_status
    from runner.store.workspace import Workspace

    workspace = Workspace.at(store)
    if watch:
        return watch_status(study, workspace, as_json=as_json)
    echo_status(study, workspace, as_json=as_json)
    return 0


@click.command()
@click.argument("row", shell_complete=rows)
@click.option(
    "--study",
    metavar="STUDY",
    help="Of which study.  [default: the last launched]",
    shell_complete=studies,
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of which run.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    metavar="N",
    help="The last lines alone.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on until the trial is over.")
@store_option
@as_json
def logs(
    row: str,
    study: str | None,
    seed: int | None,
    lines: int | None,
    store: Path,
    *,
    follow: bool,
    as_json: bool,
) -> int:
    """Show what a trial said, in all of its attempts.

    ROW is a label, a pattern of labels, either with @SEED behind it, or the beginning
    of a trial's id; it is looked for in the study that was launched last.

    Example: film logs 'β := 0' --seed 1 -f
    """
    from runner.cli.recounting import echo_log, follow_log
    from runner.looking.addresses import find_one
    from runner.store.workspace import Workspace

    if follow and as_json:
        raise click.UsageError("--follow prints lines, and --json a whole: leave one")
    workspace = Workspace.at(store)
    trial = find_one(row, workspace, study=study, seed=seed)
    if follow:
        return follow_log(trial, workspace, lines)
    echo_log(trial, workspace, lines, as_json=as_json)
    return 0


@click.command()
@click.argument("a", shell_complete=rows)
@click.argument("b", shell_complete=rows)
@click.option(
    "--study",
    metavar="STUDY",
    help="Of which study.  [default: the last launched]",
    shell_complete=studies,
)
@store_option
@as_json
def diff(a: str, b: str, study: str | None, store: Path, *, as_json: bool) -> None:
    """Show in what trials A and B differ, and what came of each.

    That is their configuration, code, environment and data. Each is named by its
    row, with @SEED where that has several runs, or by the beginning of its id.

    Example: film diff baseline@0 'β := 0@0' --study quick
    """
    from runner.cli.comparing import echo_comparison
    from runner.looking.addresses import find_one
    from runner.looking.differences import compare
    from runner.store.workspace import Workspace

    workspace = Workspace.at(store)
    one, other = (find_one(name, workspace, study=study) for name in (a, b))
    echo_comparison(compare(one, other, workspace), as_json=as_json)


@click.command()
@click.option("--quick", is_flag=True, help="Leave out whether Ray starts.")
@store_option
@tracking_option
@as_json
def doctor(store: Path, tracking_uri: str | None, *, quick: bool, as_json: bool) -> int:
    """Find out why nothing starts: versions, resources, store, MLflow, Ray.

    Nothing is changed. Every line is ok, a warning, or a FAIL with what would do.

    Exit code: 0 nothing fails, 1 something does, 2 bad input.

    Example: film doctor --quick
    """
    from runner.cli.examining import examine_all
    from runner.store.workspace import Workspace

    workspace = Workspace.at(store)
    return examine_all(workspace, tracking_uri, quick=quick, as_json=as_json)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what lets SHELL complete commands, flags, studies and rows.

    bash: `eval "$(film completion bash)"` in ~/.bashrc; zsh: the same in ~/.zshrc,
    after compinit; fish: `film completion fish > ~/.config/fish/completions/film.fish`.

    Example: film completion bash
    """
    from runner.cli.completing import script

    click.echo(script(shell))
