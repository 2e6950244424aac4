"""The purge of what may no longer be kept (保存期間の満了), with a signed certificate and without personal data in it.

What is to be purged is recorded first, each step after it, so that whoever is cut off goes on. A file goes whole; a
table, a workbook, and a list in which somebody stands whose data must stay (legal hold), row by row and read again. A
record that names such a person is left. Nothing of the suppression list is touched.

Source: 個人情報保護法 第22条, 第23条 and 別添10 (unrecoverable means; the record of the deletion is kept).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch import Source
from optout.batch.delimited import DelimitedSource
from optout.batch.source import ParquetSource
from optout.batch.staged import sync_folder
from optout.checks import lookup, provided, received
from optout.checks.due import due_for_purge
from optout.checks.lookup import Place
from optout.checks.search import alone, as_persons, people, search
from optout.errors import (
    CheckError,
    EmptyBatchError,
    OptionError,
    SecondPersonError,
    UnknownHoldingError,
    UnknownRecordError,
    UnreadableFileError,
)
from optout.holdings.held import Edits, Held
from optout.register import day, ledger, receipt, retention
from optout.register import holding as register
from optout.register.certificate import PURGE_TYPE, Certificate, issue
from optout.schema import DType
from optout.store import Store

_LIMITS: Final = (
    "what backups, snapshots, replicas and freed disk blocks hold is out of reach of this purge",
    "the suppression list and its audit are not touched",
)
_PLAIN: Final = (".csv", ".tsv", ".txt", ".parquet", ".pq")
_ENDED: Final = ("purged", "held")
_CERTIFIED: Final = ("what", "id", "name", "rule", "since", "until", "outcome", "rows", "rows_held")


@dataclass(frozen=True, slots=True, eq=False)
class Purged:
    """What a purge did.

    Attributes:
        id: Its number.
        table: One line per thing: `what`, `id`, `name`, `outcome` (purged, held, unreachable), `rows` that are gone,
            `rows_held` that stayed for a legal hold, `why`.
        certificate: Signed, without personal data; it says of everything what became of it. None when nothing was due.
        done: Everything that was due is purged or held. What could not be reached is due still: purge again.
        resumed: It was begun earlier and cut off; what is due besides waits for the next purge.
    """

    id: str
    table: pl.DataFrame
    certificate: Certificate | None
    done: bool
    resumed: bool = False


OUTCOME: Final[dict[str, DType]] = {
    "what": pl.String,
    "id": pl.String,
    "name": pl.String,
    "outcome": pl.String,
    "rows": pl.UInt64,
    "rows_held": pl.UInt64,
    "why": pl.String,
}


def purge(
    store: Store,
    as_of: date,
    approver: str,
    only: Collection[str] | None = None,
    reason: str = "保存期間の満了",
) -> Purged:
    """Purge what is due: lists row by row, crash-safely and read again; records of provision and receipt for good.

    Args:
        store: Where the registers are.
        as_of: The day it is due on; not a day to come.
        approver: A second person who agreed (二人体制).
        only: Ids or names of holdings and records; None = everything that is due.
        reason: Why; it stays in the audit, so it must not say who.

    Returns:
        What was done. Cut off, the next purge does the rest of this one first.

    Raises:
        SecondPersonError: nobody else agreed.
        OptionError: one of `only` is not due, or the day has not come.
        RecordChangedError: somebody else purges at this moment.
    """
    _require_second(store, approver)
    if as_of > day.today(store):
        # A wrong year would purge what the law has kept for three.
        raise OptionError("as_of", ("a day up to today",))
    open_ = [one for one in retention.purges(store).items() if not one[1].told["ended"]]
    if open_:
        number, record = open_[0]
        told, n = deepcopy(record.told), record.n
    else:
        due = _due(store, as_of, only)
        if due.is_empty():
            return Purged("", pl.DataFrame(schema=OUTCOME), None, True)
        number, told, n = _begun(store, as_of, due, approver, reason)
    work = _Work(store, number, told, n)
    work.run()
    return work.purged(resumed=bool(open_))


def certificate_of(store: Store, number: str) -> Certificate:
    """The certificate of a finished purge.

    Raises:
        UnknownRecordError: no such purge, or it is not finished.
    """
    known = retention.purges(store).get(number)
    if known is None or not known.told.get("envelope"):
        raise UnknownRecordError(retention.RETENTION)
    return Certificate(known.told["payload"], known.told["envelope"])


def _require_second(store: Store, approver: str) -> None:
    if not approver.strip():
        raise SecondPersonError("a purge cannot be taken back")
    if approver.strip() == store.actor.strip():
        raise SecondPersonError("whoever purges cannot approve it")


def _due(store: Store, as_of: date, only: Collection[str] | None) -> pl.DataFrame:
    due = due_for_purge(store, as_of)
    if only is None:
        return due
    if unknown := set(only) - {*due["id"], *due["name"].drop_nulls()}:
        raise OptionError("only", (f"what is due on that day ({len(unknown)} of those given are not)",))
    named = pl.col("name").is_in(list(only)).fill_null(value=False)
    return due.filter(pl.col("id").is_in(list(only)) | named)


def _begun(
    store: Store, as_of: date, due: pl.DataFrame, approver: str, reason: str
) -> tuple[str, dict[str, Any], int]:
    """Record what is to be purged, before anything is."""
    number = f"P-{len(retention.purges(store)) + 1:04}"
    items = [
        {**row, "since": row["since"].isoformat(), "until": row["until"].isoformat()}
        for row in due.drop("state", "why").iter_rows(named=True)
    ]
    told = {
        "as_of": as_of.isoformat(),
        "approver": approver,
        "reason": reason,
        "items": items,
        "ended": False,
    }
    (kept,) = store.keep([retention.purge_draft(number, told, after=0)], "purge begun", {"purge": number})
    return number, told, kept.n


class _Work:
    """One purge, step by step; every step is recorded before and after."""

    def __init__(self, store: Store, number: str, told: dict[str, Any], n: int) -> None:
        self._store, self._number, self._told, self._n = store, number, told, n

    def run(self) -> None:
        """Do what is left."""
        left = [item for item in self._told["items"] if item.get("outcome") not in _ENDED]
        if left:
            held = self._people_held()
            self._purge_records([item for item in left if item["what"] != "holding"], held)
            for item in left:
                if item["what"] == "holding":
                    item |= self._purge_holding(item, held)
                    self._keep("purge executing")
        self._certify()

    def purged(self, resumed: bool) -> Purged:
        """What was done so far."""
        lines = [{column: item.get(column) for column in OUTCOME} for item in self._told["items"]]
        certificate = Certificate(self._told["payload"], self._told["envelope"])
        done = all(item["outcome"] in _ENDED for item in self._told["items"])
        return Purged(self._number, pl.DataFrame(lines, schema=OUTCOME), certificate, done, resumed)

    def _keep(self, action: str) -> None:
        draft = retention.purge_draft(self._number, self._told, after=self._n)
        (kept,) = self._store.keep([draft], action, {"purge": self._number})
        self._n = kept.n

    def _people_held(self) -> pl.DataFrame:
        """Entries of the people whose data must stay, as somebody to look for."""
        entries = self._store.entries()[1]
        return as_persons(entries.filter(pl.col("kind") == "legal_hold"))

    def _purge_records(self, items: list[dict[str, Any]], held: pl.DataFrame) -> None:
        """Art. 29 and Art. 30 records; one that names somebody under legal hold stays as it is."""
        if not items:
            return
        named = {("provision", one) for one in self._named("provision", held)}
        named |= {("receipt", one) for one in self._named("receipt", held)}
        gone = []
        for item in items:
            ref = (item["what"], item["id"])
            rows = self._rows_of(*ref)
            if ref in named:
                item |= {
                    "outcome": "held",
                    "rows": 0,
                    "rows_held": rows or 0,
                    "why": "names somebody under legal hold",
                }
            else:
                item |= {"outcome": "purged", "rows": rows or item.get("rows") or 0, "rows_held": 0}
                gone += [ref] if rows is not None else []  # None: gone before we were cut off
        # How many there were is written down first: after the purge nobody can count them.
        for item in items:
            if item["outcome"] == "purged":
                item["outcome"] = "purging"
        self._keep("purge executing")
        self._store.purge_records(gone, self._told["reason"])
        for item in items:
            if item["outcome"] == "purging":
                item["outcome"] = "purged"
        self._keep("purge executing")

    def _named(self, what: str, held: pl.DataFrame) -> set[str]:
        if held.is_empty():
            return set()
        found = provided.found if what == "provision" else received.found
        return set(found(self._store, people(held))[what])

    def _rows_of(self, what: str, number: str) -> int | None:
        try:
            if what == "provision":
                return ledger.subjects(self._store, number).height
            return receipt.receipt(self._store, number).persons
        except UnknownRecordError:
            return None

    def _purge_holding(self, item: dict[str, Any], held: pl.DataFrame) -> dict[str, Any]:
        """Everything of a list but the rows of people under legal hold; it is retired when none is left."""
        try:
            one = register.of(self._store, item["id"])
        except UnknownHoldingError:
            return {"outcome": "unreachable", "why": "it is not in the register"}
        parts = item.setdefault("parts", {})
        why = None
        try:
            found = [] if one.retired else lookup.places(one)
            if not (found or parts or one.retired):
                why = "no list lies there"  # a drive that is not connected looks like an empty folder
            for place in found:
                self._purge_place(place, held, parts)
        except lookup.UNREADABLE as error:
            why = type(error).__name__
        rows, kept = (sum(part[what] for part in parts.values()) for what in ("rows", "rows_held"))
        if why is not None:
            return {"outcome": "unreachable", "rows": rows, "rows_held": kept, "why": why}
        if kept:
            return {"outcome": "held", "rows": rows, "rows_held": kept, "why": "rows under legal hold stay"}
        if not one.retired:  # else we were cut off after it was
            register.retire(self._store, one.id, f"{self._told['reason']} ({self._number})")
        return {"outcome": "purged", "rows": rows, "rows_held": 0, "why": None}

    def _purge_place(self, place: Place, held: pl.DataFrame, parts: dict[str, Any]) -> None:
        """One file or table; how many rows go is recorded before they do, for nobody can count them after."""
        begun = parts.get(place.location)
        path = None if register.is_address(place.location) else Path(place.location)
        if begun and (begun["done"] or (path and not path.exists())):
            begun["done"] = True
            return
        list_ = place.open()
        now = list_.fingerprint()
        source, total, stays = self._read(list_, place, held)
        gone = [row for row in range(total) if row not in stays]
        if gone or not begun:
            parts[place.location] = begun = {"rows": len(gone), "rows_held": len(stays), "done": False}
            self._keep("purge executing")
        if path and not stays and _goes_whole(path, source):
            _unlink(path)
        elif gone:
            list_.change(Edits(erase=gone), now, _only(len(stays)), lambda _after: None)
        begun["done"] = True
        self._keep("purge executing")

    def _read(self, list_: Held, place: Place, held: pl.DataFrame) -> tuple[Source | None, int, set[int]]:
        """The list, how many rows it has, and those that stay; without rows no list."""
        try:
            source = list_.source()
        except EmptyBatchError:
            return None, 0, set()
        if held.is_empty():
            return source, _counted(source), set()
        found = search(source, alone(self._store, held), place.holding.columns)
        # In doubt they stay: what is erased cannot be put back.
        return source, found.total, {*found.rows["row"], *found.others}

    def _certify(self) -> None:
        epoch, revision, audit_n, audit_hash = self._store.head
        items = [{key: item[key] for key in _CERTIFIED} for item in self._told["items"]]
        head = {"id": self._store.store_id, "epoch": epoch, "revision": revision, "audit_n": audit_n}
        payload = {
            "id": str(uuid.uuid4()),
            "purge": self._number,
            "issued_at": self._store.now().isoformat(timespec="seconds"),
            "as_of": self._told["as_of"],
            "reason": self._told["reason"],
            "items": items,
            "store": {**head, "audit_hash": audit_hash.hex()},
            "approved_by_second_person": True,
            "optout": metadata.version("optout"),
            "limits": list(_LIMITS),
        }
        made = issue(payload, self._store.signing_key, PURGE_TYPE)
        self._told |= {"payload": made.payload, "envelope": made.envelope, "ended": True}
        self._keep("purge certified")


def _goes_whole(path: Path, source: Source | None) -> bool:
    """Whether a file is this list and nothing else: a workbook may have further sheets."""
    if source is None:
        return path.suffix.lower() in _PLAIN
    return isinstance(source, DelimitedSource | ParquetSource)


def _only(left: int) -> Callable[[Source], None]:
    """Raise unless nothing but so many rows is left."""

    def verify(new: Source) -> None:
        if _counted(new) != left:
            raise CheckError(
                "rows are left in what was to replace the list. Report this; nothing was purged."
            )

    return verify


def _counted(source: Source) -> int:
    return sum(block.frame.height for block in source.blocks())


def _unlink(path: Path) -> None:
    """A file goes, and not only one of its names."""
    target = path.resolve(strict=True)
    if (links := target.stat().st_nlink) > 1:
        why = f"has {links} names (hard links); it would live on under the others"
        raise UnreadableFileError(path.name, why, "Leave one name and purge again.")
    target.unlink()
    if path.is_symlink():
        path.unlink()
    sync_folder(target.parent)
