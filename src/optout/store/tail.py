"""Where the records of the checks end: how many rows, and the digest chained over them; told by every audit row."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from optout.errors import StoreDamagedError
from optout.store import layout, seal, statements
from optout.store.engine import Transaction
from optout.store.keyring import Keyring

RECORDS = "records"  # under which the detail of an audit row tells it


class Tail(NamedTuple):
    """How many rows of records there are, and the digest chained over all of them."""

    n: int = 0
    chained: bytes = bytes(32)

    def then(self, place: bytes, sha256: bytes) -> Tail:
        """With one row more, bound to its place."""
        return Tail(self.n + 1, hashlib.sha256(self.chained + sha256 + place).digest())

    def told(self) -> list[int | str]:
        """As the audit tells it."""
        return [self.n, self.chained.hex()]


def read(db: Transaction, keyring: Keyring, audit_n: int) -> Tail:
    """Where an audit row says that the records end.

    Raises:
        StoreDamagedError: that row is missing or not what was written.
    """
    if not layout.has_records(db) or audit_n == 0:
        return Tail()
    row = db.execute(statements.LAST_AUDIT, (audit_n,)).fetchone()
    wrong = StoreDamagedError(keyring.name, f"audit row {audit_n} is not what was written")
    if row is None:
        raise wrong
    epoch, dek_id, sealed = row
    try:
        place = seal.bound("audit", keyring.store_id, epoch, audit_n)
        told = json.loads(seal.unseal(keyring.every(db)[dek_id], sealed, place)).get(RECORDS)
    except (seal.UnsealError, KeyError) as error:
        raise wrong from error
    return Tail(told[0], bytes.fromhex(told[1])) if told else Tail()
