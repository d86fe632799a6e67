"""Questions have one answer, speak of what is there, and give nothing away."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from film.data.programs import Program, QuestionType, parse_program, question_type
from film.world.attributes import Attribute, Direction
from film.world.config import WorldConfig, load_world_config
from film.world.questions.asking import AskedQuestion, Ledger, _answer_seen, ask
from film.world.questions.executor import Objects, SceneGraph, answer, run_program
from film.world.questions.families import FAMILIES, Reasoning
from film.world.questions.phrases import (
    Junction,
    Logic,
    Phrase,
    Question,
    Step,
    question_program,
)
from film.world.questions.views import SceneView, members
from film.world.randomness import generator_for
from film.world.scenes import draw_scene, scene_entry

CONFIG = load_world_config({"max_objects": 10})
N_SCENES = 150


COUNTING = next(one for one in FAMILIES if one.type is QuestionType.COUNT)


def objects_of(phrase: Phrase, scene: SceneGraph) -> Objects:
    """Find what a phrase is about: what is counted where it is asked how many."""
    counting = question_program(Question(COUNTING, (phrase,)))
    found = run_program(counting[:-1], scene)
    assert isinstance(found, frozenset)
    return found


def graphs(config: WorldConfig, n_scenes: int) -> list[SceneGraph]:
    return [
        SceneGraph.from_entry(
            scene_entry(draw_scene(config, "train", n), config, "train", n)
        )
        for n in range(n_scenes)
    ]


def ask_all(
    config: WorldConfig, scenes: list[SceneGraph]
) -> list[tuple[SceneGraph, AskedQuestion]]:
    ledger = Ledger()
    return [
        (scene, asked)
        for number, scene in enumerate(scenes)
        for asked in ask(generator_for(0, number), config, scene, ledger)
    ]


@pytest.fixture(scope="module")
def asked_questions() -> list[tuple[SceneGraph, AskedQuestion]]:
    return ask_all(CONFIG, graphs(CONFIG, N_SCENES))


Asked = list[tuple[SceneGraph, AskedQuestion]]


def phrases_in(question: Question) -> list[tuple[Phrase, bool]]:
    """Every phrase, and whether it must lead to one object alone."""
    waiting = [(phrase, question.family.wants_one) for phrase in question.phrases]
    found = []
    while waiting:
        phrase, is_one = waiting.pop()
        found.append((phrase, is_one))
        match phrase.step:
            case Step(anchor=anchor):
                waiting.append((anchor, True))
            case Junction(parts=parts):
                waiting += [(part, False) for part in parts]
    return found


def test_nearly_every_scene_gives_all_its_questions(asked_questions: Asked) -> None:
    assert 0.97 * 10 * N_SCENES < len(asked_questions) <= 10 * N_SCENES


def test_the_recorded_answer_is_what_the_program_gives(asked_questions: Asked) -> None:
    for scene, asked in asked_questions:
        assert asked.answer == answer(asked.program, scene)
        assert asked.program == question_program(asked.question)
        written = [
            {
                "function": node.function,
                "inputs": list(node.inputs),
                "value_inputs": list(node.value_inputs),
            }
            for node in asked.program
        ]
        assert parse_program(written) == asked.program


def test_the_program_is_of_the_familys_type(asked_questions: Asked) -> None:
    for _, asked in asked_questions:
        assert question_type(asked.program) is asked.question.family.type


def test_what_is_called_the_is_one_and_no_more(asked_questions: Asked) -> None:
    for scene, asked in asked_questions:
        for phrase, is_one in phrases_in(asked.question):
            if is_one:
                assert len(objects_of(phrase, scene)) == 1


def test_without_its_hop_a_thing_would_not_be_known(asked_questions: Asked) -> None:
    n_checked = 0
    for scene, asked in asked_questions:
        for phrase, is_one in phrases_in(asked.question):
            if is_one and isinstance(phrase.step, Step):
                n_checked += 1
                words_alone = Phrase(phrase.description)
                assert len(objects_of(words_alone, scene)) > 1
    assert n_checked > 50


def test_each_of_two_places_is_needed(asked_questions: Asked) -> None:
    n_checked = 0
    for scene, asked in asked_questions:
        if asked.question.family.reasoning is not Reasoning.SINGLE_AND:
            continue
        (phrase,) = asked.question.phrases
        for part in phrase.step.parts:
            n_checked += 1
            alone = Phrase(phrase.description, part.step)
            other = question_program(Question(asked.question.family, (alone,)))
            if asked.question.family.wants_one:
                assert len(objects_of(alone, scene)) > 1
            else:
                assert answer(other, scene) != asked.answer
    assert n_checked > 40


def test_neither_side_of_an_or_includes_the_other(asked_questions: Asked) -> None:
    n_checked = 0
    for _, asked in asked_questions:
        (phrase, *_) = asked.question.phrases
        match phrase.step:
            case Junction(logic=Logic.OR, parts=(one, other)):
                n_checked += 1
                words, other_words = set(one.description), set(other.description)
                if one.step == other.step:
                    assert not words <= other_words
                    assert not other_words <= words
    assert n_checked > 40


def test_every_family_is_asked_alike_within_its_type(asked_questions: Asked) -> None:
    asked = Counter(asked.question.family.index for _, asked in asked_questions)
    for kind in QuestionType:
        counts = [asked[family.index] for family in FAMILIES if family.type is kind]
        assert min(counts) >= 0.7 * max(counts), kind


def test_in_the_opposite_direction_another_answer_is_right(
    asked_questions: Asked,
) -> None:
    n_checked = 0
    for scene, asked in asked_questions:
        if asked.question.family.type not in {QuestionType.COUNT, QuestionType.EXIST}:
            continue
        (phrase,) = asked.question.phrases
        if not isinstance(phrase.step, Step) or not isinstance(
            phrase.step.hop, Direction
        ):
            continue
        n_checked += 1
        turned = Phrase(
            phrase.description, Step(phrase.step.hop.opposite, phrase.step.anchor)
        )
        other = question_program(Question(asked.question.family, (turned,)))
        assert answer(other, scene) != asked.answer
    assert n_checked > 20


def test_the_words_do_not_name_what_is_asked(asked_questions: Asked) -> None:
    for _, asked in asked_questions:
        if asked.question.family.wants_one:
            for phrase in asked.question.phrases:
                assert asked.question.family.attribute not in dict(phrase.description)


def test_an_anchor_does_not_name_what_is_shared(asked_questions: Asked) -> None:
    for _, asked in asked_questions:
        for phrase, _ in phrases_in(asked.question):
            if isinstance(phrase.step, Step) and isinstance(phrase.step.hop, Attribute):
                named = dict(phrase.step.anchor.description) | dict(phrase.description)
                assert phrase.step.hop not in named


def test_two_compared_things_are_two(asked_questions: Asked) -> None:
    for scene, asked in asked_questions:
        if asked.question.family.type is QuestionType.COMPARE_ATTRIBUTE:
            one, other = (
                objects_of(phrase, scene) for phrase in asked.question.phrases
            )
            assert one != other


def test_no_scene_is_asked_the_same_twice(asked_questions: Asked) -> None:
    per_scene = Counter((id(scene), asked.program) for scene, asked in asked_questions)
    assert set(per_scene.values()) == {1}


def test_yes_and_no_are_equally_frequent_for_every_pattern_of_words() -> None:
    config = load_world_config({"question_types": {"exist": 1}}, base="quick")
    answers = defaultdict(Counter)
    for _, asked in ask_all(config, graphs(config, 60)):
        (phrase,) = asked.question.phrases
        answers[asked.question.family.index, phrase.signature][asked.answer] += 1
    assert len(answers) > 20
    for counts in answers.values():
        assert abs(counts["yes"] - counts["no"]) <= 1


def test_no_value_is_a_better_guess_than_another() -> None:
    config = load_world_config({"question_types": {"query_attribute": 1}}, base="quick")
    answers = defaultdict(Counter)
    for _, asked in ask_all(config, graphs(config, 100)):
        answers[asked.question.family.index][asked.answer] += 1
    for family, counts in answers.items():
        share = max(counts.values()) / counts.total()
        assert share < 1.3 / len(counts), (family, counts)


def test_comparisons_say_yes_as_often_as_no_within_a_family(
    asked_questions: Asked,
) -> None:
    answers = defaultdict(Counter)
    for _, asked in asked_questions:
        if asked.question.family.type.startswith("compare_"):
            answers[asked.question.family.index][asked.answer] += 1
    assert len(answers) > 10
    for counts in answers.values():
        assert abs(counts["yes"] - counts["no"]) <= 1


def test_the_lengths_of_what_is_compared_do_not_tell_which_is_more() -> None:
    config = load_world_config({"question_types": {"compare_numbers": 1}})
    answers = defaultdict(Counter)
    for _, asked in ask_all(config, graphs(config, 60)):
        lengths = tuple(len(phrase.description) for phrase in asked.question.phrases)
        answers[asked.question.family.index, *lengths][asked.answer] += 1
    assert len(answers) > 30
    for counts in answers.values():
        assert abs(counts["yes"] - counts["no"]) <= 1


def test_a_number_is_ahead_of_the_next_by_two_at_most() -> None:
    config = load_world_config({"question_types": {"count": 1}}, base="quick")
    answers = defaultdict(Counter)
    for _, asked in ask_all(config, graphs(config, 60)):
        (phrase,) = asked.question.phrases
        answers[asked.question.family.index, phrase.signature][asked.answer] += 1
    leads = []
    for counts in answers.values():
        (_, most), (_, following) = [*counts.most_common(2), ("none", 0)][:2]
        leads.append(most - following)
    assert max(leads) == 2


def test_the_shares_of_types_and_reasoning_are_as_wanted() -> None:
    config = load_world_config(
        {
            "question_types": {"exist": 1, "query_attribute": 3},
            "reasoning": {"zero_hop": 2, "one_hop": 1, "two_hop": 1},
        }
    )
    asked = [asked for _, asked in ask_all(config, graphs(config, 40))]
    types = Counter(one.question.family.type for one in asked)
    ways = Counter(one.question.family.reasoning for one in asked)
    assert types["exist"] / len(asked) == pytest.approx(0.25, abs=0.05)
    assert ways["zero_hop"] / len(asked) == pytest.approx(0.5, abs=0.06)


def test_an_attribute_without_choice_is_never_mentioned() -> None:
    config = load_world_config({"colors": ["red"], "sizes": ["small"]})
    for _, asked in ask_all(config, graphs(config, 10)):
        functions = {node.function.partition("_")[2] for node in asked.program}
        assert not functions & {"color", "size"}


def test_the_questions_about_a_scene_are_the_same_each_time() -> None:
    scenes = graphs(CONFIG, 5)
    assert [a for _, a in ask_all(CONFIG, scenes)] == [
        a for _, a in ask_all(CONFIG, scenes)
    ]


def test_families_have_the_programs_of_the_released_ones(
    shared: Path, asked_questions: Asked
) -> None:
    folder = shared / "clevr" / "CLEVR_v1.0" / "questions"
    released = defaultdict(set)
    for split in ("train", "val"):
        text = (folder / f"CLEVR_{split}_questions.json").read_text()
        for question in json.loads(text)["questions"]:
            skeleton = without_filters(parse_program(question["program"]))
            released[question["question_family_index"]].add(skeleton)
    ours = defaultdict(set)
    for _, asked in asked_questions:
        skeleton = without_filters(asked.program)
        ours[asked.question.family.index].add(skeleton)
    assert ours == released


def without_filters(program: Program) -> tuple[Any, ...]:
    """The program as a tree of functions, past the filters."""
    trees: list[tuple[Any, ...]] = []
    for node in program:
        below = [trees[place] for place in node.inputs]
        is_filter = node.function.startswith("filter_")
        trees.append(below[0] if is_filter else (node.function, *below))
    return trees[-1]


def test_masks_answer_as_programs_do(asked_questions: Asked) -> None:
    for scene, asked in asked_questions:
        assert _answer_seen(asked.question, SceneView.of(scene)) == asked.answer


def test_masks_find_what_programs_find(asked_questions: Asked) -> None:
    for scene, asked in asked_questions:
        view = SceneView.of(scene)
        for phrase, _ in phrases_in(asked.question):
            found = objects_of(phrase, scene)
            assert set(members(view.found(phrase))) == found
