"""Every file, sheet and table of the holdings of a plan, each read once; what could not be looked into is told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from optout.batch import Source
from optout.checks.removal.finding import Judge
from optout.checks.removal.kept import Part
from optout.checks.removal.places import Place, short
from optout.errors import (
    EmptyBatchError,
    HoldingLockedError,
    HoldingUnreachableError,
    InputError,
    UndecidedSheetError,
)
from optout.holdings import Held, expanded, opened
from optout.register.holding import is_address
from optout.screen.search import Seen, search

# What keeps a holding from being looked into or changed today; tried again later.
OUT_OF_REACH: Final = (InputError, HoldingUnreachableError, HoldingLockedError, OSError)
_UNREAD_SHEET: Final = UndecidedSheetError.__name__


@dataclass(slots=True)
class Look:
    """A file, sheet or table that is looked into.

    Attributes:
        place: Its holding.
        part: What is kept of it.
        held: The list itself; None when it is out of reach.
        seen: Whom it holds; None when it could not be searched, or has no rows.
        unread: Other sheets of the same file that hold something.
    """

    place: Place
    part: Part
    held: Held | None = None
    seen: Seen | None = None
    unread: tuple[str, ...] = ()

    def lost(self, why: str) -> None:
        """It counts as not searched."""
        self.part.unreachable, self.part.fingerprint, self.seen = why, None, None


def assigned(where: Iterable[Place]) -> list[tuple[Place, Part]]:
    """The files and tables of the holdings as they are now, each once.

    What is registered by itself and lies in a registered folder too is of the holding that names it.
    """
    every = [(place, part) for place in where for part in _parts(place)]
    whose: dict[str, int] = {}
    for number, (place, part) in enumerate(every):
        first = whose.setdefault(_one(part), number)
        if part.location in place.locations and every[first][1].location not in every[first][0].locations:
            whose[_one(part)] = number
    return [each for number, each in enumerate(every) if whose[_one(each[1])] == number]


def _one(part: Part) -> str:
    where = part.location if is_address(part.location) else os.path.realpath(part.location)
    return f"{where}\n{part.sheet or ''}"


def _parts(place: Place) -> Iterator[Part]:
    """A folder that cannot be looked into is out of reach."""
    for location in place.locations:
        try:
            for found in expanded(location):
                yield Part(place.name, found, opened(found).name, sheet=place.sheet)
        except OUT_OF_REACH as error:
            yield Part(place.name, location, short(location), unreachable=type(error).__name__)


def looks(judge: Judge, where: Iterable[Place]) -> list[Look]:
    """Look into every part of the holdings, in their order."""
    found = [look for place, part in assigned(where) for look in _looked(judge, place, part)]
    for look in found:
        beside = [other for other in found if other.part.location == look.part.location]
        searched = {other.part.sheet for other in beside if other.seen is not None}
        if set(look.unread) - searched:
            for other in beside:
                other.lost(_UNREAD_SHEET)
    return found


def held_of(place: Place, part: Part) -> Held:
    """A file, sheet or table, to be read as the plan reads it."""
    return opened(part.location, place.columns, place.encoding, part.sheet)


def looked_into(judge: Judge, source: Source, place: Place) -> Seen:
    """One pass over a list."""
    return search(source, judge.snapshot, place.columns)


def _looked(judge: Judge, place: Place, part: Part) -> list[Look]:
    """A file; of a workbook every sheet that is a list, unless one was named."""
    try:
        found = [_look(judge, place, part)]
    except UndecidedSheetError as several:
        found = [_look(judge, place, replace(part, sheet=name)) for name in several.sheets]
    if place.sheet is None:
        known = {look.part.sheet for look in found}
        others = dict.fromkeys(name for look in found for name in look.unread if name not in known)
        more = [_look(judge, place, replace(part, sheet=name)) for name in others]
        found += [look for look in more if look.seen is not None]
    return found


def _look(judge: Judge, place: Place, part: Part) -> Look:
    """Read it once; what keeps us from it is told.

    Raises:
        UndecidedSheetError: several sheets of a workbook are lists.
    """
    look = Look(place, replace(part))
    if part.unreachable is not None:
        return look
    try:
        look.held = held_of(place, part)
        _look_into(judge, look, look.held)
    except OUT_OF_REACH as error:
        if isinstance(error, UndecidedSheetError) and part.sheet is None:
            raise
        look.lost(type(error).__name__)
    return look


def _look_into(judge: Judge, look: Look, held: Held) -> None:
    part = look.part
    try:
        source = held.source()
    except EmptyBatchError:
        part.fingerprint = held.fingerprint()
        return
    part.sheet, look.unread = source.sheet, source.unread
    # Before the rows are read: a table that changes meanwhile is not the one expected, and nothing is done to it.
    part.fingerprint = held.fingerprint() if source.path is None else None
    look.seen = looked_into(judge, source, look.place)
    part.fingerprint = part.fingerprint or source.sha256
    part.rows, part.unread = look.seen.n_rows, look.seen.unread
