"""The file format: tables, triggers and the facts of a store that never change.

`head` is the one row every commit rewrites, under its lock; `block`, `audit` and `checkpoint` only grow. What
a person gave is in sealed blobs (`data`, `detail`, `payload`) alone. Format 1 may gain tables; a change that
an older optout would misread raises `FORMAT`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from optout.errors import StoreDamagedError, StoreError

APPLICATION_ID: Final = 0x6F70746F  # "opto"
# The newest format this version reads. Address tables were imported: an optout that reads format 1 alone would take
# their blocks for requests. A store without them stays in the first one.
FORMAT: Final = 2
_FIRST: Final = 1
GENESIS: Final = bytes(32)  # what the first audit row chains to

TABLES: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE head(
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, rev INTEGER NOT NULL, seq INTEGER NOT NULL,
    audit_n INTEGER NOT NULL, audit_hash BLOB NOT NULL, mac BLOB NOT NULL);
CREATE TABLE dek(
    dek_id INTEGER PRIMARY KEY, tenant TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('block', 'record', 'mac')),
    kek_id INTEGER NOT NULL, alg TEXT NOT NULL, wrapped BLOB NOT NULL, created TEXT NOT NULL,
    retired TEXT, seals INTEGER NOT NULL);
CREATE TABLE block(
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, tenant TEXT NOT NULL, rev INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'lift', 'amend')),
    codec TEXT NOT NULL CHECK (codec IN ('js', 'pq')),
    n INTEGER NOT NULL, dek_id INTEGER NOT NULL REFERENCES dek(dek_id),
    sha256 BLOB NOT NULL, data BLOB NOT NULL);
CREATE INDEX block_lift ON block(seq) WHERE kind = 'lift';
CREATE TABLE request_key(
    tenant TEXT NOT NULL, key BLOB NOT NULL, rev INTEGER NOT NULL, PRIMARY KEY (tenant, key));
CREATE TABLE audit(
    n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, rev INTEGER NOT NULL, ts TEXT NOT NULL,
    actor TEXT NOT NULL, action TEXT NOT NULL, purpose TEXT NOT NULL, content BLOB NOT NULL,
    dek_id INTEGER NOT NULL REFERENCES dek(dek_id),
    detail BLOB NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE checkpoint(
    n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, audit_n INTEGER NOT NULL, audit_hash BLOB NOT NULL,
    ts TEXT NOT NULL, key_id TEXT NOT NULL, signature BLOB NOT NULL, token BLOB);
CREATE TABLE job(
    job_id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, rev INTEGER NOT NULL,
    updated TEXT NOT NULL,    dek_id INTEGER NOT NULL REFERENCES dek(dek_id), payload BLOB NOT NULL);
"""
_FOREVER: Final = ("block", "audit", "checkpoint")
# Imported address tables, public and in the clear, by the SHA-256 that a sealed block names.
PLACE: Final = "CREATE TABLE IF NOT EXISTS place(sha256 BLOB PRIMARY KEY, data BLOB NOT NULL)"


def make_tables(db: sqlite3.Connection) -> None:
    """Every table and trigger of an empty store; the names are constants of this module."""
    statements = [part for part in TABLES.split(";") if part.strip()]
    for statement in (*statements, *_append_only(_FOREVER)):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {_FIRST}")


def make_room_for_tables(db: sqlite3.Connection) -> None:
    """The step from format 1 to 2, in the transaction of the first import; nothing on a later one."""
    if not has_tables(db):
        for statement in (PLACE, *_append_only(("place",))):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {FORMAT}")


def has_tables(db: sqlite3.Connection) -> bool:
    """Whether address tables were ever imported."""
    return int(db.execute("PRAGMA user_version").fetchone()[0]) == FORMAT


def _append_only(tables: tuple[str, ...]) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in tables
        for verb in ("update", "delete")
    ]


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

    def write(self, db: sqlite3.Connection) -> None:
        """Insert the facts and their checksum."""
        rows = {**asdict(self), "checksum": self.checksum}
        db.executemany("INSERT INTO meta(key, value) VALUES (?, ?)", rows.items())


def read_facts(db: sqlite3.Connection, path: Path) -> Facts:
    """The facts of a store, checked.

    Raises:
        StoreDamagedError: not a store of ours, or its facts are not what was written.
        StoreError: a format this version does not know.
    """
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreDamagedError(str(path), "it is not an optout store")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in (_FIRST, FORMAT):
        raise StoreError(
            f"{path} has format {version}; this optout reads format {FORMAT}. "
            "Update optout: pip install -U optout."
        )
    rows = dict(db.execute("SELECT key, value FROM meta").fetchall())
    checksum = rows.pop("checksum", None)
    try:
        facts = Facts(**rows)
        whole = facts.checksum == checksum
    except TypeError:
        whole = False
    if not whole:
        raise StoreDamagedError(str(path), "its description (meta) is not what was written")
    return facts
