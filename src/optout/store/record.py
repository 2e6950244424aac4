"""What the checks record beside the list: cases, holdings, provisions … every version sealed, none overwritten.

The table only grows. A row is sealed and bound to its number, kind and id; each one's digest is chained to the one
before, and every audit row since the first record tells how many there are and where that chain ends. So a record that
was changed, moved, taken away or put back to an earlier version is noticed when records are next read.

A frame goes with a record as sealed Parquet in parts, which are read only when they are asked for. What is purged is
emptied in place: the digests stay, and a record of the purge names the rows, so that nobody else can empty one.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import polars as pl

from optout.errors import RecordChangedError, StoreDamagedError, UnknownRecordError
from optout.store import layout, seal, statements, tail
from optout.store.commit import Commit, packed
from optout.store.engine import Transaction
from optout.store.head import Head
from optout.store.keyring import Keyring
from optout.store.tail import Tail

Ref: TypeAlias = "tuple[str, str]"

PURGED: Final = "purged records"  # the kind of the records that tell of a purge
_EMPTY: Final = b""
_PART_ROWS: Final = 65_536


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """What is to be recorded.

    Attributes:
        kind: What it is a record of: case, holding, provision …
        id: Which of them; a new version if there is one already. Stands in clear: never a name or a number of a person.
        told: JSON values.
        tenant: Whose key it is sealed under; "" = the store's own.
        frames: Name → table that goes with it, of any size.
        after: `Record.n` of the version it was made from, 0 = there must be none yet; None = whatever is there.
    """

    kind: str
    id: str
    told: Mapping[str, Any]
    tenant: str = ""
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    after: int | None = None

    def __repr__(self) -> str:
        return f"Draft({self.kind}, {self.id})"


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One version of a record.

    Attributes:
        kind, id, told, tenant: As it was given.
        n: Its number among all; a later version has a higher one.
        revision: The list's when it was recorded.
        at: When, UTC, ISO 8601.
        actor: Who recorded it.
        frames: Name of a frame → numbers of its first and last part.
    """

    kind: str
    id: str
    told: dict[str, Any]
    n: int
    revision: int
    at: str
    actor: str
    tenant: str = ""
    frames: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Record({self.kind}, {self.id}, n={self.n})"


class _Row(NamedTuple):
    """A row of `record`, in the order of the statements that read it."""

    n: int
    epoch: int
    rev: int
    tenant: str
    kind: str
    record_id: str
    part: str
    dek_id: int
    sha256: bytes
    data: bytes | None

    def place(self, store_id: str) -> bytes:
        """What it was bound to."""
        where = (self.epoch, self.rev, self.n, self.tenant, self.kind, self.record_id, self.part)
        return seal.bound("record", store_id, *where)


class Records:
    """The records of one store as far as this object has read; call within a transaction."""

    def __init__(self, keyring: Keyring, name: str) -> None:
        self._keyring, self._name = keyring, name
        self._begin_again()

    def _begin_again(self) -> None:
        self._end = Tail()
        self._versions: dict[Ref, list[Record]] = {}
        self._purged: set[int] = set()

    def catch_up(self, db: Transaction, head: Head) -> None:
        """Decode what is newer than what was read.

        Raises:
            StoreDamagedError: a record is missing, or not what was written.
        """
        due = tail.read(db, self._keyring, head.audit_n)
        if due == self._end:
            return
        keys, reached = self._keyring.every(db), self._end
        fresh = [_Row._make(row) for row in db.stream(statements.RECORDED, (reached.n,))]
        for row in fresh:
            if row.n != reached.n + 1:
                raise self._damage(row.n)
            reached = reached.then(row.place(self._keyring.store_id), row.sha256)
        if reached != due:
            raise self._damage(due.n)
        told = [(row, self._opened(row, keys)) for row in fresh if row.part == "" and row.data != _EMPTY]
        purged = {n for row, what in told if row.kind == PURGED for n in what["told"]["rows"]}
        if purged & self._numbers() and self._end.n:
            self._begin_again()  # what was read earlier is gone since
            self.catch_up(db, head)
            return
        emptied = {row.n for row in fresh if row.part == "" and row.data == _EMPTY}
        if emptied - purged - self._purged:
            raise self._damage(min(emptied - purged))
        self._purged |= purged
        for row, what in told:
            self._versions.setdefault((row.kind, row.record_id), []).append(_record(row, what))
        self._end = reached

    def _numbers(self) -> set[int]:
        return {record.n for versions in self._versions.values() for record in versions}

    def newest(self, kind: str) -> dict[str, Record]:
        """The newest version of each record of a kind, in the order they were first recorded."""
        return {ref[1]: versions[-1] for ref, versions in self._versions.items() if ref[0] == kind}

    def versions(self, kind: str, record_id: str) -> list[Record]:
        """Every version of a record, oldest first; UnknownRecordError when there is none."""
        found = self._versions.get((kind, record_id))
        if not found:
            raise UnknownRecordError(kind)
        return list(found)

    def require(self, draft: Draft) -> None:
        """Raise RecordChangedError unless the newest version is the one a draft was made from."""
        found = self._versions.get((draft.kind, draft.id))
        if draft.after is not None and draft.after != (found[-1].n if found else 0):
            raise RecordChangedError(draft.kind)

    def frame(self, db: Transaction, kind: str, record_id: str, name: str) -> pl.DataFrame | None:
        """The frame of the newest version that has one of this name.

        Raises:
            UnknownRecordError: there is no such record.
            StoreDamagedError: a part is missing or not what was written.
        """
        versions = [record for record in self.versions(kind, record_id) if name in record.frames]
        if not versions:
            return None
        first, last = versions[-1].frames[name]
        keys = self._keyring.every(db)
        rows = [_Row._make(row) for row in db.stream(statements.RECORD_PARTS, (first, last))]
        if [(row.n, row.part) for row in rows] != [(n, name) for n in range(first, last + 1)]:
            raise self._damage(first)
        return pl.concat(pl.read_parquet(io.BytesIO(self._unsealed(row, keys))) for row in rows)

    def rows_of(self, refs: Iterable[Ref]) -> list[int]:
        """The numbers of every row of these records, their frames included.

        Raises:
            UnknownRecordError: there is no such record.
        """
        found = [record for ref in refs for record in self.versions(*ref)]
        parts = [
            n for record in found for first, last in record.frames.values() for n in range(first, last + 1)
        ]
        return sorted({*parts, *(record.n for record in found)})

    def verify(self, db: Transaction) -> None:
        """Raise StoreDamagedError unless every row is what was written; call after `catch_up`."""
        for row in map(_Row._make, db.stream(statements.ALL_RECORDS)):
            emptied = row.data == _EMPTY and row.n in self._purged
            if not emptied and hashlib.sha256(row.data or _EMPTY).digest() != row.sha256:
                raise self._damage(row.n)

    def _opened(self, row: _Row, keys: Mapping[int, bytes]) -> dict[str, Any]:
        return dict(json.loads(self._unsealed(row, keys)))

    def _unsealed(self, row: _Row, keys: Mapping[int, bytes]) -> bytes:
        whole = isinstance(row.data, bytes) and hashlib.sha256(row.data).digest() == row.sha256
        if not whole or row.data is None or row.dek_id not in keys:
            raise self._damage(row.n)
        try:
            return seal.unseal(keys[row.dek_id], row.data, row.place(self._keyring.store_id))
        except seal.UnsealError as wrong:
            raise self._damage(row.n) from wrong

    def _damage(self, n: int) -> StoreDamagedError:
        return StoreDamagedError(self._name, f"record {n} is not what was written")


def _record(row: _Row, what: Mapping[str, Any]) -> Record:
    frames = {name: (first, last) for name, (first, last) in what["frames"].items()}
    return Record(
        row.kind, row.record_id, what["told"], row.n, row.rev, what["at"], what["actor"], row.tenant, frames
    )


def write(commit: Commit, drafts: Iterable[Draft]) -> list[Record]:
    """Seal drafts into the open transaction of a commit, each with its frames before it."""
    commit.raise_format(layout.RECORDS.format)
    return [_written(commit, draft) for draft in drafts]


def _written(commit: Commit, draft: Draft) -> Record:
    frames = {name: _parts(commit, draft, name, frame) for name, frame in draft.frames.items()}
    at, actor = commit.stamp.ts, commit.stamp.actor
    told = {"told": dict(draft.told), "at": at, "actor": actor, "frames": frames}
    n = _sealed(commit, draft, "", packed(told))
    rev = commit.head.rev
    return Record(draft.kind, draft.id, dict(draft.told), n, rev, at, actor, draft.tenant, frames)


def _parts(commit: Commit, draft: Draft, name: str, frame: pl.DataFrame) -> tuple[int, int]:
    """The numbers of the first and the last part of a frame; an empty one has a part too."""
    numbers = []
    for part in frame.iter_slices(_PART_ROWS) if frame.height else [frame]:
        buffer = io.BytesIO()
        part.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
        numbers.append(_sealed(commit, draft, name, buffer.getvalue()))
    return numbers[0], numbers[-1]


def _sealed(commit: Commit, draft: Draft, part: str, payload: bytes) -> int:
    dek = commit.keyring.to_seal(commit.db, draft.tenant, "record", commit.stamp.ts)
    n, at = commit.tail.n + 1, commit.head
    row = _Row(n, at.epoch, at.rev, draft.tenant, draft.kind, draft.id, part, dek.dek_id, _EMPTY, None)
    place = row.place(commit.keyring.store_id)
    data = seal.seal(dek.key, payload, place)
    sha256 = hashlib.sha256(data).digest()
    commit.db.execute(statements.ADD_RECORD, row._replace(sha256=sha256, data=data))
    commit.tail = commit.tail.then(place, sha256)
    return n


def empty(commit: Commit, rows: Iterable[int], refs: Iterable[Ref], reason: str) -> None:
    """Empty these rows in the open transaction of a commit, and record that they were purged."""
    gone = sorted(rows)
    with commit.db.changing("record"):
        for n in gone:
            commit.db.execute(statements.EMPTY_RECORD, (_EMPTY, n))
    told = {"rows": gone, "records": [list(ref) for ref in refs], "reason": reason}
    write(commit, [Draft(PURGED, f"purge-{commit.head.audit_n + 1}", told)])
