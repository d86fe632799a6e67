"""What may become a path is a name of ours."""

import pytest
from pydantic import ValidationError

from runner.store.files import read_json, write_json
from runner.store.launches import read_launch
from runner.store.names import is_study_name, is_trial_id
from runner.store.workspace import Workspace
from studies.study_file import StudyFile

NAMES = ["quick", "a-1", "", "-a", "A", "a/b", "..", "a" * 63, "a" * 64, "a\n", "ä"]


@pytest.mark.parametrize("name", NAMES)
def test_studies_are_named_as_study_files_say(name: str) -> None:
    try:
        StudyFile(study=name, question="?", groups={})
    except ValidationError as error:
        is_wrong = any(one["loc"] == ("study",) for one in error.errors())
    else:
        is_wrong = False
    assert is_study_name(name) == (not is_wrong)


@pytest.mark.parametrize("name", ["0" * 15, "0" * 17, "G" * 16, "../" + "0" * 13, 3])
def test_a_trial_is_sixteen_hexadecimal_digits(name: object) -> None:
    assert is_trial_id("0123456789abcdef")
    assert not is_trial_id(name)


@pytest.mark.parametrize(
    "change", [{"study": "../x"}, {"study": 3}, {"rows": {"a": ["../../x"]}}]
)
def test_a_launch_that_names_other_places_is_none(
    workspace: Workspace, change: dict
) -> None:
    folder = workspace.study("tiny")
    content = {"study": "tiny", "question": "?", "source": "", "file": "", "seeds": [0]}
    content |= {"rows": {"a": ["0123456789abcdef"]}, "fingerprints": {}}
    write_json(folder / "launch.json", content)
    assert read_launch(folder) is not None
    write_json(folder / "launch.json", {**content, **change})
    assert read_launch(folder) is None
    assert read_json(folder / "launch.json")


def test_a_foreign_folder_is_no_study(workspace: Workspace) -> None:
    for name in ("quick", "Quick Copy"):
        write_json(workspace.study(name) / "launch.json", {})
    assert workspace.launched_studies() == ("quick",)
