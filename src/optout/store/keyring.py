"""The data keys of one open store: wrapped in the store, unwrapped in memory, their seals counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from optout.errors import StoreDamagedError, WrongKeyError
from optout.store import oskeyring, seal, statements
from optout.store.engine import Transaction

# block: entries and lifts, a key per tenant; record: audit details and jobs; mac: request ids and the head.
Purpose: TypeAlias = Literal["block", "record", "mac"]
ALGORITHM: Final = "AES-256-GCM"
_KEK: Final = "optout key encryption 1"
_CHECK: Final = "optout key check"


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

    def __init__(self, name: str, store_id: str, root: bytes, most_seals: int = seal.MAX_SEALS) -> None:
        self.name, self.store_id, self._most = name, store_id, most_seals
        # By wrapped bytes, not by id: an id given in a transaction that was rolled back comes again.
        self._unwrapped: dict[bytes, bytes] = {}
        self.become(root)

    def become(self, root: bytes) -> bytes:
        """Take another root key, for a rotation; the one before."""
        before, self._root = getattr(self, "_root", root), root
        self._kek = seal.derive(root, self.store_id, _KEK)
        return before

    def __repr__(self) -> str:
        return f"Keyring({self.store_id})"

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """Ed25519, derived from the root key."""
        return seal.signing_key(self._root, self.store_id)

    @property
    def check(self) -> str:
        """The key check (hex) of this root key."""
        return key_check(self._root, self.store_id)

    def is_root(self, written: str | None) -> bool:
        """Whether this is the root key, in hex."""
        return written is not None and seal.same(self._root, _unhex(written))

    def keep(self, name: str) -> None:
        """Put the root key into the keyring of the operating system."""
        oskeyring.keep(name, self._root)

    def write(self, path: Path) -> None:
        """Put the root key into a new file only its owner can read."""
        from optout.store import rootkey

        rootkey.keep(path, self._root)

    def subkey(self, purpose: str) -> bytes:
        """A key derived from the root key for one purpose."""
        return seal.derive(self._root, self.store_id, purpose)

    def prove(self, db: Transaction, check: str) -> None:
        """Raise WrongKeyError unless this is the store's key, StoreDamagedError if its keys are spoilt."""
        fits = self.check == check
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
        """The key of request ids and of the head; there is one for the life of the store.

        Raises:
            WrongKeyError: the key of the store was rotated while this one was open.
            StoreDamagedError: it is missing or spoilt.
        """
        row = db.execute(statements.MAC_DEK).fetchone()
        if row is None:
            raise StoreDamagedError(self.name, "a data key is missing")
        try:
            return self._open(row[0])
        except StoreDamagedError:
            if dict(db.execute(statements.META).fetchall()).get("key_check") != self.check:
                raise WrongKeyError(self.name) from None
            raise

    def rewrap(self, db: Transaction, root: bytes, ts: str) -> int:
        """Wrap every data key under another root key and retire those that seal; how many there are.

        The key that is retired opens what it sealed; the next seal is under a new one.
        """
        after = seal.derive(root, self.store_id, _KEK)
        keys = self.every(db)
        for dek_id, key in keys.items():
            db.execute(statements.REWRAP_DEK, (seal.wrap(after, key), dek_id))
        db.execute(statements.RETIRE_DEKS, (ts,))
        return len(keys)

    def to_seal(self, db: Transaction, tenant: str, purpose: Purpose, ts: str) -> Dek:
        """The current key of a tenant, made when there is none or the old one is used up; counts one seal."""
        row = db.execute(statements.CURRENT_DEK, (tenant, purpose, self._most)).fetchone()
        if row is None:
            db.execute(statements.RETIRE_USED, (ts, tenant, purpose))
        dek = Dek(row[0], self._open(row[1])) if row else self.add(db, tenant, purpose, ts)
        db.execute(statements.COUNT_SEAL, (dek.dek_id,))
        return dek

    def add(self, db: Transaction, tenant: str, purpose: Purpose, ts: str) -> Dek:
        """A new random data key, wrapped into the store."""
        key = seal.new_key()
        dek_id, kek_id = map(int, db.execute(statements.NEXT_DEK).fetchone())
        row = (dek_id, tenant, purpose, kek_id, ALGORITHM, seal.wrap(self._kek, key), ts)
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


def _unhex(written: str) -> bytes | None:
    try:
        return bytes.fromhex(written)
    except ValueError:
        return None
