"""The receipt records (受領記録): one record a list taken in, and in it one line a person.

What must stand in it depends on the basis (tables/receipt_item.tsv). Lists collected from the persons themselves and
from what everybody can read fall under no Art. 30; of these the same record tells the source.

A list that its supplier had by opt-out may not be provided by opt-out again, nor any form of it (第27条第2項但書):
`barred` follows a list through the register of holdings, whatever it was copied into.

In which receipts a person was is asked of `checks.received.found`: the same engine as a screen.

Sources: 個人情報保護法 第30条; 同法施行規則 第22条 (confirmation), 第23条 (method), 第24条 (items), 第25条 (retention).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout import tables
from optout.batch.encoding import sha256
from optout.errors import OptionError, UnknownHoldingError
from optout.keys import blocked
from optout.register import digests, holding
from optout.schema import RAW_FIELDS, DType, numbered
from optout.store import Draft, Record, Store

KIND: Final = "receipt"
BASES: Final = ("consent", "optout", "individual", "public", "direct")
# 法第30条 applies to what is received from a third party.
ART30: Final = ("consent", "optout", "individual")
PARTY: Final = ("name", "address", "representative")
# Of a person: where it stood in the list, what became of the row, then what identifies it.
SUBJECT_SCHEMA: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "subject": pl.String,
    "verdict": pl.String,
    **dict.fromkeys(RAW_FIELDS, pl.String),
}
_WRITING, _MADE = "writing", "made"
_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptRecord:
    """One list that was received.

    Attributes:
        id: Number of the record.
        received: 提供を受けた年月日 (取得年月日), the day in Japan.
        basis: One of BASES.
        supplier: 提供者: `name`, `address`, `representative`, and whatever else was told; `kind` "individual" for one
            who has no representative; empty for a list that nobody handed over.
        history: 取得の経緯; of a public source where it was published.
        documents: What was shown → its SHA-256 (hex).
        items: 個人データの項目: headers of the list, whatever was dropped left out.
        consent: 本人の同意を得ている旨 was confirmed.
        published: The supplier's filing is published by the PPC (法27条4項).
        file: `name` it came under, `sha256` of its bytes, `held_sha256` of what is held, `records` in it.
        intake: Number of the intake.
        persons: Lines of persons kept with it.
        parts: In how many frames.
        recorded: When it was written down (UTC, ISO 8601); filled in by the store.
    """

    id: str
    received: date
    basis: str
    supplier: Mapping[str, str] = field(default_factory=dict)
    history: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    items: tuple[str, ...] = ()
    consent: bool = False
    published: bool = False
    file: Mapping[str, Any] = field(default_factory=dict)
    intake: str = ""
    persons: int = 0
    parts: int = 0
    recorded: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.basis not in BASES:
            raise OptionError("basis", BASES)

    def __repr__(self) -> str:
        return f"<ReceiptRecord {self.id}, {self.received}, {self.persons} persons>"

    @property
    def deliverable(self) -> bool:
        """Whether the opt-out basis lets it be provided (法27条2項但書)."""
        return self.basis != "optout"

    @property
    def is_art30(self) -> bool:
        """Whether it is a record that Art. 30 asks for; else it tells the source alone."""
        return self.basis in ART30

    @property
    def lacking(self) -> list[str]:
        """Statutory items (Japanese) that it does not tell; the persons are counted apart."""
        corporation = self.supplier.get("kind") != "individual" and self.basis != "individual"
        needed = [row for row in _items(self.basis) if row["when"] == "always" or corporation]
        told = self._told_items()
        return [row["japanese"] for row in needed if not told[row["item"]].strip()]

    def statutory(self) -> dict[str, str]:
        """What the law lists and nothing else, by its Japanese name: for an answer under 第33条第5項."""
        told = self._told_items()
        shown = (row for row in _items(self.basis) if row["item"] not in ("subject", "document"))
        return {row["japanese"]: told[row["item"]] for row in shown}

    def _told_items(self) -> dict[str, str]:
        party = {f"supplier_{part}": self.supplier.get(part) or "" for part in PARTY}
        return {
            **party,
            "date": self.received.isoformat(),
            "history": self.history,
            "document": "、".join(self.documents),
            "items": "、".join(self.items),
            "consent": "本人の同意を得ている" if self.consent else "",
            "published": "個人情報保護委員会により公表されている" if self.published else "",
            "subject": "-",
        }


def record(store: Store, receipt: ReceiptRecord, subjects: Iterable[pl.DataFrame]) -> ReceiptRecord:
    """Write down one receipt and everybody in it. The same again changes nothing.

    The persons are kept part by part, so that a list of any size needs the memory of one; a record whose parts are
    not all there counts as none, and is begun anew.

    Args:
        store: Where to.
        receipt: What was received; `persons`, `parts` and `recorded` are filled in.
        subjects: Frames of SUBJECT_SCHEMA and numbered columns, as `subject_lines` makes them; kept sealed.

    Raises:
        OptionError: another receipt has this number.
    """
    known = store.records(KIND).get(receipt.id)
    if known is not None and known.told["state"] == _MADE:
        return _same(_read(known), receipt)
    persons = parts = 0
    for lines in subjects:
        parts, persons = parts + 1, persons + lines.height
        frames = {_name(parts, "subjects"): lines, _name(parts, "digests"): _digests(store, lines)}
        told = _plain(receipt) | {"state": _WRITING}
        store.keep([Draft(KIND, receipt.id, told, frames=frames)], "receipt part", {"receipt": receipt.id})
    made = replace(receipt, persons=persons, parts=parts)
    told = _plain(made) | {"state": _MADE, "scheme": digests.scheme()}
    [kept] = store.keep([Draft(KIND, made.id, told)], "receipt", {"receipt": made.id})
    return _read(kept)


def receipts(store: Store, since: date | None = None, until: date | None = None) -> list[ReceiptRecord]:
    """The receipts on record, in the order they were recorded.

    Args:
        store: Whose register.
        since, until: Only of these days.
    """
    told = [_read(kept) for kept in store.records(KIND).values() if kept.told["state"] == _MADE]
    return [
        each
        for each in told
        if (since is None or each.received >= since) and (until is None or each.received <= until)
    ]


def receipt(store: Store, receipt_id: str) -> ReceiptRecord:
    """One receipt; UnknownRecordError when there is none of this number."""
    return _read(store.record_of(KIND, receipt_id))


def subjects(store: Store, receipt_id: str) -> pl.DataFrame:
    """Everybody in one receipt: SUBJECT_SCHEMA, `phone_1..`, `email_1..`, all String but `row`. Personal data.

    Raises:
        UnknownRecordError: no receipt of this number.
    """
    return pl.concat([pl.DataFrame(schema=SUBJECT_SCHEMA), *parts_of(store, receipt_id)], how="diagonal")


def parts_of(store: Store, receipt_id: str) -> Iterator[pl.DataFrame]:
    """The same part by part, for what need not be held at once."""
    for number in range(1, receipt(store, receipt_id).parts + 1):
        frame = store.frame_of(KIND, receipt_id, _name(number, "subjects"))
        if frame is not None:
            yield frame


def candidates(
    store: Store, keys: Mapping[str, pl.DataFrame]
) -> Iterator[tuple[ReceiptRecord, pl.DataFrame]]:
    """The parts of receipts that may hold somebody with one of these blocking keys.

    Args:
        store: Whose register.
        keys: Blocking rule → frame with `key` UInt64, made of the side `entry`.
    """
    asked, scheme = digests.asked(store, keys), digests.scheme()
    for record_id, kept in store.records(KIND).items():
        if kept.told["state"] != _MADE:
            continue
        for number in range(1, int(kept.told["parts"]) + 1):
            marks = store.frame_of(KIND, record_id, _name(number, "digests"))
            if kept.told["scheme"] != scheme or marks is None or digests.meet(marks, asked):
                lines = store.frame_of(KIND, record_id, _name(number, "subjects"))
                if lines is not None:
                    yield _read(kept), lines


def subject_lines(raw: pl.DataFrame, verdicts: pl.Series) -> pl.DataFrame:
    """A raw frame (schema.py) as lines of a receipt: what identifies a person, and nothing else of the list.

    Args:
        raw: `row`, `subject`, the raw fields, `phone_1..`, `email_1..`; flags and notes are left out.
        verdicts: What became of each line's row: keep, withhold or review.
    """
    identity = [*RAW_FIELDS, *numbered(raw, "phone"), *numbered(raw, "email")]
    told = raw.select("row", "subject", verdicts.cast(pl.String).alias("verdict"), *identity)
    return told.filter(pl.any_horizontal(pl.col(identity).is_not_null()))


def barred(store: Store, held: str) -> list[str]:
    """Why a list may not be provided by opt-out: the receipts, of it or of what it was made from, that forbid it.

    Args:
        store: Whose register.
        held: Name or id of a holding.

    Returns:
        Numbers of receipts by another's opt-out, the nearest first; empty when nothing forbids it. A holding without
        a receipt whose own `basis` is `optout` is told by its name.

    Raises:
        UnknownHoldingError: no such list is held.
    """
    known = store.records(KIND)
    found: list[str] = []
    seen: set[str] = set()
    due = [held]
    while due:
        name = due.pop(0)
        if name in seen:
            continue
        seen.add(name)
        one = _held(store, name, first=name == held)
        if one is None:
            continue
        record_id = str(one.origin.get("receipt") or "")
        told = known[record_id].told if record_id in known else None
        if (told["basis"] if told else one.basis) == "optout" or one.origin.get("deliverable") is False:
            found.append(record_id or name)
        due += [str(each) for each in _each(one.origin.get("derived_from"))]
    return found


def by_file(store: Store, digest: str | None) -> list[ReceiptRecord]:
    """The receipts of the very same bytes: as they came, or as they were accepted."""
    if digest is None:
        return []
    return [
        each for each in receipts(store) if digest in (each.file.get("sha256"), each.file.get("held_sha256"))
    ]


def hashed(documents: Mapping[str, str | Path] | Iterable[str | Path] | None) -> dict[str, str]:
    """Documents → their SHA-256.

    Args:
        documents: What each is → its file, or a hash (64 hex digits) of one that lies elsewhere; or files alone,
            which go by their names.

    Raises:
        OptionError: one is neither a file nor a hash.
    """
    if documents is None:
        return {}
    named = documents if isinstance(documents, Mapping) else {Path(one).name: one for one in documents}
    return {what: _digest(given) for what, given in named.items()}


def _digest(given: str | Path) -> str:
    if isinstance(given, str) and _SHA256.fullmatch(given):
        return given
    try:
        return sha256(Path(given))
    except OSError:
        raise OptionError("documents", ("a file that can be read", "64 hex digits")) from None


def _each(told: object) -> list[object]:
    if told is None:
        return []
    return list(told) if isinstance(told, list | tuple) else [told]


def _held(store: Store, name: str, first: bool) -> holding.Holding | None:
    """A holding; of those one was made from, also a retired one; None when the register has forgotten it."""
    try:
        return holding.of(store, name)
    except UnknownHoldingError:
        if first:
            raise
    retired = [one for one in holding.holdings(store, retired=True).values() if one.name == name]
    return retired[-1] if retired else None


def _same(before: ReceiptRecord, receipt: ReceiptRecord) -> ReceiptRecord:
    if replace(receipt, persons=before.persons, parts=before.parts) != before:
        raise OptionError("receipt", ("a number that no other receipt has",))
    return before


def _name(part: int, what: str) -> str:
    return f"{what}-{part:05}"


def _digests(store: Store, lines: pl.DataFrame) -> pl.DataFrame:
    return digests.of(store, blocked(lines, "row").keys)


@cache
def _items(basis: str) -> tuple[dict[str, str], ...]:
    rows = tables.load("receipt_item").filter(pl.col("basis") == basis)
    return tuple(rows.select("item", "japanese", "when").iter_rows(named=True))


def _plain(made: ReceiptRecord) -> dict[str, Any]:
    told = {name: value for name, value in asdict(made).items() if name != "recorded"}
    return told | {"received": made.received.isoformat(), "items": list(made.items)}


def _read(kept: Record) -> ReceiptRecord:
    known = {each.name for each in fields(ReceiptRecord)} - {"recorded"}
    told = {name: value for name, value in kept.told.items() if name in known}
    told |= {"items": tuple(told["items"]), "received": date.fromisoformat(told["received"])}
    return ReceiptRecord(**told, recorded=kept.at)
