"""Suppliers (取得元): who hands lists over, what was confirmed of them, and the documents by their hashes.

Which kind of source needs what stands in tables/source_category.tsv: another operator its pledge (誓約書) that the
persons' stops are honoured, an individual who sells a list the check of identity (本人確認) too.

Sources: 個人情報保護法 第30条第1項 (name, address, representative; how it came by the data), 規則 第22条.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from optout import tables
from optout.errors import OptionError, UnknownRecordError
from optout.register import day
from optout.register.receipt import hashed
from optout.store import Draft, Record, Store

KIND: Final = "supplier"
_TEXTS: Final = ("name", "address", "representative", "corporate_number", "identity_method", "identity_by")
_DATES: Final = ("identity_checked", "published_checked")
_NUMBER: Final = "S-{:04}"


@dataclass(frozen=True, slots=True, repr=False)
class Supplier:
    """Somebody who hands lists over.

    Attributes:
        name: 氏名又は名称, once in the register.
        address: 住所.
        representative: 代表者の氏名; an individual has none.
        category: What kind of source: a row of tables/source_category.tsv.
        corporate_number: 法人番号, 13 digits.
        pledge_sha256: Hash of the pledge (誓約書) as it is filed.
        documents: What was shown → SHA-256 (hex): register of companies, contract, copy of an identity card …
        identity_checked: When the identity of an individual was checked.
        identity_method, identity_by: How, and by whom.
        published_checked: When its filing (届出) was seen among those the PPC publishes (法27条4項).
        note: Whatever else the office records.
        id: Number in the register; given by it.
        ended: Why nothing is bought there any more; blank while it is.
    """

    name: str
    address: str = ""
    representative: str = ""
    category: str = "operator"
    corporate_number: str = ""
    pledge_sha256: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    identity_checked: date | None = None
    identity_method: str = ""
    identity_by: str = ""
    published_checked: date | None = None
    note: str = ""
    id: str = ""
    ended: str = ""

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            if not isinstance(value, str):
                raise OptionError(name, ("a text",))
            object.__setattr__(self, name, value.strip())
        for name in _DATES:
            object.__setattr__(self, name, day.read(getattr(self, name), name))
        object.__setattr__(self, "documents", dict(self.documents))
        if not self.name:
            raise OptionError("name", ("who hands the list over",))
        if self.category not in categories():
            raise OptionError("category", tuple(categories()))

    def __repr__(self) -> str:
        return f"<Supplier {self.id or '(not registered)'}>"

    @property
    def lacking(self) -> list[str]:
        """What this kind of source needs and the register has not, in words."""
        needed = categories()[self.category].needs
        told = {
            "pledge": (bool(self.pledge_sha256), "pledge (誓約書)"),
            "identity": (self.identity_checked is not None, "check of identity (本人確認)"),
        }
        return [told[need][1] for need in needed if not told[need][0]]

    def particulars(self) -> dict[str, str]:
        """What a receipt record tells of it."""
        kind = "individual" if self.category == "individual" else "corporation"
        told = {
            name: getattr(self, name) for name in ("name", "address", "representative", "corporate_number")
        }
        return {name: value for name, value in told.items() if value} | {"id": self.id, "kind": kind}


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of source a list may come from.

    Attributes:
        japanese: How the office calls it.
        bases: Bases a list of it may have.
        needs: What has to be on file: `pledge`, `identity`.
    """

    japanese: str
    bases: tuple[str, ...]
    needs: tuple[str, ...]


@cache
def categories() -> dict[str, Category]:
    """The three kinds of source a list may come from (tables/source_category.tsv)."""
    rows = tables.load("source_category").iter_rows(named=True)
    return {
        row["category"]: Category(
            row["japanese"],
            tuple(row["bases"].split(",")),
            tuple((row["needs"] or "").split(",")) if row["needs"] else (),
        )
        for row in rows
    }


def category_of(basis: str) -> str | None:
    """The kind of source a basis belongs to; None for what was collected from the persons themselves."""
    return next((name for name, each in categories().items() if basis in each.bases), None)


def add(store: Store, supplier: Supplier, documents: Mapping[str, str | Path] | None = None) -> Supplier:
    """Put a supplier into the register.

    Args:
        store: Where the register is kept.
        supplier: Who it is.
        documents: Further documents → their files; only the hash is kept.

    Returns:
        The same with its `id`.

    Raises:
        OptionError: one of this name is registered already, or a document cannot be read.
        RecordChangedError: somebody registered one in this very moment; do it again.
    """
    known = store.records(KIND)
    if any(one.name == supplier.name for one in map(_read, known.values()) if not one.ended):
        raise OptionError("name", ("one that no other supplier has",))
    made = replace(
        supplier,
        id=_NUMBER.format(len(known) + 1),
        ended="",
        documents={**supplier.documents, **hashed(documents)},
    )
    store.keep([Draft(KIND, made.id, _plain(made), after=0)], "supplier add", {"supplier": made.id})
    return made


def suppliers(store: Store, ended: bool = False) -> list[Supplier]:
    """Every supplier, in the order they were registered; those of whom nothing is bought any more only on request."""
    return [one for one in map(_read, store.records(KIND).values()) if ended or not one.ended]


def known(store: Store, name: str) -> Supplier | None:
    """The supplier of this name or id; None when the register has none."""
    return next((one for one in suppliers(store) if name.strip() in (one.id, one.name)), None)


def of(store: Store, name: str) -> Supplier:
    """The same, but UnknownRecordError when there is none."""
    found = known(store, name) or next((one for one in suppliers(store, True) if one.id == name), None)
    if found is None:
        raise UnknownRecordError(KIND)
    return found


def change(store: Store, name: str, **facts: Any) -> Supplier:
    """Change what the register tells of a supplier: a new version, the old one stays.

    Raises:
        UnknownRecordError: no such supplier.
        OptionError: no such attribute.
        RecordChangedError: somebody else changed it meanwhile.
    """
    open_ = [one.name for one in fields(Supplier) if one.name not in ("id", "name")]
    if not facts or not set(facts) <= set(open_):
        raise OptionError("facts", open_)
    before = of(store, name)
    made = replace(before, **facts)
    n = store.record_of(KIND, before.id).n
    store.keep([Draft(KIND, made.id, _plain(made), after=n)], "supplier change", {"supplier": made.id})
    return made


def _plain(one: Supplier) -> dict[str, Any]:
    told = asdict(one)
    return told | {name: told[name] and told[name].isoformat() for name in _DATES}


def _read(kept: Record) -> Supplier:
    return Supplier(**kept.told)
