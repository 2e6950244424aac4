"""What the log says: blocks checked, decoded once and kept in memory, lifts applied."""

from __future__ import annotations

import io
import json
from bisect import bisect_right
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias

import polars as pl

from optout.errors import StoreDamagedError
from optout.schema import ENTRY_SCHEMA
from optout.store import blocks, entry, statements
from optout.store.audit import Times
from optout.store.blocks import Block
from optout.store.engine import Transaction
from optout.store.head import Head
from optout.store.imported import Shelf, of_blocks
from optout.store.keyring import Keyring

Entry: TypeAlias = dict[str, Any]

PURGE: Final = "purge"  # the key under which an `amend` block tells of a purge
_KINDS: Final = ("add", "lift", "amend")
# A frame of a few chunks scans as fast as one; of thousands it does not, and a join of many is slow.
_CHUNKS: Final = 4
# Blocks opened side by side; the interpreter is let go of while they are.
_LANES: Final = 2
_AT_ONCE: Final = 32


@dataclass(slots=True)
class _Heard:
    """What a run of blocks says, in their order.

    Attributes:
        height: Entries so far, those before this run included.
        marks: Revision of each block of entries, and how many entries there are with it.
        lifted: Request → revision of the lift.
        amended: Revision and payload.
    """

    height: int
    frames: list[pl.DataFrame] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    lifted: dict[str, int] = field(default_factory=dict)
    amended: list[tuple[int, Entry]] = field(default_factory=list)
    _single: list[Entry] = field(default_factory=list)

    def add(self, row: Block, told: pl.DataFrame | list[Entry] | Entry) -> None:
        """Take in what one block tells."""
        if isinstance(told, dict):
            if row.kind == "lift":
                self.lifted.setdefault(str(told["request"]), row.rev)
            else:
                self.amended.append((row.rev, told))
            return
        if isinstance(told, list):
            self._single += told
        else:
            self.frames += [*self.singles(), told]
        self.height += len(told)
        self.marks.append((row.rev, self.height))

    def singles(self) -> list[pl.DataFrame]:
        """The single requests since the last bulk block, as one frame or none."""
        rows, self._single = self._single, []
        return [pl.DataFrame(rows, schema=ENTRY_SCHEMA, orient="row")] if rows else []


class View:
    """The entries of one store as far as this object has read; call within a read transaction.

    Attributes:
        shelf: The imports of address tables.
    """

    def __init__(
        self, keyring: Keyring, name: str, since: Head | None = None, shelf: Shelf | None = None
    ) -> None:
        """Begin with an empty store, or with what came after a head of it."""
        self._keyring, self._name = keyring, name
        self._seq = self._lift_seq = since.seq if since else 0
        self._audit_n = since.audit_n if since else 0
        self._entries = pl.DataFrame(schema=ENTRY_SCHEMA)
        self._marks: list[tuple[int, int]] = []
        self._active: pl.DataFrame | None = None
        self._lifted: dict[str, int] = {}
        self.shelf = shelf or Shelf()

    def catch_up(self, db: Transaction, head: Head) -> None:
        """Decode what is newer than what was read; when a block is damaged nothing changes here.

        Raises:
            StoreDamagedError: a block is missing, or not what was written.
        """
        if self._seq == head.seq:
            return
        heard, expected = _Heard(self._entries.height), self._seq
        for row, told in self._told(db, head):
            expected += 1
            if row.seq != expected:
                raise self._damage(expected)
            heard.add(row, told)
        if expected != head.seq:
            raise self._damage(expected + 1)
        if self._entries.height and any(PURGE in told for _, told in heard.amended):
            self._begin_again()
            self.catch_up(db, head)
            return
        self._entries = _joined([self._entries, *heard.frames, *heard.singles()])
        self._marks += heard.marks
        self._lifted = {**heard.lifted, **self._lifted}
        self.shelf = Shelf((*self.shelf.records, *of_blocks(heard.amended)))
        self._seq, self._audit_n = head.seq, head.audit_n
        self._lift_seq = max(self._lift_seq, head.seq)
        self._active = None

    def _begin_again(self) -> None:
        """Forget what was read: something of it was purged since."""
        self._seq = self._lift_seq = self._audit_n = 0
        self._entries, self._marks, self._active = pl.DataFrame(schema=ENTRY_SCHEMA), [], None
        self._lifted, self.shelf = {}, Shelf()

    def catch_up_lifts(self, db: Transaction, head: Head) -> None:
        """Decode new lifts only: enough to know whether a retry is one, without reading every entry."""
        if self._lift_seq == head.seq:
            return
        keys, lifted, expected = self._keyring.every(db), dict(self._lifted), self._lift_seq
        for row in map(Block._make, db.stream(statements.LIFTS, (self._lift_seq, head.seq))):
            expected += 1
            if row.seq != expected or row.kind not in _KINDS:
                raise self._damage(expected)
            if row.kind == "lift":
                lifted.setdefault(str(json.loads(self._unsealed(row, keys))["request"]), row.rev)
        if expected != head.seq:
            raise self._damage(expected + 1)
        self._lifted, self._lift_seq = lifted, head.seq
        self._active = None

    def require_held(self, db: Transaction, rev: int, tenant: str, receipt_id: str) -> None:
        """Raise StoreDamagedError unless this revision recorded what its request key says."""
        found = db.execute(statements.FIRST_ADDED, (rev, rev)).fetchone()
        if found is not None:
            row = Block._make(found)
            payload = self._unsealed(row, self._keyring.every(db))
            if row.codec == "js":
                first = str(json.loads(payload)[0]["request"])
            else:
                first = str(pl.read_parquet(io.BytesIO(payload), columns=["request"], n_rows=1).item())
            if (first, row.tenant) == (receipt_id, tenant) or first.startswith(f"{receipt_id}-"):
                return
        raise StoreDamagedError(self._name, "a request key is not what was written")

    @property
    def active(self) -> pl.DataFrame:
        """Entries that are not lifted, oldest first."""
        if self._active is None:
            self._active = _without(self._entries, list(self._lifted))
        return self._active

    @property
    def lifted(self) -> dict[str, int]:
        """Requests that were lifted, and the revision at which each was."""
        return dict(self._lifted)

    def at(self, revision: int) -> pl.DataFrame:
        """Entries that were in force at a revision, oldest first."""
        gone = [request for request, lifted in self._lifted.items() if lifted <= revision]
        return _without(self._entries.head(self._height(revision)), gone)

    def since(self, revision: int) -> pl.DataFrame:
        """Entries in force that were recorded after a revision, oldest first."""
        return _without(self._entries.slice(self._height(revision)), list(self._lifted))

    def of(self, request_ids: list[str]) -> pl.DataFrame:
        """Entries of these requests, lifted or not, oldest first."""
        return self._entries.filter(pl.col("request").is_in(request_ids))

    def knows(self, request_id: str) -> bool:
        """Whether any entry, lifted or not, is of this request."""
        return bool((self._entries["request"] == request_id).any())

    def is_lifted(self, request_id: str) -> bool:
        """Whether this request was lifted."""
        return request_id in self._lifted

    def any_lifted(self, receipt_id: str) -> bool:
        """Whether this request, or any row of this import, was lifted."""
        rows = f"{receipt_id}-"
        return receipt_id in self._lifted or any(lifted.startswith(rows) for lifted in self._lifted)

    def _height(self, revision: int) -> int:
        """How many entries there were at a revision."""
        upto = bisect_right(self._marks, revision, key=lambda mark: mark[0])
        return self._marks[upto - 1][1] if upto else 0

    def _told(
        self, db: Transaction, head: Head
    ) -> Iterator[tuple[Block, pl.DataFrame | list[Entry] | Entry]]:
        keys = self._keyring.every(db)
        times = Times.after(db, self._audit_n, self._name)

        def decoded(row: Block) -> pl.DataFrame | list[Entry] | Entry:
            payload = self._unsealed(row, keys)
            if row.kind != "add":
                return dict(json.loads(payload))
            if row.codec == "js":
                return entry.whole_rows(payload, times.of(row.rev))
            return entry.whole(pl.read_parquet(io.BytesIO(payload)), times.of(row.rev))

        rows = map(Block._make, db.stream(statements.BLOCKS, (self._seq, head.seq)))
        while some := list(islice(rows, _AT_ONCE)):
            if sum(row.codec == "pq" for row in some) > 1:
                with ThreadPoolExecutor(_LANES) as lanes:
                    yield from zip(some, lanes.map(decoded, some), strict=True)
            else:
                yield from ((row, decoded(row)) for row in some)

    def _unsealed(self, row: Block, keys: dict[int, bytes]) -> bytes:
        return blocks.unsealed(row, self._keyring.store_id, keys, self._name)

    def _damage(self, seq: int) -> StoreDamagedError:
        return blocks.damaged(self._name, seq)


def parquet(entries: pl.DataFrame) -> bytes:
    """Entries as the payload of a "pq" block."""
    buffer = io.BytesIO()
    entries.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
    return buffer.getvalue()


def _without(entries: pl.DataFrame, requests: list[str]) -> pl.DataFrame:
    return entries.filter(~pl.col("request").is_in(requests)) if requests else entries


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat([frame for frame in frames if frame.height] or frames[:1], rechunk=False)
    return whole.rechunk() if whole.n_chunks() > _CHUNKS else whole
