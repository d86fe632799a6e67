"""`python -m tests.faults`: the long form."""

# ruff: noqa: T201 - a command prints

import argparse
import itertools
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from tests.faults.ground import lay_ground
from tests.faults.kinds import KINDS, Kind
from tests.faults.page import page, table
from tests.faults.playing import Case, cases, play
from tests.faults.serving import Server

_MOST_CASES: Final = 3  # for each fault that is wanted: some strike too late


def main() -> int:
    """Play a series and print its table; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="faults, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--case",
        type=int,
        action="append",
        help="of the series, this alone; repeatable",
    )
    parser.add_argument("--jobs", type=int, default=2, help="cases at the same time")
    parser.add_argument("--only", default="*", help="pattern of kinds")
    parser.add_argument("--folder", type=Path, help="kept; default: a temporary one")
    parser.add_argument("--out", type=Path, help="a page to write")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # nothing is left behind
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))  # launches hear it too
    kinds = [kind for kind in KINDS if fnmatchcase(kind.name, given.only)]
    if not kinds:
        parser.error(f"no such kind; there is {', '.join(k.name for k in KINDS)}")
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        began = time.monotonic()
        played: list[Case] = []
        for case in _play(given, kinds, (given.folder or Path(temporary)).resolve()):
            played.append(case)
            if given.out:  # after every case: a series is long, and may be stopped
                words = shlex.join(["python", "-m", "tests.faults", *sys.argv[1:]])
                seconds = time.monotonic() - began
                given.out.write_text(page(played, words, seconds), encoding="utf-8")
    print(table(played))
    return int(any(case.problems for case in played))


def _play(given: argparse.Namespace, kinds: list[Kind], root: Path) -> Iterator[Case]:
    ground = lay_ground(root / "ground")
    print(f"an undisturbed launch takes {ground.seconds:.0f} s", flush=True)
    server = Server(root / "server")
    struck = 0
    numbers = iter(given.case or range(1, _MOST_CASES * given.count + 1))
    chains = list(itertools.islice(cases(given.seed, kinds), _MOST_CASES * given.count))
    running: set[Future[Case]] = set()
    try:  # the server outlives the cases, which may start it again
        with ThreadPoolExecutor(given.jobs) as pool:
            while True:
                wanted = itertools.islice(numbers, given.jobs - len(running))
                for number in wanted if struck < given.count else ():
                    name = f"{given.seed}-{number}"
                    folder, chain = root / f"case-{name}", chains[number - 1]
                    running.add(pool.submit(play, ground, chain, folder, server, name))
                if not running:
                    break
                over, running = wait(running, return_when=FIRST_COMPLETED)
                for case in (one.result() for one in over):
                    _tell(case)
                    struck += len(case.kinds)
                    yield case
        if struck < given.count and not given.case:
            raise RuntimeError("hardly any fault could strike")
    finally:
        server.stop()


def _tell(case: Case) -> None:
    word = "skipped" if case.skipped else "WRONG" if case.problems else "right"
    print(f"case {case.name}, {case.seconds:.0f} s: {word}. {'; '.join(case.said)}")
    for problem in filter(None, (case.skipped, *case.problems)):
        print(f"  {problem}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
