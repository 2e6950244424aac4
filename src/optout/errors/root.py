"""The base of every error optout raises."""

from __future__ import annotations

from typing import ClassVar


class OptoutError(Exception):
    """Base of every error optout raises; `exit_code` is what the command line returns."""

    exit_code: ClassVar[int] = 1
    told: ClassVar[str] = ""  # the message, with the fields in braces, unless `__str__` is written out

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, list):
                setattr(self, name, tuple(value))
        # Everything goes into `args`, so the error survives pickling out of a worker.
        self.args = tuple(vars(self).values())

    def __str__(self) -> str:
        shown = {
            name: ", ".join(value) if isinstance(value, tuple) and {*map(type, value)} == {str} else value
            for name, value in vars(self).items()
        }
        return self.told.format(**shown) if self.told else super().__str__()
