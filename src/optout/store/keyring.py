"""The data keys of one open store: wrapped in the store, unwrapped in memory, their seals counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from optout.errors import StoreDamagedError, WrongKeyError
from optout.store import seal, statements
from optout.store.engine import Transaction

# block: entries and lifts, a key per tenant; record: audit details and jobs; mac: request ids and the head.
Purpose: TypeAlias = Literal["block", "record", "mac"]
ALGORITHM: Final = "AES-256-GCM"
_KEK: Final = "optout key encryption 1"
_CHECK: Final = "optout key check"
_KEK_ID: Final = 1


def key_check(root: bytes, store_id: str) -> str:
    """Hex, kept in `meta`: equal only for the root key the store was made with."""
    return seal.derive(root, store_id, _CHECK).hex()


@dataclass(frozen=True, slots=True)
class Dek:
    """A data key to seal with."""

    dek_id: int
    key: bytes

    def __repr__(self) -> str:
        return f"Dek({self.dek_id})"


class Keyring:
    """Holds the root key of a store; hands out data keys inside the caller's transaction."""

    def __init__(self, name: str, store_id: str, root: bytes) -> None:
        self.name, self.store_id = name, store_id
        self._root = root
        self._kek = seal.derive(root, store_id, _KEK)
        # By wrapped bytes, not by id: an id given in a transaction that was rolled back comes again.
        self._unwrapped: dict[bytes, bytes] = {}

    def __repr__(self) -> str:
        return f"Keyring({self.store_id})"

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """Ed25519, derived from the root key."""
        return seal.signing_key(self._root, self.store_id)

    def prove(self, db: Transaction, check: str) -> None:
        """Raise WrongKeyError unless this is the store's key, StoreDamagedError if its keys are spoilt."""
        fits = key_check(self._root, self.store_id) == check
        try:
            self.every(db)
        except StoreDamagedError:
            if not fits:
                raise WrongKeyError(self.name) from None
            raise
        if not fits:
            raise StoreDamagedError(self.name, "its key check is not what was written")

    def every(self, db: Transaction) -> dict[int, bytes]:
        """All data keys, by id."""
        rows = db.execute(statements.DEKS).fetchall()
        return {dek_id: self._open(wrapped) for dek_id, wrapped in rows}

    def mac_key(self, db: Transaction) -> bytes:
        """The key of request ids and of the head; there is one for the life of the store."""
        row = db.execute(statements.MAC_DEK).fetchone()
        if row is None:
            raise StoreDamagedError(self.name, "a data key is missing")
        return self._open(row[0])

    def to_seal(self, db: Transaction, tenant: str, purpose: Purpose, ts: str) -> Dek:
        """The current key of a tenant, made when there is none or the old one is used up; counts one seal."""
        row = db.execute(statements.CURRENT_DEK, (tenant, purpose, seal.MAX_SEALS)).fetchone()
        dek = Dek(row[0], self._open(row[1])) if row else self.add(db, tenant, purpose, ts)
        db.execute(statements.COUNT_SEAL, (dek.dek_id,))
        return dek

    def add(self, db: Transaction, tenant: str, purpose: Purpose, ts: str) -> Dek:
        """A new random data key, wrapped into the store."""
        key = seal.new_key()
        dek_id = int(db.execute(statements.NEXT_DEK).fetchone()[0])
        row = (dek_id, tenant, purpose, _KEK_ID, ALGORITHM, seal.wrap(self._kek, key), ts)
        db.execute(statements.ADD_DEK, row)
        return Dek(dek_id, key)

    def _open(self, wrapped: object) -> bytes:
        if not isinstance(wrapped, bytes):
            raise StoreDamagedError(self.name, "a data key is not what was written")
        if wrapped not in self._unwrapped:
            try:
                self._unwrapped[wrapped] = seal.unwrap(self._kek, wrapped)
            except seal.UnsealError as wrong:
                raise StoreDamagedError(self.name, "a data key is not what was written") from wrong
        return self._unwrapped[wrapped]
