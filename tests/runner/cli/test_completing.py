"""A shell completes commands, studies, and rows with their odd letters."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.cli.completing import script
from runner.store.workspace import Workspace
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Launched = Callable[..., list[Trial]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(film: Film, shell: str) -> None:
    code, text, error = film("completion", shell)
    assert (code, error) == (0, "")
    assert "_FILM_COMPLETE" in text


def test_another_shell_is_bad_input(film: Film) -> None:
    assert film("completion", "csh")[0] == 2


@pytest.fixture
def complete(tmp_path: Path) -> Callable[..., list[str]]:
    """Ask bash itself, with the script that is printed."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    command = tmp_path / "film"
    command.write_text(
        "#!/bin/sh\n"
        f'exec "{sys.executable}" -c \'import sys; sys.argv[0] = "film"; '
        'from runner.cli import main; main()\' "$@"\n'
    )
    command.chmod(0o755)
    code = script("bash")

    def ask(*words: str) -> list[str]:
        lines = (
            f"{code}\n"
            'COMP_WORDS=(film "$@")\n'
            "COMP_CWORD=$#\n"
            "_film_completion film\n"
            'printf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        ended = subprocess.run(
            ["bash", "--norc", "-c", lines, "bash", *words],
            env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stderr == ""
        return ended.stdout.split("\n")[:-1]

    return ask


def test_bash_completes_commands_studies_and_rows(
    complete: Callable[..., list[str]], launch_tiny: Launched, workspace: Workspace
) -> None:
    launch_tiny(1)
    store = ("--store", str(workspace.root))
    assert complete("do") == ["doctor"]
    assert complete("run", *store, "ti") == ["tiny"]
    assert complete("plan", *store, "parts-leave") == [
        "parts-leave-one-out",
        "parts-leave-two-out",
    ]
    assert complete("logs", *store, "β") == ["'β := 0'"]
    assert complete("logs", *store, "'β") == ["β := 0"]
    assert complete("diff", *store, "b") == ["baseline"]
    assert complete("retry", *store, "tiny", "γ") == ["'γ := 1'"]
