"""A study travels whole in one file, and nothing else comes out of one."""

import gzip
import hashlib
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from film.config import Config, ImageInput
from film.data.fingerprint import data_fingerprint
from runner.cli.storing import export_study
from runner.errors import BusyError, LaunchError
from runner.store.archive import write_archive
from runner.store.importing import AT_IT, import_study
from runner.store.launches import Launch, read_launch, write_launch
from runner.store.locks import lease
from runner.store.record import TrialState
from runner.store.workspace import Workspace
from runner.working.trial import TrialJob, run_trial
from studies.study import Study
from studies.study_file import read_study

ROWS = "groups:\n  Restricted γ or β:\n    β := 0: {model.film.beta: zero}\n"


@pytest.fixture(scope="module")
def origin(
    tmp_path_factory: pytest.TempPathFactory, data: Path, config: Config
) -> Workspace:
    """Train two trials of a study, and stop a third one on its way."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("origin")
    file = home / "tiny.yaml"
    settings = json.dumps(config.flat())
    head = f"study: tiny\nquestion: Does it matter?\nsettings: {settings}\nseeds: 2\n"
    file.write_text(head + ROWS)
    study, workspace = read_study(file), Workspace.at(home / "store")
    trials = wanted(study, data)
    write_launch(
        workspace.study("tiny"), study, file.read_text(), trials, file=str(file)
    )
    for number, trial in enumerate(trials[:3]):
        folder = workspace.trial(trial.trial_id)
        folder.describe(trial)
        epochs = run_trial(TrialJob(trial=trial, data=data, folder=folder.path))
        if number == 2:
            next(epochs)
            epochs.close()
        else:
            list(epochs)
    return workspace


def wanted(study: Study, data: Path) -> tuple:
    names = {ImageInput.FEATURES: data_fingerprint(data, ImageInput.FEATURES)}
    return study.trials(names, seeds=study.seeds)


@pytest.fixture
def launch(origin: Workspace) -> Launch:
    found = read_launch(origin.study("tiny"))
    assert found is not None
    return found


@pytest.fixture
def archive(origin: Workspace, launch: Launch, tmp_path: Path) -> Path:
    file = tmp_path / "tiny.tar.gz"
    export = write_archive(origin, launch, file, with_checkpoints=False)
    assert (export.n_trials, export.n_finished) == (3, 2)
    assert export.n_bytes == file.stat().st_size
    return file


Edit = Callable[[dict[str, bytes]], None]


def rewritten(archive: Path, edit: Edit, *, sums: bool = True) -> Path:
    """Alter what an archive holds, with a manifest that agrees."""
    with tarfile.open(archive) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    manifest = json.loads(files.pop("manifest.json"))
    edit(files)
    if sums:
        manifest["files"] = [
            {"path": n, "size": len(b), "sha256": hashlib.sha256(b).hexdigest()}
            for n, b in files.items()
        ]
    files["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def refused(archive: Path, workspace: Workspace, line: str) -> None:
    before = contents(workspace.root)
    with pytest.raises(LaunchError, match=line) as caught:
        import_study(archive, workspace)
    assert str(caught.value).startswith(f"{archive}: ")
    assert str(caught.value).endswith("nothing was imported")
    assert contents(workspace.root) == before
    assert not list(workspace.root.glob(".importing*"))


def test_what_is_imported_is_what_was_exported(
    archive: Path, origin: Workspace, workspace: Workspace
) -> None:
    done = import_study(archive, workspace)
    assert (len(done.placed), done.kept) == (3, ())
    for folder in done.placed:
        there = origin.trial(folder.trial_id)
        assert folder.read().summary == there.read().summary
        assert folder.read().epochs == there.read().epochs
        assert folder.state() is there.state()
        assert folder.wanted_by() == there.wanted_by()
        assert folder.damage() == ()
        names = set(contents(folder.path))
        assert not {name for name in names if name.startswith("checkpoint")}
    launch = read_launch(workspace.study("tiny"))
    assert launch is not None
    assert launch.file == ""  # a path of the other machine
    assert {path.name for path in workspace.root.iterdir()} == {"trials", "studies"}


def test_an_archive_is_the_same_bytes_each_time(
    archive: Path, origin: Workspace, launch: Launch
) -> None:
    first = archive.read_bytes()
    write_archive(origin, launch, archive, with_checkpoints=False)
    assert archive.read_bytes() == first


def test_an_unfinished_trial_goes_on_elsewhere_to_the_same_bits(
    origin: Workspace,
    launch: Launch,
    workspace: Workspace,
    data: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "with.tar.gz"
    write_archive(origin, launch, file, with_checkpoints=True)
    import_study(file, workspace)
    study = read_study(workspace.study("tiny") / "study.yaml")
    trial = wanted(study, data)[2]
    folder = workspace.trial(trial.trial_id)
    assert folder.state() is TrialState.KILLED
    job = TrialJob(trial=trial, data=data, folder=folder.path)
    here = [metrics.val_loss for metrics in run_trial(job)]
    whole = TrialJob(trial=trial, data=data, folder=tmp_path / "whole")
    assert here == [metrics.val_loss for metrics in run_trial(whole)]


def test_importing_again_changes_nothing(archive: Path, workspace: Workspace) -> None:
    first = import_study(archive, workspace)
    before = contents(workspace.root)
    again = import_study(archive, workspace)
    whys = sorted(why for _, why in again.kept)
    assert whys == ["it is as far here", *["it is finished here"] * 2]
    assert again.placed == ()
    assert contents(workspace.root) == before
    assert again.launch == first.launch


def test_a_finished_trial_ends_one_that_is_on_its_way(
    archive: Path, workspace: Workspace
) -> None:
    done = import_study(archive, workspace)
    folder = next(one for one in done.placed if one.read().summary is not None)
    (folder.path / "done.json").unlink()
    assert folder in import_study(archive, workspace).placed
    assert folder.state() is TrialState.FINISHED


def test_an_interrupted_import_harms_nothing_and_is_made_good(
    archive: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace
    for last in (0, 1, 5, 9):
        count = iter(range(100))

        def stop(path: Path, goal: Path, last: int = last, count: Any = count) -> Path:
            if next(count) == last:
                raise KeyboardInterrupt
            return replace(path, goal)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", stop)
            with pytest.raises(KeyboardInterrupt):
                import_study(archive, workspace)
        for folder in workspace.recorded_trials():
            assert folder.damage() == ()
        assert not list(workspace.root.glob(".importing*"))
    done = import_study(archive, workspace)
    records = [workspace.trial(one).read() for one in done.launch.trial_ids]
    assert sum(record.summary is not None for record in records) == 2


def test_a_trial_that_somebody_trains_here_is_left_alone(
    archive: Path, workspace: Workspace, launch: Launch
) -> None:
    folder = workspace.trial(launch.trial_ids[0])
    with folder.hold():
        done = import_study(archive, workspace)
    assert done.kept == ((folder, AT_IT),)
    assert not (folder.path / "done.json").exists()


def test_a_study_that_runs_here_is_not_imported(
    archive: Path, workspace: Workspace
) -> None:
    with (
        lease(workspace.study("tiny") / "launch.lock"),
        pytest.raises(BusyError, match="is being run in"),
    ):
        import_study(archive, workspace)
    assert not list(workspace.root.glob(".importing*"))


def test_another_study_of_the_same_name_is_refused(
    archive: Path, workspace: Workspace
) -> None:
    import_study(archive, workspace)
    path = workspace.study("tiny") / "launch.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "source": "other"}))
    refused(archive, workspace, "asks something else; take another --store")


@pytest.mark.parametrize("length", [0, 10, 500, -2000])
def test_a_torn_archive_is_refused(
    archive: Path, workspace: Workspace, length: int
) -> None:
    archive.write_bytes(archive.read_bytes()[:length])
    refused(archive, workspace, "no whole archive|no manifest")


def test_a_flipped_bit_is_refused(archive: Path, workspace: Workspace) -> None:
    whole = archive.read_bytes()
    ends = len(whole) - 12, len(whole) - 8  # of the padding, and the sum of it all
    for place in (*(len(whole) * part // 8 for part in range(1, 8)), *ends):
        content = bytearray(whole)
        content[place] ^= 4
        archive.write_bytes(content)
        with pytest.raises(LaunchError, match="nothing was imported"):
            import_study(archive, workspace)
    assert not workspace.root.exists()


def test_a_file_that_is_not_as_the_manifest_says_is_refused(
    archive: Path, workspace: Workspace
) -> None:
    def alter(files: dict[str, bytes]) -> None:
        name = next(name for name in files if name.endswith("best.pt"))
        files[name] = b"x" * len(files[name])

    refused(rewritten(archive, alter, sums=False), workspace, r"best\.pt is damaged")


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../evil",
        "trials/../../evil",
        "trials/0123456789abcdef/../evil",
        "trials/0123456789abcdef/evil.py",
        "trials/0123456789abcdef/studies/../x.json",
        "trials/0123456789abcdef/studies/other.json",
        "trials/0123456789abcdef/studies/tiny.json/x",
        "trials/NOT-A-TRIAL/done.json",
        "study/report/index.html",
        "lock",
        "évil\x1b[31m",
    ],
)
def test_a_foreign_name_is_refused(
    archive: Path, workspace: Workspace, name: str
) -> None:
    edit: Edit = lambda files: files.update({name: b"evil"})  # noqa: E731
    refused(rewritten(archive, edit), workspace, "does not belong in it|no plain file")


def with_member(archive: Path, info: tarfile.TarInfo) -> Path:
    content = gzip.decompress(archive.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        end = max(one.offset_data + one.size for one in tar)
    end += -end % 512
    more = info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    archive.write_bytes(gzip.compress(content[:end] + more))
    return archive


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_a_member_that_is_no_plain_file_is_refused(
    archive: Path, workspace: Workspace, kind: bytes
) -> None:
    info = tarfile.TarInfo("trials/0123456789abcdef/log.txt")
    info.type, info.linkname = kind, "/etc/passwd"
    refused(with_member(archive, info), workspace, "is no plain file")


@pytest.mark.parametrize("size", [2**60, 10**6, -512])
def test_a_size_that_lies_is_refused(
    archive: Path, workspace: Workspace, size: int
) -> None:
    info = tarfile.TarInfo("trials/0123456789abcdef/log.txt")
    info.size = size
    line = "no whole archive|not those of|no plain file"
    refused(with_member(archive, info), workspace, line)


def test_the_same_name_twice_is_refused(archive: Path, workspace: Workspace) -> None:
    refused(with_member(archive, tarfile.TarInfo("manifest.json")), workspace, "twice")


def edit_json(end: str, **changes: object) -> Edit:
    def edit(files: dict[str, bytes]) -> None:
        name = next(name for name in sorted(files) if name.endswith(end))
        said = {**json.loads(files[name]), **changes}
        files[name] = json.dumps(said).encode()

    return edit


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (edit_json("config.json", seed=99), "are not those of its name"),
        (edit_json("config.json", config=3), "are not those of its name"),
        (edit_json("config.json", config={"model.nothing": 1}), "are not those of"),
        (edit_json("config.json", config={"model.n_blocks": 10**400}), "not those of"),
        (edit_json("done.json", best_val_accuracy=7.0), "what its epochs do not"),
        (edit_json("done.json", epochs=80), "what its epochs do not"),
        (edit_json("done.json", files={"best.pt": {}}), "not those of its mark"),
        (edit_json("launch.json", study="other"), "no launch of its study"),
        (edit_json("launch.json", source=3), "no launch of its study"),
        (edit_json("launch.json", rows={"a": ["../x"]}), "no launch of its study"),
        (edit_json("launch.json", rows={}), "its study does not want it"),
    ],
)
def test_what_contradicts_itself_is_refused(
    archive: Path, workspace: Workspace, edit: Edit, line: str
) -> None:
    refused(rewritten(archive, edit), workspace, line)


def test_a_path_that_an_archive_names_is_not_kept(
    archive: Path, workspace: Workspace
) -> None:
    rewritten(archive, edit_json("launch.json", file="/etc/hostname"))
    assert import_study(archive, workspace).launch.file == ""


def edit_rows(**changes: object) -> Edit:
    def edit(files: dict[str, bytes]) -> None:
        marks = {name for name in files if name.endswith("done.json")}
        (name,) = (  # of the trial that is on its way
            name
            for name in files
            if name.endswith("metrics.jsonl")
            and name.replace("metrics.jsonl", "done.json") not in marks
        )
        row = {**json.loads(files[name].splitlines()[0]), **changes}
        kept = {key: value for key, value in row.items() if value is not None}
        files[name] = json.dumps(kept).encode() + b"\n"

    return edit


def without(end: str, field: str) -> Edit:
    def edit(files: dict[str, bytes]) -> None:
        name = next(name for name in sorted(files) if name.endswith(end))
        said = json.loads(files[name])
        del said[field]
        files[name] = json.dumps(said).encode()

    return edit


ESCAPE = "\x1b[2J"  # clears a terminal


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (edit_rows(wall_time_s="long"), "epoch 1: wall_time_s"),
        (edit_rows(wall_time_s=None), "epoch 1: wall_time_s"),
        (edit_rows(best_val_accuracy=[1]), "epoch 1: best_val_accuracy"),
        (edit_rows(val_accuracy_by_type={ESCAPE: 0.5}), "epoch 1: val_accuracy_by"),
        (edit_json("state.json", attempts=[{"started_at": 1e300}]), "attempts.0.start"),
        (edit_json("config.json", row=ESCAPE), "config.json: row"),
        (edit_json("config.json", study=None), "config.json: study"),
        (without("config.json", "study"), "config.json: study"),
        (edit_json("tiny.json", row=ESCAPE), "studies/tiny.json: row"),
        (edit_json("tiny.json", changes=3), "studies/tiny.json: changes"),
        (edit_json("done.json", wall_time_s="long"), "wall_time_s"),
        (edit_json("done.json", finished_at=None), "finished_at"),
        (edit_json("launch.json", seeds=["one"]), "launch.json: seeds.0"),
        (edit_json("launch.json", question="\ud800"), "launch.json: question"),
        (edit_json("launch.json", source="\ud800"), "launch.json: source"),
        (edit_json("launch.json", rows={ESCAPE: []}), "launch.json: rows"),
    ],
)
def test_what_the_suite_would_not_have_written_is_refused(
    archive: Path, workspace: Workspace, edit: Edit, line: str
) -> None:
    refused(rewritten(archive, edit), workspace, line)


def manifest(**changes: object) -> bytes:
    said = {"format": 1, "study": "tiny", "files": [], **changes}
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"{", "has no manifest"),
        (b"[" * 100_000, "has no manifest"),
        (manifest(format=2), "another version"),
        (manifest(study="../x"), "of no study"),
        (manifest(files=3), "not those of its manifest"),
        (manifest(files=[3]), "not those of its manifest"),
        (manifest(files=[{"path": "x", "size": 1}]), "not those of its manifest"),
        (
            manifest(files=[{"path": "x", "size": math.inf}]),
            "not those of its manifest",
        ),
        (manifest(files=[{"path": ["x"], "size": 1}]), "not those of its manifest"),
    ],
)
def test_an_odd_manifest_is_refused(
    tmp_path: Path, workspace: Workspace, content: bytes, line: str
) -> None:
    file = tmp_path / "odd.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    refused(file, workspace, line)


def test_more_than_the_disk_holds_is_refused_before_it_is_written(
    archive: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(archive.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    refused(archive, workspace, "GB are free here")


def test_an_export_that_fails_leaves_the_older_file_and_no_litter(
    archive: Path, origin: Workspace, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = archive.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_archive(origin, launch, archive, with_checkpoints=True)
    assert archive.read_bytes() == before
    assert list(archive.parent.glob(".tiny*")) == []


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("best.pt", None, "best.pt is missing or damaged, and no checkpoint is left"),
        ("best.pt", b"x", "done.json: `film run` then trains it again"),
        ("predictions.parquet", b"x", "predictions.parquet is damaged; `film run`"),
        ("done.json", b"{", "done.json is damaged; `film run`"),
        ("config.json", b"{", "config.json is damaged; `film run`"),
    ],
)
def test_a_trial_that_would_have_all_refused_is_left_out_by_name(
    origin: Workspace,
    launch: Launch,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    line: str,
) -> None:
    damaged = Workspace.at(tmp_path / "damaged")
    shutil.copytree(origin.root, damaged.root)
    folder = damaged.trial(launch.trial_ids[0])
    for path in folder.path.glob("checkpoint*.pt"):
        path.unlink()
    (folder.path / name).unlink()
    if content is not None:
        (folder.path / name).write_bytes(content)
    file = tmp_path / "tiny.tar.gz"
    export = write_archive(damaged, launch, file, with_checkpoints=True)
    assert (export.n_trials, export.n_finished) == (2, 1)
    ((left_out, why),) = export.left_out
    assert left_out == folder
    assert line in why
    assert len(import_study(file, Workspace.at(tmp_path / "new")).placed) == 2


def test_a_trial_that_waits_to_begin_is_not_in_an_archive(
    archive: Path, origin: Workspace, launch: Launch, tmp_path: Path
) -> None:
    before = archive.read_bytes()
    waiting = Workspace.at(tmp_path / "waiting")
    shutil.copytree(origin.root, waiting.root)
    log = waiting.trial(launch.trial_ids[3]).log
    log.parent.mkdir()
    log.touch()  # a worker's first deed
    assert not write_archive(waiting, launch, archive, with_checkpoints=False).left_out
    assert archive.read_bytes() == before


def test_an_export_that_leaves_something_out_says_so_and_ends_with_1(
    origin: Workspace, launch: Launch, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    damaged = Workspace.at(tmp_path / "damaged")
    shutil.copytree(origin.root, damaged.root)
    out = tmp_path / "out.tar.gz"
    assert export_study("tiny", out, damaged, with_checkpoints=False) == 0
    assert capsys.readouterr().err == ""
    (damaged.trial(launch.trial_ids[0]).path / "predictions.parquet").unlink()
    assert export_study("tiny", out, damaged, with_checkpoints=False) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"film: warning: {launch.trial_ids[0]} is not in it: its ")


@pytest.mark.slow
def test_a_report_is_made_where_nothing_was_trained(
    archive: Path, tmp_path: Path
) -> None:
    def film(*words: str) -> subprocess.CompletedProcess:
        call = [sys.executable, "-m", "runner.cli", *words, "--store", "elsewhere"]
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        return subprocess.run(
            call,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    done = film("import", str(archive))
    assert (done.returncode, done.stderr) == (0, "")
    assert "tiny: 3 trials imported, 0 kept as here" in done.stdout
    report = film("report", "tiny")
    assert report.returncode == 1  # some of it was never finished
    assert "Validation accuracy: tiny" in report.stdout
