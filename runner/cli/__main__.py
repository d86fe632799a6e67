"""``python -m runner.cli`` is ``film``."""

from runner.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
