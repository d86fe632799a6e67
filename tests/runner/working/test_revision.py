"""What was changed since the last commit is kept with a trial, without secrets."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.working import revision as module
from runner.working.revision import Revision, revision


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path.resolve() / "code"
    folder.mkdir()
    (folder / "a.py").write_text("one = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    monkeypatch.setattr(module, "_ROOT", folder)
    revision.cache_clear()
    yield folder
    revision.cache_clear()


def test_the_code_is_that_of_this_checkout() -> None:
    assert (module._ROOT / "runner" / "working" / "revision.py").is_file()


def test_a_clean_tree_has_no_diff(repository: Path) -> None:
    assert repository.is_dir()
    found = revision()
    assert isinstance(found, Revision)
    assert len(found.commit) == 40
    assert found.diff == ""
    assert found.summary == {"commit": found.commit, "has_changes": False}


def test_a_dirty_tree_has_what_changed_and_the_names_of_what_is_new(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "hush-hush")
    (repository / "a.py").write_text("one = 'hush-hush'\n")
    (repository / "b.env").write_text("key of the house\n")
    found = revision()
    assert found is not None
    assert found.summary["has_changes"]
    assert found.diff.startswith("# new file: b.env\ndiff --git a/a.py b/a.py\n")
    assert "+one = '***'" in found.diff
    assert "house" not in found.diff


def test_what_looks_like_a_secret_is_not_in_the_diff(repository: Path) -> None:
    lines = (
        'API_KEY = "sk-12345678"',
        'connect(token="abcdefgh")',
        "password: hunter22",
        '{"token": "ijklmnop"}',
        "PGPASSWORD=hunter22 film",
        "token = tokenizer(x)",
    )
    (repository / "a.py").write_text("\n".join(lines))
    found = revision()
    assert found is not None
    added = [line for line in found.diff.splitlines() if line.startswith("+")]
    assert added[1:] == [
        '+API_KEY = "***"',
        '+connect(token="***")',
        "+password: ***",
        '+{"token": "***"}',
        "+PGPASSWORD=*** film",
        "+token = tokenizer(x)",
    ]


def test_a_large_diff_is_cut(repository: Path) -> None:
    (repository / "a.py").write_text("é" * 1_500_000)
    found = revision()
    assert found is not None
    assert len(found.diff.encode()) < 1_000_100
    assert found.diff.endswith("bytes in all\n")


def test_what_is_not_checked_out_has_no_revision(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = repository / "site-packages"
    inside.mkdir()
    monkeypatch.setattr(module, "_ROOT", inside)
    assert revision() is None
