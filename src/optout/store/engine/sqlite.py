"""A store in one SQLite file: connection, turns of writing, and what an SQLite error means.

Measured: the default journal (DELETE/FULL) lost or tore commits in 624 of 3,000 simulated power cuts,
TRUNCATE with FULL in none; WAL corrupts with two writers before SQLite 3.51.3. `busy_timeout` alone starves
writers, so a lock file gives turns. Source: sqlite.org/atomiccommit.html, sqlite.org/howtocorrupt.html.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from weakref import WeakSet

import filelock

from optout.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreFailedError,
    StoreMissingError,
)
from optout.store import engine, statements
from optout.store.engine import Engine, Row, Transaction, Value
from optout.store.rootkey import sync_folder

APPLICATION_ID: Final = 0x6F70746F  # "opto"
_POLL: Final = 0.002
PRAGMAS: Final = (
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
    # macOS: fsync alone leaves data in the drive's cache. No effect elsewhere.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
)
# A draft needs no journal file that outlives it; EXTRA syncs the folder as well.
_DRAFT: Final = ("PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA")
_DRAFTS: Final = re.compile(r"\.(.+)\.creating-[0-9a-f]{8}")
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Where the text of its own message is no UTF-8, sqlite3 raises the second.
_FAILURES: Final = (sqlite3.Error, UnicodeDecodeError)
_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DISK: Final = {
    sqlite3.SQLITE_FULL: "disk full",
    sqlite3.SQLITE_IOERR: "I/O error",
    sqlite3.SQLITE_READONLY: "the file or folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file or its journal cannot be opened",
    sqlite3.SQLITE_PERM: "no permission",
}


def connect(path: Path) -> sqlite3.Connection:
    """A connection to an existing file; never makes one. Pragmas are the caller's."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    db = sqlite3.connect(uri, uri=True, timeout=engine.WAIT, isolation_level=None, check_same_thread=False)
    db.row_factory = _typed
    return db


class _TypeChanged(sqlite3.DatabaseError):
    """A value of a type that its column never holds: SQLite keeps the type beside each value, not in the table."""


def _typed(cursor: sqlite3.Cursor, row: Row) -> Row:
    for (column, *_), value in zip(cursor.description, row, strict=True):
        if type(value) not in _TYPES.get(column, (type(value),)):
            raise _TypeChanged
    return row


def _types() -> dict[str, set[type]]:
    """Column → the types its values have; a name that stands in two tables has those of both."""
    types: dict[str, set[type]] = {}
    for name, kind, rest in re.findall(r"(\w+) (INTEGER|TEXT|BLOB)\b([^,;)]*)", statements.TABLES):
        filled = "NOT NULL" in rest or "PRIMARY KEY" in rest
        types.setdefault(name, set()).update({_KINDS[kind]} if filled else {_KINDS[kind], type(None)})
    return types


_KINDS: Final[dict[str, type]] = {"INTEGER": int, "TEXT": str, "BLOB": bytes}
_TYPES: Final = _types()


def turns(path: Path | str) -> filelock.BaseFileLock:
    """The lock file beside a store: whoever holds it may write."""
    return filelock.FileLock(f"{path}.lock", timeout=engine.WAIT, poll_interval=_POLL)


def meaning(name: str, error: Exception, writing: bool) -> StoreError:
    """Our error for SQLite's. The message names SQLite's code only: its own text can quote a cell."""
    if isinstance(error, _TypeChanged | UnicodeDecodeError):
        return StoreDamagedError(name, "a value or its schema is not what was written")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return StoreBusyError(name, engine.WAIT)
    if code in _DISK and writing:
        return StoreFailedError(name, _DISK[code])
    if code in _DISK:
        return StoreError(f"{name} could not be read ({_DISK[code]}). Check the disk and the permissions.")
    told = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if code in _DAMAGED or not writing:
        return StoreDamagedError(name, f"SQLite says {told}")
    return StoreFailedError(name, f"SQLite says {told}")


@dataclass(frozen=True, slots=True)
class Session:
    """A transaction on a file."""

    db: sqlite3.Connection
    _asked: WeakSet[sqlite3.Cursor] = field(default_factory=WeakSet)

    def execute(self, statement: str, given: Sequence[Value] = ()) -> sqlite3.Cursor:
        """SQLite reads a statement as it is written."""
        cursor = self.db.execute(statement, given)
        self._asked.add(cursor)
        return cursor

    def stream(self, statement: str, given: Sequence[Value] = ()) -> Iterator[Row]:
        """SQLite steps through rows, and holds one at a time."""
        return iter(self.execute(statement, given))

    def end(self) -> None:
        """Ask for no more rows.

        Neither ROLLBACK nor closing the file ends a statement that was not read to its end: it keeps its lock as long
        as its cursor lives, and whoever keeps the traceback of a failure keeps the cursors of its frames.
        """
        for cursor in list(self._asked):
            with suppress(sqlite3.Error):
                cursor.close()

    def insert(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """One prepared statement for all."""
        self.db.executemany(statement, rows)

    def define(self, tables: str) -> None:
        """The statements of a constant, one by one: `executescript` would commit first."""
        for statement in filter(str.strip, tables.split(";")):
            self.db.execute(statement)

    def forbid_changes(self, tables: Sequence[str]) -> None:
        """The names are constants of the store."""
        for table in tables:
            for verb in ("update", "delete"):
                self.db.execute(
                    f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )

    @contextmanager
    def changing(self, table: str) -> Iterator[None]:
        """The triggers are dropped and made again."""
        for verb in ("update", "delete"):
            self.db.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        yield
        self.forbid_changes((table,))

    def is_sound(self) -> bool:
        """SQLite compares every index with its table, and every page with its neighbours."""
        return bool(self.db.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")

    def format(self) -> int | None:
        """Kept in the header of the file, beside our application id."""
        if self.db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            return None
        return int(self.db.execute("PRAGMA user_version").fetchone()[0])

    def set_format(self, version: int) -> None:
        """Both pragmas are part of the transaction."""
        self.db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self.db.execute(f"PRAGMA user_version = {int(version)}")


class SQLite(Engine[sqlite3.Connection]):
    """The open file; processes take turns by the lock file."""

    failures = _FAILURES
    _session: Session | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(str(path))

    def _connect(self) -> sqlite3.Connection:
        self._turns, self._session = turns(self.path), None
        db: sqlite3.Connection | None = None
        try:
            db = connect(self.path)
            for pragma in PRAGMAS:
                db.execute(pragma)
        except _FAILURES as error:
            if db is not None:
                db.close()
            raise meaning(self.name, error, writing=False) from error
        return db

    def _disconnect(self, db: sqlite3.Connection) -> None:
        db.close()

    def _transaction(self, db: sqlite3.Connection) -> Session:
        self._session = Session(db)
        return self._session

    def _begin(self, db: sqlite3.Connection, writing: bool) -> None:
        db.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def _commit(self, db: sqlite3.Connection) -> None:
        self._end()
        db.execute("COMMIT")

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()

    def _roll_back(self) -> None:
        self._end()
        # After an I/O error SQLite may have rolled back, or be unable to: a hot journal then does it.
        with suppress(sqlite3.Error):
            if self._db is not None and self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _meaning(self, error: Exception, writing: bool) -> StoreError:
        return meaning(self.name, error, writing)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            self._turns.acquire()
        except filelock.Timeout as late:
            raise StoreBusyError(self.name, self._turns.timeout) from late
        except OSError as failed:
            why = f"its lock file cannot be written: {failed.strerror or type(failed).__name__}"
            raise StoreFailedError(self.name, why) from failed
        try:
            yield
        finally:
            self._turns.release()


@dataclass(frozen=True, slots=True)
class File:
    """A file that is a store, or will be."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def require_free(self) -> None:
        """Nothing bears the name, and its folder is there."""
        if not self.path.parent.is_dir():
            raise StoreError(
                f"The folder {self.path.parent} does not exist. Make it, or choose another path."
            )
        if self.path.exists() or self.path.is_symlink():
            _drop_second_names(self.path)
            raise StoreExistsError(self.name)

    def open(self) -> SQLite:
        """Opening never makes a file."""
        if not self.path.exists():
            raise StoreMissingError(self.name)
        if not self.path.is_file():
            raise StoreDamagedError(self.name, "it is not a file")
        _drop_second_names(self.path)
        return SQLite(self.path)

    def build(self, fill: Callable[[Transaction], None]) -> None:
        """Built and synced under a temporary name, then named without overwriting.

        Raises:
            StoreExistsError: something is at the path.
            StoreError: the folder cannot be written.
        """
        try:
            with turns(self.path):
                _sweep(self.path)
                draft = self.path.with_name(f"{_prefix(self.path)}{secrets.token_hex(4)}")
                try:
                    self._write(draft, fill)
                    publish(draft, self.path)
                finally:
                    _remove(draft)
        except OSError as failed:
            why = failed.strerror or type(failed).__name__
            raise StoreError(
                f"No store could be written at {self.path} ({why}). Check the folder."
            ) from failed

    def _write(self, draft: Path, fill: Callable[[Transaction], None]) -> None:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
        try:
            with closing(connect(draft)) as db:
                for pragma in (*PRAGMAS, *_DRAFT):
                    db.execute(pragma)
                db.execute("BEGIN IMMEDIATE")
                fill(Session(db))
                db.execute("COMMIT")
        except _FAILURES as error:
            raise meaning(self.name, error, writing=True) from error


def publish(draft: Path, path: Path) -> None:
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
    sync_folder(path.parent)


def _prefix(path: Path) -> str:
    return f".{path.name}.creating-"


def _sweep(path: Path) -> None:
    """Remove drafts of creations that were killed; nobody else is creating, we hold the lock file.

    Also those of stores beside it: backups are made under a new name each.
    """
    prefix = _prefix(path)
    for entry in path.parent.iterdir():
        if entry.name.startswith(prefix) or _is_second_name(entry):
            _remove(entry)
        else:
            _remove_if_abandoned(entry)


def _remove_if_abandoned(entry: Path) -> None:
    """Remove a draft of another store unless somebody holds the lock file under which drafts of it are made."""
    found = _DRAFTS.fullmatch(entry.name)
    if found is None or not entry.with_name(f"{found[1]}.lock").exists():
        return
    with suppress(OSError), filelock.FileLock(entry.with_name(f"{found[1]}.lock"), timeout=0):
        _remove(entry)


def _drop_second_names(path: Path) -> None:
    """What a creation leaves that was killed after it had named its draft: the store under two names."""
    with suppress(OSError):
        if path.stat().st_nlink > 1:
            for entry in path.parent.iterdir():
                if entry.name.startswith(_prefix(path)) and _is_second_name(entry):
                    _remove(entry)


def _is_second_name(entry: Path) -> bool:
    """Whether a draft is linked to the name it was made for: its maker needs it no more, killed or not."""
    found = _DRAFTS.fullmatch(entry.name)
    if found is None:
        return False
    with suppress(OSError):
        return entry.samefile(entry.with_name(found[1]))
    return False


def _remove(draft: Path) -> None:
    for name in (draft, draft.with_name(f"{draft.name}-journal")):
        with suppress(OSError):
            name.unlink(missing_ok=True)
