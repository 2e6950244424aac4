"""Where a store lives: one small interface, a SQLite file or a schema of a PostgreSQL database behind it.

A `Place` is where a store is or will be; an `Engine` is one that is open; a `Transaction` is what the log speaks to.
Both engines hold the same laws: what is read in one transaction is of one moment, writers take turns, on return of
`write` the change is on disk and on any exception nothing happened, and after a failed write nothing is written until
the store is opened again.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar

from optout.errors import OptionError, OptoutError, StoreError, StoreFailedError

WAIT: Final = 60.0  # seconds for a turn; a bulk import of millions takes a few

Location: TypeAlias = "str | Path | Mapping[str, Any]"
Value: TypeAlias = "str | int | bytes | None"
Row: TypeAlias = "tuple[Any, ...]"
Connection = TypeVar("Connection")
Failure = TypeVar("Failure", bound=BaseException)

_SERVER: Final = ("postgresql", "postgres")
# A child must neither use nor close what it inherits by fork: closing would end the parent's locks and session.
_inherited: Final[list[object]] = []


class Rows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Transaction(Protocol):
    """What is asked of an open transaction; statements are those of `store.statements`, values are bound."""

    def execute(self, statement: str, given: Sequence[Value] = ()) -> Rows:
        """Run one statement, its values written `?`."""

    def stream(self, statement: str, given: Sequence[Value] = ()) -> Iterator[Row]:
        """The rows of a SELECT, a few at a time: the blocks of a store need not fit in memory at once."""

    def insert(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each of many rows."""

    def define(self, tables: str) -> None:
        """Create tables and indexes, written once for both engines: `statements.TABLES`, `statements.PLACE`."""

    def forbid_changes(self, tables: Sequence[str]) -> None:
        """Triggers by which the database itself refuses to update or delete rows of these tables."""

    def changing(self, table: str) -> AbstractContextManager[None]:
        """Lift `forbid_changes` of a table within this transaction: nobody else ever sees it lifted."""

    def is_sound(self) -> bool:
        """Whether the indexes say what the tables say, as far as the engine can tell."""

    def format(self) -> int | None:
        """The format of the store; None when it is no store of ours."""

    def set_format(self, version: int) -> None:
        """Write the format, and with it that this is a store."""


class Place(Protocol):
    """Where a store is, or will be.

    Attributes:
        path: The file, or the address of the server without any secret.
        name: The same for messages.
    """

    @property
    def path(self) -> Path | str:
        """What `Store.path` is."""

    @property
    def name(self) -> str:
        """What messages say."""

    def require_free(self) -> None:
        """Raise StoreExistsError when something is there, StoreError when nothing could be."""

    def build(self, fill: Callable[[Transaction], None]) -> None:
        """Make a store in one step: `fill` writes it, and on any failure there is none."""

    def open(self) -> Engine[Any]:
        """Open what is there; StoreMissingError when nothing is."""


def located(location: Location) -> Place:
    """The place a path, an address "postgresql://..." or a mapping of its parts means.

    Raises:
        OptionError: an address that cannot be read, or PostgreSQL without the extra it needs.
    """
    if isinstance(location, str | Path) and not _is_address(location):
        from optout.store.engine.sqlite import File

        return File(Path(location).absolute())
    try:
        from optout.store.engine.postgres import Database
    except ImportError:
        extra = "a file path; for PostgreSQL install the extra: pip install 'optout[postgres]'"
        raise OptionError("path", (extra,)) from None
    return Database.at(location)


def _is_address(location: str | Path) -> bool:
    scheme, _, rest = str(location).partition(":")
    if scheme.lower() not in _SERVER or not rest.startswith("/"):
        return False
    if isinstance(location, Path):  # it has lost a slash, and with it the host
        raise OptionError("path", ("the address of a server as text, not as Path",))
    return rest.startswith("//")


class Engine(ABC, Generic[Connection]):
    """An open store. Threads take turns on one connection; a forked child makes its own.

    Attributes:
        name: Where it is, for messages; never a secret.
        failures: What the driver raises.
        committed: Called after each commit; must not raise.
    """

    failures: ClassVar[type[Exception] | tuple[type[Exception], ...]]

    def __init__(self, name: str) -> None:
        """Connect; StoreError and its kinds when that fails."""
        self.name = name
        self._failed: str | None = None
        self._db: Connection | None = None
        self.committed: Callable[[], None] | None = None
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._guard = threading.RLock()
        self._db = self._connect()

    def close(self) -> None:
        """Let go of it; twice is harmless, and in a forked child nothing is closed."""
        db, self._db = self._db, None
        if db is not None and os.getpid() == self._pid:
            self._disconnect(db)

    def __del__(self) -> None:
        # Without this, a store that was never closed warns on newer Pythons.
        if getattr(self, "_db", None) is not None:
            with suppress(Exception):
                self.close()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One read transaction: everything read in it is of one moment."""
        with self._guarded():
            try:
                db = self._begun(writing=False)
                yield self._transaction(db)
            except self.failures as error:
                raise self._meaning(error, writing=False) from error
            finally:
                self._roll_back()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: on return it is on disk, on any exception nothing happened.

        Raises:
            StoreBusyError: no turn within the waiting time.
            StoreFailedError: the disk or the server refused; further writes are refused until the store is opened
                again, because a failed fsync must never be tried again as if nothing had been lost. Its `outcome` says
                when a server was lost while it committed, and nobody knows whether it did.
        """
        with self._guarded():
            if self._failed is not None:
                raise StoreFailedError(self.name, self._failed)
            with self._turn():
                try:
                    db = self._begun(writing=True)
                    yield self._transaction(db)
                    self._commit(db)
                except self.failures as error:
                    self._roll_back()
                    raise self._noted(self._meaning(error, writing=True)) from error
                except BaseException as error:  # KeyboardInterrupt leaves no open transaction either
                    self._roll_back()
                    self._noted(error)
                    raise
            if self.committed is not None:
                # The next writer's turn has come: nobody waits for whoever is told.
                self.committed()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if os.getpid() != self._pid and self._db is not None:
            _inherited.append(vars(self).copy())
            self._start()
        with self._guard:
            if self._db is None:
                raise StoreError(f"{self.name} was closed. Open it again with Store.open.")
            yield

    def _begun(self, writing: bool) -> Connection:
        """The connection, a transaction begun. One cut off while idle is made anew: nothing was asked of it yet."""
        assert self._db is not None  # noqa: S101 - _guarded
        try:
            self._begin(self._db, writing)
        except self.failures:
            if self._alive():
                raise
            self._db = self._connect()
            self._begin(self._db, writing)
        return self._db

    def scrub(self, table: str) -> None:
        """After a purge: leave no copy of what a table held before in its files, as far as the engine can.

        Raises:
            NotErasedError: there still is one.
        """

    def told(self, error: Exception) -> OptoutError:
        """Our error for one of `failures`, met while reading."""
        return self._meaning(error, writing=False)

    def _noted(self, error: Failure) -> Failure:
        if isinstance(error, StoreFailedError):
            self._failed = error.why
        return error

    def _turn(self) -> AbstractContextManager[None]:
        """The turn of a writer, where the database itself gives none."""
        return nullcontext()

    def _alive(self) -> bool:
        return True

    @abstractmethod
    def _connect(self) -> Connection:
        """A connection to what exists; StoreError and its kinds when that fails."""

    @abstractmethod
    def _disconnect(self, db: Connection) -> None: ...

    @abstractmethod
    def _transaction(self, db: Connection) -> Transaction: ...

    @abstractmethod
    def _begin(self, db: Connection, writing: bool) -> None: ...

    @abstractmethod
    def _commit(self, db: Connection) -> None: ...

    @abstractmethod
    def _roll_back(self) -> None:
        """End whatever transaction is open; never raises."""

    @abstractmethod
    def _meaning(self, error: Exception, writing: bool) -> OptoutError:
        """Our error for the driver's, without its text: that can quote a cell."""
