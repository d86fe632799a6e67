"""What weights a trial starts from, or judges, reaches the machine that computes it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from film.config import ImageInput
from film.data.fingerprint import data_fingerprint
from film.errors import DataError
from runner.store.record import TrialState
from runner.store.remote import Storage
from runner.store.staging import Collector, fetched, staged
from runner.store.trial_folder import TrialFolder
from runner.working.trial import TrialJob, run_trial
from studies.splits import VAL, Splits
from studies.trial import Trial

MakeJob = Callable[[Trial], TrialJob]


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def uri(tmp_path: Path) -> str:
    (tmp_path / "shared").mkdir()
    return (tmp_path / "shared").as_uri()


@pytest.fixture
def parent(make_trial: Callable[..., Trial], make_job: MakeJob) -> TrialJob:
    return make_job(make_trial(train__max_epochs=1))


@pytest.fixture
def evaluation(parent: TrialJob, make_job: MakeJob, data: Path) -> TrialJob:
    judged = replace(
        parent.trial,
        data=data_fingerprint(data, ImageInput.FEATURES, ("val",)),
        row="baseline → val",
        parent=parent.trial.trial_id,
        splits=Splits(learn=None, judge=VAL),
    )
    return replace(make_job(judged), parent=parent.folder)


def run_through(job: TrialJob) -> None:
    for _ in run_trial(job):
        pass


def elsewhere(uri: str, job: TrialJob) -> Iterator[TrialFolder]:
    """Compute a trial as a worker does that sees no store."""
    with staged(uri, job.folder) as stage, fetched(uri, job.parent) as source:
        assert source is None or source.parent.parent != job.folder.parent
        run_through(replace(job, folder=stage.folder, parent=source))
        yield TrialFolder(stage.folder)


def test_weights_that_only_this_store_has_are_judged_elsewhere(
    uri: str, parent: TrialJob, evaluation: TrialJob
) -> None:
    run_through(parent)
    folders = [TrialFolder(evaluation.folder)], [TrialFolder(parent.folder)]
    with Collector(uri, *folders):
        (judged,) = elsewhere(uri, evaluation)
        with fetched(uri, parent.folder) as source:
            assert source is not None
            same = (parent.folder / "best.pt").read_bytes()
            assert (source / "best.pt").read_bytes() == same
        assert not source.exists()
    assert not judged.path.exists()


def test_what_was_never_sent_is_said_to_be_missing(
    uri: str, parent: TrialJob, evaluation: TrialJob
) -> None:
    run_through(parent)
    with pytest.raises(DataError, match="that this one starts from is not finished"):
        next(elsewhere(uri, evaluation))


def test_a_damaged_attempt_leaves_nothing_of_itself(
    uri: str, parent: TrialJob, tmp_path: Path
) -> None:
    with staged(uri, parent.folder) as stage:
        run_through(replace(parent, folder=stage.folder))
        stage.send()
    with fetched(uri, parent.folder) as source:
        assert source is not None
        assert TrialFolder(source).state() is TrialState.FINISHED
    assert len(Storage(uri).attempts(parent.trial.trial_id)) == 1
    for path in (tmp_path / "shared").rglob("*best.pt*"):
        path.write_bytes(b"damaged")
    with fetched(uri, parent.folder) as source:
        assert source is not None
        assert not source.exists()


def test_where_the_store_is_at_hand_nothing_is_fetched(parent: TrialJob) -> None:
    with fetched(None, parent.folder) as folder:
        assert folder == parent.folder
    with fetched("memory://x", None) as nothing:
        assert nothing is None
