"""The description of a store agrees with counting by hand."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import h5py
import numpy as np
import pytest

from film.config import ImageInput
from film.data.dataset import data_fingerprint
from film.data.describe import describe_store
from film.data.prepare import PrepareOptions, prepare
from film.errors import DataError

MakeClevr = Callable[..., Path]


def test_counts_lengths_and_shares_are_those_of_the_files(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    list(prepare(make_clevr(), tmp_path / "store"))
    description = describe_store(tmp_path / "store")
    assert list(description.splits) == ["train", "val", "test"]
    train, val = description.splits["train"], description.splits["val"]
    assert (train.n_questions, train.n_images) == (4, 2)
    assert train.questions_per_type == {
        "count": 1,
        "exist": 1,
        "compare_numbers": 1,
        "query_attribute": 1,
        "compare_attribute": 0,
    }
    assert train.answer_shares == {"2": 0.25, "blue": 0.25, "no": 0.25, "yes": 0.25}
    assert train.mean_words == (6 + 4 + 5 + 6) / 4
    assert train.max_words == 6
    assert train.max_program_tokens == 6
    assert train.unknown_word_share == 0
    assert train.images == {"pixels": "3 × 8 × 12 uint8"}
    assert val.unknown_word_share == 6 / (5 + 8)
    assert val.unknown_question_share == 0.5
    assert val.unknown_words["size"] == 2
    assert description.splits["test"].answer_shares == {}
    assert (description.n_answers, description.n_program_tokens) == (32, 44)
    pixels = data_fingerprint(tmp_path / "store", ImageInput.PIXELS)
    assert description.fingerprints == {"pixels": pixels}
    json.dumps(asdict(description))


def test_the_priors_are_those_found_by_hand(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    list(prepare(make_clevr(), tmp_path, PrepareOptions(keep_pixels=False)))
    known = json.loads((tmp_path / "vocab.json").read_text(encoding="utf-8"))
    answers, tokens = known["answer_token_to_idx"], known["program_token_to_idx"]
    splits = {
        "train": [
            *(("count", "2"), ("count", "2"), ("count", "1"), ("query_shape", "cube")),
            *(("query_color", "red"), ("query_color", "red")),
        ],
        "val": [
            *(("count", "2"), ("count", "1"), ("query_color", "red")),
            *(("query_shape", "cube"), ("exist", "2")),
        ],
    }
    for split, rows in splits.items():
        with h5py.File(tmp_path / f"{split}.h5", "w") as file:
            file["questions"] = np.full((len(rows), 3), [1, 4, 2])
            file["image_idxs"] = np.zeros(len(rows), int)
            file["answers"] = [answers[answer] for _, answer in rows]
            file["programs"] = [
                [1, tokens[function], tokens["scene"], 2] for function, _ in rows
            ]
    description = describe_store(tmp_path)
    # Always "2": 2 of 5. By type: "2" for count, "red" for queries, and for exist,
    # which training lacks, "2": 3 of 5. By function also the cube: 4 of 5.
    assert description.prior_accuracy == 2 / 5
    assert description.type_prior_accuracy == 3 / 5
    assert description.function_prior_accuracy == 4 / 5


def test_a_store_without_validation_or_programs_has_no_priors_for_them(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    list(prepare(make_clevr(), tmp_path / "store"))
    with h5py.File(tmp_path / "store" / "val.h5", "r+") as file:
        del file["programs"], file["types"]
    description = describe_store(tmp_path / "store")
    assert description.prior_accuracy is not None
    assert description.type_prior_accuracy is None
    assert description.function_prior_accuracy is None
    (tmp_path / "store" / "val.h5").unlink()
    description = describe_store(tmp_path / "store")
    assert description.prior_accuracy is None
    assert description.fingerprints == {}


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"holds no split: neither train\.h5 nor train_q"
    ):
        describe_store(tmp_path)
    with pytest.raises(DataError, match=r"absent is no folder; 'film data prepare'"):
        describe_store(tmp_path / "absent")


def test_the_real_subset_is_described(shared: Path, tmp_path: Path) -> None:
    options = PrepareOptions(keep_pixels=False)
    list(prepare(shared / "clevr" / "CLEVR_v1.0", tmp_path, options))
    description = describe_store(tmp_path)
    train, val = description.splits["train"], description.splits["val"]
    assert train.questions_per_type == {
        "count": 221,
        "exist": 128,
        "compare_numbers": 83,
        "query_attribute": 344,
        "compare_attribute": 164,
    }
    assert sum(val.questions_per_type.values()) == val.n_questions == 407
    assert 17 < train.mean_words < 20
    assert description.type_prior_accuracy is not None
    assert description.function_prior_accuracy is not None
    assert 0.25 < description.type_prior_accuracy < 0.4
    assert 0.38 < description.function_prior_accuracy < 0.5


def test_the_unknown_words_of_humans_are_as_known(shared: Path, tmp_path: Path) -> None:
    source = shared / "clevr"
    clevr, humans = tmp_path / "clevr", tmp_path / "humans"
    questions_only = PrepareOptions(keep_pixels=False)
    list(prepare(source / "CLEVR_v1.0", clevr, questions_only))
    before = PrepareOptions(
        keep_pixels=False, vocabulary=clevr / "vocab.json", splits=("val",)
    )
    list(prepare(source / "CLEVR-Humans", humans, before))
    val = describe_store(humans).splits["val"]
    assert 0.125 < val.unknown_word_share < 0.18
    assert 0.55 < val.unknown_question_share < 0.62
