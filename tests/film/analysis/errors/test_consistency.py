"""Answers contradict each other when no picture could make all of them true."""

from itertools import product

import pytest

from film.analysis.errors.chance import Chance
from film.analysis.errors.consistency import Related, find_related
from film.analysis.errors.rules import Relation, Rule
from film.analysis.errors.sets import asked_by, is_part
from film.analysis.programs import program_of_tokens

RED = "filter_color[red] scene"
BLUE = "filter_color[blue] scene"
RED_CUBE = f"filter_shape[cube] {RED}"
CUBE_RED = "filter_color[red] filter_shape[cube] scene"
LEFT = f"relate[left] unique {BLUE}"


def related(*questions: str) -> list[Related]:
    """Relate questions about one picture, each written as its program."""
    asked = [asked_by(program_of_tokens(text.split())) for text in questions]
    return find_related(asked, [7] * len(asked), range(len(asked)))


def contradict(answers: str, *questions: str) -> bool:
    (one,) = related(*questions)
    given = answers.split()
    return one.rule.contradicts([given[place] for place in one.questions])


def test_the_order_of_words_does_not_matter_to_a_set() -> None:
    one, other = related(f"count {RED_CUBE}", f"exist {CUBE_RED}")[0].questions
    assert (one, other) == (0, 1)


def test_what_fulfils_more_is_a_part_of_what_fulfils_less() -> None:
    sets = {
        text: asked_by(program_of_tokens(f"count {text}".split())).sets[0]
        for text in (
            *(RED, BLUE, RED_CUBE, "scene", LEFT),
            f"union {RED} {BLUE}",
            f"intersect {RED} {LEFT}",
        )
    }
    parts = {(a, b) for a, b in product(sets, sets) if is_part(sets[a], sets[b])}
    assert (RED_CUBE, RED) in parts
    assert (RED, RED_CUBE) not in parts
    assert (RED, BLUE) not in parts
    assert (LEFT, "scene") in parts
    assert (RED_CUBE, f"union {RED} {BLUE}") in parts
    assert (f"union {RED} {BLUE}", RED) not in parts
    assert (f"intersect {RED} {LEFT}", LEFT) in parts


@pytest.mark.parametrize(
    ("answers", "expected"),
    [("yes 2", False), ("yes 0", True), ("no 0", False), ("no 1", True)],
)
def test_there_is_any_where_some_are_counted(answers: str, *, expected: bool) -> None:
    assert contradict(answers, f"exist {RED}", f"count {RED}") is expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [("3 2", True), ("2 2", False), ("0 5", False)],
)
def test_a_part_is_not_more_than_the_whole(answers: str, *, expected: bool) -> None:
    assert contradict(answers, f"count {RED_CUBE}", f"count {RED}") is expected
    turned = " ".join(answers.split()[::-1])
    assert contradict(turned, f"count {RED}", f"count {RED_CUBE}") is expected


def test_the_paper_s_example_is_found() -> None:
    gray, cyan = "filter_color[gray] scene", "filter_color[cyan] scene"
    counted = f"count {gray}", f"count {cyan}"
    equal = f"equal_integer count {gray} count {cyan}"
    fewer = f"less_than count {gray} count {cyan}"
    assert contradict("1 2 yes", *counted, equal)
    assert not contradict("1 2 no", *counted, equal)
    assert contradict("yes yes", equal, fewer)


@pytest.mark.parametrize("n_red", range(3))
@pytest.mark.parametrize("n_blue", range(3))
def test_right_answers_never_contradict(n_red: int, n_blue: int) -> None:
    red, blue = f"count {RED}", f"count {BLUE}"
    truths = {
        red: str(n_red),
        blue: str(n_blue),
        f"exist {RED}": "yes" if n_red else "no",
        f"less_than {red} {blue}": "yes" if n_red < n_blue else "no",
        f"greater_than {red} {blue}": "yes" if n_red > n_blue else "no",
        f"greater_than {blue} {red}": "yes" if n_blue > n_red else "no",
        f"equal_integer {blue} {red}": "yes" if n_red == n_blue else "no",
    }
    found, answers = related(*truths), list(truths.values())
    assert {one.rule.relation for one in found} == {
        *(Relation.COUNT_EXISTENCE, Relation.COMPARISONS),
        *(Relation.COMPARED_COUNTS, Relation.COMPARED_NUMBER),
    }
    for one in found:
        assert not one.rule.contradicts([answers[place] for place in one.questions])


def test_a_comparison_is_the_same_the_other_way_round() -> None:
    more = f"greater_than count {RED} count {BLUE}"
    fewer = f"less_than count {BLUE} count {RED}"
    assert contradict("yes no", more, fewer)
    assert not contradict("no no", more, fewer)


def test_if_there_are_more_there_is_at_least_one() -> None:
    more = f"greater_than count {RED_CUBE} count {BLUE}"
    assert contradict("yes no", more, f"exist {RED}")
    assert not contradict("no no", more, f"exist {RED}")
    assert related(more, f"exist {BLUE}") == []


def test_attributes_are_equal_where_they_are_said_to_be() -> None:
    red, blue = f"unique {RED}", f"unique {BLUE}"
    asked = f"query_size {red}", f"query_size {blue}"
    equal = f"equal_size query_size {red} query_size {blue}"
    assert contradict("large small yes", *asked, equal)
    assert not contradict("large small no", *asked, equal)
    turned = f"equal_size query_size {blue} query_size {red}"
    assert contradict("no yes", equal, turned)
    assert contradict("large small", f"query_size {red}", f"query_size {red}")


def test_what_is_no_answer_to_its_question_contradicts_nothing() -> None:
    assert not contradict("red 0", f"exist {RED}", f"count {RED}")
    assert not contradict("yes red", f"exist {RED}", f"count {RED}")
    assert not contradict("2 ²", f"count {RED_CUBE}", f"count {RED}")
    red = f"query_size unique {RED}"
    assert not contradict("large red", red, red)


def test_questions_in_the_same_words_are_one() -> None:
    asked = [asked_by(program_of_tokens(f"count {RED}".split()))] * 2
    assert find_related(asked, [7, 7], ["how many?", "how many?"]) == []
    assert len(find_related(asked, [7, 7], ["how many?", "what number?"])) == 1


def test_questions_about_other_pictures_are_not_related() -> None:
    asked = [asked_by(program_of_tokens(f"count {RED}".split())), None]
    assert find_related([asked[0], asked[0]], [7, 8], [0, 1]) == []
    assert find_related(asked, [7, 7], [0, 1]) == []


def test_chance_is_what_drawn_answers_give() -> None:
    functions = ["count"] * 4 + ["exist"] * 4
    labels = ["1"] * 4 + ["yes"] * 4
    answers = ["1", "1", "0", "0", "yes", "yes", "yes", "no"]
    chance = Chance(functions, labels, answers)
    rule = Rule(Relation.COUNT_EXISTENCE, ("count", "exist"))
    # 1 and no: 1/2 × 1/4; 0 and yes: 1/2 × 3/4.
    assert chance.contradiction(Related(rule, (0, 4))) == pytest.approx(0.5)
    assert chance.accuracy().tolist() == [0.5] * 4 + [0.75] * 4
