"""The embedded world beside real CLEVR: the same distributions, as far as 135 real
scenes and 1,347 real questions can tell. What differs is in docs/world.md."""

import json
import math
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from scipy import stats

from film.data.programs import Program, parse_program, question_type
from film.data.vocabulary import tokenize
from film.world.attributes import VALUES
from film.world.config import load_world_config
from film.world.drawing import ask_questions
from film.world.questions.families import FAMILIES, Reasoning
from film.world.scenes import draw_scene, scene_entry

Entries = list[dict[str, Any]]

N_SCENES = 200
CONFIG = load_world_config(
    {"max_objects": 10, "width": 480, "height": 320, "questions_per_scene": 10}
)
UNLIKELY = 1e-3  # both sides are fixed: a test below it fails each time or never


@pytest.fixture(scope="module")
def our_scenes() -> Entries:
    return [
        scene_entry(draw_scene(CONFIG, "train", n), CONFIG, "train", n)
        for n in range(N_SCENES)
    ]


@pytest.fixture(scope="module")
def our_questions(our_scenes: Entries) -> Entries:
    return ask_questions(CONFIG, "train", our_scenes)


def read_all(shared: Path, kind: str) -> Entries:
    folder = shared / "clevr" / "CLEVR_v1.0" / kind
    return [
        entry
        for split in ("train", "val")
        for entry in json.loads((folder / f"CLEVR_{split}_{kind}.json").read_text())[
            kind
        ]
    ]


@pytest.fixture(scope="module")
def real_scenes(shared: Path) -> Entries:
    return read_all(shared, "scenes")


@pytest.fixture(scope="module")
def real_questions(shared: Path) -> Entries:
    return read_all(shared, "questions")


def things(scenes: Entries) -> Entries:
    return [thing for scene in scenes for thing in scene["objects"]]


def alike(one: Counter[Any], other: Counter[Any]) -> float:
    """The p-value of two samples of kinds being of one distribution."""
    kinds = sorted(set(one) | set(other))
    table = [[counts[kind] for kind in kinds] for counts in (one, other)]
    return float(stats.chi2_contingency(table).pvalue)


def test_scenes_have_as_many_objects(our_scenes: Entries, real_scenes: Entries) -> None:
    ours, real = (
        Counter(len(scene["objects"]) for scene in scenes)
        for scenes in (our_scenes, real_scenes)
    )
    assert set(ours) == set(real) == set(range(3, 11))
    assert alike(ours, real) > UNLIKELY


@pytest.mark.parametrize("attribute", list(VALUES))
def test_objects_have_the_same_attributes(
    attribute: str, our_scenes: Entries, real_scenes: Entries
) -> None:
    ours, real = (
        Counter(thing[attribute] for thing in things(scenes))
        for scenes in (our_scenes, real_scenes)
    )
    assert set(ours) == set(real)
    assert alike(ours, real) > UNLIKELY


@pytest.mark.parametrize(("name", "axis"), [("x", 0), ("y", 1)])
def test_objects_stand_in_the_same_places(
    name: str, axis: int, our_scenes: Entries, real_scenes: Entries
) -> None:
    ours, real = (
        [thing["3d_coords"][axis] for thing in things(scenes)]
        for scenes in (our_scenes, real_scenes)
    )
    assert stats.ks_2samp(ours, real).pvalue > UNLIKELY, name


@pytest.mark.parametrize(("name", "axis"), [("column", 0), ("row", 1), ("depth", 2)])
def test_objects_are_seen_in_the_same_places(
    name: str, axis: int, our_scenes: Entries, real_scenes: Entries
) -> None:
    ours, real = (
        [thing["pixel_coords"][axis] for thing in things(scenes)]
        for scenes in (our_scenes, real_scenes)
    )
    assert stats.ks_2samp(ours, real).pvalue > UNLIKELY, name


def pairwise_distances(scenes: Entries) -> list[float]:
    return [
        math.dist(one["3d_coords"][:2], other["3d_coords"][:2])
        for scene in scenes
        for place, one in enumerate(scene["objects"])
        for other in scene["objects"][:place]
    ]


def test_objects_are_as_far_apart(our_scenes: Entries, real_scenes: Entries) -> None:
    ours, real = pairwise_distances(our_scenes), pairwise_distances(real_scenes)
    assert stats.ks_2samp(ours, real).pvalue > UNLIKELY
    nearest = 0.35 + 0.35 + 0.25  # two small radii and the gap
    assert min(ours) > nearest
    assert min(real) > nearest


def test_types_are_asked_as_in_the_release(our_questions: Entries) -> None:
    shares = {  # of the val split of CLEVR_v1.0; PAPER.md 3.2
        "count": 0.232,
        "exist": 0.139,
        "compare_numbers": 0.089,
        "query_attribute": 0.354,
        "compare_attribute": 0.185,
    }
    asked = Counter(
        question_type(parse_program(entry["program"])) for entry in our_questions
    )
    for kind, share in shares.items():
        assert asked[kind] / len(our_questions) == pytest.approx(share, abs=0.01)


def test_every_family_is_asked(our_questions: Entries) -> None:
    asked = Counter(entry["question_family_index"] for entry in our_questions)
    assert set(asked) == set(range(90))
    assert min(asked.values()) > 0.5 * len(our_questions) / 90


def answers_of(questions: Entries, function: str) -> Counter[str]:
    return Counter(
        entry["answer"]
        for entry in questions
        if entry["program"][-1]["function"] == function
    )


@pytest.mark.parametrize("attribute", list(VALUES))
def test_queries_have_the_same_answers(
    attribute: str, our_questions: Entries, real_questions: Entries
) -> None:
    ours = answers_of(our_questions, f"query_{attribute}")
    real = answers_of(real_questions, f"query_{attribute}")
    assert set(ours) == set(real)
    assert alike(ours, real) > UNLIKELY


@pytest.mark.parametrize(
    "function",
    sorted({f.function for f in FAMILIES if f.function.startswith(("equal", "exist"))}),
)
def test_yes_is_as_frequent_as_no(
    function: str, our_questions: Entries, real_questions: Entries
) -> None:
    ours, real = (
        answers_of(questions, function) for questions in (our_questions, real_questions)
    )
    assert ours["yes"] / ours.total() == pytest.approx(0.5, abs=0.04)
    assert stats.binomtest(real["yes"], real.total()).pvalue > UNLIKELY


def test_each_family_has_the_same_answers(
    our_questions: Entries, real_questions: Entries
) -> None:
    answers: dict[int, list[Counter[str]]] = {
        family: [Counter(), Counter()] for family in range(90)
    }
    for place, questions in enumerate((our_questions, real_questions)):
        for entry in questions:
            answers[entry["question_family_index"]][place][entry["answer"]] += 1
    pvalues = {family: alike(*both) for family, both in answers.items()}
    assert min(pvalues.values()) > UNLIKELY / 90, pvalues  # one of ninety may be odd


def test_counts_are_as_small_though_less_often_none(
    our_questions: Entries, real_questions: Entries
) -> None:
    ours, real = (
        answers_of(questions, "count") for questions in (our_questions, real_questions)
    )
    for number in "0123":
        share = ours[number] / ours.total()
        assert share == pytest.approx(real[number] / real.total(), abs=0.08)
    assert ours["0"] / ours.total() < real["0"] / real.total()


def test_questions_are_as_long(our_questions: Entries, real_questions: Entries) -> None:
    ours, real = (
        [len(tokenize(entry["question"])) for entry in questions]
        for questions in (our_questions, real_questions)
    )
    assert mean(ours) == pytest.approx(mean(real), abs=0.75)
    assert max(ours) <= max(real)


def programs(questions: Entries, way: Reasoning) -> list[Program]:
    families = {family.index for family in FAMILIES if family.reasoning is way}
    return [
        parse_program(entry["program"])
        for entry in questions
        if entry["question_family_index"] in families
    ]


@pytest.mark.parametrize("way", list(Reasoning))
def test_programs_are_as_long(
    way: Reasoning, our_questions: Entries, real_questions: Entries
) -> None:
    ours, real = (
        [len(program) for program in programs(questions, way)]
        for questions in (our_questions, real_questions)
    )
    assert mean(ours) == pytest.approx(mean(real), rel=0.1)


def test_most_words_are_clevrs_own(
    our_questions: Entries, real_questions: Entries
) -> None:
    known = {word for entry in real_questions for word in tokenize(entry["question"])}
    words = Counter(
        word for entry in our_questions for word in tokenize(entry["question"])
    )
    n_known = sum(count for word, count in words.items() if word in known)
    assert n_known / words.total() > 0.97
