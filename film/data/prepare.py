"""Turn CLEVR's files into a store: ``film data prepare``.

Words are numbered on the training questions and applied to the other splits. Only
images that questions are about are stored. Nothing of an earlier store is touched
until everything is written.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, final

import h5py
import numpy as np
from jaxtyping import Float, Int, UInt8

from film.data.clevr import (
    Question,
    QuestionReader,
    SplitFiles,
    find_splits,
    read_scene_names,
)
from film.data.hdf5 import open_file, system_errors
from film.data.images import default_size, read_pixels
from film.data.programs import ProgramOrder, program_tokens
from film.data.progress import Progress
from film.data.store import TYPE_NAMES, StoredQuestions, write_questions
from film.data.unfinished import unfinished_folder
from film.data.vocabulary import (
    NULL,
    SPECIAL_TOKENS,
    Vocabulary,
    build_vocabulary,
    expand_vocabulary,
    read_vocabulary,
    write_vocabulary,
)
from film.errors import ConfigError, DataError

__all__ = ["FeatureExtractor", "PrepareOptions", "prepare"]

_QUESTIONS_PER_STEP: Final = 5000
_IMAGES_PER_STEP: Final = 64


FeatureExtractor = Callable[
    [UInt8[np.ndarray, "images channels=3 height width"]],
    Float[np.ndarray, "images features rows columns"],
]
"""Computes features from pixels; the same shape at each call."""


@final
@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """What to store, and how.

    Attributes:
        splits: Splits to prepare, as ``find_splits`` names them; None means all.
            Without ``train``, the vocabulary is the one given or the one that the
            store already has.
        images: The folder that has a folder of images per split; None means
            ``images`` in the source.
        image_size: Height and width; None keeps the size of the first image where
            neither is above 224 and otherwise takes the paper's 224 × 224. Images
            of another size are resized bicubically, as the authors do.
        keep_pixels: Store the images themselves.
        extractor: Computes features to store; None stores none. Without pixels and
            features, only questions are stored and no image is needed.
        extractor_size: Height and width of the images that the extractor sees,
            whatever the size of those that are stored; None takes that of the first
            image.
        extractor_name: What the extractor is, weights included; stored beside the
            features.
        vocabulary: A vocab.json to use instead of building one.
        expand: Add the words of the training questions to that vocabulary.
        min_word_count: How often a word must occur in the training questions to be
            known; the authors take 1 for CLEVR and 5 for CLEVR-Humans.
        program_order: How programs are written as tokens.
        max_images: Keep only questions about the first so many images of each split.
        max_questions: Keep only the first so many questions of each split.
        fingerprint: A name of the whole data, for a maker that knows it: it must
            change with everything that is learnt from, image size and extractor
            included. None lets the content name the data.
    """

    splits: tuple[str, ...] | None = None
    images: Path | None = None
    image_size: tuple[int, int] | None = None
    keep_pixels: bool = True
    extractor: FeatureExtractor | None = None
    extractor_size: tuple[int, int] | None = None
    extractor_name: str | None = None
    vocabulary: Path | None = None
    expand: bool = False
    min_word_count: int = 1
    program_order: ProgramOrder = ProgramOrder.PREFIX
    max_images: int | None = None
    max_questions: int | None = None
    fingerprint: str | None = None

    @property
    def needs_images(self) -> bool:
        """Whether anything is stored of the images."""
        return self.keep_pixels or self.extractor is not None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ConfigError: If a number is below 1, or words should be added to no
                vocabulary.
        """
        numbers = {
            "min_word_count": self.min_word_count,
            "max_images": self.max_images,
            "max_questions": self.max_questions,
            "image_size": None if self.image_size is None else min(self.image_size),
            "extractor_size": None
            if self.extractor_size is None
            else min(self.extractor_size),
        }
        for name, number in numbers.items():
            if number is not None and number < 1:
                raise ConfigError(f"{name} must be at least 1, got {number}")
        if self.expand and self.vocabulary is None:
            raise ConfigError(
                "expand adds words to a given vocabulary; give one (vocabulary)"
            )


# Of the images that are stored, and of those that the extractor sees.
@dataclass(frozen=True, kw_only=True)
class _Sizes:
    stored: tuple[int, int]
    seen: tuple[int, int]

    def wanted(self, options: PrepareOptions) -> set[tuple[int, int]]:
        stored = {self.stored} if options.keep_pixels else set()
        return stored if options.extractor is None else stored | {self.seen}


def prepare(
    source: Path, out: Path, options: PrepareOptions | None = None
) -> Iterator[Progress]:
    """Write a store from a folder in CLEVR's layout.

    Args:
        source: CLEVR, CoGenT, CLEVR-Humans, or what the generator wrote.
        out: The store; made if needed. Files of the same name are replaced, all
            at the end and each at once.
        options: What to store; the default stores questions and pixels.

    Yields:
        How far the work is. Stopping to iterate leaves what ``out`` held as it was.

    Raises:
        DataError: If a file is missing, broken or contradicts itself.
    """
    options = options or PrepareOptions()
    splits = _chosen_splits(source, options)
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; a store is a folder")
    _check_replaced_splits(out, splits, options)
    out.mkdir(parents=True, exist_ok=True)
    with system_errors(out), unfinished_folder(out) as written:
        vocabulary: Vocabulary | None = None
        sizes: _Sizes | None = None
        for name, files in splits.items():
            questions = yield from _read_questions(name, files, options)
            if vocabulary is None:
                vocabulary = _choose_vocabulary(name, questions, out, options)
                _check_staying_splits(out, splits, vocabulary)
            paths = _image_paths(files, questions, options)
            if paths and sizes is None:
                sizes = _choose_sizes(next(iter(paths.values())), options)
            with h5py.File(written / f"{name}.h5", "w") as file:
                _write_attributes(file, questions, vocabulary, options)
                write_questions(
                    file, _encode(files, questions, vocabulary, options.program_order)
                )
                if sizes is not None:
                    yield from _write_images(file, name, paths, sizes, options)
        if vocabulary is not None:
            write_vocabulary(vocabulary, written / "vocab.json")
        for path in sorted(written.iterdir()):
            path.replace(out / path.name)


def _chosen_splits(source: Path, options: PrepareOptions) -> dict[str, SplitFiles]:
    found = find_splits(source, options.images)
    if options.splits is None:
        return found
    for name in options.splits:
        if name not in found:
            raise DataError(
                f"{source} has no split '{name}'; it has {', '.join(found)}"
            )
    return {name: files for name, files in found.items() if name in options.splits}


def _read_questions(
    name: str, files: SplitFiles, options: PrepareOptions
) -> Generator[Progress, None, list[Question]]:
    stage = f"{name}: questions"
    reader = QuestionReader(files)
    yield Progress(stage, 0, reader.size)
    questions: list[Question] = []
    kept_images: set[int] = set()
    for n_read, question in enumerate(reader, start=1):
        if len(questions) == options.max_questions:
            break
        if len(kept_images) != options.max_images:
            kept_images.add(question.image_index)
        if question.image_index in kept_images:
            questions.append(question)
        if n_read % _QUESTIONS_PER_STEP == 0:
            yield Progress(stage, reader.position, reader.size)
    if options.needs_images:
        _check_scenes(files, questions)
    yield Progress(stage, reader.size, reader.size)
    return questions


def _check_scenes(files: SplitFiles, questions: Sequence[Question]) -> None:
    # Scenes without questions are fine, and so are questions without a scene.
    if not files.scenes.is_file():
        return
    names = {question.image_index: question.image_filename for question in questions}
    for image_index, scene_name in read_scene_names(files.scenes):
        name = names.get(image_index, scene_name)
        if name != scene_name:
            raise DataError(
                f"{files.scenes}: image_index {image_index} is "
                f"{scene_name}, and {name} in {files.questions.name}"
            )


def _choose_vocabulary(
    name: str, questions: Sequence[Question], out: Path, options: PrepareOptions
) -> Vocabulary:
    texts = [question.text for question in questions]
    if name != "train":
        if options.expand:
            raise DataError(
                "expand adds the words of the training questions: prepare 'train' too"
            )
        if options.vocabulary is None and not (out / "vocab.json").is_file():
            raise DataError(
                "the vocabulary comes from the training questions: prepare 'train' "
                f"too, or give a vocabulary; there is none in {out}"
            )
        return read_vocabulary(options.vocabulary or out / "vocab.json")
    if options.vocabulary is not None:
        given = read_vocabulary(options.vocabulary)
        if not options.expand:
            return given
        return expand_vocabulary(given, texts, min_count=options.min_word_count)
    return build_vocabulary(
        texts,
        programs=(
            (node.token for node in question.program)
            for question in questions
            if question.program is not None
        ),
        answers=(
            question.answer for question in questions if question.answer is not None
        ),
        min_count=options.min_word_count,
    )


# Data that their maker has named would go on bearing the name.
def _check_replaced_splits(
    out: Path, splits: Iterable[str], options: PrepareOptions
) -> None:
    for path in (out / f"{name}.h5" for name in splits):
        try:
            with open_file(path) as file:
                name = file.attrs.get("fingerprint", options.fingerprint)
        except DataError:  # absent, or broken: it may be replaced
            continue
        if name != options.fingerprint:
            raise DataError(
                f"{path} belongs to the data named {name}; prepare into another folder"
            )


def _check_staying_splits(
    out: Path, splits: Iterable[str], vocabulary: Vocabulary
) -> None:
    replaced = {f"{name}.h5" for name in splits}
    for path in sorted(out.glob("*.h5")):
        if path.name in replaced:
            continue
        with open_file(path) as file:
            written_with = file.attrs.get("vocabulary", vocabulary.digest)
        if written_with != vocabulary.digest:
            raise DataError(
                f"{path} was written with another vocabulary and could not be read "
                "any more; prepare all splits together, or into another folder"
            )


def _encode(
    files: SplitFiles,
    questions: Sequence[Question],
    vocabulary: Vocabulary,
    order: ProgramOrder,
) -> StoredQuestions:
    first = questions[0]
    return StoredQuestions(
        questions=_pad([vocabulary.encode_question(one.text) for one in questions]),
        image_idxs=np.array([one.image_index for one in questions]),
        orig_idxs=np.array([one.index for one in questions]),
        answers=None
        if first.answer is None
        else _encode_answers(files, questions, vocabulary),
        programs=None
        if first.program is None
        else _encode_programs(files, questions, vocabulary, order),
        question_families=None
        if first.family is None
        else np.array([one.family for one in questions]),
        types=None
        if first.type is None
        else np.array([TYPE_NAMES.index(one.type or "") for one in questions]),
    )


def _encode_answers(
    files: SplitFiles, questions: Sequence[Question], vocabulary: Vocabulary
) -> Int[np.ndarray, " rows"]:
    known = {
        answer: number
        for answer, number in vocabulary.answer_token_to_idx.items()
        if answer not in SPECIAL_TOKENS
    }
    unknown = [one for one in questions if one.answer not in known]
    if unknown:
        raise DataError(
            f"{files.questions}: {len(unknown)} answers are not in the vocabulary, the "
            f"first is '{unknown[0].answer}' to question {unknown[0].index}; answers "
            "come from the training questions or the given vocabulary"
        )
    return np.array([known[one.answer or ""] for one in questions])


def _encode_programs(
    files: SplitFiles,
    questions: Sequence[Question],
    vocabulary: Vocabulary,
    order: ProgramOrder,
) -> Int[np.ndarray, "rows program_tokens"]:
    encoded = []
    for question in questions:
        try:
            tokens = program_tokens(question.program or (), order)
        except DataError as error:
            raise DataError(
                f"{files.questions}: question {question.index}: {error}"
            ) from None
        encoded.append(vocabulary.encode_program(tokens))
    return _pad(encoded)


def _pad(sequences: Sequence[Sequence[int]]) -> Int[np.ndarray, "rows tokens"]:
    padded = np.full((len(sequences), max(map(len, sequences))), NULL, dtype=np.int32)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded


def _write_attributes(
    file: h5py.File,
    questions: Sequence[Question],
    vocabulary: Vocabulary,
    options: PrepareOptions,
) -> None:
    unknown = Counter(
        word for one in questions for word in vocabulary.unknown_words(one.text)
    )
    file.attrs["vocabulary"] = vocabulary.digest
    file.attrs["unknown_words"] = json.dumps(unknown.most_common(20))
    if options.fingerprint is not None:
        file.attrs["fingerprint"] = options.fingerprint


def _image_paths(
    files: SplitFiles, questions: Sequence[Question], options: PrepareOptions
) -> Mapping[int, Path]:
    if not options.needs_images:
        return {}
    if not files.images.is_dir():
        raise DataError(
            f"the folder of images {files.images} does not exist; say where the "
            "images are, or prepare questions only"
        )
    names = {one.image_index: one.image_filename for one in questions}
    paths = {index: files.images / names[index] for index in sorted(names)}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(paths)} images that {files.questions.name} asks "
            f"about do not exist, the first is {missing[0]}"
        )
    return paths


def _choose_sizes(path: Path, options: PrepareOptions) -> _Sizes:
    _, height, width = read_pixels(path).shape
    return _Sizes(
        stored=options.image_size or default_size(path),
        seen=options.extractor_size or (height, width),
    )


def _write_images(
    file: h5py.File,
    name: str,
    paths: Mapping[int, Path],
    sizes: _Sizes,
    options: PrepareOptions,
) -> Iterator[Progress]:
    if not paths:
        return
    stage = f"{name}: images"
    file["image_ids"] = np.array(list(paths), dtype=np.int64)
    remaining = iter(paths.values())
    yield Progress(stage, 0, len(paths))
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(paths), _IMAGES_PER_STEP):
            step = list(islice(remaining, _IMAGES_PER_STEP))
            images = {
                size: np.stack(list(pool.map(partial(read_pixels, size=size), step)))
                for size in sizes.wanted(options)
            }
            if options.keep_pixels:
                _append(file, "images", start, len(paths), images[sizes.stored])
            if options.extractor is not None:
                features = options.extractor(images[sizes.seen])
                _append(file, "features", start, len(paths), features)
            yield Progress(stage, start + len(step), len(paths))
    if options.extractor is not None and options.extractor_name is not None:
        file["features"].attrs["extractor"] = options.extractor_name


def _append(
    file: h5py.File, name: str, start: int, total: int, values: np.ndarray
) -> None:
    if name not in file:
        file.create_dataset(name, (total, *values.shape[1:]), values.dtype)
    file[name][start : start + len(values)] = values
