"""What ``film data check`` and ``film data show`` print."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from film.data.examples import Choice, Example, read_examples
from film.data.sheet import Column, draw_sheet, write_sheet
from film.world.checking import Check, FolderCheck, SplitCheck
from film.world.finding import find_clevr
from runner.cli.bars import follow
from runner.text import aligned

__all__ = ["check_folder", "read_column", "show_columns", "show_sheet"]

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


def read_column(directory: Path, choice: Choice, images: Path | None) -> Column:
    """Pick pictures of a folder, under its name.

    Args:
        directory: A folder in CLEVR's layout, a world or a store.
        choice: Which pictures.
        images: The folder of pictures, where it is another.

    Returns:
        The pictures.
    """
    examples = read_examples(find_clevr(directory), choice, images)
    return Column(directory.resolve().name, examples)


def show_sheet(columns: Sequence[Column], out: Path | None) -> None:
    """Draw a sheet and say where it is.

    Args:
        columns: The pictures, folder by folder.
        out: The file; None is one named for the folders, where the user stands.
    """
    if out is None:
        names = "-beside-".join(column.title for column in columns)
        out = Path(f"sheet-{names}-{columns[0].examples[0].split}.png")
    write_sheet(draw_sheet(columns), out)
    n_pictures = sum(len(column.examples) for column in columns)
    click.echo(f"{_times(n_pictures, 'picture')} on {out}")


def show_columns(columns: Sequence[Column], *, as_json: bool) -> None:
    """Print questions, answers and programs without their pictures.

    Args:
        columns: What was picked, folder by folder.
        as_json: For a program.
    """
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "folder": column.title,
                        "images": [_example_json(one) for one in column.examples],
                    }
                    for column in columns
                ],
                indent=2,
                ensure_ascii=False,
            )
        )
        return
    lines = [
        line
        for column in columns
        for example in column.examples
        for line in _example_lines(column.title, example)
    ]
    click.echo("\n".join(lines).rstrip())


def _example_lines(folder: str, example: Example) -> Iterator[str]:
    yield f"{folder}, {example.split}, image {example.image_index}"
    for question in example.questions:
        answer = "" if question.answer is None else f" → {question.answer}"
        yield f"  {question.text}{answer}"
        if question.program is not None:
            yield f"    {question.program}"
    yield ""


def _example_json(example: Example) -> dict[str, Any]:
    return {
        "split": example.split,
        "image_index": example.image_index,
        "questions": [asdict(question) for question in example.questions],
    }


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
