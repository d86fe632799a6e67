"""A long list in a JSON file is read entry by entry, and mistakes have a place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film.data.entries import EntryList
from film.errors import DataError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
ENTRIES = st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=5)


@given(
    entries=ENTRIES,
    before=st.dictionaries(st.text(), VALUES, max_size=2),
    after=st.dictionaries(st.text(), VALUES, max_size=2),
    indent=st.sampled_from([None, 0, 3]),
)
def test_the_entries_are_those_that_json_itself_reads(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[object],
    before: dict[str, object],
    after: dict[str, object],
    indent: int | None,
) -> None:
    before.pop("questions", None)
    content = {**before, "questions": entries}
    content |= {key: value for key, value in after.items() if key not in content}
    path = tmp_path_factory.mktemp("json") / "questions.json"
    path.write_text(json.dumps(content, indent=indent), encoding="utf-8")
    assert list(EntryList(path, "questions")) == entries


def test_the_position_ends_at_the_size(tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    path.write_text('{"questions": [{"a": 1}, {"a": 2}]}', encoding="utf-8")
    entries = EntryList(path, "questions")
    iterator = iter(entries)
    next(iterator)
    assert 0 < entries.position < entries.size
    assert list(iterator) == [{"a": 2}]
    assert entries.position == entries.size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"questions": [{"a": 1},\n {"a": ',
            r"broken JSON at line 2, column 8, after 1 entries.*cut off",
        ),
        ('{"questions": [{"a": 1}', r"after 1 entries: Expecting ',' or '\]'"),
        ('{"questions": [{"a": 1}]', r"after 1 entries: Expecting ',' or '}'"),
        ("", r"questions\.json is empty"),
        (" \n", r"questions\.json is empty"),
        ("<html>", r"line 1, column 1, after 0 entries: Expecting '{'"),
        ('[{"a": 1}]', r"the file is not an object; is it a file of the CLEVR layout"),
        ('{"questions": {"a": 1}}', r"'questions' is not a list; is it a file of the"),
        ('{"questions": null}', r"'questions' is not a list"),
        ('{"questions": []}\n}', r"more follows on line 2 after the JSON has ended"),
        ('{"questions": [' + "[" * 100_000, r"lists or objects lie too deep in each"),
        ('{"questions": [{"a": ' + "9" * 5000 + "}]}", r"has thousands of digits"),
        ('{"info": {}}', r"has no list 'questions'"),
        ('{"questions": [{"a": 1}, 3]}', r"entry 1 of 'questions' is no object"),
    ],
)
def test_broken_json_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "questions.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as error:
        list(EntryList(path, "questions"))
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    path.write_text('{"questions": [{"a": 1}]}', encoding="utf-8-sig")
    assert list(EntryList(path, "questions")) == [{"a": 1}]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.json does not exist"):
        EntryList(tmp_path / "absent.json", "questions")
    with pytest.raises(DataError, match=r"cannot be read: Is a directory"):
        EntryList(tmp_path, "questions")
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(DataError, match=r"latin\.json is no UTF-8 text \(byte 7\)"):
        EntryList(tmp_path / "latin.json", "questions")
