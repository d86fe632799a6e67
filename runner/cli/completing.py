"""Completion of names in a shell: what it is told, and the script that asks."""

import os
import shlex
from pathlib import Path
from typing import Final

from click import Context, Parameter
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
)

__all__ = ["rows", "script", "studies"]

_VARIABLE: Final = "_FILM_COMPLETE"  # how click's scripts ask


class _Bash(BashComplete):
    """Click's, but with labels such as `β := 0` in quotes; other shells add them."""

    def format_completion(self, item: CompletionItem) -> str:
        words = os.environ["COMP_WORDS"].splitlines()
        word = dict(enumerate(words)).get(int(os.environ["COMP_CWORD"]), "")
        is_quoted = word.startswith(("'", '"'))  # bash closes what the user opened
        value = item.value if is_quoted else shlex.quote(item.value)
        return f"{item.type},{value if item.type == 'plain' else item.value}"


add_completion_class(_Bash)  # click finds it by its name when bash asks


def script(shell: str) -> str:
    """Write what a shell has to run once.

    Args:
        shell: ``bash``, ``zsh`` or ``fish``.

    Returns:
        The script.
    """
    from runner.cli import film

    kind = get_completion_class(shell)
    assert kind is not None, shell  # noqa: S101 - the command lets in what click knows
    return kind(film, {}, "film", _VARIABLE).source()


def studies(
    context: Context, _parameter: Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a study: the suite's, launched ones, and files.

    Args:
        context: What was given already.
        incomplete: What was typed.

    Returns:
        Names; a file where none begins so.
    """
    from runner.store.workspace import Workspace
    from studies.catalogue import catalogue

    launched = Workspace.at(_store(context)).launched_studies()
    names = sorted({*catalogue(), *launched})
    found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def rows(
    context: Context, _parameter: Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the label of a row that was launched.

    Args:
        context: What was given already, perhaps a study.
        incomplete: What was typed.

    Returns:
        Labels, of the study that was launched last first.
    """
    from runner.looking.addresses import launches_by_age
    from runner.store.workspace import Workspace

    study = context.params.get("study")
    launches = launches_by_age(Workspace.at(_store(context)))
    labels = dict.fromkeys(
        label
        for launch in launches
        if study in (None, launch.study)
        for label in launch.rows
    )
    return [CompletionItem(label) for label in labels if label.startswith(incomplete)]


def _store(context: Context) -> Path:
    return Path(context.params.get("store") or "film-store")
