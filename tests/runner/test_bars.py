"""Where there is no terminal, lines say now and then how far work is."""

from collections.abc import Iterator

from film.data.progress import Progress
from runner.cli.bars import Lines, follow


class Clock:
    def __init__(self) -> None:
        self.time_s = 0.0

    def __call__(self) -> float:
        return self.time_s


def lines_of(steps: list[tuple[float, Progress]]) -> list[str]:
    said: list[str] = []
    clock = Clock()
    lines = Lines(said.append, clock)
    for time_s, step in steps:
        clock.time_s = time_s
        lines.show(step)
    return said


def test_a_quick_stage_is_one_line() -> None:
    steps = [(0.1 * n, Progress("train: images", n, 9)) for n in range(10)]
    assert lines_of(steps) == ["train: images"]


def test_after_ten_seconds_and_a_tenth_a_line_says_how_much_time_is_left() -> None:
    steps = [(float(n), Progress("train: images", n, 100)) for n in range(31)]
    assert lines_of(steps) == [
        "train: images",
        "train: images 10 of 100, 1:30 left",
        "train: images 20 of 100, 1:20 left",
        "train: images 30 of 100, 1:10 left",
    ]


def test_slow_work_speaks_once_a_minute() -> None:
    steps = [(float(n), Progress("train: images", n, 10_000)) for n in range(100)]
    assert lines_of(steps) == [
        "train: images",
        "train: images 60 of 10,000, 2:45:40 left",
    ]


def test_the_time_left_is_that_of_the_whole_where_it_is_known() -> None:
    steps = [
        (0.0, Progress("train: pictures", 0, 10, 0.0)),
        (20.0, Progress("train: pictures", 5, 10, 0.25)),
    ]
    assert lines_of(steps) == [
        "train: pictures",
        "train: pictures 5 of 10; 25% of the whole, 1:00 left",
    ]


def test_work_that_stands_still_has_no_time_left() -> None:
    steps = [(60.0 * n, Progress("train: pictures", 3, 10)) for n in range(2)]
    assert lines_of(steps)[1] == "train: pictures 3 of 10, – left"


def test_work_is_done_to_its_end() -> None:
    done: list[int] = []

    def work() -> Iterator[Progress]:
        for n in range(3):
            done.append(n)
            yield Progress("stage", n, 2)

    follow(work())
    assert done == [0, 1, 2]
