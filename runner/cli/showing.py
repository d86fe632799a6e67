"""What ``film data check`` prints."""

import json
from pathlib import Path
from typing import Final

import click

from film.world.checking import Check, FolderCheck, SplitCheck
from runner.cli.bars import follow
from runner.text import aligned

__all__ = ["check_folder"]

_NAMED: Final = 10  # differences in the terminal


def check_folder(directory: Path, *, as_json: bool) -> int:
    """Check a folder and print what was found.

    Args:
        directory: The folder.
        as_json: For a program.

    Returns:
        The exit code: 1 where something differs.
    """
    check = FolderCheck(directory)
    follow(check.run())
    if as_json:
        click.echo(json.dumps(_as_json(check), indent=2, ensure_ascii=False))
        return 1 if check.n_wrong else 0
    click.echo(_table(check))
    if not check.n_wrong:
        click.echo("\nno differences")
        return 0
    named = check.differences[:_NAMED]
    are_all = len(named) == check.n_wrong
    more = ":" if are_all else f"; the first {len(named)} (--json names more):"
    click.echo(f"\n{_times(check.n_wrong, 'difference')}{more}")
    for one in named:
        file = one.file.relative_to(check.source)
        click.echo(f"  {file}: {one.where}: {one.what}")
    return 1


def _table(check: FolderCheck) -> str:
    splits = check.splits.values()
    lines = [("", *check.splits)]
    for of_questions in (True, False):
        name = "questions" if of_questions else "scenes"
        totals = [one.n_questions if of_questions else one.n_scenes for one in splits]
        lines.append((name, *(f"{total:,}" for total in totals)))
        lines += [
            (f"  {what}", *(_cell(one, what) for one in splits))
            for what in Check
            if what.is_of_questions is of_questions
        ]
    return aligned(lines, numbers_from=1)


def _cell(split: SplitCheck, what: Check) -> str:
    checked, wrong = split.checked[what], split.wrong[what]
    if not checked:
        return "–"
    return f"{checked - wrong:,} of {checked:,}" if wrong else f"{checked:,}"


def _times(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _as_json(check: FolderCheck) -> dict[str, object]:
    return {
        "folder": str(check.source),
        "splits": {
            name: {
                "questions": split.n_questions,
                "scenes": split.n_scenes,
                "checks": {
                    what.name.lower(): {
                        "what": what.value,
                        "checked": split.checked[what],
                        "wrong": split.wrong[what],
                    }
                    for what in Check
                },
            }
            for name, split in check.splits.items()
        },
        "n_differences": check.n_wrong,
        "differences": [
            {"file": str(one.file), "where": one.where, "what": one.what}
            for one in check.differences
        ],
    }
