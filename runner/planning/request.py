"""What a command line asks of a study, resolved against a store."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from film.validation import nearest
from runner.errors import LaunchError
from runner.plan import LaunchPlan, Past, choose_rows, choose_seeds, plan_launch
from runner.planning.sources import DataSource, find_source
from runner.store.launches import Launch, read_launch, write_launch
from runner.store.names import is_study_name
from runner.store.record import Record, TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.catalogue import catalogue, find_study
from studies.study import Study
from studies.trial import Trial

__all__ = [
    "Choice",
    "LeftOver",
    "Request",
    "find_launch",
    "launched_file",
    "study_file",
]


_CATALOGUE: Final = "catalogue"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which part of a study is wanted."""

    n_seeds: int | None = None  # None: the study's own
    only: Sequence[str] = ()
    exclude: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class LeftOver:
    """Recorded runs of a study that no row of it wants any longer."""

    row: str  # as it was called
    runs: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """A study's wanted trials and where their data and records are."""

    study: Study
    text: str  # of its file
    file: str  # its path, or that it is the catalogue's
    is_whole: bool  # no part was chosen
    trials: tuple[Trial, ...]
    source: DataSource
    workspace: Workspace

    @classmethod
    def of(
        cls,
        name: str,
        choice: Choice,
        data: Path | None,
        workspace: Workspace,
        *,
        needs_data: bool = True,
    ) -> "Request":
        """Resolve what was asked.

        Args:
            name: A study of the catalogue, or a file.
            choice: Which part of it.
            data: A prepared folder, for a study without its own data.
            workspace: The store.
            needs_data: Whether something will be learnt; else the name that the
                data had in the last launch will do, and its seeds are wanted.

        Returns:
            The request.
        """
        name = _kept(name, workspace)
        study = find_study(name)
        text = study_file(name).read_text(encoding="utf-8")
        labels = choose_rows(study, choice.only, choice.exclude)
        last = read_launch(workspace.study(study.name))
        file = _origin(name)
        if last is not None:
            _check_same(last, text, file)
        seeds = choose_seeds(study, choice.n_seeds)
        if last is not None and choice.n_seeds is None and not needs_data:
            seeds = last.seeds
        source = None
        if study.world is None and data is None and not needs_data:
            source = _last_source(study, workspace)
        if source is None:
            source = find_source(study.name, study.world, data, study.data, workspace)
        trials = study.trials(source.fingerprints, seeds=seeds)
        return cls(
            study=study,
            text=text,
            file=file,
            is_whole=choice == Choice(),
            trials=tuple(trial for trial in trials if trial.row in labels),
            source=source,
            workspace=workspace,
        )

    @property
    def folder(self) -> Path:
        """The study's folder in the store."""
        return self.workspace.study(self.study.name)

    def folders(self) -> list[TrialFolder]:
        """List the folders of the wanted trials.

        Returns:
            One per computation; they need not exist.
        """
        ids = dict.fromkeys(trial.trial_id for trial in self.trials)
        return [self.workspace.trial(trial_id) for trial_id in ids]

    def records(self) -> dict[str, Record]:
        """Read what is recorded of the wanted trials.

        Returns:
            Records by ``trial_id``.
        """
        return {folder.trial_id: folder.read() for folder in self.folders()}

    def plan(
        self, records: dict[str, Record], *, retry: Collection[str] | None = None
    ) -> LaunchPlan:
        """Subtract what is recorded.

        Args:
            records: Of the wanted trials.
            retry: Launch these trials alone.

        Returns:
            What to run.
        """
        states = {trial_id: record.state for trial_id, record in records.items()}
        return self.plan_of(states, retry=retry)

    def plan_of(
        self, states: Mapping[str, TrialState], *, retry: Collection[str] | None = None
    ) -> LaunchPlan:
        """Subtract what is recorded, by its states alone.

        Args:
            states: Of the wanted trials, by ``trial_id``.
            retry: Launch these trials alone.

        Returns:
            What to run.
        """
        return plan_launch(self.trials, states, retry=retry)

    def past(self) -> dict[str, Past]:
        """Read what a plan asks of the wanted trials, and no more.

        Returns:
            What is recorded, by ``trial_id``.
        """
        return {folder.trial_id: _past(folder) for folder in self.folders()}

    def other_data(self) -> str:
        """Say that the data are not those of the last launch.

        Returns:
            A line; empty where they are the same, or nothing was launched before.
        """
        last = read_launch(self.folder)
        before = {} if last is None else last.fingerprints
        changed = [
            f"{kind or 'questions'} {before[kind]}, now {name}"
            for kind, name in self.source.fingerprints.items()
            if before.get(kind, name) != name
        ]
        if not changed:
            return ""
        return (
            f"the data are not those of the last launch ({'; '.join(changed)}): "
            "nothing that was computed from those is used"
        )

    def left_over(self) -> tuple[LeftOver, ...]:
        """Find what was computed for this study and is wanted by no row of it now.

        Trials of other seeds than those asked for are still the study's.

        Returns:
            Counts by row and reason.
        """
        counts = Counter(
            (said["row"], self._reason(said)) for _, said in self._let_go()
        )
        return tuple(
            LeftOver(row=row, runs=runs, why=why) for (row, why), runs in counts.items()
        )

    # What was ever recorded for the study, and what that says, where no row of it
    # wants it now: a trial of a seed that nobody asks for today is still wanted.
    def _let_go(self) -> Iterator[tuple[TrialFolder, Mapping[str, Any]]]:
        wanted = {trial.trial_id for trial in self.trials}
        wanted_with: dict[int, set[str]] = {}
        for folder in self.workspace.recorded_trials():
            if folder.trial_id in wanted:
                continue
            said, label = folder.description(), folder.wanted_as(self.study.name)
            if not label and said.get("study") != self.study.name:
                continue
            seed = said["seed"]
            if seed not in wanted_with:
                trials = self.study.trials(self.source.fingerprints, seeds=(seed,))
                wanted_with[seed] = {trial.trial_id for trial in trials}
            if folder.trial_id not in wanted_with[seed]:
                yield folder, {**said, **label}

    def _reason(self, said: Mapping[str, Any]) -> str:
        if said["data"] not in self.source.fingerprints.values():
            return f"of other data ({said['data']})"
        if said["row"] in {row.label for row in self.study.rows}:
            return "as it was before the study was edited"
        return "a row that the study no longer has"

    def withdraw(self) -> list[TrialFolder]:
        """Take the study's label off trials that it wanted before it was edited.

        Returns:
            Their folders; none where only a part of the study is asked for.
        """
        if not self.is_whole:
            return []
        name = self.study.name
        return [folder for folder, _ in self._let_go() if folder.withdraw(name)]

    def write_down(self) -> Launch:
        """Record what is asked, and who wants which trial by which name.

        Returns:
            The launch, as written.

        Raises:
            LaunchError: The folder does not take it.
        """
        write_launch(self.folder, self.study, self.text, self.trials, self.file)
        for trial in self.trials:
            folder = self.workspace.trial(trial.trial_id)
            is_torn = not folder.is_recorded and folder.summary() is not None
            if folder.is_recorded or is_torn:  # else whoever trains it describes it
                folder.describe(trial)
        launch = read_launch(self.folder)
        if launch is None:
            raise LaunchError(f"{self.folder}: launch.json cannot be read back")
        return launch


# A finished trial's mark says all; the epochs of others have to be counted.
def _past(folder: TrialFolder) -> Past:
    said = folder.description()
    first = {"study": said.get("study", ""), "row": said.get("row", "")}
    summary = folder.summary()
    if summary is not None:
        return Past(state=TrialState.FINISHED, epochs=summary.get("epochs", 0), **first)
    record = folder.read()
    return Past(state=record.state, epochs=len(record.epochs), **first)


# Whoever names a launched study need not remember where its file is.
def _kept(name: str, workspace: Workspace) -> str:
    if not is_study_name(name) or name in catalogue():
        return name
    launch = read_launch(workspace.study(name))
    return name if launch is None else launched_file(launch, workspace)


def _origin(name: str) -> str:
    path = study_file(name).resolve()
    is_ours = path in {one.resolve() for one in catalogue().values()}
    return _CATALOGUE if is_ours else str(path)


# Two files with one name would share labels and a report; a file may be moved.
def _check_same(last: Launch, text: str, file: str) -> None:
    if last.file in {"", file} or last.source == text:
        return
    if last.file == _CATALOGUE or Path(last.file).exists():
        there = "the suite's own" if last.file == _CATALOGUE else last.file
        raise LaunchError(
            f"a study named '{last.study}' was launched in this store already, from "
            f"another file ({there}): rename the study, or take another --store"
        )


def _last_source(study: Study, workspace: Workspace) -> DataSource | None:
    launch = read_launch(workspace.study(study.name))
    if launch is None or not set(study.data) <= set(launch.fingerprints):
        return None
    return DataSource(
        directory=workspace.root, fingerprints=launch.fingerprints, world=None
    )


def study_file(name: str) -> Path:
    """Find the file of a study.

    Args:
        name: A study of the catalogue, or a file.

    Returns:
        Its file.
    """
    return catalogue().get(name, Path(name))


def launched_file(launch: Launch, workspace: Workspace) -> str:
    """Find the file of a study that was launched.

    Args:
        launch: The last one.
        workspace: The store, where the file of a study that was imported lies.

    Returns:
        Its path, or its name in the catalogue.

    Raises:
        LaunchError: It is gone.
    """
    if launch.file == _CATALOGUE and launch.study in catalogue():
        return launch.study
    for file in (Path(launch.file), workspace.study(launch.study) / "study.yaml"):
        if file.is_file():
            return str(file)
    raise LaunchError(
        f"study {launch.study} was launched from {launch.file or 'a file'}, which is "
        "gone: give the file's path instead of the name"
    )


def find_launch(name: str, workspace: Workspace) -> Launch:
    """Find what was last asked of a study here.

    Args:
        name: A study that was launched here, by name or file.
        workspace: The store.

    Returns:
        The launch.

    Raises:
        LaunchError: The study was never launched here.
    """
    launched = workspace.launched_studies()
    is_ours = name in catalogue() or study_file(name).suffix in {".yaml", ".yml"}
    known = find_study(name).name if is_ours and name not in launched else name
    launch = read_launch(workspace.study(known))
    if launch is None and known in launched:
        raise LaunchError(
            f"{workspace.study(known) / 'launch.json'}: cannot be read; "
            f"`film run {known}` writes it anew, and repeats nothing"
        )
    if launch is None:
        there = ", ".join(launched) or "none"
        raise LaunchError(
            f"no study '{known}' was launched in {workspace.root}"
            f"{nearest(known, launched)} (launched: {there})"
        )
    return launch
