"""What every command says of what does not stop it."""

import click

__all__ = ["warn"]


def warn(line: str) -> None:
    """Print a warning, beside what was asked for.

    Args:
        line: What, where, and what would do.
    """
    click.echo(f"film: warning: {line}", err=True)
