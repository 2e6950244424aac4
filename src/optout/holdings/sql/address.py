"""The address of a table → a connection: who it is, without secrets, and what its server is asked for.

``sqlite:///office.db#people``, ``postgresql://user@host/office#sales.people``. Names of tables and columns come from
reflection only, never from the address into a statement.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from optout.errors import HoldingReadOnlyError, UnreadableFileError
from optout.holdings.sql.refusals import told

_EXAMPLE: Final = "Write it as sqlite:///office.db#people or postgresql://user@host/office#schema.people."
# The PostgreSQL driver that optout depends on; another one can be named in the address.
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_WRITABLE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
# Row-level security would hide people from us; without it the server refuses what it would have filtered.
_ALL_ROWS: Final = "SET LOCAL row_security = off"
SYNCHRONOUS: Final = "PRAGMA synchronous = EXTRA"
_CONNECT_SECONDS: Final = 10
_BUSY_SECONDS: Final = 10


class Address:
    """Where a table is.

    Args:
        text: The address with the table behind its last "#".

    Attributes:
        name: For messages: kind, host, database and table; no user, password or option.
        table: As written behind "#".
        url: Of the database.

    Raises:
        UnreadableFileError: it cannot be read; it is not repeated, for it may hold a password.
    """

    def __init__(self, text: str) -> None:
        database, _, self.table = text.rpartition("#")
        if not database or not self.table:
            raise UnreadableFileError("the address", "names no table of a database", _EXAMPLE)
        try:
            url = sa.make_url(database)
            self.url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
            self.url.get_dialect()
        except (ArgumentError, NoSuchModuleError, ValueError, ImportError):
            raise UnreadableFileError(
                "the address", "is of no database that is known here", _EXAMPLE
            ) from None
        self.name = _shown(self.url, self.table)
        self._engines: dict[bool, sa.Engine] = {}

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of SQLite."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def connected(self, changing: bool = False) -> Iterator[sa.Connection]:
        """A connection of its own in a transaction, which is rolled back unless somebody commits.

        Raises:
            UnreadableFileError: a file that is not there or no database.
            HoldingUnreachableError: no answer, or no admittance.
            HoldingLockedError: somebody else is writing.
        """
        self._require_file()
        with told(self.name, changing):
            if changing not in self._engines:  # what a server says of itself is asked once
                self._engines[changing] = self._engine(changing)
            with self._engines[changing].connect() as connection, connection.begin():
                yield connection

    def require_writable(self) -> None:
        """Raise HoldingReadOnlyError if the file of SQLite is write-protected; servers say so themselves."""
        self._require_file()
        if self.is_sqlite and not Path(self.url.database or "").stat().st_mode & _WRITABLE:
            raise HoldingReadOnlyError(self.name)

    def _engine(self, changing: bool) -> sa.Engine:
        engine = sa.create_engine(
            self.url, poolclass=NullPool, connect_args=self._options(), hide_parameters=True
        )
        if self.is_sqlite:
            event.listen(engine, "connect", _configure_sqlite)
            begin = "BEGIN IMMEDIATE" if changing else "BEGIN"
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        elif self.url.get_backend_name() == "postgresql":
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(_ALL_ROWS))
        elif changing:  # PostgreSQL is asked for a lock on the table instead
            engine = engine.execution_options(isolation_level="SERIALIZABLE")
        return engine

    def _options(self) -> dict[str, Any]:
        if self.is_sqlite:
            return {"timeout": _BUSY_SECONDS}
        if self.url.get_driver_name() == "psycopg" and "connect_timeout" not in self.url.query:
            return {"connect_timeout": _CONNECT_SECONDS}
        return {}

    def _require_file(self) -> None:
        """SQLite would make a missing file; the list that was meant is elsewhere then."""
        if self.is_sqlite and not (self.url.database and Path(self.url.database).is_file()):
            raise UnreadableFileError(self.name, "does not exist", "Check the path.")


def _shown(url: sa.URL, table: str) -> str:
    if url.get_backend_name() == "sqlite":
        return f"{Path(url.database or '').name}#{table}"
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}#{table}"


def _configure_sqlite(connection: Any, _: object) -> None:
    connection.text_factory = _decoded
    connection.isolation_level = None  # transactions begin when we say so, not when the driver guesses
    # With FULL, the default, a power cut after the commit brings the rows back: the journal's name is not yet gone.
    connection.execute(SYNCHRONOUS)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA trusted_schema = OFF")


def _decoded(raw: bytes) -> str:
    """Text as SQLite should hold it, or as older programs in Japan put it there."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp932", "replace")
