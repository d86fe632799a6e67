"""γ and β are added and taken, and answers are judged with and without that."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from film.analysis.model import TrainedModel
from film.analysis.pictured.examples import ExampleChoice
from film.analysis.zero_shot.measuring import (
    encode_words,
    measure_zero_shot,
    swapped_parameters,
)
from film.analysis.zero_shot.swapping import (
    Pairs,
    ReplacementColors,
    SwapRule,
    plan_swap,
)
from film.errors import AnalysisError
from film.model.generator import FilmGenerator
from tests.film.analysis.small_run import small_run, write_small_store

ASKED = [
    (
        "Is there a red cube?",
        "exist filter_shape[cube] filter_color[red] scene",
        "yes",
        3,
    ),
    (
        "Is there a blue cube?",
        "exist filter_shape[cube] filter_color[blue] scene",
        "no",
        3,
    ),
    (
        "How many cubes are red?",
        "count filter_shape[cube] filter_color[red] scene",
        "2",
        7,
    ),
    ("How many spheres are there?", "count filter_shape[sphere] scene", "1", 7),
    (
        "Is there a blue big cylinder?",
        "exist filter_shape[cylinder] filter_size[large] filter_color[blue] scene",
        "no",
        9,
    ),
]


class Additive(FilmGenerator):
    """Every word adds something of its own, wherever it stands."""

    def forward(self, questions: Tensor) -> tuple[Tensor, Tensor]:
        words = self.embedding(questions) * (questions != 0)[:, :, None]
        state = words.sum(dim=1) @ torch.ones(4, 8) * torch.arange(8.0)
        raw = nn.functional.linear(state, self.linear.weight)
        gamma, beta = raw.view(len(questions), 2, 8).chunk(2, dim=-1)
        return gamma, beta


@pytest.fixture
def model(tmp_path: Path) -> TrainedModel:
    return small_run(write_small_store(tmp_path / "store", ASKED))


def generator_of(model: TrainedModel) -> FilmGenerator:
    assert model.film.generator is not None
    return model.film.generator


@torch.inference_mode()
def test_parameters_are_added_and_taken_one_by_one(model: TrainedModel) -> None:
    known = model.vocabulary.question_token_to_idx.keys()
    rule = SwapRule(colors=ReplacementColors.ALL)
    texts = ["Is there a red cube", "How many blue big cylinders are there"]
    swaps = [plan_swap(text.split(), None, rule, known) for text in texts]
    planned = [swap for swap in swaps if swap is not None]
    assert [swap.weight for swap in planned] == [3, 3]
    generator = generator_of(model)
    found = swapped_parameters(generator, planned, model.vocabulary)

    def alone(words: tuple[str, ...], number: int) -> Tensor:
        return generator(encode_words([words], model.vocabulary))[number][0]

    for row, swap in enumerate(planned):
        for number in (0, 1):
            plus = sum(alone(words, number) for words in swap.added)
            minus = sum(alone(words, number) for words in swap.taken)
            torch.testing.assert_close(found[number][row], (plus - minus) / swap.weight)


@torch.inference_mode()
def test_where_words_add_up_the_arithmetic_gives_what_the_question_gives(
    model: TrainedModel,
) -> None:
    additive = Additive(model.config.model, n_words=model.best.sizes.n_words)
    text = "How many red cubes left of the blue big cylinder are there"
    words = text.split()
    known = model.vocabulary.question_token_to_idx.keys()
    swap = plan_swap(words, None, SwapRule(), known)
    assert swap is not None
    assert len(swap.phrases) == 2
    found = swapped_parameters(additive, [swap], model.vocabulary)
    given = additive(encode_words([words], model.vocabulary))
    for ours, theirs in zip(found, given, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_questions_that_the_rule_does_not_apply_to_are_answered_as_they_are(
    model: TrainedModel,
) -> None:
    answers = measure_zero_shot(model, "val").tables["answers"]
    assert answers["names"].tolist() == [True, False, True, False, True]
    assert answers["applies"].tolist() == [True, False, True, False, True]
    others = answers[~answers["applies"]]
    assert others["correct"].equals(others["correct_swapped"])


def test_what_is_judged_is_the_answer_under_the_arithmetic(model: TrainedModel) -> None:
    found = measure_zero_shot(model, "val", rule=SwapRule(only=("red", "cube")))
    questions = model.open("val")
    known = model.vocabulary.question_token_to_idx.keys()
    words = ["Is", "there", "a", "red", "cube"]
    swap = plan_swap(words, None, SwapRule(), known)
    assert swap is not None
    with torch.inference_mode():
        parameters = swapped_parameters(generator_of(model), [swap], model.vocabulary)
        batch = questions.batch(np.array([0]))
        expected = int(model.film.answer(batch.images, *parameters).argmax())
    examples = found.tables["examples"].set_index("row")
    assert examples.loc[0, "swapped"] == model.vocabulary.answers[expected]
    assert examples.loc[0, "minus_both"] == "Is there a brown sphere?"
    right = found.tables["answers"].loc[0, "correct_swapped"]
    assert right == (expected == questions.answers[0])


def test_an_example_may_be_named_where_the_rule_applies(model: TrainedModel) -> None:
    found = measure_zero_shot(model, "val", choice=ExampleChoice(rows=(4,)))
    assert found.tables["examples"]["text"].tolist() == [
        "Is there a blue big cylinder?"
    ]
    assert (found.arrays["picture_0"] == 9).all()
    with pytest.raises(AnalysisError, match="the rule does not apply to question 1"):
        measure_zero_shot(model, "val", choice=ExampleChoice(rows=(1,)))
    with pytest.raises(AnalysisError, match="there is no question 5"):
        measure_zero_shot(model, "val", choice=ExampleChoice(rows=(5,)))


def test_the_rule_is_kept_with_what_it_gave(model: TrainedModel) -> None:
    rule = SwapRule(pairs=Pairs.ANY, shape="cylinder", color="green")
    assert measure_zero_shot(model, "val", rule=rule).about["rule"] == {
        "pairs": "any",
        "shape": "cylinder",
        "colors": "green",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model.film.blocks": "none"}, "no block hears the question"),
        ({"model.film.conditioning": "concat"}, "conditioning is concat"),
    ],
)
def test_a_run_without_gamma_and_beta_is_refused(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    store = write_small_store(tmp_path / "store", ASKED)
    with pytest.raises(AnalysisError, match=said):
        measure_zero_shot(small_run(store, **change), "val")


def test_where_no_question_names_such_a_pair_nothing_is_shown(tmp_path: Path) -> None:
    run = small_run(write_small_store(tmp_path / "store", ASKED[1:2]))
    found = measure_zero_shot(run, "val")
    assert found.tables["answers"]["applies"].tolist() == [False]
    assert found.tables["examples"].empty
    assert "minus_both" in found.tables["examples"]
    assert found.arrays == {}
