"""Making a store: built and synced under a temporary name, then named without overwriting."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from optout.errors import StoreError, StoreExistsError
from optout.store import head, keyring, layout, log, rootkey
from optout.store.commit import Commit, Stamp


def build(path: Path, facts: layout.Facts, root: bytes, stamp: Stamp) -> None:
    """Write an empty store and give it its name; on any failure nothing bears the name.

    Raises:
        StoreExistsError: something is at `path`.
        StoreError: the folder cannot be written.
    """
    turns = log.turns(path)
    try:
        with turns:
            _sweep(path)
            draft = path.with_name(f"{_prefix(path)}{secrets.token_hex(4)}")
            try:
                _fill(draft, path, facts, root, stamp)
                _publish(draft, path)
            finally:
                _remove(draft)
    except OSError as failed:
        why = failed.strerror or type(failed).__name__
        raise StoreError(f"No store could be written at {path} ({why}). Check the folder.") from failed


def _fill(draft: Path, path: Path, facts: layout.Facts, root: bytes, stamp: Stamp) -> None:
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
    try:
        with closing(log.connect(draft)) as db:
            # A draft needs no journal file that outlives it; EXTRA syncs the folder as well.
            for pragma in (*log.PRAGMAS, "PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA"):
                db.execute(pragma)
            db.execute("BEGIN IMMEDIATE")
            layout.make_tables(db)
            facts.write(db)
            _first_rows(db, keyring.Keyring(path, facts.store_id, root), stamp)
            db.execute("COMMIT")
    except sqlite3.Error as error:
        raise log.meaning(path, error, writing=True) from error


def _first_rows(db: sqlite3.Connection, keys: keyring.Keyring, stamp: Stamp) -> None:
    mac = keys.add(db, "", "mac", stamp.ts)
    keys.add(db, "", "record", stamp.ts)
    keys.add(db, "", "block", stamp.ts)
    first = head.start(db, mac.key, keys.store_id)
    Commit(db, keys, first, stamp).finish("create", {})


def _publish(draft: Path, path: Path) -> None:
    """Name the draft; unlike a rename, a hard link never replaces what is there."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise StoreExistsError(str(path)) from None
    except OSError:
        # No hard links here (FAT, some network drives). We hold the lock file: no other optout is creating.
        if path.exists():
            raise StoreExistsError(str(path)) from None
        draft.rename(path)
    rootkey.sync_folder(path.parent)


def _prefix(path: Path) -> str:
    return f".{path.name}.creating-"


def _sweep(path: Path) -> None:
    """Remove drafts of a creation that was killed; nobody else is creating, we hold the lock file."""
    prefix = _prefix(path)
    for entry in path.parent.iterdir():
        if entry.name.startswith(prefix):
            _remove(entry)


def _remove(draft: Path) -> None:
    for name in (draft, draft.with_name(f"{draft.name}-journal")):
        with suppress(OSError):
            name.unlink(missing_ok=True)
