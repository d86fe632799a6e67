"""How long `film --help` and `film list` take, beside Python doing nothing.

Run ``python benchmarks/start_up.py``. Times are medians of ten, in one run.
"""

import subprocess
import sys
import time
from statistics import median

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "film --help": ["-m", "runner.cli", "--help"],
    "film list": ["-m", "runner.cli", "list"],
    "film show quick": ["-m", "runner.cli", "show", "quick"],
}


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(10):  # in turn, so that a busy moment hits all alike
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    nothing = median(times["python -c pass"])
    for name, values in times.items():
        print(f"{name:16} {median(values):6.3f} s  {median(values) / nothing:5.1f} ×")


if __name__ == "__main__":
    main()
