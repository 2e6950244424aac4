"""The vendor's filing with the PPC (オプトアウト届出): nine items, and what may go out under it from which day on.

A filing is never changed, only followed by the next; `versions` has them all, and their difference is a report's.
Sources: 個人情報保護法 第27条第2項・第3項, 同法施行規則 第11条 (period for stops; items 8 and 9), 第14条 (publication).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from optout import tables
from optout.batch import headers
from optout.errors import OptionError
from optout.register import day
from optout.store import Draft, Record, Store

KIND: Final = "filing"
_ID: Final = "ppc"
_DATES: Final = ("starts", "filed", "published", "noticed")
_LISTS: Final = ("items", "acquisition", "methods", "contact")


@dataclass(frozen=True, slots=True, repr=False)
class Filing:
    """What the vendor filed.

    Attributes:
        name, address, representative: Item 1.
        purpose: Item 2: that provision to others is a purpose of use.
        items: Item 3: 個人データの項目; exhaustive: what is not in it may not be provided.
        acquisition: Item 4: from whom and how.
        methods: Item 5: 提供の方法.
        stop: Item 6: that provision is stopped on request.
        contact: Item 7: how a stop can be asked for.
        updating: Item 8.
        starts: Item 9: 提供開始予定日.
        filed: When it was filed.
        published: When the PPC published it, and the vendor after it.
        noticed: When people were told, or could easily know (通知又は容易に知り得る状態).
        waiting_days: 停止を求めるのに必要な期間 between that day and the first provision.
        covers: Item → headers of lists that belong to it, where the headers do not say so.
        version: Its number; given by the store.
    """

    name: str
    address: str
    representative: str
    items: tuple[str, ...]
    methods: tuple[str, ...]
    starts: date
    acquisition: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    purpose: str = "第三者への提供"
    stop: str = "本人の求めに応じて第三者への提供を停止する"
    updating: str = ""
    filed: date | None = None
    published: date | None = None
    noticed: date | None = None
    waiting_days: int = 0
    covers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: int = 0

    def __post_init__(self) -> None:
        for name in _LISTS:
            given = getattr(self, name)
            texts = (given,) if isinstance(given, str) else tuple(given)
            object.__setattr__(self, name, tuple(text.strip() for text in texts if text.strip()))
        for name in _DATES:
            object.__setattr__(self, name, day.read(getattr(self, name), name))
        if not isinstance(self.starts, date):
            raise OptionError("starts (提供開始予定日)", ("a day",))
        if self.waiting_days < 0:
            raise OptionError("waiting_days (停止を求めるのに必要な期間)", ("days, 0 or more",))
        if unknown := set(self.covers) - set(self.items):
            raise OptionError(f"covers ({len(unknown)} not filed)", self.items)
        object.__setattr__(self, "covers", {item: tuple(of) for item, of in self.covers.items()})

    def __repr__(self) -> str:
        return f"<Filing version {self.version}, {len(self.items)} items>"

    @property
    def sheet(self) -> dict[str, str]:
        """The nine items by their Japanese name, in the order of the form."""
        told = {name: "、".join(getattr(self, name)) for name in _LISTS}
        told |= {name: getattr(self, name) for name in ("purpose", "stop", "updating")}
        told |= {"party": " ".join((self.name, self.address, self.representative))}
        told |= {"starts": self.starts.isoformat()}
        return {row["japanese"]: told[row["field"]] for row in _form()}

    @property
    def allowed_from(self) -> date:
        """The first day something may be provided: not before item 9, nor before people had time to say no."""
        known = [self.starts, *(known for known in (self.noticed, self.published) if known)]
        told = self.noticed or self.published
        return max([*known, told + timedelta(days=self.waiting_days)] if told else known)


def record(store: Store, filing: Filing) -> Filing:
    """Record a filing; it takes the place of the one before, which stays on record.

    Args:
        store: Where to.
        filing: As it was filed.

    Returns:
        The same with its `version`.

    Raises:
        RecordChangedError: somebody recorded one in the meantime.
    """
    known = store.records(KIND).get(_ID)
    drafted = Draft(KIND, _ID, _plain(filing), after=known.n if known else 0)
    store.keep([drafted], KIND, {"items": len(filing.items)})
    return versions(store)[-1]


def current(store: Store) -> Filing | None:
    """The filing in force; None when none was ever recorded."""
    known = versions(store)
    return known[-1] if known else None


def versions(store: Store) -> list[Filing]:
    """Every filing on record, oldest first."""
    if _ID not in store.records(KIND):
        return []
    return [_read(kept, number) for number, kept in enumerate(store.versions(KIND, _ID), 1)]


def outside(filing: Filing, columns: Iterable[tuple[str, str]], method: str, as_of: date) -> list[str]:
    """Why a list may not go out under a filing; nothing when it may.

    Args:
        filing: The one in force.
        columns: Header and recognised field ("" when unmapped) of every column that goes out.
        method: 提供の方法.
        as_of: The day.

    Returns:
        One reason for all columns that are not filed (FI03), one for the method (FI05), one for the day (FI09).
    """
    unfiled = [header for header, of in columns if not _filed(filing, header, of)]
    reasons = []
    if unfiled:
        reasons.append(f"columns that are not in the filing (届出の項目, FI03): {', '.join(unfiled)}")
    if not method.strip():
        reasons.append("the method of provision (提供の方法) is not told (FI05)")
    elif _folded(method) not in map(_folded, filing.methods):
        reasons.append("the method of provision is not in the filing (提供の方法, FI05)")
    if filing.noticed is None and filing.published is None:
        reasons.append("the filing tells no day on which people were told (通知・公表, FI09)")
    if as_of < filing.allowed_from:
        reasons.append(f"nothing may be provided before {filing.allowed_from} (提供開始日・周知期間, FI09)")
    return reasons


def _filed(filing: Filing, header: str, of: str) -> bool:
    """A column is filed under its own name, as a part of a filed item, or where the vendor says it belongs."""
    written = [*filing.items, *(name for names in filing.covers.values() for name in names)]
    if _folded(header) in map(_folded, written):
        return True
    item = _items().get(of)
    return item is not None and item in {_items().get(_field(filed)) for filed in filing.items}


def _field(item: str) -> str:
    reading = headers.read(item)
    return reading.field if reading else ""


@cache
def _items() -> dict[str, str]:
    """Field of a column → the item it is a part of."""
    return tables.mapping("filed_item", "field", "item")


@cache
def _form() -> tuple[dict[str, str], ...]:
    return tuple(tables.load("filing_item").select("number", "field", "japanese").iter_rows(named=True))


def _plain(filing: Filing) -> dict[str, Any]:
    told = {each.name: getattr(filing, each.name) for each in fields(filing) if each.name != "version"}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}
    covers = {item: list(of) for item, of in filing.covers.items()}
    return plain | {name: list(told[name]) for name in _LISTS} | {"covers": covers}


def _read(kept: Record, version: int) -> Filing:
    return Filing(**kept.told, version=version)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
