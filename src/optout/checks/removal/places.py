"""Where a removal looks: registered holdings by name, files and tables by their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from optout.errors import OptionError
from optout.register import holding as register
from optout.register.holding import Holding
from optout.screen import Columns
from optout.store import Store

Holdings: TypeAlias = "Iterable[str | Path] | Mapping[str, str | Path] | str | Path | None"
Mappings: TypeAlias = "Mapping[str, Columns] | None"


@dataclass(frozen=True, slots=True)
class Place:
    """One holding as a plan knows it.

    Attributes:
        name: As the plan tells of it.
        locations: Files, folders, patterns or tables.
        columns, encoding, sheet: How to read them, where that is not found out.
        owner: The tenant whose list it is; None = ours.
        exempt: Why its rows stay whoever asks; blank: nothing keeps them.
        registered: Its `id` in the register; blank: not registered.
        version: Number of the record that told all this; 0 when not registered.
        whole: Everything the register knows of it is looked into.
    """

    name: str
    locations: tuple[str, ...]
    columns: Mapping[str, list[str | int]] | None = None
    encoding: str | None = None
    sheet: str | None = None
    owner: str | None = None
    exempt: str = ""
    registered: str = ""
    version: int = 0
    whole: bool = False

    @property
    def told(self) -> dict[str, Any]:
        """As JSON values."""
        facts = {name: getattr(self, name) for name in self.__slots__}
        return facts | {"locations": list(self.locations)}


def places(store: Store, holdings: Holdings, columns: Mappings) -> list[Place]:
    """The holdings of a plan, each once, in the order given.

    Args:
        store: Its register of holdings.
        holdings: None = every registered one; names of registered ones and places, or name → place.
        columns: Name of a holding → its column mapping, before what the register says.

    Raises:
        OptionError: None was given and nothing is registered, or one name means two places.
    """
    known = register.holdings(store)
    if holdings is None:
        if not known:
            raise OptionError("holdings", ("files or tables", "None once they are in the register"))
        named = [(name, name) for name in known]
    elif isinstance(holdings, Mapping):
        named = [(name, str(where)) for name, where in holdings.items()]
    else:
        named = _named([holdings] if isinstance(holdings, str | Path) else holdings, known)
    told, versions = columns or {}, {held: record.n for held, record in store.records(register.KIND).items()}
    found = []
    for name, where in named:
        held = known.get(where) or register.covering(store, where)
        place = _unregistered(name, where) if held is None else _registered(name, where, held, versions)
        found.append(replace(place, columns=_plain(told.get(name)) or place.columns))
    if len({place.name for place in found}) < len(found):
        raise OptionError("holdings", ("each holding once",))
    return found


def _named(given: Iterable[str | Path], known: Mapping[str, Holding]) -> list[tuple[str, str]]:
    """Short names where they differ."""
    wheres = list(dict.fromkeys(str(where) for where in given))
    brief = {where: where if where in known else short(where) for where in wheres}
    apart = len(set(brief.values())) == len(wheres)
    return [(brief[where] if apart else register.without_password(where), where) for where in wheres]


def short(where: str) -> str:
    """What a place is called where the register has no name for it: a file name, a database and its table."""
    if not register.is_address(where):
        return Path(where).name
    base, _, table = register.without_password(where).partition("#")
    return f"{base.rsplit('/', 1)[-1]}#{table}"


def _unregistered(name: str, where: str) -> Place:
    return Place(name, (register.absolute(where),))


def _registered(name: str, where: str, held: Holding, versions: Mapping[str, int]) -> Place:
    """A registered holding, or a part of one: whose it is and how it is read go for every part."""
    locations = held.location if where == held.name else (register.absolute(where),)
    return Place(
        name,
        locations,
        _plain(held.columns),
        held.encoding,
        held.sheet,
        held.owner,
        held.exempt,
        held.id,
        versions[held.id],
        set(held.location) <= set(locations),
    )


def of_told(told: Mapping[str, Any]) -> Place:
    """A place as it was kept with a plan."""
    return Place(**{**told, "locations": tuple(told["locations"])})


def _plain(mapping: Columns) -> dict[str, list[str | int]] | None:
    return {
        field: [h] if isinstance(h, str | int) else list(h) for field, h in (mapping or {}).items()
    } or None
