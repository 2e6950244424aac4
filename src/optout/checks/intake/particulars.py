"""What is told of a list beside its rows: who handed it over, on what basis, how they came by it, what was shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from optout.errors import OptionError
from optout.register import day, supplier
from optout.register.receipt import BASES, ReceiptRecord, by_file, hashed
from optout.register.supplier import Supplier
from optout.store import Store

# The same words as offices and the law write them.
_ALSO_WRITTEN: Final = {
    "opt-out": "optout",
    "opt_out": "optout",
    "received_by_optout": "optout",
    "オプトアウト": "optout",
    "同意": "consent",
    "本人同意": "consent",
    "個人": "individual",
    "公開情報": "public",
    "直接取得": "direct",
}

# Each has a question of its own.
_ASKED_APART: Final = ("提供者の氏名又は名称", "取得の経緯", "公開されていた媒体と取得の方法")

Documents = Mapping[str, "str | Path"] | Iterable["str | Path"]


@dataclass(frozen=True, slots=True, repr=False)
class Particulars:
    """How a list was acquired.

    Attributes:
        supplier: `name` and whatever else was told: address, representative, corporate_number, kind …
        registered: The same as the register of suppliers has it; None = it has none of that name.
        basis: One of BASES.
        category: Kind of source (tables/source_category.tsv); None for a list collected from the persons themselves.
        history: 取得の経緯.
        received: 提供を受けた年月日.
        documents: What was shown → SHA-256 (hex).
        consent, published: As on a receipt record.
        strict: Whether the list stays quarantined until every item of the receipt record is told.
        known_only: Whether its supplier has to be in the register with everything its kind of source needs.
    """

    supplier: dict[str, str]
    registered: Supplier | None
    basis: str
    category: str | None
    history: str
    received: date
    documents: dict[str, str] = field(default_factory=dict)
    consent: bool = False
    published: bool = False
    strict: bool = False
    known_only: bool = False

    @property
    def deliverable(self) -> bool:
        """Whether the opt-out basis lets the list be provided again (第27条第2項但書)."""
        return self.basis != "optout"

    def receipt(self, intake: str, listed: Mapping[str, Any], items: Iterable[str]) -> ReceiptRecord:
        """The receipt record of this list, the persons not yet in it."""
        return ReceiptRecord(
            id=f"RC-{intake.removeprefix('I-')}",
            received=self.received,
            basis=self.basis,
            supplier=self.supplier,
            history=self.history,
            documents=self.documents,
            items=tuple(items),
            consent=self.consent,
            published=self.published,
            file=dict(listed),
            intake=intake,
        )

    def questions(self, store: Store, digest: str | None) -> list[str]:
        """What is open of all this; each begins with the word that settles it."""
        asked = []
        if not self.supplier.get("name", "").strip():
            asked.append("supplier: who handed the list over (取得元) is not told")
        if not self.history.strip():
            asked.append("history: how the supplier came by it (取得の経緯) is not told")
        return [*asked, *self._of_the_office(), *self._of_the_file(store, digest)]

    def _of_the_office(self) -> list[str]:
        lacking = [item for item in self.receipt("", {}, ["-"]).lacking if item not in _ASKED_APART]
        asked = (
            [f"receipt: not told (第30条・規則24条): {'、'.join(lacking)}"] if lacking and self.strict else []
        )
        return [*asked, *self._of_the_register()] if self.known_only else asked

    def _of_the_register(self) -> list[str]:
        """What the office wants to know of a source before it takes a list from it."""
        if self.category is None or not supplier.categories()[self.category].needs:
            return []
        if self.registered is None:
            return ["source: the supplier is not in the register (`optout supplier add`)"]
        asked = [f"source: the register has no {what} of the supplier" for what in self.registered.lacking]
        if self.registered.category != self.category:
            asked.append(
                f"source: basis {self.basis} is of a source {self.category}, the supplier is registered as "
                f"{self.registered.category}"
            )
        return asked

    def _of_the_file(self, store: Store, digest: str | None) -> list[str]:
        """A list that came by another's opt-out does not become anything else by being handed in again."""
        if not self.deliverable:
            return []
        return [
            f"origin: the very same file was received by another's opt-out (receipt {known.id})"
            for known in by_file(store, digest)
            if not known.deliverable
        ]


def particulars(
    store: Store,
    given: str | Mapping[str, str] | Supplier,
    basis: str,
    history: str,
    received: date | str | None = None,
    documents: Documents | None = None,
    consent: bool | None = None,
    published: bool | None = None,
    category: str | None = None,
    strict: bool | None = None,
) -> Particulars:
    """Put together what is told, with what the register of suppliers knows.

    Args:
        store: Where the register is.
        given: Name or number of a registered supplier, or any name, or a mapping of its particulars.
        basis: One of BASES, or a Japanese word for one.
        history, received, documents, consent, published: See `intake`.
        category: Kind of source; by default the one the basis belongs to.
        strict: None = as soon as any supplier is registered, or any of the particulars of Art. 30 are told; the
            register itself is only asked for when it is in use, or by True.

    Raises:
        OptionError: an unknown basis or category, or a document that cannot be read.
    """
    basis = _ALSO_WRITTEN.get(basis, basis)
    if basis not in BASES:
        raise OptionError("basis", BASES)
    if category is not None and category not in supplier.categories():
        raise OptionError("category", tuple(supplier.categories()))
    told, registered = _supplier(store, given)
    shown = {**(registered.documents if registered else {}), **hashed(documents)}
    in_use = bool(supplier.suppliers(store))
    asked = in_use or any(one is not None for one in (documents, consent, published, category))
    return Particulars(
        told,
        registered,
        basis,
        category or supplier.category_of(basis),
        history,
        day.read(received, "received") or day.today(store),
        shown if basis in ("consent", "optout", "individual") else hashed(documents),
        bool(consent),
        bool(published) or bool(basis == "optout" and registered and registered.published_checked),
        asked if strict is None else strict,
        in_use if strict is None else strict,
    )


def _supplier(
    store: Store, given: str | Mapping[str, str] | Supplier
) -> tuple[dict[str, str], Supplier | None]:
    if isinstance(given, Supplier):
        return given.particulars(), supplier.known(store, given.id or given.name)
    name = given if isinstance(given, str) else given.get("name", "")
    registered = supplier.known(store, name) if name.strip() else None
    told = {"name": name} if isinstance(given, str) else dict(given)
    return ({**registered.particulars(), **told, "name": registered.name} if registered else told), registered
