"""The head: the one row every commit rewrites, and with it the revision, gapless under the head lock."""

from __future__ import annotations

from typing import NamedTuple

from optout.errors import StoreDamagedError
from optout.store import seal, statements
from optout.store.engine import Transaction
from optout.store.layout import GENESIS


class Anchor(NamedTuple):
    """What a certificate names: whoever holds one is a witness of the whole log up to here."""

    epoch: int
    revision: int
    audit_n: int
    audit_hash: bytes


class Head(NamedTuple):
    """Where the log stands.

    Attributes:
        epoch: 1 for a new store; a restored backup starts the next.
        rev: The revision: committed changes so far.
        seq: Blocks so far.
        audit_n: Audit rows so far.
        audit_hash: The hash of the last one.
    """

    epoch: int
    rev: int
    seq: int
    audit_n: int
    audit_hash: bytes

    @property
    def anchor(self) -> Anchor:
        """The head without what only the log needs."""
        return Anchor(self.epoch, self.rev, self.audit_n, self.audit_hash)

    def mac(self, key: bytes, store_id: str) -> bytes:
        """Binds the head to the store's keys: a head put back or edited by hand shows."""
        place = seal.bound(
            "head", store_id, self.epoch, self.rev, self.seq, self.audit_n, self.audit_hash.hex()
        )
        return seal.mac(key, place)


FIRST = Head(epoch=1, rev=0, seq=0, audit_n=0, audit_hash=GENESIS)


def read(db: Transaction, key: bytes, store_id: str, name: str) -> Head:
    """The head row, checked; StoreDamagedError when it is missing or not what was written."""
    row = db.execute(statements.HEAD).fetchone()
    if row is None or not isinstance(row[4], bytes):
        raise StoreDamagedError(name, "its head is missing")
    head = Head(*row[:5])
    if not seal.same(head.mac(key, store_id), row[5]):
        raise StoreDamagedError(name, "its head is not what was written")
    return head


def start(db: Transaction, key: bytes, store_id: str) -> Head:
    """Insert the head of an empty store."""
    db.execute(statements.ADD_HEAD, (*FIRST, FIRST.mac(key, store_id)))
    return FIRST


def move(db: Transaction, head: Head, key: bytes, store_id: str) -> None:
    """Rewrite the head row."""
    db.execute(statements.MOVE_HEAD, (*head, head.mac(key, store_id)))
