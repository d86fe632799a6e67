"""A study file says which rows start from which, and what judges their weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from film.config import Config, ImageInput, Learns
from studies.catalogue import find_study
from studies.errors import StudyError
from studies.splits import USUAL, Part, Splits
from studies.study import Study
from studies.study_file import read_study
from studies.trial import BASELINE, Trial

Read = Callable[[str], Study]

HEAD = "study: staged\nquestion: What then?\nseeds: 2\n"
STAGES = (
    "stages:\n"
    "  Tuned on B:\n"
    "    after: baseline\n"
    "    learn_from: {split: valB, first: 30}\n"
    "    judge_by: {split: valB, after: 30}\n"
    "    settings: {train.max_epochs: 4}\n"
    "    rows:\n"
    "      ten: {train.samples: 10}\n"
    "      thirty: {}\n"
)
EVALUATE = "evaluate:\n  A: val\n  B: {split: valB, after: 30}\n"
GROUPS = "groups:\n  Parts:\n    no β: {model.film.beta: zero}\n"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(text: str) -> Study:
        path = tmp_path / "study.yaml"
        path.write_text(HEAD + text, encoding="utf-8")
        return read_study(path)

    return read


def trials_of(study: Study) -> dict[tuple[str, int], Trial]:
    names = {key: f"data {key}" for key in study.data}
    return {(one.row, one.seed): one for one in study.trials(names)}


def paper(seed: int = 0, **changes: object) -> Trial:
    settings = {name.replace("__", "."): value for name, value in changes.items()}
    return Trial(
        study="s",
        group="",
        row="r",
        seed=seed,
        config=Config().with_changes(settings),
        changes={},
        data="0123456789ab",
    )


def test_trials_without_stages_are_called_what_they_always_were() -> None:
    assert paper().trial_id == "fb44690087170815"
    assert (
        paper(3, model__film__beta="zero", train__patience=5).trial_id
        == "69cee8a2ccf6801e"
    )


def test_rows_of_a_stage_stand_below_those_that_they_start_from(read: Read) -> None:
    study = read(STAGES + EVALUATE)
    labels = [(row.group, row.label, row.parent) for row in study.rows]
    assert labels == [
        ("", "baseline", ""),
        ("Tuned on B", "ten", "baseline"),
        ("Tuned on B", "thirty", "baseline"),
        ("Judged by A", "baseline → A", "baseline"),
        ("Judged by A", "ten → A", "ten"),
        ("Judged by A", "thirty → A", "thirty"),
        ("Judged by B", "baseline → B", "baseline"),
        ("Judged by B", "ten → B", "ten"),
        ("Judged by B", "thirty → B", "thirty"),
    ]
    ten = study.rows[1]
    assert ten.config.train.samples == 10
    assert ten.config.train.max_epochs == 4
    assert ten.splits == Splits(
        learn=Part(split="valB", first=30), judge=Part(split="valB", after=30)
    )
    assert [row.is_evaluation for row in study.rows] == 3 * [False] + 6 * [True]


def test_a_child_is_named_for_its_parent_of_the_same_seed(read: Read) -> None:
    trials = trials_of(read(STAGES + EVALUATE))
    for seed in (0, 1):
        parent, child = trials["baseline", seed], trials["thirty", seed]
        assert child.parent == parent.trial_id
        assert trials["thirty → B", seed].parent == child.trial_id
        assert trials["baseline → B", seed].parent == parent.trial_id
    assert len({one.trial_id for one in trials.values()}) == len(trials)


def test_a_trial_is_the_same_whatever_starts_from_it(read: Read) -> None:
    alone, staged = trials_of(read(GROUPS)), trials_of(read(GROUPS + STAGES + EVALUATE))
    assert alone["no β", 1].trial_id == staged["no β", 1].trial_id
    assert staged[BASELINE, 0].stage == {}


def test_everything_that_a_child_computes_is_in_its_name(read: Read) -> None:
    child = trials_of(read(STAGES))["thirty", 0]
    learn, judge = Part(split="valB", first=30), Part(split="valB", after=30)
    others = [
        replace(child, parent="another"),
        replace(child, seed=1),
        replace(child, data="others"),
        replace(child, config=child.config.with_changes({"train.samples": 9})),
        replace(child, config=child.config.with_changes({"train.learns": "generator"})),
        replace(child, splits=Splits(learn=learn, judge=learn)),
        replace(child, splits=Splits(learn=judge, judge=judge)),
        replace(child, splits=Splits(learn=None, judge=judge)),
    ]
    names = {child.trial_id, *(other.trial_id for other in others)}
    assert len(names) == 1 + len(others)


def test_an_evaluation_is_named_for_what_is_judged_and_by_what(read: Read) -> None:
    one = trials_of(read(STAGES + EVALUATE))["baseline → B", 0]
    assert replace(one, row="other", config=Config()).trial_id == one.trial_id
    assert replace(one, parent="another").trial_id != one.trial_id
    assert one.max_epochs == 0


def test_data_are_named_by_what_is_seen_of_which_splits(read: Read) -> None:
    assert list(read(STAGES + EVALUATE).data) == [
        ImageInput.FEATURES,
        "features of valB",
        "features of val",
    ]
    study = find_study("humans")
    assert "features of humans/train and humans/val" in study.data
    assert study.stores == ("humans",)


def test_a_stage_after_several_rows_names_each(read: Read) -> None:
    for after in ("all rows", "[baseline, no β]"):
        study = read(GROUPS + STAGES.replace("after: baseline", f"after: {after}"))
        assert [row.label for row in study.rows[2:]] == [
            "baseline, ten",
            "baseline, thirty",
            "no β, ten",
            "no β, thirty",
        ]
        last = study.rows[-1]
        assert last.parent == "no β"
        assert last.config.model.film.beta == "zero"
        assert last.changes == {"model.film.beta": "zero", "train.max_epochs": 4}


def test_a_stage_may_follow_a_stage(read: Read) -> None:
    more = STAGES.replace("stages:\n", "").replace("Tuned on B", "And again")
    more = more.replace("after: baseline", "after: thirty")
    more = more.replace("ten:", "ten more:").replace("thirty:", "thirty more:")
    trials = trials_of(read(STAGES + more))
    assert trials["ten more", 0].parent == trials["thirty", 0].trial_id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            STAGES.replace("after: baseline", "after: bazeline"),
            (
                "stage 'Tuned on B' starts from 'bazeline', which is no row above it; "
                "did you mean 'baseline'"
            ),
        ),
        (
            STAGES.replace("train.samples: 10", "model.width: 8"),
            "row 'ten' starts from the weights of 'baseline', and changes model.width",
        ),
        (
            STAGES.replace("{train.samples: 10}", "{}"),
            "row 'thirty' computes the same as 'ten'",
        ),
        (
            STAGES.replace("{split: valB, first: 30}", "humans/train"),
            "take both from one store",
        ),
        (
            STAGES.replace("first: 30", "first: 30, after: 30"),
            "one of `first` and `after`",
        ),
        (STAGES.replace("split: valB, first", "split: ../B, first"), "pattern"),
        (
            f"world: quick\n{STAGES}",
            (
                r"row 'ten': its world has no split 'valB'.* \(it has train, val, "
                r"humans/train, humans/val\)"
            ),
        ),
        (
            STAGES + "evaluate:\n  A: {split: val, to: 3}\n",
            "to",
        ),
    ],
)
def test_what_cannot_be_staged_is_refused(read: Read, text: str, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        read(text)


def test_what_is_written_of_splits_is_read_back() -> None:
    parts = Part(split="train", store="humans", first=7), Part(split="val", after=3)
    for splits in (
        USUAL,
        Splits(learn=None, judge=parts[1]),
        Splits(learn=parts[0], judge=Part(split="val", store="humans")),
    ):
        assert Splits.read(splits.said()) == splits


def test_humans_tunes_the_generator_alone_as_the_authors_do() -> None:
    for name in ("humans", "humans-embedded"):
        rows = {row.label: row for row in find_study(name).rows}
        assert rows["generator tuned"].config.train.learns is Learns.GENERATOR
        assert rows["everything tuned"].config.train.learns is Learns.ALL


def test_cogent_judges_b_by_what_nothing_is_tuned_on() -> None:
    for name in ("cogent", "cogent-embedded"):
        study = find_study(name)
        learnt = {row.splits.learn for row in study.rows if row.parent} - {None}
        (pool,) = learnt
        for row in study.rows:
            if row.splits.judge.split == "valB":
                assert row.splits.judge.after == pool.first
