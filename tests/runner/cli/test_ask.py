"""`film ask`, and the analyses that show pictures, on a run that is there."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.trial import BASELINE, Trial
from tests.film.analysis.small_run import small_run, write_small_store

Film = Callable[..., tuple[int, str, str]]
Settle = Callable[..., TrialFolder]
Run = Callable[..., str]

ASKED = [
    ("Is there a cube?", "exist filter_shape[cube] scene", "yes", 3),
    (
        "Is there a red cube?",
        "exist filter_shape[cube] filter_color[red] scene",
        "no",
        3,
    ),
    ("How many cubes are there?", "count filter_shape[cube] scene", "2", 7),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_store(tmp_path_factory.mktemp("data"), ASKED)


@pytest.fixture
def made(store: Path, workspace: Workspace, settle: Settle) -> Run:
    """Give a function that makes a finished run without training, and its id."""

    def make(state: TrialState = TrialState.FINISHED, **changes: object) -> str:
        model = small_run(store, **changes)
        trial = Trial(
            study="tiny",
            group="",
            row=BASELINE,
            seed=0,
            config=model.config,
            changes={},
            data=model.fingerprint,
        )
        folder = workspace.trial(trial.trial_id)
        folder.path.mkdir(parents=True)
        model.best.save(folder.path / "best.pt", val_accuracy=0.5)
        settle(trial, state, epochs=1)
        return trial.trial_id

    return make


@pytest.fixture
def ask(film: Film, workspace: Workspace) -> Film:
    def run(*words: object) -> tuple[int, str, str]:
        return film("ask", *words, "--store", workspace.root)

    return run


def test_the_most_probable_answers_are_printed(
    ask: Film, made: Run, store: Path
) -> None:
    words = (made(), 3, "Is there a cube?", "--data", store)
    code, text, error = ask(*words, "--top", 2)
    assert (code, error) == (0, "")
    heading, first, second = text.splitlines()
    assert heading == "baseline · seed 0, picture 3 of val: Is there a cube?"
    shares = [float(line.split()[-2]) for line in (first, second)]
    assert shares == sorted(shares, reverse=True)


def test_the_arithmetic_is_shown_beside_the_answer(
    ask: Film, made: Run, store: Path
) -> None:
    words = (made(), 3, "Is there a red cube?", "--data", store, "--swap", "red cube")
    code, text, _ = ask(*words, "--top", 1)
    assert code == 0
    assert text.splitlines()[2:6] == [
        "γ and β put together:",
        "  + Is there a red sphere?",
        "  + Is there a brown cube?",
        "  − Is there a brown sphere?",
    ]
    code, text, _ = ask(*words, "--by", "blue cylinder", "--json")
    assert json.loads(text)["swap"]["taken"] == ["Is there a blue cylinder?"]


def test_unknown_words_are_named_in_a_line(ask: Film, made: Run, store: Path) -> None:
    code, _, error = ask(made(), 3, "Is there a crimson cub?", "--data", store)
    assert code == 0
    assert error == (
        "film: warning: the run never read 'crimson', 'cub' (did you mean 'cube'?): "
        "read as <UNK>, a word that is not known\n"
    )


def test_where_it_looks_is_written_as_a_picture(
    ask: Film, made: Run, store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "map.png"
    words = (made(), 3, "Is there a red cube?", "--data", store, "--out", out)
    code, text, _ = ask(*words)
    assert code == 0
    assert text.endswith(f"where it looks: {out}\n")
    narrow = np.asarray(Image.open(out)).shape[1]
    assert ask(*words, "--swap", "red cube")[0] == 0
    assert np.asarray(Image.open(out)).shape[1] > 2 * narrow  # both beside each other


def test_a_picture_file_needs_no_data(ask: Film, made: Run, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (900, 600), (20, 90, 30)).save(path)
    blind = made(**{"model.architecture": "lstm"})
    code, text, error = ask(blind, path, "Is there a cube?")
    assert (code, error) == (0, "")
    assert text.startswith("baseline · seed 0, photo.jpg: Is there a cube?")
    code, _, error = ask(blind, path, "Is there a cube?", "--out", "map.png")
    assert code == 2
    assert "no place where this run looks" in error


def test_what_cannot_be_asked_is_refused_in_a_line(
    ask: Film, made: Run, store: Path, tmp_path: Path
) -> None:
    run = made()
    (tmp_path / "words.txt").write_text("no picture")
    text = "Is there a cube?"
    for words, said in (
        (
            (run, "photo.png", text),
            "photo.png is neither a picture file nor the number",
        ),
        ((run, "words.txt", text), "words.txt is no image that can be read"),
        ((run, 4, text, "--data", store), "has no picture 4"),
        ((run, 3, text), "which the store does not have: give --data DIR"),
        ((run, 3, " ?"), "the question has no words"),
        ((run, 3, text, "--swap", "cube"), "'cube' is no colour and shape"),
        ((run, 3, text, "--data", store, "--out", "map.gif"), ".png, .pdf or .svg"),
        (("ffff", 3, text), "no study was launched"),
    ):
        code, out, error = ask(*words)
        assert (code, out) == (2, ""), words
        assert said in error
        assert error.count("\n") == 1
    code, _, error = ask(run, 3, text, "--by", "blue sphere")
    assert code == 2
    assert "--by says what replaces the phrase of --swap" in error


@pytest.mark.parametrize(
    "case",
    [
        ("location", ["--question", 2], ["location", "location-means"]),
        ("activations", ["--channel", 1, "--examples", 2], ["activations"]),
        ("zero-shot", ["--colors", "all"], ["zero-shot", "zero-shot-examples"]),
    ],
)
def test_an_analysis_is_kept_printed_and_drawn(
    film: Film,
    made: Run,
    store: Path,
    workspace: Workspace,
    case: tuple[str, list[object], list[str]],
) -> None:
    kind, flags, figures = case
    run, out = made(), workspace.root / "figures"
    words = ("--data", store, "--store", workspace.root, "--out", out, *flags)
    code, text, error = film("analyse", kind, run, *words)
    assert (code, error) == (0, "")
    assert "baseline" in text
    for stem in figures:
        assert str(out / stem) in text
        assert (out / f"{stem}.png").stat().st_size > 1000
    kept = workspace.trial(run).path / "analysis" / kind
    about = json.loads((kept / "about.json").read_text())
    assert (about["split"], about["questions"]) == ("val", 3)


def test_the_same_analysis_twice_gives_the_same_files(
    film: Film, made: Run, store: Path, workspace: Workspace
) -> None:
    words = ("--data", store, "--store", workspace.root, "--question", 0)
    run = made()
    written = []
    for _ in range(2):
        assert film("analyse", "activations", run, *words, "--channel", 1)[0] == 0
        home = workspace.trial(run).path
        files = sorted((home / "analysis").rglob("*.*")) + sorted(
            (home / "figures").iterdir()
        )
        written.append({file.name: file.read_bytes() for file in files})
    assert written[0] == written[1]
    assert len(written[0]) > 6
