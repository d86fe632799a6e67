"""`film gc` says what would go before it asks."""

from collections.abc import Callable

from runner.store.files import write_json
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Settle = Callable[..., TrialFolder]


def test_trials_and_worlds_that_would_go_are_named_first(
    film: Film,
    workspace: Workspace,
    make_trial: Callable[..., Trial],
    settle: Settle,
) -> None:
    folder = settle(make_trial(study=""), TrialState.FINISHED, epochs=1)
    world = workspace.root / "data" / "small-0123abcd"
    write_json(world / "world.json", {})
    words = ("gc", "--store", workspace.root)
    assert str(folder.path) not in film(*words)[1]
    code, text, error = film(*words, "--unwanted", "--worlds")
    assert code == 2
    assert "say -y" in error
    assert text.splitlines()[-2:] == [
        f"{folder.path} (baseline · seed 0)",
        f"{world} (small-0123abcd)",
    ]
    assert folder.path.is_dir()
    assert world.is_dir()
