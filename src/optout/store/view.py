"""What the log says: blocks checked, decoded once and kept in memory, lifts applied."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

import polars as pl

from optout.errors import StoreDamagedError
from optout.schema import ENTRY_SCHEMA
from optout.store import seal, statements
from optout.store.commit import place
from optout.store.engine import Transaction
from optout.store.head import Head
from optout.store.imported import Shelf, of_blocks
from optout.store.keyring import Keyring

Entry: TypeAlias = dict[str, Any]

# A frame of a few chunks scans as fast as one; of thousands it does not.
_CHUNKS: Final = 64


class _Row(NamedTuple):
    seq: int
    epoch: int
    tenant: str
    rev: int
    kind: str
    codec: str
    n: int
    dek_id: int
    sha256: bytes
    data: bytes


class View:
    """The entries of one store as far as this object has read; call within a read transaction.

    Attributes:
        shelf: The imports of address tables.
    """

    def __init__(self, keyring: Keyring, name: str) -> None:
        self._keyring, self._name = keyring, name
        self._seq = self._lift_seq = 0
        self._entries = pl.DataFrame(schema=ENTRY_SCHEMA)
        self._active: pl.DataFrame | None = None
        self._lifted: set[str] = set()
        self.shelf = Shelf()

    def catch_up(self, db: Transaction, head: Head) -> None:
        """Decode what is newer than what was read; when a block is damaged nothing changes here.

        Raises:
            StoreDamagedError: a block is missing, or not what was written.
        """
        frames, lifted, expected = [self._entries], set[str](), self._seq
        single: list[Entry] = []
        amended: list[tuple[int, Entry]] = []
        for row, payload in self._opened(db, statements.BLOCKS, self._seq, head.seq):
            expected += 1
            if row.seq != expected:
                raise self._damage(expected)
            if row.kind == "lift":
                lifted.add(_lifted_id(payload))
            elif row.kind == "amend":
                amended.append((row.rev, json.loads(payload)))
            elif row.codec == "js":
                single += json.loads(payload)
            else:
                frames += [_frame(single), pl.read_parquet(io.BytesIO(payload))]
                single = []
        if expected != head.seq:
            raise self._damage(expected + 1)
        if expected > self._seq:
            self._entries = _joined([*frames, _frame(single)])
            self._lifted |= lifted
            self.shelf = Shelf((*self.shelf.records, *of_blocks(amended)))
            self._seq = self._lift_seq = head.seq
            self._active = None

    def catch_up_lifts(self, db: Transaction, head: Head) -> None:
        """Decode new lifts only: enough to know whether a retry is one, without reading every entry."""
        rows = self._opened(db, statements.LIFTS, self._lift_seq, head.seq)
        self._lifted |= {_lifted_id(payload) for _, payload in rows}
        self._lift_seq = head.seq

    @property
    def active(self) -> pl.DataFrame:
        """Entries that are not lifted, oldest first."""
        if self._active is None:
            gone = pl.DataFrame({"request": sorted(self._lifted)}, schema={"request": pl.String})
            self._active = self._entries.join(gone, on="request", how="anti", maintain_order="left")
        return self._active

    def of(self, request_ids: list[str]) -> pl.DataFrame:
        """Entries of these requests, lifted or not, oldest first."""
        wanted = pl.DataFrame({"request": request_ids}, schema={"request": pl.String})
        return self._entries.join(wanted, on="request", how="semi", maintain_order="left")

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

    def _opened(self, db: Transaction, query: str, after: int, until: int) -> Iterator[tuple[_Row, bytes]]:
        if after == until:
            return
        keys = self._keyring.every(db)
        for row in map(_Row._make, db.stream(query, (after, until))):
            yield row, self._unsealed(row, keys)

    def _unsealed(self, row: _Row, keys: dict[int, bytes]) -> bytes:
        whole = isinstance(row.data, bytes) and hashlib.sha256(row.data).digest() == row.sha256
        if not whole or row.dek_id not in keys:
            raise self._damage(row.seq)
        bound = place(self._keyring.store_id, row.epoch, row.tenant, row.rev, row.seq, row.kind, row.codec)
        try:
            return seal.unseal(keys[row.dek_id], row.data, bound)
        except seal.UnsealError as wrong:
            raise self._damage(row.seq) from wrong

    def _damage(self, seq: int) -> StoreDamagedError:
        return StoreDamagedError(self._name, f"block {seq} is not what was written")


def parquet(entries: pl.DataFrame) -> bytes:
    """Entries as the payload of a "pq" block."""
    buffer = io.BytesIO()
    entries.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
    return buffer.getvalue()


def _frame(entries: list[Entry]) -> pl.DataFrame:
    return pl.DataFrame(entries, schema=ENTRY_SCHEMA, orient="row")


def _lifted_id(payload: bytes) -> str:
    return str(json.loads(payload)["request"])


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat([frame for frame in frames if frame.height] or frames[:1], rechunk=False)
    return whole.rechunk() if whole.n_chunks() > _CHUNKS else whole
