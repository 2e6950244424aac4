"""The file format: tables, triggers and the facts of a store that never change.

`head` is the one row every commit rewrites, under its lock; `block`, `audit` and `checkpoint` only grow. What
a person gave is in sealed blobs (`data`, `detail`, `payload`) alone. A store is made in the first format and stays in
it until something is recorded that an older optout would misread: then the steps up to the format needed run in that
transaction, and its audit row tells of them. Every older format is read for good; nothing is rewritten.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

from optout.errors import StoreDamagedError, StoreError
from optout.store import statements
from optout.store.engine import Transaction

FORMAT: Final = 5  # the newest this version reads
FIRST: Final = 1
GENESIS: Final = bytes(32)  # what the first audit row chains to


def make_tables(db: Transaction) -> None:
    """Every table and trigger of an empty store."""
    db.define(statements.TABLES)
    db.forbid_changes(statements.FOREVER)
    db.set_format(FIRST)


@dataclass(frozen=True, slots=True)
class Step:
    """What a store lacks of a later format.

    Attributes:
        format: The format after it.
        why: What an optout that reads only the one before would misread.
        tables: Tables to make; "" = none.
        forever: Those of them that are only added to.
    """

    format: int
    why: str
    tables: str = ""
    forever: tuple[str, ...] = ()

    def run(self, db: Transaction) -> None:
        """Take it, in the caller's transaction."""
        db.define(self.tables)
        db.forbid_changes(self.forever)
        db.set_format(self.format)


TABLES: Final = Step(2, "blocks that tell of imported address tables", statements.PLACE, ("place",))
KINDS: Final = Step(3, "entries with a kind or a reason")
PURGES: Final = Step(4, "blocks that were sealed anew without a purged request")
RECORDS: Final = Step(
    5, "records of the checks, whose number each audit row tells", statements.RECORDS, ("record",)
)
STEPS: Final = (TABLES, KINDS, PURGES, RECORDS)


def steps(db: Transaction, needed: int) -> list[Step]:
    """The steps from the format of a store to the one needed; none when it is there."""
    present = db.format() or FIRST
    return [step for step in STEPS if present < step.format <= needed]


def has_tables(db: Transaction) -> bool:
    """Whether there is room for address tables."""
    return (db.format() or FIRST) >= TABLES.format


def has_records(db: Transaction) -> bool:
    """Whether there is room for records of the checks."""
    return (db.format() or FIRST) >= RECORDS.format


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
    if not FIRST <= version <= FORMAT:
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
