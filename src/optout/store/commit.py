"""One commit: blocks sealed and appended, the audit row that tells of them, the head moved; or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from optout.store import audit, blocks, head, layout, seal, statements
from optout.store import tail as tails
from optout.store.engine import Transaction
from optout.store.head import Head
from optout.store.keyring import Keyring
from optout.store.tail import Tail

Kind: TypeAlias = Literal["add", "lift", "amend"]
Codec: TypeAlias = Literal["js", "pq"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a change is made, by whom and what for."""

    ts: str
    actor: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who works with a store, what for, and by which clock."""

    actor: str
    purpose: str
    now: Callable[[], datetime]

    def stamp(self) -> Stamp:
        """This moment, UTC, ISO 8601."""
        ts = self.now().astimezone(UTC).isoformat(timespec="milliseconds")
        return Stamp(ts, self.actor, self.purpose)


@dataclass(frozen=True, slots=True)
class Piece:
    """What becomes one block.

    Attributes:
        tenant: "" = global.
        n: Entries (or lifts) in it.
        payload: Encoded, not yet sealed.
        plain: An optout of the first format reads it as it is meant.
    """

    tenant: str
    kind: Kind
    codec: Codec
    n: int
    payload: bytes
    plain: bool = True

    def __repr__(self) -> str:
        return f"Piece({self.kind}, {self.codec}, n={self.n})"


def job_place(store_id: str, kind: str, job_id: str, state: str) -> bytes:
    """What a job's payload is bound to."""
    return seal.bound("job", store_id, kind, job_id, state)


class Commit:
    """Gathers one change inside an open write transaction; `finish` must be its last call."""

    def __init__(self, db: Transaction, keyring: Keyring, at: Head, stamp: Stamp) -> None:
        self.db, self.keyring, self.head, self.stamp = db, keyring, at, stamp
        self._before = at
        self._sealed: list[bytes] = []
        self._job: str | None = None
        self._steps: list[int] = []  # formats whose schema steps ran in this commit
        self._tail: Tail | None = None

    @property
    def tail(self) -> Tail:
        """Where the records of the checks end; moved by whoever writes some."""
        if self._tail is None:
            self._tail = tails.read(self.db, self.keyring, self._before.audit_n)
        return self._tail

    @tail.setter
    def tail(self, moved: Tail) -> None:
        self._tail = moved

    def append(self, piece: Piece) -> None:
        """Seal a piece and append it; the first one of a commit takes the next revision."""
        at = self.head._replace(rev=self._before.rev + 1, seq=self.head.seq + 1)
        dek = self.keyring.to_seal(self.db, piece.tenant, "block", self.stamp.ts)
        place = blocks.place(
            self.keyring.store_id, at.epoch, piece.tenant, at.rev, at.seq, piece.kind, piece.codec
        )
        data = seal.seal(dek.key, piece.payload, place)
        sha256 = hashlib.sha256(data).digest()
        facts = (at.seq, at.epoch, piece.tenant, at.rev, piece.kind, piece.codec, piece.n)
        self.db.execute(statements.ADD_BLOCK, (*facts, dek.dek_id, sha256, data))
        self._sealed.append(sha256)
        self.head = at

    def remember(self, tenant: str, key: bytes) -> None:
        """Note a request key, so that a retry is known."""
        self.db.execute(statements.ADD_REQUEST, (tenant, key, self.head.rev))

    def keep_job(self, kind: str, job_id: str, state: str, payload: Mapping[str, object]) -> None:
        """Insert or replace a job, its payload sealed."""
        dek = self.keyring.to_seal(self.db, "", "record", self.stamp.ts)
        data = seal.seal(dek.key, packed(payload), job_place(self.keyring.store_id, kind, job_id, state))
        row = (job_id, kind, state, self.head.rev, self.stamp.ts, dek.dek_id, data)
        self.db.execute(statements.KEEP_JOB, row)
        self._sealed.append(hashlib.sha256(data).digest())
        self._job = job_id

    def raise_format(self, needed: int) -> None:
        """Run the schema steps up to a format; the audit row of this commit tells of them."""
        for step in layout.steps(self.db, needed):
            step.run(self.db)
            self._steps.append(step.format)

    def finish(self, action: str, detail: Mapping[str, object]) -> Head:
        """Write the audit row and move the head; returns the new head."""
        if self._job is not None:
            detail = {**detail, "job": self._job}  # by which its newest state is known
        if self._steps:
            detail = {**detail, "format": self._steps}
        if layout.has_records(self.db):
            detail = {**detail, tails.RECORDS: self.tail.told()}
        n, at, stamp = self.head.audit_n + 1, self.head, self.stamp
        dek = self.keyring.to_seal(self.db, "", "record", stamp.ts)
        sealed = seal.seal(dek.key, packed(detail), seal.bound("audit", self.keyring.store_id, at.epoch, n))
        facts = (n, at.epoch, at.rev, stamp.ts, stamp.actor, action, stamp.purpose)
        content = audit.digest_of(self._sealed)
        after = audit.link(at.audit_hash, facts, content, sealed)
        self.db.execute(statements.ADD_AUDIT, (*facts, content, dek.dek_id, sealed, at.audit_hash, after))
        self.head = at._replace(audit_n=n, audit_hash=after)
        head.move(self.db, self.head, self.keyring.mac_key(self.db), self.keyring.store_id)
        return self.head


def packed(detail: object) -> bytes:
    """JSON values as canonical bytes."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
