"""The command line: commands without logic; the exit code is the error's own.

Nothing heavy is imported before a command runs, so `--help` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `optout` with these arguments (default: those of the process) and return its exit code."""
    from optout.cli.app import run

    return run(arguments)
