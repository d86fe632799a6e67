"""The epochs of a trial are whole lines, from the first."""

import json

import pytest

from runner.store.epochs import Epochs, is_same_epoch


def lines(*numbers: int) -> bytes:
    rows = [{"epoch": number, "val_loss": 1 / number} for number in numbers]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_epochs_are_rows_in_order() -> None:
    epochs = Epochs(lines(1, 2, 3))
    assert len(epochs) == 3
    assert [row["epoch"] for row in epochs] == [1, 2, 3]
    assert epochs[-1] == {"epoch": 3, "val_loss": 1 / 3}
    assert [row["epoch"] for row in epochs[1:]] == [2, 3]
    with pytest.raises(IndexError):
        epochs[3]


def test_no_line_is_no_epoch() -> None:
    assert not Epochs()
    assert Epochs() == ()
    assert Epochs(lines(1)) == ({"epoch": 1, "val_loss": 1.0},)
    assert Epochs(lines(1)) != 1
    assert hash(Epochs(lines(1))) == hash(Epochs(lines(1)))


@pytest.mark.parametrize(
    "damaged",
    [
        lines(1, 2) + b'{"epoch": 3, "val',
        lines(1, 2, 4),
        lines(1, 2) + b"\n\n",
        lines(1, 2) + b"\xff\n" + lines(4),
        lines(1, 2) + b"[3]\n",
    ],
)
def test_the_first_line_that_is_no_epoch_ends_them(damaged: bytes) -> None:
    epochs = Epochs(damaged)
    assert [row["epoch"] for row in epochs] == [1, 2]
    assert len(epochs) == 2


def test_a_damaged_line_between_whole_ones_ends_them_when_it_is_met() -> None:
    content = lines(1) + b"\xff\n" + lines(3)[:0] + b'{"epoch": 3}\n'
    with pytest.raises(IndexError):
        Epochs(content)[1]
    epochs = Epochs(content)
    assert [row["epoch"] for row in epochs] == [1]
    assert len(epochs) == 1


def test_what_an_epoch_took_is_not_what_it_computed() -> None:
    row = {"epoch": 1, "val_loss": float("nan"), "wall_time_s": 1.0}
    more = {"memory_bytes": 7, "gpu_memory_bytes": None, "questions_per_s": 2.0}
    assert is_same_epoch(row, {**row, **more, "wall_time_s": 2.0})
    assert not is_same_epoch(row, {**row, "val_loss": 0.5})
