"""An exception → one line, or one JSON document, and an exit code. No traceback, no value from a row."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

DEBUG: Final = "OPTOUT_DEBUG"
INTERRUPTED: Final = 130
_LONGEST: Final = 2_000
# Fields of an error that programs want apart from the message.
_FIELDS: Final = (
    "reasons",
    "questions",
    "headers",
    "meanings",
    "unknown",
    "allowed",
    "places",
    "n_rows",
    "first_rows",
    "n_lines",
    "first_lines",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What is told of an error.

    Attributes:
        error: Name of its class.
        message: One line with the next step.
        exit_code: What the process returns.
        details: Fields of the error, plain values.
    """

    error: str
    message: str
    exit_code: int
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, object]:
        """The failure as a JSON document."""
        told = {"error": self.error, "message": self.message, "exit_code": self.exit_code}
        return {**told, **({"details": dict(self.details)} if self.details else {})}


def told(error: BaseException) -> Failure:
    """What to say of an exception; anything that is no error of ours is named by its class only."""
    from optout.errors import OptoutError

    name = type(error).__name__
    if isinstance(error, OptoutError):
        details = {key: _plain(getattr(error, key)) for key in _FIELDS if hasattr(error, key)}
        return Failure(name, _one_line(str(error)), error.exit_code, details)
    if isinstance(error, KeyboardInterrupt):
        return Failure("Interrupted", "interrupted; nothing was written under a final name.", INTERRUPTED)
    if isinstance(error, OSError):
        return Failure(name, _of_system(error), 1)
    what = f"internal error ({name}); nothing was written under a final name"
    return Failure(name, f"{what}; rerun with {DEBUG}=1 for a traceback", 1)


def wants_traceback(error: BaseException) -> bool:
    """Whether to let an unexpected error through, for whoever debugs optout."""
    from optout.errors import OptoutError

    known = isinstance(error, OptoutError | OSError | KeyboardInterrupt)
    return bool(os.environ.get(DEBUG)) and not known


def _of_system(error: OSError) -> str:
    place = f"{error.filename}: " if isinstance(error.filename, str) else ""
    return _one_line(
        f"{place}{error.strerror or 'the system refused'}. Check the path, its rights and the disk."
    )


def _one_line(text: str) -> str:
    from optout.report.visible import visible

    return visible(" ".join(text.split()), _LONGEST)


def _plain(value: object) -> object:
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
