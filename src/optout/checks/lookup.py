"""One person in every list held: the registered holdings, each opened, searched and told of, reachable or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from optout.checks.search import Asked, Found, search
from optout.errors import (
    CheckError,
    EmptyBatchError,
    InputError,
    OptionError,
    SeedMissedError,
    StalePlanError,
)
from optout.holdings import expanded, opened
from optout.holdings.held import Held
from optout.register import holding as register
from optout.register.holding import Holding
from optout.store import Store

Named: TypeAlias = "Iterable[str | Holding] | None"
Rows: TypeAlias = "Mapping[str, Collection[int]]"
# What may be wrong with a list, as against what may be wrong with us.
UNREADABLE: Final = (InputError, CheckError, OSError)


@dataclass(frozen=True, slots=True)
class Place:
    """One file or table of a holding.

    Attributes:
        holding: The holding it belongs to.
        location: Where it lies, as the register has it; may hold a password.
        name: For messages and reports.
    """

    holding: Holding
    location: str
    name: str

    def __repr__(self) -> str:
        return f"<Place {self.name}>"

    def open(self) -> Held:
        """The list, not yet read."""
        told = self.holding
        return opened(self.location, told.columns, told.encoding, told.sheet)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Looked:
    """What looking into one list gave.

    Attributes:
        place: The list.
        fingerprint: Of the list that was looked into; None when it could not be.
        found: The rows; None when it could not be looked into.
        why: Name of the error that stopped us; blank otherwise.
    """

    place: Place
    fingerprint: str | None
    found: Found | None
    why: str = ""

    def __repr__(self) -> str:
        return f"<Looked {self.place.name}: {self.why or self.found}>"

    @property
    def complete(self) -> bool:
        """Whether everybody in it was looked for: it could be read, every line and sheet of it."""
        return self.found is not None and not self.found.unread


def holdings(store: Store, named: Named = None, tenant: str | None = None) -> list[Holding]:
    """The holdings a duty reaches, in the order of the register.

    Args:
        store: Where the register is kept.
        named: Names, or holdings that need not be registered; None = every one that is ours, or of this tenant.
        tenant: Whose lists count beside ours: of a list we only keep for a client, the client answers.

    Raises:
        UnknownHoldingError: the register has none of that name.
    """
    if named is None:
        every = register.holdings(store).values()
        return [one for one in every if one.owner is None or one.owner == tenant]
    return [one if isinstance(one, Holding) else register.of(store, one) for one in named]


def places(holding: Holding) -> list[Place]:
    """Every file and table of a holding; a folder or pattern is what lies there now."""
    found = [one for where in holding.location for one in expanded(where)]
    alone = len(found) == 1
    return [
        Place(holding, one, holding.name if alone else f"{holding.name}: {_short(one)}")
        for one in dict.fromkeys(found)
    ]


def place_of(store: Store, holding: str, name: str) -> Place:
    """One list that a plan was made for, where the register says today that it lies.

    Raises:
        UnknownHoldingError: the register has the holding no more.
        StalePlanError: it has no list of this name any more.
    """
    found = [place for place in places(register.of(store, holding)) if place.name == name]
    if not found:
        raise StalePlanError("the files of a holding are others now")
    return found[0]


def _short(location: str) -> str:
    return register.without_password(location).rpartition("/")[2].rpartition("\\")[2]


def look(
    holdings: Iterable[Holding], asked: Asked, same: Rows | None = None, other: Rows | None = None
) -> Iterator[Looked]:
    """Look for people in holdings, one list after the other.

    Args:
        holdings: From `holdings`.
        asked: Who is looked for.
        same: Name of a list → rows of it that somebody looked at: they are the person's; `other` somebody else's.
        other: See `same`.

    Raises:
        OptionError: a row of `same` or `other` is none of those found, or a list is none of these.
        SeedMissedError: the search itself failed; there is no answer.
    """
    mine, theirs = dict(same or {}), dict(other or {})
    for holding in holdings:
        try:
            found = places(holding)
        except UNREADABLE as error:
            yield Looked(Place(holding, "", holding.name), None, None, type(error).__name__)
            continue
        if not found:
            yield Looked(Place(holding, "", holding.name), None, None, "Empty")
        for place in found:
            looked = _looked(place, asked)
            rows = mine.pop(place.name, ()), theirs.pop(place.name, ())
            yield replace(looked, found=looked.found.answered(*rows)) if looked.found else looked
    if unknown := {*mine, *theirs}:
        raise OptionError("same, other", (f"names of lists looked into ({len(unknown)} are not)",))


def _looked(place: Place, asked: Asked) -> Looked:
    try:
        held = place.open()
        # Before it is read: whatever changes it from now on is told from what was found.
        fingerprint = held.fingerprint()
        told = place.holding
        return Looked(place, fingerprint, search(held.source(), asked, told.columns, told.sheet is None))
    except EmptyBatchError:
        return Looked(place, None, Found.nothing())
    except SeedMissedError:
        raise
    except UNREADABLE as error:
        return Looked(place, None, None, type(error).__name__)
