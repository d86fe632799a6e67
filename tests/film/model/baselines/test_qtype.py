"""Q-type mode gives what counting by type gives."""

import numpy as np
import pandas as pd
import pytest
import torch

from film.config import Config
from film.data.store import outermost_functions
from film.data.vocabulary import (
    CLEVR_PROGRAM_TOKENS,
    END,
    SPECIAL_TOKENS,
    START,
    Vocabulary,
)
from film.model.baselines.qtype import QTypeMode, outermost
from film.model.build import build_network
from film.model.network import DataSizes

WORDS = (*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS)
SCENE = WORDS.index("scene")
SIZES = DataSizes(n_words=9, n_answers=7, image_shape=(0, 0, 0), program_words=WORDS)
NO_IMAGES = torch.zeros((3, 0, 0, 0))
FUNCTIONS = ("count", "exist", "query_color", "equal_integer")


def programs_of(functions: list[str]) -> torch.Tensor:
    """Write programs of two or three functions, in prefix order."""
    programs = torch.zeros((len(functions), 5), dtype=torch.int64)
    for row, name in enumerate(functions):
        tokens = [WORDS.index(name), *([WORDS.index("unique")] * (row % 2)), SCENE]
        written = [START, *tokens, END]
        programs[row, : len(written)] = torch.tensor(written)
    return programs


def some_questions(n_questions: int, seed: int) -> tuple[list[str], torch.Tensor]:
    rng = np.random.default_rng(seed)
    functions = rng.choice(FUNCTIONS, n_questions).tolist()
    return functions, torch.from_numpy(rng.integers(0, 7, n_questions))


def test_answers_are_those_that_pandas_counts_most_often() -> None:
    functions, answers = some_questions(300, seed=0)
    config = Config().with_changes({"model.architecture": "qtype"}).model
    network = build_network(config, SIZES)
    assert isinstance(network, QTypeMode)
    programs = programs_of(functions)
    for part in (slice(0, 100), slice(100, None)):  # batch by batch
        network.count(programs[part], answers[part])
    frame = pd.DataFrame({"function": functions, "answer": answers.numpy()})
    modes = frame.groupby("function")["answer"].agg(lambda all_: all_.mode()[0])
    asked, _ = some_questions(50, seed=1)
    given = network.answer(programs_of(asked)).argmax(dim=1)
    assert given.tolist() == modes[asked].tolist()
    assert len(set(modes)) > 1


@pytest.fixture
def counted() -> QTypeMode:
    """Give a network that saw more of answer 2, but of answer 5 where one counts."""
    network = QTypeMode(SIZES)
    functions = ["count"] * 3 + ["exist"] * 4
    network.count(programs_of(functions), torch.tensor([5, 5, 1, 2, 2, 2, 2]))
    return network


def test_types_that_training_lacked_get_the_most_frequent_answer(
    counted: QTypeMode,
) -> None:
    given = counted.answer(programs_of(["count", "query_color"])).argmax(dim=1)
    assert given.tolist() == [5, 2]


@pytest.mark.parametrize("n_tokens", [0, 5])
def test_unknown_programs_get_the_most_frequent_answer(
    counted: QTypeMode, n_tokens: int
) -> None:
    unknown = torch.zeros((2, n_tokens), dtype=torch.int64)
    assert counted.answer(unknown).argmax(dim=1).tolist() == [2, 2]
    questions = torch.ones((3, 4), dtype=torch.int64)
    assert counted(questions, NO_IMAGES).argmax(dim=1).tolist() == [2, 2, 2]


def test_every_answer_stays_possible(counted: QTypeMode) -> None:
    chances = counted.answer(programs_of(["count"])).softmax(dim=1)[0]
    expected = torch.tensor([1, 2, 1, 1, 1, 3, 1]) / 10  # counts, and one of each
    torch.testing.assert_close(chances, expected)


def test_one_question_among_all_of_clevr_s_makes_a_difference() -> None:
    network = QTypeMode(SIZES)
    row = WORDS.index("exist")
    network.counts[row, 3], network.counts[row, 4] = 699_988, 699_989
    assert network.answer(programs_of(["exist"])).argmax(dim=1).tolist() == [4]


def test_the_outermost_function_is_found_in_any_order() -> None:
    count, unique = WORDS.index("count"), WORDS.index("unique")
    programs = torch.tensor(
        [
            [START, count, unique, SCENE, END, 0],
            [START, SCENE, unique, count, END, 0],
            [START, SCENE, count, END, 0, 0],
            [START, count, END, 0, 0, 0],
        ]
    )
    assert outermost(programs, SCENE).tolist() == [count] * 4
    numbers = {word: number for number, word in enumerate(WORDS)}
    vocabulary = Vocabulary(
        question_token_to_idx=numbers,
        program_token_to_idx=numbers,
        answer_token_to_idx=numbers,
    )
    stored = outermost_functions(programs.numpy().astype(np.int32), vocabulary)
    assert stored.tolist() == [count] * 4


def test_what_was_counted_is_saved_with_the_weights(counted: QTypeMode) -> None:
    other = QTypeMode(SIZES)
    other.load_state_dict(counted.state_dict())
    programs = programs_of(["count", "exist"])
    assert other.answer(programs).equal(counted.answer(programs))
    assert list(other.parameters()) == []
