"""The register of holdings (保有名簿): which lists are held, where each lies, whose it is and what it may be used for.

What is not in it cannot be planned for by name, and a removal that has not been through all of it is never done.
Every change is a new version; a list that is held no more is retired, and what was known of it stays.

Sources: 個人情報保護法 第22条, 第23条 (knowing what is held), 第27条第2項 and 規則 第11条 (items, purpose, method).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from optout.batch.heading import Columns, HeaderOrPlace
from optout.errors import OptionError, UnknownHoldingError
from optout.store import Store
from optout.store.record import Draft, Record

KIND: Final = "holding"
Location: TypeAlias = "str | Path"
_ADDRESS: Final = "://"
_TEXTS: Final = ("name", "entity", "purpose", "basis", "responsible", "retention", "exempt", "retired")
# What the office must be able to say of a list it holds.
TOLD: Final = ("entity", "items", "purpose", "basis", "responsible", "retention")
_FIXED: Final = ("id", "retired", "name")


@dataclass(frozen=True, slots=True, repr=False)
class Holding:
    """One list that is held.

    Attributes:
        name: What it is called, once in the register.
        location: Where it lies: files, folders or patterns of files, or tables of a database as an address
            ("sqlite:///office.db#people", "postgresql+psycopg://user@host/db#schema.people"). One or several.
        owner: 所有者: the tenant (client) whose list it is; None = ours.
        entity: 法人: the legal entity that answers for it.
        items: 項目: the columns of personal data in it.
        purpose: 利用目的.
        basis: 取得の根拠: how it was acquired (consent, optout, individual, public, direct).
        responsible: 責任者.
        retention: 保存区分: name of the retention class.
        columns: Field → header(s), where the headers do not say it.
        origin: Where it came from: `intake`, `supplier`, `derived_from` (names of holdings) …
        encoding, sheet: Of a text file or workbook, when they should not be found out.
        exempt: Why its rows must stay whoever asks: a record that a law orders to keep. Blank: nothing does.
        id: Number in the register; given by it.
        retired: Why it is held no more; blank while it is.
    """

    name: str
    location: tuple[str, ...] = ()
    owner: str | None = None
    entity: str = ""
    items: tuple[str, ...] = ()
    purpose: str = ""
    basis: str = ""
    responsible: str = ""
    retention: str = ""
    columns: Columns = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    encoding: str | None = None
    sheet: str | None = None
    exempt: str = ""
    id: str = ""
    retired: str = ""

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            if not isinstance(value, str):
                raise OptionError(name, ("a text",))
            object.__setattr__(self, name, value.strip())
        object.__setattr__(self, "location", _located(self.location))
        object.__setattr__(self, "items", _listed("items", self.items))
        object.__setattr__(self, "owner", (self.owner or "").strip() or None)
        object.__setattr__(self, "columns", _mapping(self.columns))
        object.__setattr__(self, "origin", dict(self.origin))
        if not self.name:
            raise OptionError("name", ("what the list is called",))
        if not self.location:
            raise OptionError("location", ("a file", "a folder", "the address of a table"))

    def __repr__(self) -> str:
        return f"<Holding {self.id or '(not registered)'}{', retired' if self.retired else ''}>"

    @property
    def lacking(self) -> list[str]:
        """What the register does not know of it: names of fields."""
        return [name for name in TOLD if not getattr(self, name)]

    @property
    def places(self) -> list[str]:
        """Where it lies, without any password."""
        return [without_password(where) for where in self.location]


def add(store: Store, holding: Holding) -> Holding:
    """Put a list into the register.

    Args:
        store: Where the register is kept.
        holding: The list.

    Returns:
        The same with its `id`.

    Raises:
        OptionError: a list of this name is held already.
        RecordChangedError: somebody registered one in this very moment; do it again.
    """
    known = store.records(KIND)
    if any(one.name == holding.name for one in _current(known)):
        raise OptionError("name", ("one that no other holding has",))
    number = max((int(held.removeprefix("H-")) for held in known), default=0) + 1
    made = replace(holding, id=f"H-{number:04}", retired="")
    store.keep([Draft(KIND, made.id, _plain(made), after=0)], "holding add", {"holding": made.id})
    return made


def holdings(store: Store, retired: bool = False) -> dict[str, Holding]:
    """Every list that is held, by name, in the order they were registered.

    Args:
        store: Where the register is kept.
        retired: With those that are held no more, under their `id`.
    """
    every = [_read(record) for record in store.records(KIND).values()]
    return {one.id if one.retired else one.name: one for one in every if retired or not one.retired}


def of(store: Store, name: str) -> Holding:
    """One list by its name, or by its `id`, retired or not.

    Raises:
        UnknownHoldingError: the register has none of that name.
    """
    return _read(_record(store, name))


def change(store: Store, name: str, **facts: Any) -> Holding:
    """Change what the register tells of a list: a new version, the old one stays.

    Args:
        store: Where the register is kept.
        name: Of the list, or its `id`.
        **facts: Attributes of `Holding` and their new values.

    Returns:
        It as it is now.

    Raises:
        UnknownHoldingError: no such list is held.
        OptionError: no such attribute, or one that cannot be changed.
        RecordChangedError: somebody else changed it meanwhile.
    """
    known = [one.name for one in fields(Holding) if one.name not in _FIXED]
    if not facts or not set(facts) <= set(known):
        raise OptionError("facts", known)
    return _kept(store, _record(store, name), "holding change", facts)


def retire(store: Store, name: str, reason: str) -> Holding:
    """A list is held no more: sold, destroyed, given back. Its name may be used again.

    Args:
        store: Where the register is kept.
        name: Of the list, or its `id`.
        reason: Why, and what became of it.

    Returns:
        It as it is now.

    Raises:
        UnknownHoldingError: no such list is held.
        OptionError: no reason.
    """
    if not reason.strip():
        raise OptionError("reason", ("a text that says why",))
    return _kept(store, _record(store, name), "holding retire", {"retired": reason})


def versions(store: Store, name: str) -> list[tuple[Record, Holding]]:
    """Everything the register ever told of a list, oldest first.

    Raises:
        UnknownHoldingError: the register has none of that name.
    """
    return [(record, _read(record)) for record in store.versions(KIND, _record(store, name).id)]


def covering(store: Store, path: Location) -> Holding | None:
    """The list a file is, or is a part of: its own place, a folder it lies in, a pattern it fits; None = none held."""
    (wanted,) = _located(path)
    return next(
        (one for one in holdings(store).values() if any(covers(place, wanted) for place in one.location)),
        None,
    )


def without_password(location: str) -> str:
    """A place as it may be shown.

    Examples:
        >>> without_password("postgresql://clerk:secret@db/office#people")
        'postgresql://clerk@db/office#people'
    """
    if not is_address(location):
        return location
    parts = urlsplit(location)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}")) if at else location


def is_address(location: str) -> bool:
    """Whether a place is the address of a table, and no path."""
    return _ADDRESS in location


def covers(place: str, wanted: str) -> bool:
    """Whether a file or table is a place, lies in it (a folder) or fits it (a pattern); both told from the root."""
    if is_address(place) or is_address(wanted):
        return place == wanted
    return place == wanted or Path(place) in Path(wanted).parents or fnmatch(wanted, place)


def _current(known: Mapping[str, Record]) -> list[Holding]:
    return [one for one in map(_read, known.values()) if not one.retired]


def _record(store: Store, name: str) -> Record:
    """The record of the list held under a name; else of whichever has this `id`."""
    known = store.records(KIND)
    held = [record for record in known.values() if not record.told["retired"] and record.told["name"] == name]
    if not held and name not in known:
        raise UnknownHoldingError(sum(not record.told["retired"] for record in known.values()))
    return held[0] if held else known[name]


def _kept(store: Store, record: Record, action: str, facts: Mapping[str, Any]) -> Holding:
    before = _read(record)
    if before.retired:
        raise OptionError("name", ("a list that is still held",))
    made = replace(before, **facts)
    store.keep([Draft(KIND, made.id, _plain(made), after=record.n)], action, {"holding": made.id})
    return made


def _plain(holding: Holding) -> dict[str, Any]:
    return asdict(holding) | {"location": list(holding.location), "items": list(holding.items)}


def _read(record: Record) -> Holding:
    told = record.told
    columns = told["columns"] and {name: list(map(_header, found)) for name, found in told["columns"].items()}
    return Holding(
        **{**told, "location": tuple(told["location"]), "items": tuple(told["items"]), "columns": columns}
    )


def _header(told: str | int) -> str | int:
    """A header as it was told; of digits that may be a place, as a command line means them."""
    return HeaderOrPlace(told) if isinstance(told, str) and told.isascii() and told.isdigit() else told


def _mapping(columns: Columns) -> dict[str, list[str | int]] | None:
    told = columns or {}
    return {name: [h] if isinstance(h, str | int) else list(h) for name, h in told.items()} or None


def _located(given: Location | Iterable[Location]) -> tuple[str, ...]:
    """Places as texts; a path is told from the root, for who reads the register stands elsewhere."""
    places = [given] if isinstance(given, str | Path) else list(given)
    return tuple(dict.fromkeys(absolute(str(place)) for place in places if str(place).strip()))


def absolute(place: str) -> str:
    """A path from the root; an address as it is."""
    return place if is_address(place) else str(Path(place).absolute())


def _listed(name: str, given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise OptionError(name, ("a list of texts",))
    return tuple(dict.fromkeys(one.strip() for one in given if one.strip()))
