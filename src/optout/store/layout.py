"""The file format: tables, triggers and the facts of a store that never change.

`head` is the one row every commit rewrites, under its lock; `block`, `audit` and `checkpoint` only grow. What
a person gave is in sealed blobs (`data`, `detail`, `payload`) alone. Format 1 may gain tables; a change that
an older optout would misread raises `FORMAT`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

from optout.errors import StoreDamagedError, StoreError
from optout.store import statements
from optout.store.engine import Transaction

# The newest format this version reads. Address tables were imported: an optout that reads format 1 alone would take
# their blocks for requests. A store without them stays in the first one.
FORMAT: Final = 2
_FIRST: Final = 1
GENESIS: Final = bytes(32)  # what the first audit row chains to


def make_tables(db: Transaction) -> None:
    """Every table and trigger of an empty store."""
    db.define(statements.TABLES)
    db.forbid_changes(statements.FOREVER)
    db.set_format(_FIRST)


def make_room_for_tables(db: Transaction) -> None:
    """The step from format 1 to 2, in the transaction of the first import; nothing on a later one."""
    if not has_tables(db):
        db.define(statements.PLACE)
        db.forbid_changes(("place",))
        db.set_format(FORMAT)


def has_tables(db: Transaction) -> bool:
    """Whether address tables were ever imported."""
    return db.format() == FORMAT


@dataclass(frozen=True, slots=True)
class Facts:
    """What `meta` holds: written once by `create`, none of it secret.

    Attributes:
        store_id: 32 hex digits; names the key file and is bound into every sealed blob.
        created: UTC, ISO 8601.
        salt: Hex; for a passphrase.
        scrypt_n: The cost a passphrase is stretched with.
        key_check: Hex; derived from the root key, so that a wrong key is told from damage.
    """

    store_id: str
    created: str
    salt: str
    scrypt_n: str
    key_check: str

    @property
    def checksum(self) -> str:
        """SHA-256 (hex) over all facts: a flipped bit here would look like a missing or wrong key."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def write(self, db: Transaction) -> None:
        """Insert the facts and their checksum."""
        for fact in {**asdict(self), "checksum": self.checksum}.items():
            db.execute(statements.ADD_META, fact)


def read_facts(db: Transaction, name: str) -> Facts:
    """The facts of a store, checked.

    Raises:
        StoreDamagedError: not a store of ours, or its facts are not what was written.
        StoreError: a format this version does not know.
    """
    version = db.format()
    if version is None:
        raise StoreDamagedError(name, "it is not an optout store")
    if version not in (_FIRST, FORMAT):
        raise StoreError(
            f"{name} has format {version}; this optout reads format {FORMAT}. "
            "Update optout: pip install -U optout."
        )
    rows = dict(db.execute(statements.META).fetchall())
    checksum = rows.pop("checksum", None)
    try:
        facts = Facts(**rows)
        whole = facts.checksum == checksum
    except TypeError:
        whole = False
    if not whole:
        raise StoreDamagedError(name, "its description (meta) is not what was written")
    return facts
