"""Other commands on the same store while a launch is at work."""

from dataclasses import dataclass

from tests.faults.launching import PATIENCE_S, start, tail
from tests.faults.scene import Scene

__all__ = ["OtherCommands"]

_COMMANDS = (("report", "faults"), ("sync", "faults"), ("sync",), ("status", "faults"))
_MOST = 4  # in a row


@dataclass(frozen=True)
class OtherCommands:
    """Somebody looks at the study, again and again; the launch must not feel it."""

    name: str = "other commands meanwhile"

    def strike(self, scene: Scene) -> None:
        """Launch, and call what reads the store and writes to MLflow as well."""
        launch = scene.start()
        scene.await_moment(launch)
        for _ in range(scene.rng.randint(1, _MOST)):
            words = scene.rng.choice(_COMMANDS)
            scene.say(f"film {' '.join(words)}")
            other = start(
                ["runner.cli", *words, "--store", str(scene.store)],
                scene.folder / "output",
            )
            code = other.wait(PATIENCE_S)
            if code not in {0, 1}:  # 1: not everything is there yet
                scene.blame(f"{words[0]} ended with {code}: {tail(other.errors)}")
            if "Traceback" in other.errors.read_text(errors="replace"):
                scene.blame(f"{words[0]} shows a traceback: {tail(other.errors)}")
        scene.end(launch, {0})
