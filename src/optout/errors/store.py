"""The rule tables and the suppression list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from optout.errors.root import OptoutError

_REQUEST_ID: Final = re.compile(r"R-[A-Z2-7]{13}(-[0-9]+)?")


@dataclass(eq=False, repr=False)
class TableError(OptoutError):
    """A rule table of the package is missing or damaged."""

    exit_code = 30
    table: str
    why: str
    told = "Rule table {table}: {why}. Reinstall optout."


class KeySchemeError(TableError):
    """Keys made under one scheme were to be compared with keys of another."""

    exit_code = 31
    told = "Keys of scheme {stored} cannot be compared with scheme {ours}. Screen again."

    def __init__(self, ours: str, stored: str) -> None:
        super().__init__(ours, stored)
        self.ours, self.stored = ours, stored


class StoreError(OptoutError):
    """The suppression list (停止リスト) could not be used."""

    exit_code = 40


@dataclass(eq=False, repr=False)
class StoreMissingError(StoreError):
    """There is no store at this path; opening never creates one."""

    exit_code = 41
    path: str
    told = "No suppression store at {path}. Check the path, or make one with `optout init`."


@dataclass(eq=False, repr=False)
class StoreExistsError(StoreError):
    """`create` found something at this path; it never overwrites."""

    exit_code = 42
    path: str
    told = "{path} exists already. Open it, or choose another path."


@dataclass(eq=False, repr=False)
class StoreDamagedError(StoreError):
    """The store file is not what was written; nothing is read from it."""

    exit_code = 43
    path: str
    why: str
    told = "The suppression store {path} is damaged: {why}. Restore it from a backup."


@dataclass(eq=False, repr=False)
class StoreBusyError(StoreError):
    """Another process held the store for longer than we wait."""

    exit_code = 44
    path: str
    seconds: float
    told = "{path} was busy for {seconds:.0f} s; nothing was written. Try again."


@dataclass(eq=False, repr=False)
class StoreFailedError(StoreError):
    """Writing failed (disk full, I/O error, server lost); the store refuses writes until it is opened again."""

    exit_code = 45
    path: str
    why: str
    outcome: str = "nothing was recorded"  # or, of a server lost while it committed, that it is not known
    told = "Writing to {path} failed ({why}); {outcome}. Mend the disk and open it again."


@dataclass(eq=False, repr=False)
class KeyMissingError(StoreError):
    """The store key was found in none of the places it is looked for."""

    exit_code = 46
    places: Sequence[str]
    told = "No store key. Looked in: {places}. Restore it with `optout key restore`."


@dataclass(eq=False, repr=False)
class WrongKeyError(StoreError):
    """The key given is not the key this store, or this export, was made with; nothing was changed."""

    exit_code = 47
    path: str
    what: str = "store"  # or "file", of an export
    told = "This is not the key of {path}. The {what} is unchanged; give the key it was made with."


@dataclass(eq=False, repr=False)
class EmptyStoreError(StoreError):
    """Screening against an empty store would keep every row; that is rarely meant."""

    exit_code = 48
    path: str
    told = "{path} holds no active entry. Import requests first, or say allow_empty=True."


@dataclass(eq=False, repr=False)
class UnknownRequestError(StoreError):
    """No request with this id is in the store."""

    exit_code = 49
    request_id: str | None

    def __post_init__(self) -> None:
        # Who mistakes the argument gives a name: it is neither repeated nor kept.
        if self.request_id is not None and _REQUEST_ID.fullmatch(str(self.request_id)) is None:
            self.request_id = None
        super().__post_init__()

    def __str__(self) -> str:
        return f"No request {self.request_id or 'with that id'} in this store. Check the id on the receipt."


@dataclass(eq=False, repr=False)
class NotErasedError(StoreError):
    """A purge is recorded and in force, but what it took out still stands in the files of the server."""

    exit_code = 50
    path: str
    why: str
    told = (
        "The purge is recorded, but what it took out still stands in the files of {path}: {why}. "
        "Try the same purge again."
    )


@dataclass(eq=False, repr=False)
class UnknownRecordError(StoreError):
    """The store holds no record of this kind with this id."""

    exit_code = 51
    kind: str
    told = "There is no such {kind} in this store. List what there is, and check the id."


@dataclass(eq=False, repr=False)
class RecordChangedError(StoreError):
    """Somebody changed a record since it was read; nothing was recorded."""

    exit_code = 52
    kind: str
    told = "This {kind} was changed since you read it. Look at it again, then repeat what you did."
