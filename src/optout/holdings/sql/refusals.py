"""What a database says no with → errors of ours. Its own messages are never shown: they quote rows.

Source: PostgreSQL appendix A (SQLSTATE); sqlite.org/rescode.html; PEP 249 (classes of exceptions).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from optout.errors import (
    CellRefusedError,
    HoldingBoundError,
    HoldingChangedError,
    HoldingLockedError,
    HoldingReadOnlyError,
    HoldingUnreachableError,
    OptoutError,
    UnreadableFileError,
    WriteFailedError,
)

_DISK_FULL: Final = "the disk of the database is full"
_DISK_BROKEN: Final = "the disk of the database reported an I/O error"
# Primary codes: the low byte of an extended one.
_LOCKED: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_READ_ONLY: Final = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
_NO_DATABASE: Final = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN}
_FULL: Final = {sqlite3.SQLITE_FULL: _DISK_FULL, sqlite3.SQLITE_IOERR: _DISK_BROKEN}
_FOREIGN_KEY: Final = sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
_LOST: Final = "the connection failed"
_CHECK: Final = "Look at its rules for these columns, or write the cells there."


@contextmanager
def told(name: str, changing: bool = True) -> Iterator[None]:
    """Errors of the database as ours.

    Args:
        name: Of the holding.
        changing: More than reading is wanted.

    Raises:
        HoldingUnreachableError, HoldingLockedError, HoldingReadOnlyError, HoldingChangedError, WriteFailedError,
        UnreadableFileError: what it was.
    """
    try:
        yield
    except exc.DBAPIError as error:
        found = meaning(name, error)
        if isinstance(found, HoldingReadOnlyError) and not changing:
            why = "may not be read, or not all of it (rights of this user, row-level security)"
            raise UnreadableFileError(name, why, "Ask who looks after the database.") from None
        raise found from None
    except exc.SQLAlchemyError as error:
        why = f"cannot be used as it is ({type(error).__name__})"
        raise UnreadableFileError(name, why, "Check the address and the table.") from None
    except ImportError as error:
        why = f"needs the driver {error.name}, which is not installed"
        raise UnreadableFileError(name, why, "Install it, or name another in the address.") from None


@contextmanager
def writing(name: str, columns: list[str]) -> Iterator[None]:
    """The same while rows are deleted (no columns) or cells are written.

    Raises:
        HoldingBoundError: rows elsewhere point to those that should go.
        CellRefusedError: a rule of the database forbids the new cells.
    """
    try:
        yield
    except (exc.IntegrityError, exc.DataError, exc.StatementError) as error:
        if not isinstance(error, exc.IntegrityError | exc.DataError) and isinstance(error, exc.DBAPIError):
            raise
        if columns:
            raise CellRefusedError(name, columns, "are not allowed to hold the new text", _CHECK) from None
        raise HoldingBoundError(name, 1, ("another table",)) from None


def meaning(name: str, error: exc.DBAPIError) -> OptoutError:
    """The error of ours that an error of the driver stands for."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code == _FOREIGN_KEY:  # a deferred key speaks at the commit
        return HoldingBoundError(name, 1, ("another table",))
    if code is not None:
        return _of_sqlite(name, code & 0xFF)
    state = getattr(error.orig, "sqlstate", None) or ""
    if state:
        return _of_state(name, state)
    if isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated:
        return HoldingUnreachableError(name, _LOST)
    return _refused(name, type(error).__name__)


def _of_sqlite(name: str, code: int) -> OptoutError:
    if code in _LOCKED:
        return HoldingLockedError(name)
    if code in _READ_ONLY:
        return HoldingReadOnlyError(name)
    if code in _NO_DATABASE:
        return UnreadableFileError(name, "is no sound SQLite database", "Check the path, or restore it.")
    if code in _FULL:
        return WriteFailedError(name, _FULL[code])
    return _refused(name, f"SQLite {code}")


def _of_state(name: str, state: str) -> OptoutError:
    if state in ("55P03", "40P01", "57014"):  # lock_not_available, deadlock_detected, query_canceled
        return HoldingLockedError(name)
    if state == "23503":  # foreign_key_violation
        return HoldingBoundError(name, 1, ("another table",))
    if state == "40001":  # serialization_failure
        return HoldingChangedError(name)
    if state in ("42501", "25006"):  # insufficient_privilege, read_only_sql_transaction
        return HoldingReadOnlyError(name)
    if state in ("53100", "58030"):  # disk_full, io_error
        return WriteFailedError(name, _DISK_FULL if state == "53100" else _DISK_BROKEN)
    if state.startswith(("08", "53", "57", "28", "3D")):
        return HoldingUnreachableError(name, f"its server says {state} (SQLSTATE)")
    return _refused(name, state)


def _refused(name: str, code: str) -> UnreadableFileError:
    return UnreadableFileError(name, f"refused a statement ({code})", "Ask who looks after the database.")
