"""A store in a schema of a PostgreSQL database, for a team: psycopg 3, the extra `optout[postgres]`.

A commit locks the one row of `head` first, so writers queue and a revision is gapless; readers have one snapshot each
(REPEATABLE READ, READ ONLY) and wait for nobody. Source: PostgreSQL documentation, chapters 13 (concurrency control),
20 (`fsync`, `full_page_writes`, `synchronous_commit`, `data_sync_retry`) and appendix A (error codes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Final, LiteralString, TypeAlias

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from optout.errors import (
    NotErasedError,
    OptionError,
    OptoutError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreFailedError,
    StoreMissingError,
)
from optout.store import engine
from optout.store.engine import Engine, Location, Row, Transaction, Value, erasing
from optout.store.engine.address import Address

APPLICATION: Final = "optout"
OLDEST: Final = 140000  # PostgreSQL 14
AT_ONCE: Final = 32  # rows of a stream; a block of 65,536 entries is some 1.6 MB
Server: TypeAlias = "psycopg.Connection[Row]"

# Setting → the only value with which what was acknowledged survives a power cut and damage is told.
_SAFE: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    # A failed fsync must stop the server: tried again, it would report success for what is lost.
    "data_sync_retry": "off",
    "zero_damaged_pages": "off",
    "ignore_checksum_failure": "off",
    "server_encoding": "UTF8",
}
_SETTINGS: Final = "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY(%s)"
_SERVER: Final = """
SELECT current_setting('server_version_num')::bigint, pg_catalog.pg_is_in_recovery(),
    n.oid IS NOT NULL, pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
    EXISTS (SELECT FROM pg_catalog.pg_class c
            WHERE c.relnamespace = n.oid AND c.relkind = 'r' AND c.relpersistence <> 'p')
FROM (VALUES (1)) one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = %s
"""
_HOLDS: Final = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid)
    OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = n.oid)
FROM pg_catalog.pg_namespace n WHERE n.nspname = %s
"""
_HERE: Final[LiteralString] = """
SET LOCAL search_path = {schema}, pg_temp;
SET LOCAL lock_timeout = {wait};
"""
_READ: Final[LiteralString] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" + _HERE
# `on` waits for the disk; a server that waits for more (remote_apply) is left to.
_WRITE: Final[LiteralString] = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
    + _HERE
    + """
SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
WHERE current_setting('synchronous_commit') <> 'remote_apply';
"""
)
_LOCK: Final = "SELECT 1 FROM head WHERE id = 1 FOR UPDATE"
# One text for both engines: SQLite's words → PostgreSQL's. Order by bytes, whatever the server's language;
# references are not enforced by SQLite either.
_WORDS: Final = (
    (r"\bBLOB\b", "BYTEA"),
    (r"\bINTEGER\b", "BIGINT"),
    (r"\bTEXT\b", 'TEXT COLLATE "C"'),
    (r" REFERENCES \w+\(\w+\)", ""),
)
_MARK: Final = (
    "CREATE TABLE format("
    "id BIGINT PRIMARY KEY CHECK (id = 1), application TEXT NOT NULL, version BIGINT NOT NULL)"
)
_FORBID: Final = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""
_TRIGGER: Final = (
    "CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
)
_BUSY: Final = ("55P03", "40001", "40P01")
_DAMAGED: Final = ("XX001", "XX002", "42P01", "42703")
_WHY: Final = {
    "53100": "disk full",
    "53200": "the server is out of memory",
    "58030": "I/O error",
    "25006": "the server is read-only",
    "42501": erasing.FORBIDDEN,
    "57014": "the server cancelled it",
}
_LOST: Final = "the connection to the server was lost"
UNKNOWN: Final = (
    "whether the change was recorded is not known: repeat the call, what stands already is not recorded twice"
)
_TAKEN: Final = ("42P06", "42P07", "23505")
# libpq tells of a refused connection in words only, in the language of the server.
_NO_DATABASE: Final = re.compile(r'database "[^"]*" does not exist|データベース *"[^"]*" *は存在しません')


class Session:
    """A transaction on a server."""

    def __init__(self, db: Server) -> None:
        self._db, self._streams = db, 0

    def execute(self, statement: str, given: Sequence[Value] = ()) -> psycopg.Cursor[Row]:
        """Values are bound on the server; they never are part of the statement."""
        return self._db.cursor(binary=True).execute(_spelt(statement), given or None)

    def stream(self, statement: str, given: Sequence[Value] = ()) -> Iterator[Row]:
        """By a cursor of the server, which ends with the transaction."""
        self._streams += 1
        name = b"stream_%d" % self._streams
        declare = b"DECLARE %s NO SCROLL CURSOR FOR " % name + _spelt(statement)
        self._db.cursor(binary=True).execute(declare, given or None)
        fetch = b"FETCH FORWARD %d FROM %s" % (AT_ONCE, name)
        while rows := self._db.cursor(binary=True).execute(fetch).fetchall():
            yield from rows
        self._db.execute(b"CLOSE " + name)  # a table that is still read from cannot be altered

    def insert(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Many at a time, without waiting for each answer."""
        self._db.cursor(binary=True).executemany(_spelt(statement), rows)

    def define(self, tables: str) -> None:
        """The words of SQLite put into those of PostgreSQL."""
        for old, new in _WORDS:
            tables = re.sub(old, new, tables)
        self._db.execute(tables.encode())

    def forbid_changes(self, tables: Sequence[str]) -> None:
        """The function is made with the first of them."""
        if self._db.execute("SELECT to_regproc('append_only')").fetchone() == (None,):
            self._db.execute(_FORBID)
        for table in tables:
            name = sql.Identifier(f"{table}_append_only")
            self._db.execute(sql.SQL(_TRIGGER).format(name=name, table=sql.Identifier(table)))

    @contextmanager
    def changing(self, table: str) -> Iterator[None]:
        """The trigger sleeps; readers need not wait."""
        names = {"table": sql.Identifier(table), "name": sql.Identifier(f"{table}_append_only")}
        self._db.execute(sql.SQL("ALTER TABLE {table} DISABLE TRIGGER {name}").format(**names))
        yield
        self._db.execute(sql.SQL("ALTER TABLE {table} ENABLE TRIGGER {name}").format(**names))

    def is_sound(self) -> bool:
        """The server looks after its indexes; only `amcheck`, which is not everywhere, could tell."""
        return True

    def format(self) -> int | None:
        """Kept in a table of one row."""
        if self._db.execute("SELECT to_regclass('format')").fetchone() == (None,):
            return None
        row = self._db.execute("SELECT application, version FROM format WHERE id = 1").fetchone()
        return int(row[1]) if row is not None and row[0] == APPLICATION else None

    def set_format(self, version: int) -> None:
        """The table is made with the first one."""
        if self._db.execute("SELECT to_regclass('format')").fetchone() == (None,):
            self._db.execute(_MARK)
        self._db.execute(
            "INSERT INTO format(id, application, version) VALUES (1, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET version = excluded.version",
            (APPLICATION, version),
        )


class PostgreSQL(Engine[Server]):
    """An open schema; processes take turns by the lock of its head row."""

    failures = psycopg.Error

    def __init__(self, address: Address) -> None:
        self._address = address
        super().__init__(address.shown)

    def _connect(self) -> Server:
        db = connect(self._address)
        try:
            if not is_there(db, self._address):
                raise StoreMissingError(self.name)
        except BaseException:
            db.close()
            raise
        return db

    def _disconnect(self, db: Server) -> None:
        db.close()

    def scrub(self, table: str) -> None:
        """Write the table anew: what an update leaves behind stays in the file otherwise.

        The server's log of changes and its backups are out of reach.
        """
        with self._guarded():
            try:
                db = self._begun(writing=False)
                self._roll_back()
                why = erasing.rewritten(db, sql.Identifier(self._address.schema, table), engine.WAIT)
            except (psycopg.Error, StoreError) as error:
                raise NotErasedError(self.name, _why(error)) from error
            finally:
                self._roll_back()
            if why is not None:
                raise NotErasedError(self.name, why)

    def _alive(self) -> bool:
        return self._db is not None and not self._db.closed

    def _transaction(self, db: Server) -> Session:
        return Session(db)

    def _begin(self, db: Server, writing: bool) -> None:
        db.execute(_opening(_WRITE + _LOCK if writing else _READ, self._address.schema, engine.WAIT))

    def _commit(self, db: Server) -> None:
        _commit(db, self.name)

    def _roll_back(self) -> None:
        db = self._db
        if db is None or db.closed:
            return
        if db.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            with suppress(psycopg.Error):
                db.execute("ROLLBACK")
        if db.info.transaction_status != TransactionStatus.IDLE:
            db.close()  # interrupted half-way; the next transaction connects anew

    def _meaning(self, error: Exception, writing: bool) -> OptoutError:
        return meaning(self.name, error, writing)


def connect(address: Address) -> Server:
    """A connection to a database that exists.

    Raises:
        StoreMissingError: there is no such database.
        StoreError: no server answers there, or it does not let us in.
    """
    try:
        return psycopg.connect(address.conninfo, autocommit=True)
    except psycopg.Error as error:
        told = " ".join(str(error).split())
    if _NO_DATABASE.search(told):
        raise StoreMissingError(address.shown)
    raise StoreError(
        f"{address.shown} cannot be reached ({address.without_secrets(told)}). "
        "Check the address, the user and that the server runs."
    )


def _commit(db: Server, name: str) -> None:
    # Where no transaction is open any more, the server answers COMMIT with success and a warning.
    if db.info.transaction_status == TransactionStatus.IDLE:
        raise StoreFailedError(name, "its transaction ended before it was committed")
    try:
        done = db.execute("COMMIT").statusmessage
    except psycopg.Error as error:
        # The answer was lost, not the commit, perhaps. Nothing is sent again: whoever calls decides.
        if db.closed:
            raise StoreFailedError(name, _LOST, UNKNOWN) from error
        raise
    # After a failed statement the server answers COMMIT with success, and rolls back.
    if done != "COMMIT":
        raise StoreFailedError(name, "the server rolled the change back")


def meaning(name: str, error: Exception, writing: bool) -> OptoutError:
    """Our error for PostgreSQL's. The message names its code only: its own text can quote a cell."""
    code = getattr(error, "sqlstate", None) or ""
    if code in _BUSY:
        return StoreBusyError(name, engine.WAIT)
    if code in _DAMAGED:
        return StoreDamagedError(name, f"PostgreSQL says {code}")
    if isinstance(error, psycopg.DataError) and not code:  # refused before it was sent
        return OptionError("tenant, actor, purpose or id", ("a text without NUL characters",))
    if writing:
        return StoreFailedError(name, _why(error))
    return StoreError(f"{name} could not be read ({_why(error)}). Check the server and try again.")


def _why(error: Exception) -> str:
    code = getattr(error, "sqlstate", None) or ""
    return _WHY.get(code) or (f"PostgreSQL says {code}" if code else _LOST)


@cache
def _opening(text: LiteralString, schema: str, wait: float) -> sql.Composed:
    return sql.SQL(text).format(schema=sql.Identifier(schema), wait=sql.Literal(f"{int(wait * 1000)}ms"))


@cache
def _spelt(statement: str) -> bytes:
    """Placeholders as psycopg writes them; no statement holds a question mark or a percent sign of its own."""
    return statement.replace("?", "%s").encode()


def is_there(db: Server, address: Address) -> bool:
    """Whether there is a schema of this name, on a server that is safe to write to.

    Raises:
        StoreError: a server that can lose what it acknowledged, is too old or a standby, or gives us no rights.
        StoreDamagedError: a table that a crash would empty.
    """
    try:
        settings = db.execute(_SETTINGS, (list(_SAFE),)).fetchall()
        facts = db.execute(_SERVER, (address.schema,)).fetchone()
    except psycopg.Error as error:
        raise meaning(address.shown, error, writing=False) from error
    _require_safe(address.shown, dict(settings))
    version, standby, there, usable, unlogged = facts or ()
    if version < OLDEST:
        oldest = OLDEST // 10000
        raise StoreError(f"{address.shown}: PostgreSQL {oldest} or newer is needed. Update the server.")
    if standby:
        raise StoreError(f"{address.shown}: this server is a standby. Give the address of the primary.")
    if there and not usable:
        raise StoreError(f"{address.shown}: this user has no rights there. Ask for USAGE on the schema.")
    if unlogged:
        raise StoreDamagedError(address.shown, "a table of it is UNLOGGED, a crash would empty it")
    return bool(there)


def _require_safe(name: str, settings: Mapping[str, str]) -> None:
    for setting, wanted in _SAFE.items():
        if settings.get(setting) != wanted:
            raise StoreError(
                f"{name}: the server runs with {setting} = {settings.get(setting)}. "
                f"Set it to {wanted}: otherwise what was recorded can be lost or read wrongly."
            )


@dataclass(frozen=True, slots=True)
class Database:
    """A schema that is a store, or will be."""

    address: Address

    @classmethod
    def at(cls, location: Location) -> Database:
        """Read an address; OptionError when it cannot be one."""
        return cls(Address.read(location))

    @property
    def path(self) -> str:
        """The address without secrets."""
        return self.address.shown

    @property
    def name(self) -> str:
        """The address without secrets."""
        return self.address.shown

    def require_free(self) -> None:
        """The database is there and its server safe; the schema is not there, or empty."""
        with closing(connect(self.address)) as db:
            is_there(db, self.address)
            try:
                self._is_empty(db)
            except psycopg.Error as error:
                raise meaning(self.name, error, writing=False) from error

    def open(self) -> PostgreSQL:
        """Opening makes neither database nor schema."""
        return PostgreSQL(self.address)

    def build(self, fill: Callable[[Transaction], None]) -> None:
        """One transaction, the schema included; whoever comes second finds it taken.

        Raises:
            StoreExistsError: there is something in the schema.
            StoreFailedError: the server was lost while it committed.
            StoreError: the server refused.
        """
        with closing(connect(self.address)) as db:
            try:
                db.execute(_opening(_WRITE, self.address.schema, engine.WAIT))
                if not self._is_empty(db):
                    db.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.address.schema)))
                fill(Session(db))
                _commit(db, self.name)
            except psycopg.Error as error:
                raise self._refused(error) from error

    def _refused(self, error: psycopg.Error) -> OptoutError:
        if error.sqlstate in _TAKEN:
            return StoreExistsError(self.name)
        failed = meaning(self.name, error, writing=True)
        if not isinstance(failed, StoreFailedError):
            return failed
        return StoreError(f"No store could be written at {self.name} ({failed.why}). Check the server.")

    def _is_empty(self, db: Server) -> bool:
        """Whether the schema is there already, with nothing in it."""
        row = db.execute(_HOLDS, (self.address.schema,)).fetchone()
        if row is not None and row[0]:
            raise StoreExistsError(self.name)
        return row is not None
