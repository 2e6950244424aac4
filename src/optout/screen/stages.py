"""Where the time of a screen goes, stage by stage: told to whoever watches, and never part of what it returns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

Seconds = dict[str, float]
_WATCHING: Final[list[Seconds]] = []


@contextmanager
def watched() -> Iterator[Seconds]:
    """Seconds by stage of every screen of this process meanwhile: `list` (the suppression list), `read`, `raw`, `keys`
    (lane 1), `candidates`, `comparable` and `compare` (lane 2), `decide`, `verdicts`, `count`, `write`, `place`.

    `list` runs beside `read`, and in a stream `read`, `write` and `count` beside the judging of another block: the
    seconds do not add up to the whole.

    Examples:
        >>> with watched() as seconds, stage("read"):
        ...     pass
        >>> [*seconds]
        ['read']
    """
    seconds: Seconds = {}
    _WATCHING.append(seconds)
    try:
        yield seconds
    finally:
        _WATCHING[:] = [other for other in _WATCHING if other is not seconds]


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count what is done meanwhile to a stage. No stage is in two threads at once."""
    begun = perf_counter()
    try:
        yield
    finally:
        passed = perf_counter() - begun
        for seconds in _WATCHING:
            seconds[name] = seconds.get(name, 0.0) + passed
