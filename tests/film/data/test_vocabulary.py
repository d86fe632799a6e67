"""Words get the numbers that clevr-iep gives them."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film.data.vocabulary import (
    CLEVR_ANSWERS,
    CLEVR_PROGRAM_TOKENS,
    END,
    SPECIAL_TOKENS,
    START,
    UNKNOWN,
    Vocabulary,
    build_vocabulary,
    expand_vocabulary,
    read_vocabulary,
    tokenize,
    write_vocabulary,
)
from film.errors import DataError

# The words of the released vocabulary from number 4 on.
WORDS = (
    "; Are Do Does How Is The There What a an and another any anything are as "
    "ball balls behind big block blocks blue both brown color cube cubes cyan "
    "cylinder cylinders does either else equal fewer front gray greater green "
    "has have how in is it its large left less made many material matte metal "
    "metallic more number object objects of on or other purple red right rubber "
    "same shape shiny side size small sphere spheres than that the there thing "
    "things tiny to visible what yellow"
)
SPECIAL = {"<NULL>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3}
CLEVR_WORDS = ["", *WORDS.split(" ")]


def clevr_vocabulary() -> Vocabulary:
    text = " ".join(word for word in reversed(CLEVR_WORDS) if word)
    return build_vocabulary([f"{text}  is"])


def test_punctuation_is_split_off_or_dropped_and_case_kept() -> None:
    assert tokenize("Is it red; or, say, Blue?") == [
        *("Is", "it", "red", ";", "or", ",", "say", ",", "Blue")
    ]
    assert tokenize("What is it.") == ["What", "is", "it"]


def test_two_spaces_make_an_empty_word() -> None:
    assert tokenize("a  b") == ["a", "", "b"]


def test_clevrs_words_get_the_released_numbers() -> None:
    numbers = clevr_vocabulary().question_token_to_idx
    assert len(numbers) == 93
    assert list(numbers) == [*SPECIAL_TOKENS, *CLEVR_WORDS]
    assert list(numbers.values()) == list(range(93))
    known = {
        "": 4,
        ";": 5,
        "Are": 6,
        "What": 13,
        "behind": 24,
        "left": 54,
        "rubber": 73,
    }
    assert known.items() <= numbers.items()
    assert numbers["yellow"] == 92


def test_clevrs_answers_and_programs_get_the_released_numbers() -> None:
    vocabulary = build_vocabulary(["Is it?"], answers=["yes"], programs=[["scene"]])
    answers = vocabulary.answer_token_to_idx
    assert len(answers) == 32
    released = {"0": 4, "10": 6, "9": 14, "blue": 15, "no": 24, "small": 28, "yes": 31}
    assert released.items() <= answers.items()
    programs = vocabulary.program_token_to_idx
    assert len(programs) == 44
    released = {
        "count": 4,
        "equal_integer": 6,
        "filter_color[blue]": 11,
        "union": 42,
        "filter_material[metal]": 19,
        "filter_size[small]": 25,
        "greater_than": 26,
        "relate[behind]": 33,
        "same_color": 37,
        "scene": 41,
        "unique": 43,
    }
    assert released.items() <= programs.items()


def test_other_answers_than_clevrs_come_after_them() -> None:
    vocabulary = build_vocabulary(["Is it?"], answers=["yes", "maybe", "yes"])
    assert vocabulary.answers == (*SPECIAL_TOKENS, *CLEVR_ANSWERS, "maybe")
    assert len(CLEVR_ANSWERS) == 28
    assert len(CLEVR_PROGRAM_TOKENS) == 40


def test_special_tokens_are_no_words_or_answers() -> None:
    for mistaken in ({"answers": ["<NULL>"]}, {"programs": [["<END>"]]}):
        with pytest.raises(DataError, match=r"'<(NULL|END)>' is a word or answer of"):
            build_vocabulary(["Is it?"], **mistaken)
    with pytest.raises(DataError, match=r"'<UNK>' is a word"):
        build_vocabulary(["Is <UNK> it?"])
    vocabulary = build_vocabulary(["Is it?"])
    with pytest.raises(DataError, match=r"'<START>' is a word"):
        expand_vocabulary(vocabulary, ["Is <START> it?"], min_count=1)
    assert vocabulary.encode_question("Is <NULL>?") == [START, 4, UNKNOWN, END]


def test_rare_words_are_left_out_and_read_as_unknown() -> None:
    vocabulary = build_vocabulary(["a ball", "a cube"], min_count=2)
    assert vocabulary.question_words == (*SPECIAL_TOKENS, "a")
    assert vocabulary.encode_question("a cube?") == [START, 4, UNKNOWN, END]
    assert vocabulary.unknown_words("a cube or a ball") == ["cube", "or", "ball"]


@given(st.lists(st.text(alphabet="ab ;,?.X", max_size=12), min_size=1, max_size=6))
def test_a_built_vocabulary_knows_each_of_its_words(texts: list[str]) -> None:
    vocabulary = build_vocabulary(texts)
    for text in texts:
        numbers = vocabulary.encode_question(text)
        words = [vocabulary.question_words[number] for number in numbers]
        assert words == ["<START>", *tokenize(text), "<END>"]
    assert vocabulary.unknown_words(texts[0]) == []


def test_an_expanded_vocabulary_keeps_what_it_had() -> None:
    before = build_vocabulary(["red ball"])
    after = expand_vocabulary(before, ["a red cube", "a blue cube"], min_count=2)
    assert after.question_words == (*before.question_words, "a", "cube")
    assert after.answer_token_to_idx == before.answer_token_to_idx
    assert len(before.question_words) == 6


class TestVocabularyFile:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        vocabulary = build_vocabulary(["Is it  red?"])
        write_vocabulary(vocabulary, tmp_path / "vocab.json")
        assert read_vocabulary(tmp_path / "vocab.json") == vocabulary
        assert read_vocabulary(tmp_path / "vocab.json").digest == vocabulary.digest

    def test_it_has_the_names_that_clevr_iep_reads(self, tmp_path: Path) -> None:
        write_vocabulary(build_vocabulary(["red"]), tmp_path / "vocab.json")
        content = json.loads((tmp_path / "vocab.json").read_text(encoding="utf-8"))
        assert set(content) == {
            *("question_token_to_idx", "program_token_to_idx", "answer_token_to_idx")
        }
        assert content["question_token_to_idx"] == {
            "<NULL>": 0,
            "<START>": 1,
            "<END>": 2,
            "<UNK>": 3,
            "red": 4,
        }

    def test_a_file_without_programs_gets_clevrs(self, tmp_path: Path) -> None:
        path = tmp_path / "vocab.json"
        path.write_text(
            json.dumps(
                {"question_token_to_idx": SPECIAL, "answer_token_to_idx": SPECIAL}
            ),
            encoding="utf-8",
        )
        assert len(read_vocabulary(path).program_words) == 44

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("{", r"is no readable JSON"),
            ("[]", r"is no vocabulary"),
            ("{}", r"has no map 'question_token_to_idx'"),
            (
                '{"question_token_to_idx": {"<NULL>": 0, "<START>": 2}}',
                r"question_token_to_idx should give <START> the number 1, .* it 2",
            ),
            (
                json.dumps({"question_token_to_idx": {**SPECIAL, "a": 4, "b": 4}}),
                r"the numbers of question_token_to_idx should be 0 to 5, each once",
            ),
        ],
    )
    def test_a_broken_file_is_refused(
        self, tmp_path: Path, content: str, message: str
    ) -> None:
        path = tmp_path / "vocab.json"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=message):
            read_vocabulary(path)

    def test_a_missing_file_says_what_writes_it(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"vocab\.json does not exist; 'film data"):
            read_vocabulary(tmp_path / "vocab.json")


class TestHumans:
    """The counts of CLEVR-Humans, with the vocabulary that FiLM uses."""

    @staticmethod
    def texts(shared: Path, split: str) -> list[str]:
        path = shared / "clevr" / "CLEVR-Humans" / f"CLEVR-Humans-{split}.json"
        questions = json.loads(path.read_text(encoding="utf-8"))["questions"]
        return [question["question"] for question in questions]

    @pytest.mark.parametrize(("threshold", "size"), [(1, 1094), (5, 427), (10, 323)])
    def test_clevrs_vocabulary_grows_to_the_known_sizes(
        self, shared: Path, threshold: int, size: int
    ) -> None:
        texts = self.texts(shared, "train")
        expanded = expand_vocabulary(clevr_vocabulary(), texts, min_count=threshold)
        assert len(expanded.question_words) == size
        assert expanded.question_words[:93] == clevr_vocabulary().question_words

    def test_training_questions_have_1090_different_words(self, shared: Path) -> None:
        texts = self.texts(shared, "train")
        assert len({word for text in texts for word in tokenize(text)}) == 1090

    def test_unknown_words_are_as_rare_as_known(self, shared: Path) -> None:
        vocabulary = expand_vocabulary(
            clevr_vocabulary(), self.texts(shared, "train"), min_count=5
        )
        for split in ("train", "val", "test"):
            texts = self.texts(shared, split)
            counts = Counter(len(vocabulary.unknown_words(text)) for text in texts)
            n_unknown = sum(number * count for number, count in counts.items())
            n_words = sum(len(tokenize(text)) for text in texts)
            assert 0.005 < n_unknown / n_words < 0.0095
            assert 0.045 < 1 - counts[0] / len(texts) < 0.07
