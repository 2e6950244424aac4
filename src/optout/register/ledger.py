"""The ledger of provisions (第三者提供記録): one record a delivery, and in it one line a person delivered.

What must stand in it depends on the basis (tables/provision_item.tsv). Each provision is recorded when it is made; the
collective record of continuous provision is refused for the opt-out basis, which the law excludes from it. Records are
only added; `retention` purges them when `keep_until` has passed.

In which deliveries a person was is asked of `checks.provided.found`: the same engine as a screen. The keyed digests
kept beside every record tell it which deliveries it need not open.

Sources: 個人情報保護法 第29条; 同法施行規則 第19条 (method), 第20条 (items), 第21条 (retention).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cache
from typing import Any, Final, TypeAlias

import polars as pl

from optout import tables
from optout.errors import OptionError
from optout.keys import blocked
from optout.register import day, digests
from optout.schema import RAW_FIELDS, SELF, DType, numbered
from optout.store import Draft, Record, Store

Day: TypeAlias = date  # `Provision` has a field of that name

KIND: Final = "provision"
BASES: Final = ("optout", "consent")
# 規則19条: each time (都度); collectively for continuous provision (一括); the contract itself (契約書等).
MODES: Final = ("each", "bulk", "contract")
# 規則21条: years kept, by mode; an opt-out provision can only be recorded each time.
_YEARS: Final = {"each": 3, "bulk": 3, "contract": 1}
PARTY: Final = ("name", "address", "representative")
# Of a subject: where it stood in the list that went out, how the client names it, then what identifies it.
SUBJECT_SCHEMA: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "row_id": pl.String,
    "subject": pl.String,
    **dict.fromkeys(RAW_FIELDS, pl.String),
}
_SUBJECTS: Final = "subjects"
_DIGESTS: Final = "digests"


@dataclass(frozen=True, slots=True, repr=False)
class Provision:
    """One list that went to one recipient.

    Attributes:
        id: Number of the record.
        date: 提供年月日, the day in Japan.
        recipient: 提供先: `name`, `address`, `representative`, and whatever else was known; `kind` "individual" for
            one who has no representative.
        items: 個人データの項目: the columns that went out.
        basis: One of BASES.
        channel: How the recipient may use it.
        purpose: What for.
        certificate: Number of its certificate.
        file_sha256: Of the very bytes delivered.
        rows: Rows delivered, decoys not counted.
        delivery: 納品番号, as the client knows it.
        tenant: Whose list it was; None = the vendor's own.
        holdings: Names of the holdings it was taken from.
        method: 提供の方法: how the list was handed over, as the filing names it.
        mode: How it is recorded, one of MODES.
        withdrawn: Why the list never went out after all; blank of one that did.
        scheme: Key scheme of the digests; filled in by `record`.
        recorded: When it was written down (UTC, ISO 8601); filled in by the store.
    """

    id: str
    date: date
    recipient: Mapping[str, str]
    items: tuple[str, ...]
    basis: str = "optout"
    channel: str = "any"
    purpose: str = ""
    certificate: str | None = None
    file_sha256: str | None = None
    rows: int = 0
    delivery: str | None = None
    tenant: str | None = None
    holdings: tuple[str, ...] = ()
    method: str = ""
    mode: str = "each"
    withdrawn: str = ""
    scheme: str | None = None
    recorded: str | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"<Provision {self.id}, {self.date}, {self.rows} rows>"

    @property
    def lacking(self) -> list[str]:
        """Statutory items (Japanese) that this record does not tell; the subjects are counted apart."""
        corporation = self.recipient.get("kind") != "individual"
        needed = [row for row in _items(self.basis) if row["when"] == "always" or corporation]
        told = self._told_items()
        return [row["japanese"] for row in needed if not told[row["item"]].strip()]

    def statutory(self) -> dict[str, str]:
        """What the law lists and nothing else, by its Japanese name: for an answer under 第33条第5項."""
        told = self._told_items()
        return {row["japanese"]: told[row["item"]] for row in _items(self.basis) if row["item"] != "subject"}

    def keep_until(self, last: Day | None = None) -> Day:
        """The last day the record must be kept: so many years from the day it was made (規則21条).

        Args:
            last: Of the modes `bulk` and `contract`: the day of the last provision under it; None = this one's.
        """
        made = self.date if self.recorded is None else max(self.date, day.of(self.recorded))
        begins = made if self.mode == "each" or last is None else max(self.date, last)
        return _years_after(begins, _YEARS[self.mode])

    def _told_items(self) -> dict[str, str]:
        party = {f"recipient_{part}": self.recipient.get(part) or "" for part in PARTY}
        consent = "本人の同意を得ている" if self.basis == "consent" else ""
        told = {"date": self.date.isoformat(), "items": "、".join(self.items), "consent": consent}
        return {**party, **told, "subject": "-"}


def record(store: Store, provision: Provision, subjects: pl.DataFrame) -> Provision:
    """Write down one provision and everybody in it, in a commit of its own.

    Args:
        store: Where to.
        provision: What was provided; `scheme` and `recorded` are filled in.
        subjects: One line a person delivered, as `subject_lines` makes them; personal data, kept sealed.

    Returns:
        The provision as it stands in the ledger.

    Raises:
        OptionError: as `draft`.
        RecordChangedError: a provision of this number stands there.
    """
    [kept] = store.keep([draft(store, provision, subjects)], "provision", {"provision": provision.id})
    return _read(kept)


def draft(store: Store, provision: Provision, subjects: pl.DataFrame) -> Draft:
    """The same, to be kept in one commit with what belongs to it.

    Raises:
        OptionError: an unknown basis or mode, a collective record of an opt-out provision, or nobody is told of.
    """
    _require_lawful(provision, subjects)
    lines = _lines(subjects)
    made = replace(provision, scheme=digests.scheme())
    frames = {_SUBJECTS: lines, _DIGESTS: digests.of(store, blocked(lines, "row").keys)}
    return Draft(KIND, provision.id, _plain(made), provision.tenant or "", frames, after=0)


def withdrawal(store: Store, provision_id: str, why: str) -> Draft:
    """A record that says of a provision that its list never went out; it stays on record and counts no more.

    Raises:
        UnknownRecordError: no provision of this number.
    """
    known = store.record_of(KIND, provision_id)
    made = replace(_read(known), withdrawn=why)
    return Draft(KIND, provision_id, _plain(made), known.tenant, after=known.n)


def provisions(
    store: Store,
    since: date | None = None,
    until: date | None = None,
    recipient: str | None = None,
    withdrawn: bool = False,
) -> list[Provision]:
    """The provisions on record that were made, in the order they were recorded.

    Args:
        store: Whose ledger.
        since: Only from this day on.
        until: Only up to this day.
        recipient: Only to a recipient of this name.
        withdrawn: Those too whose list never went out after all.

    Returns:
        The newest version of each.
    """
    told = [_read(kept) for kept in store.records(KIND).values()]
    return [
        each
        for each in told
        if (withdrawn or not each.withdrawn)
        and (since is None or each.date >= since)
        and (until is None or each.date <= until)
        and (recipient is None or each.recipient.get("name") == recipient)
    ]


def provision(store: Store, provision_id: str) -> Provision:
    """One provision; UnknownRecordError when there is none of this number."""
    return _read(store.record_of(KIND, provision_id))


def subjects(store: Store, provision_id: str) -> pl.DataFrame:
    """Everybody in one provision, as delivered.

    Args:
        store: Whose ledger.
        provision_id: Number of the provision.

    Returns:
        `row` UInt32 (of the delivered list, 0-based), `row_id` (how the client names the row: its own number, or
        "line 12"), `subject` (role), the fields of `schema.RAW_FIELDS`, `phone_1..`, `email_1..`, all String:
        columns that a screen recognises. Personal data.

    Raises:
        UnknownRecordError: no provision of this number.
    """
    frame = store.frame_of(KIND, store.record_of(KIND, provision_id).id, _SUBJECTS)
    return pl.DataFrame(schema=SUBJECT_SCHEMA) if frame is None else frame


def candidates(store: Store, keys: Mapping[str, pl.DataFrame]) -> list[tuple[Provision, pl.DataFrame]]:
    """The lines that may name somebody with one of these blocking keys; of no other need anything be compared.

    Args:
        store: Whose ledger.
        keys: Blocking rule → frame with `key` UInt64, made of the side `entry`.

    Returns:
        Provisions and those of their lines (as `subjects`) one of whose keyed digests is among them; all lines of
        provisions recorded under another scheme.
    """
    asked, scheme = digests.asked(store, keys), digests.scheme()
    found = []
    for each in provisions(store):
        kept = store.frame_of(KIND, each.id, _DIGESTS) if each.scheme == scheme else None
        lines = None if kept is None else digests.meeting(kept, asked)
        if lines is None or len(lines):
            every = subjects(store, each.id)
            found.append((each, every if lines is None else every[lines]))
    return found


def subject_lines(raw: pl.DataFrame, row_ids: pl.Series) -> pl.DataFrame:
    """A raw frame (schema.py) as lines of the ledger: what identifies a person, and nothing else of the list.

    Args:
        raw: `row`, `subject`, the raw fields, `phone_1..`, `email_1..`; flags and notes are left out.
        row_ids: String, one a row number from 0: how the client names it.

    Returns:
        SUBJECT_SCHEMA and the numbered columns; subjects of whom nothing is told are left out.
    """
    identity = [*RAW_FIELDS, *numbered(raw, "phone"), *numbered(raw, "email")]
    known = raw.filter(pl.any_horizontal(pl.col(identity).is_not_null()))
    return known.select("row", row_ids.gather(known["row"]).alias("row_id"), "subject", *identity)


def _require_lawful(provision: Provision, subjects: pl.DataFrame) -> None:
    if provision.basis not in BASES:
        raise OptionError("basis", BASES)
    if provision.mode not in MODES:
        raise OptionError("mode", MODES)
    if provision.basis == "optout" and provision.mode != "each":
        # 規則19条2項括弧書: no collective record of what is provided under 法27条2項; the same holds for 規則19条3項.
        raise OptionError("mode of an opt-out provision (一括記録不可)", ("each",))
    if not subjects.height:
        raise OptionError("subjects", ("one line or more: Art. 29 asks for a record of every person",))


def _lines(given: pl.DataFrame) -> pl.DataFrame:
    """The lines with every column of the schema, in its order."""
    lists = numbered(given, "phone") + numbered(given, "email")
    absent = {"row": pl.int_range(pl.len(), dtype=pl.UInt32), "subject": pl.lit(SELF)}
    columns = [
        (pl.col(name) if name in given.columns else absent.get(name, pl.lit(None))).cast(dtype).alias(name)
        for name, dtype in SUBJECT_SCHEMA.items()
    ]
    lines = given.select(*columns, *(pl.col(name).cast(pl.String) for name in lists))
    numbered_line = pl.format("line {}", pl.col("row") + 1)
    return lines.with_columns(pl.coalesce("row_id", numbered_line).alias("row_id"))


@cache
def _items(basis: str) -> tuple[dict[str, str], ...]:
    rows = tables.load("provision_item").filter(pl.col("basis") == basis)
    return tuple(rows.select("item", "japanese", "when").iter_rows(named=True))


def _plain(made: Provision) -> dict[str, Any]:
    told = {each.name: getattr(made, each.name) for each in fields(made) if each.name != "recorded"}
    lists = {name: list(told[name]) for name in ("items", "holdings")}
    return {**told, **lists, "date": made.date.isoformat(), "recipient": dict(made.recipient)}


def _read(kept: Record) -> Provision:
    told = dict(kept.told)
    for name in ("items", "holdings"):
        told[name] = tuple(told[name])
    told["date"] = date.fromisoformat(told["date"])
    return Provision(**told, recorded=kept.at)


def _years_after(begins: date, years: int) -> date:
    try:
        return begins.replace(year=begins.year + years)
    except ValueError:  # 29 February
        return begins.replace(year=begins.year + years, month=3, day=1)
