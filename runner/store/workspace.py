"""Where everything that was computed lies: one folder, the store."""

import os
from dataclasses import dataclass
from pathlib import Path

from film.world.config import PRESETS, WorldConfig
from runner.errors import LaunchError
from runner.store.files import absolute, if_there
from runner.store.names import is_study_name, is_trial_id
from runner.store.trial_folder import TrialFolder

__all__ = ["Workspace"]


@dataclass(frozen=True)
class Workspace:
    """The paths of a store; none is made before something is written to it."""

    root: Path

    @classmethod
    def at(cls, directory: Path) -> "Workspace":
        """Name a store by its folder, relative or not.

        Args:
            directory: The folder; it need not exist.

        Returns:
            The store, with absolute paths only.
        """
        return cls(absolute(directory))

    def open_for_writing(self) -> None:
        """Make the store's folder where it is missing.

        Raises:
            LaunchError: Nobody could write there.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            is_ours = os.access(self.root, os.W_OK | os.X_OK)
            why = "" if is_ours else "Permission denied"
        except OSError as problem:
            why = problem.strerror or str(problem)
        if why:
            raise LaunchError(
                f"{self.root}: {why}; give a --store (or FILM_STORE) that this user "
                "may write to"
            )

    @property
    def trials(self) -> Path:
        """The folder of all trials' folders."""
        return self.root / "trials"

    @property
    def artifacts(self) -> Path:
        """Where a local MLflow keeps files."""
        return self.root / "artifacts"

    @property
    def tracking_uri(self) -> str:
        """The local MLflow store."""
        return f"sqlite:///{self.root / 'mlflow.db'}"

    def trial(self, trial_id: str) -> TrialFolder:
        """Name the folder of a trial.

        Args:
            trial_id: What the trial computes.

        Returns:
            Its folder, which need not exist.
        """
        return TrialFolder(self.trials / trial_id)

    def recorded_trials(self) -> tuple[TrialFolder, ...]:
        """List every trial that was ever started here.

        Returns:
            Their folders, by name.
        """
        if not self.trials.is_dir():
            return ()
        found = sorted(path for path in self.trials.iterdir() if is_trial_id(path.name))
        folders = map(TrialFolder, found)
        return tuple(folder for folder in folders if folder.is_recorded)

    def study(self, name: str) -> Path:
        """Name the folder of what was said and asked of a study.

        Args:
            name: The study's name.

        Returns:
            A folder, which need not exist.
        """
        return self.root / "studies" / name

    def launched_studies(self) -> tuple[str, ...]:
        """List the studies that were launched here.

        Returns:
            Their names, in alphabetical order.
        """
        return tuple(
            name
            for name in self.known_studies()
            if if_there(self.study(name) / "launch.json", Path.exists)
        )

    def known_studies(self) -> tuple[str, ...]:
        """List the studies that have a folder here, launched or about to be.

        Returns:
            Their names, in alphabetical order.
        """
        names = if_there(self.root / "studies", os.listdir) or ()
        return tuple(filter(is_study_name, sorted(names)))

    def report(self, name: str) -> Path:
        """Name the folder of a study's report.

        Args:
            name: The study's name.

        Returns:
            A folder, which need not exist.
        """
        return self.study(name) / "report"

    def world(self, config: WorldConfig) -> Path:
        """Name the folder of a world that the suite makes.

        Args:
            config: The world's settings.

        Returns:
            A folder, which need not exist.
        """
        names = [name for name, preset in PRESETS.items() if preset == config]
        return self.root / "data" / f"{(names or ['world'])[0]}-{config.fingerprint}"
