"""What is sent to an address that machines share is whole, and only ever gains."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.errors import BusyError, LaunchError
from runner.store.epochs import Epochs
from runner.store.locks import exclusive, is_held
from runner.store.record import TrialState
from runner.store.remote import SENT, Attempt, BrokenError, Storage
from runner.store.staging import Collector, staged
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.working.trial import TrialJob, run_trial
from studies.trial import Trial

KEYS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "a secret"}


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server that speaks S3, on this machine alone."""
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto, which plays an S3 server, is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("s3") / "log.txt").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=log,
        stderr=log,
    )
    place = f"s3://trials/some/prefix?endpoint_override=127.0.0.1:{port}"
    place += "&scheme=http&region=us-east-1&allow_bucket_creation=true"
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in KEYS.items():
                patch.setenv(name, value)
            from pyarrow import fs  # noqa: PLC0415 - where S3 is wanted

            files, _ = fs.FileSystem.from_uri(place)
            files.create_dir("trials")
            yield place
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


@pytest.fixture(params=["file", "s3"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return (tmp_path / "shared").as_uri()
    place, _, options = request.getfixturevalue("s3").partition("?")
    return f"{place}/{tmp_path.name}?{options}"


@pytest.fixture
def storage(uri: str) -> Storage:
    storage = Storage(uri)
    storage.check()
    return storage


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def job(
    make_trial: Callable[..., Trial], make_job: Callable[[Trial], TrialJob]
) -> TrialJob:
    return make_job(make_trial())


def content(folder: Path) -> dict[str, bytes]:
    return {
        name: (folder / name).read_bytes() for name in SENT if (folder / name).is_file()
    }


def fill(folder: TrialFolder, n_epochs: int, **files: bytes) -> TrialFolder:
    folder.path.mkdir(parents=True, exist_ok=True)
    for epoch in range(1, n_epochs + 1):
        folder.add_epoch({"epoch": epoch, "best_val_accuracy": 0.5, "wall_time_s": 1.0})
    for name, said in files.items():
        (folder.path / name.replace("__", ".")).write_bytes(said)
    return folder


def test_a_trained_trial_comes_back_to_the_byte_and_all_that_it_wrote_was_sent(
    storage: Storage, job: TrialJob, tmp_path: Path
) -> None:
    list(run_trial(job))
    attempt = storage.begin("one")
    attempt.push(TrialFolder(job.folder))
    there = TrialFolder(tmp_path / "there" / job.folder.name)
    attempt.pull(there)
    assert content(there.path) == content(job.folder)
    assert there.state() is TrialState.FINISHED
    of_this_store = {"config.json", "studies", "lock"}
    written = {path.name for path in job.folder.iterdir()}
    assert written - of_this_store <= set(SENT)


def test_only_what_changed_is_sent_again_and_what_it_replaces_goes(
    tmp_path: Path,
) -> None:
    storage = Storage((tmp_path / "shared").as_uri())
    attempt = storage.begin("one")
    folder = fill(TrialFolder(tmp_path / "one"), 1, checkpoint__pt=b"one")
    attempt.push(folder)
    place = next(tmp_path.glob("shared/trials/one/*"))
    first = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    (folder.path / "log.txt").write_text("a line")
    fill(folder, 1, checkpoint__pt=b"two")
    attempt.push(folder)
    second = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    kept = first.items() & second.items()
    assert [name.partition(".json")[0] for name, _ in kept] == ["metrics"]
    assert len([name for name in second if name.startswith("checkpoint.pt")]) == 1


def test_a_worker_that_dies_while_it_sends_leaves_what_it_sent_before(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = storage.begin("one")
    folder = fill(TrialFolder(tmp_path / "one"), 1, checkpoint__pt=b"one")
    attempt.push(folder)
    before = content(folder.path)
    fill(folder, 2, checkpoint__pt=b"two")
    put = storage.put

    def die(path: str, content: bytes) -> None:
        if path.endswith("files.json"):
            raise KeyboardInterrupt
        put(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", die)
        with pytest.raises(KeyboardInterrupt):
            attempt.push(folder)
    there = TrialFolder(tmp_path / "there" / "one")
    [found] = storage.attempts("one")
    found.pull(there)
    assert content(there.path) == before


def test_a_worker_that_was_given_up_overwrites_nothing_of_its_successor(
    storage: Storage, tmp_path: Path
) -> None:
    zombie = storage.begin("one")
    zombie.push(fill(TrialFolder(tmp_path / "zombie" / "one"), 1, log__txt=b"zombie"))
    successor = storage.begin("one")
    mine = fill(TrialFolder(tmp_path / "mine" / "one"), 3, log__txt=b"mine")
    successor.push(mine)
    zombie.push(fill(TrialFolder(tmp_path / "zombie" / "one"), 2, log__txt=b"awake"))
    assert [one.name for one in storage.attempts("one")] == [
        successor.name,
        zombie.name,
    ]
    there = TrialFolder(tmp_path / "there" / "one")
    successor.pull(there)
    assert content(there.path) == content(mine.path)


def test_a_trial_that_began_again_is_newer_than_one_that_was_further(
    storage: Storage, tmp_path: Path
) -> None:
    old = storage.begin("one")
    folder = fill(TrialFolder(tmp_path / "one"), 3)
    old.push(folder)
    folder.forget_progress()
    new = storage.begin("one")
    new.push(fill(folder, 1))
    assert storage.attempts("one")[0].name == new.name


def test_what_is_damaged_is_refused_and_the_next_best_attempt_taken(
    tmp_path: Path,
) -> None:
    uri = (tmp_path / "shared").as_uri()
    storage = Storage(uri)
    good = storage.begin("one")
    good.push(fill(TrialFolder(tmp_path / "one"), 1, checkpoint__pt=b"good"))
    bad = storage.begin("one")
    bad.push(fill(TrialFolder(tmp_path / "one"), 2, checkpoint__pt=b"later"))
    [damaged] = tmp_path.glob(f"shared/trials/one/{bad.name}/checkpoint.pt.*")
    damaged.write_bytes(b"wrong")
    with pytest.raises(BrokenError, match=r"checkpoint\.pt\..* damaged"):
        bad.pull(TrialFolder(tmp_path / "there" / "one"))
    with staged(uri, tmp_path / "store" / "one") as stage:
        assert (stage.folder / "checkpoint.pt").read_bytes() == b"good"
        assert len(TrialFolder(stage.folder).read().epochs) == 1


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", '{"format": 2}', '{"format": 1, "progress": {}, "files": [1]}'],
)
def test_a_list_that_is_not_ours_counts_as_nothing(said: str, tmp_path: Path) -> None:
    storage = Storage((tmp_path / "shared").as_uri())
    attempt = storage.begin("one")
    attempt.push(fill(TrialFolder(tmp_path / "one"), 1))
    [listed] = tmp_path.glob("shared/trials/one/*/files.json")
    listed.write_text(said)
    assert storage.attempts("one") == []


def test_names_in_a_list_lead_nowhere_else(tmp_path: Path) -> None:
    storage = Storage((tmp_path / "shared").as_uri())
    attempt = storage.begin("one")
    attempt.push(fill(TrialFolder(tmp_path / "one"), 1))
    [path] = tmp_path.glob("shared/trials/one/*/files.json")
    listed = json.loads(path.read_text())
    listed["files"]["../evil.txt"] = listed["files"]["metrics.jsonl"]
    path.write_text(json.dumps(listed))
    attempt.pull(TrialFolder(tmp_path / "there" / "one"))
    assert [found.name for found in (tmp_path / "there").rglob("*.*")] == [
        "metrics.jsonl"
    ]
    with pytest.raises(BrokenError, match="no attempt"):
        storage.attempt("one", "../../elsewhere")
    with pytest.raises(BrokenError, match="no trial"):
        storage.attempts("../one")


@pytest.mark.parametrize(
    ("uri", "line"),
    [
        ("s3://key:secret@bucket/x", "leave the password out"),
        ("ftp://host/x", "Unrecognized filesystem"),
        ("relative/path", "empty scheme"),
        ("file:///", "name a folder"),
    ],
)
def test_an_address_that_will_not_do_is_refused_in_a_line(uri: str, line: str) -> None:
    with pytest.raises(LaunchError, match=line) as refused:
        Storage(uri)
    assert "secret@" not in str(refused.value)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("abfs://c/x?client_secret=abcd1234&tenant_id=t", "client_secret"),
        ("abfs://c?tenant_id=t&client%5Fsecret=abcd/1234", "client_secret"),
        ("abfs://c/x?account_key=abcd1234", "account_key"),
        ("abfs://c/x?sv=2022&sig=abcd1234", "sig"),
        ("s3://b/x?region=r;X-Amz-Signature=abcd1234", "X-Amz-Signature"),
        ("gs://b/x?access_token=abcd1234", "access_token"),
        ("s3://key:ab/abcd1234@bucket/x", "password"),
    ],
)
def test_an_address_with_a_secret_in_it_is_refused_and_not_shown(
    uri: str, name: str
) -> None:
    with pytest.raises(LaunchError, match=f"leave the {name} out") as refused:
        Storage(uri)
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize("uri", ["nowhere:secret=abcd1234", "abfs:client_secret=1234"])
def test_a_secret_in_what_is_no_address_is_not_shown(uri: str) -> None:
    with pytest.raises(LaunchError, match="--storage") as refused:
        Storage(uri)
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///tmp/a:b@c",
        "s3://b/a@b?endpoint_override=minio:9000&region=r&scheme=http",
        "abfs://account.dfs.core.windows.net/c?credential_kind=anonymous",
    ],
)
def test_an_address_without_a_secret_is_not_taken_for_one(uri: str) -> None:
    assert Storage(uri).uri == uri


def test_an_address_that_cannot_be_written_to_is_refused_before_anything_runs(
    tmp_path: Path,
) -> None:
    (tmp_path / "shared").write_text("a file")
    with pytest.raises(LaunchError, match=r"--storage file:.*shared"):
        Storage((tmp_path / "shared").as_uri()).check()


def test_a_worker_goes_on_from_what_another_one_sent(
    uri: str, storage: Storage, job: TrialJob
) -> None:
    for n_before in (0, 1):
        with staged(uri, job.folder) as stage:
            trial = TrialJob(trial=job.trial, data=job.data, folder=stage.folder)
            assert len(TrialFolder(stage.folder).read().epochs) == n_before
            next(iter(run_trial(trial)))
            stage.send()
        assert not stage.folder.exists()
    assert not job.folder.exists()
    names = [attempt.name for attempt in storage.attempts(job.folder.name)]
    assert [name.partition("-")[0] for name in names] == ["000002", "000001"]


def test_what_a_killed_worker_left_on_its_disk_is_removed_by_the_next(
    tmp_path: Path,
) -> None:
    uri = (tmp_path / "shared").as_uri()
    with staged(uri, tmp_path / "store" / "one") as living:
        left = living.folder.parent.with_name("two-00000000")
        left.mkdir()
        left.with_name(f"{left.name}.lock").touch()
        with staged(uri, tmp_path / "store" / "three"):
            assert not left.exists()
            assert living.folder.exists()
    assert [path.name for path in left.parent.iterdir()] == ["lock"]


class TestCollector:
    @pytest.fixture
    def folder(self, workspace: Workspace, job: TrialJob) -> TrialFolder:
        folder = workspace.trial(job.trial.trial_id)
        folder.describe(job.trial)
        return folder

    def trained(self, uri: str, job: TrialJob, n_epochs: int) -> Iterator[str]:
        with staged(uri, job.folder) as stage:
            trial = TrialJob(trial=job.trial, data=job.data, folder=stage.folder)
            yield stage.attempt
            for metrics in run_trial(trial):
                stage.send()
                yield stage.attempt
                if metrics.epoch == n_epochs:
                    break
            stage.send()

    def test_what_a_worker_finished_is_finished_in_this_store(
        self, uri: str, folder: TrialFolder, job: TrialJob
    ) -> None:
        with Collector(uri, [folder]) as collector:
            collector.started(folder.trial_id)
            for attempt in self.trained(uri, job, 99):
                collector.said(folder.trial_id, attempt)
            assert collector.ended(folder.trial_id) == ""
            assert folder.state() is TrialState.FINISHED
        assert folder.damage() == ()
        assert len(Storage(uri).attempts(folder.trial_id)) == 1

    def test_a_trial_that_runs_elsewhere_is_seen_to_run_here(
        self, folder: TrialFolder, job: TrialJob, tmp_path: Path
    ) -> None:
        uri = (tmp_path / "shared").as_uri()
        with Collector(uri, [folder]) as collector:
            collector.started(folder.trial_id)
            work = self.trained(uri, job, 99)
            for _ in range(3):
                collector.said(folder.trial_id, next(work))
            until = time.monotonic() + 10
            while not folder.read().epochs and time.monotonic() < until:
                time.sleep(0.01)
                collector.said(folder.trial_id, "")
            assert folder.state() is TrialState.RUNNING
            assert is_held(folder.path / "lock")
        assert folder.state() is TrialState.KILLED
        assert len(folder.read().epochs) == 2
        assert (folder.path / "checkpoint.pt").is_file()

    def test_what_only_this_store_knows_is_sent_first(
        self, uri: str, folder: TrialFolder, job: TrialJob
    ) -> None:
        next(iter(run_trial(job)))
        with (
            Collector(uri, [folder]),
            staged(uri, folder.path) as stage,
        ):
            assert len(TrialFolder(stage.folder).read().epochs) == 1
            assert (stage.folder / "checkpoint.pt").is_file()

    def test_two_launches_never_have_one_trial_trained_by_two_workers(
        self, folder: TrialFolder, tmp_path: Path
    ) -> None:
        uri = (tmp_path / "shared").as_uri()
        other = TrialFolder(folder.path.with_name("another"))
        with Collector(uri, [folder]), Collector(uri, [other]):
            refused = Collector(uri, [other, folder])
            with pytest.raises(BusyError, match="1 of these trials"), refused:
                pass
        with Collector(uri, [folder, other]):
            pass

    def test_a_trial_that_somebody_trains_here_does_not_stop_a_sweep(
        self, folder: TrialFolder, tmp_path: Path
    ) -> None:
        with (
            exclusive(folder.path / "lock"),
            Collector((tmp_path / "shared").as_uri(), [folder]) as collector,
        ):
            collector.started(folder.trial_id)
            assert collector.ended(folder.trial_id) == ""

    def test_what_a_worker_sends_never_replaces_what_somebody_trains_here(
        self, folder: TrialFolder, job: TrialJob, tmp_path: Path
    ) -> None:
        uri = (tmp_path / "shared").as_uri()
        with exclusive(folder.path / "lock"), Collector(uri, [folder]) as collector:
            collector.started(folder.trial_id)
            for attempt in self.trained(uri, job, 99):
                collector.said(folder.trial_id, attempt)
            assert collector.ended(folder.trial_id) == ""
            assert folder.summary() is None
            assert folder.read().epochs == Epochs()

    def test_an_address_that_is_gone_at_the_end_is_said(
        self,
        folder: TrialFolder,
        job: TrialJob,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("runner.store.remote._PAUSE_S", 0.0)
        uri = (tmp_path / "shared").as_uri()
        with Collector(uri, [folder]) as collector:
            for attempt in self.trained(uri, job, 1):
                collector.said(folder.trial_id, attempt)
            shutil.rmtree(tmp_path / "shared")
            assert "is not there" in collector.ended(folder.trial_id)

    def test_without_an_address_there_is_nothing_to_do(
        self, folder: TrialFolder
    ) -> None:
        with Collector(None, [folder]) as collector:
            collector.started(folder.trial_id)
            collector.said(folder.trial_id, "")
            assert not is_held(folder.path / "lock")
            assert collector.ended(folder.trial_id) == ""


def test_a_moment_without_a_network_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.store.remote._PAUSE_S", 0.0)
    storage = Storage((tmp_path / "shared").as_uri())
    failures = iter([OSError("reset"), OSError("reset")])
    put = storage.put

    def fail_twice(path: str, content: bytes) -> None:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        put(path, content)

    monkeypatch.setattr(storage, "put", fail_twice)
    attempt = storage.begin("one")
    attempt.push(fill(TrialFolder(tmp_path / "one"), 1))
    assert isinstance(storage.attempts("one")[0], Attempt)
    assert not list(tmp_path.rglob("*.part"))
    assert os.listdir(tmp_path / "shared") == ["trials"]  # noqa: PTH208 - names alone
