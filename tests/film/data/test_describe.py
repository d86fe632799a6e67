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
from film.data.priors import Grouping
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
            *(("count", "2", 1), ("count", "2", 1), ("count", "1", 2)),
            *(("query_shape", "cube", 3), ("query_color", "red", 4)),
            ("query_color", "red", 4),
        ],
        "val": [
            *(("count", "2", 1), ("count", "1", 2), ("query_color", "red", 4)),
            *(("query_shape", "cube", 3), ("exist", "2", 5)),
        ],
    }
    for split, rows in splits.items():
        with h5py.File(tmp_path / f"{split}.h5", "w") as file:
            file["questions"] = np.full((len(rows), 3), [1, 4, 2])
            file["image_idxs"] = np.zeros(len(rows), int)
            file["answers"] = [answers[answer] for _, answer, _ in rows]
            file["question_families"] = [family for *_, family in rows]
            file["programs"] = [
                [1, tokens[function], tokens["scene"], 2] for function, *_ in rows
            ]
    priors = describe_store(tmp_path).priors
    # Always "2": 2 of 5. By type: "2" for count, "red" for queries, and for exist,
    # which training lacks, "2": 3 of 5. By function also the cube: 4 of 5. By family
    # also the other count.
    assert {grouping: prior.accuracy for grouping, prior in priors.items()} == {
        Grouping.ALL: 2 / 5,
        Grouping.TYPE: 3 / 5,
        Grouping.FUNCTION: 4 / 5,
        Grouping.FAMILY: 5 / 5,
    }
    assert priors[Grouping.ALL].by_type == {
        "count": 1 / 2,
        "exist": 1,
        "query_attribute": 0,
    }
    assert priors[Grouping.TYPE].by_type["query_attribute"] == 1 / 2
    assert priors[Grouping.FUNCTION].by_type["query_attribute"] == 1
    assert priors[Grouping.FAMILY].by_type["count"] == 1


def test_a_store_without_validation_or_programs_has_no_priors_for_them(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    list(prepare(make_clevr(), tmp_path / "store"))
    with h5py.File(tmp_path / "store" / "val.h5", "r+") as file:
        del file["programs"], file["types"]
        file["question_families"][:] = -1
    description = describe_store(tmp_path / "store")
    assert description.priors.keys() == {Grouping.ALL}
    assert description.priors[Grouping.ALL].by_type == {}
    (tmp_path / "store" / "val.h5").unlink()
    description = describe_store(tmp_path / "store")
    assert description.priors == {}
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
    priors = {name: prior.accuracy for name, prior in description.priors.items()}
    assert 0.25 < priors[Grouping.TYPE] < 0.4
    assert 0.38 < priors[Grouping.FUNCTION] < 0.5
    assert 0.38 < priors[Grouping.FAMILY] < 0.5


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
