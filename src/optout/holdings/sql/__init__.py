"""A table of a database that is held: rows are deleted and cells updated by primary key, in one transaction.

Before the commit every row is read again: the rows that should go are gone, the new cells are what they should be, all
other rows are what they were, and the caller has seen the new state. Out of reach are pages the database has freed
and not yet overwritten, its log, replicas and backups.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from typing import Any, Final

import sqlalchemy as sa

from optout.batch.source import Source
from optout.errors import (
    CellRefusedError,
    ConservationError,
    EmptyBatchError,
    HoldingChangedError,
    UnreadableFileError,
)
from optout.holdings.held import Cells, Changed, Edits, Planned, Verify, require_columns, require_rows
from optout.holdings.sql.address import Address
from optout.holdings.sql.bound import require_unbound
from optout.holdings.sql.refusals import writing
from optout.holdings.sql.rows import AsIs, Key, Scan, TableSource, fingerprint, keys_of, raw, text_of

_AT_ONCE: Final = 500  # the fewest parameters any database takes in a statement are 999
_LOCK_TIMEOUT: Final = "10s"
_ASK: Final = "Ask who looks after the database."


class HeldTable:
    """A list in a table. See `Held`.

    Args:
        text: ``sqlite:///office.db#people``, ``postgresql://user@host/office#schema.people``, or the address of any
            database SQLAlchemy has a driver for.

    Raises:
        UnreadableFileError: it is no such address.
    """

    def __init__(self, text: str) -> None:
        self._address = Address(text)
        self.name = self._address.name

    def __repr__(self) -> str:
        return f"HeldTable({self.name!r})"

    def fingerprint(self) -> str:
        """SHA-256 (hex) over its schema and its rows in the order of the primary key."""
        with self._address.connected() as connection:
            return fingerprint(connection, self._reflected(connection))

    def source(self) -> Source:
        """Its rows in the order of the primary key."""
        with self._address.connected() as connection:
            table = self._reflected(connection)
            first = sa.select(sa.literal(1)).select_from(table).limit(1)
            if connection.execute(first).first() is None:
                raise EmptyBatchError(self.name, "has no rows")
        return TableSource(self.name, table, self._address.connected)

    def row_ids(self, rows: Sequence[int]) -> list[str]:
        """The primary keys of rows; without one their numbers, from 1, as they happened to come."""
        with self._address.connected() as connection:
            table = self._reflected(connection)
            names = [column.name for column in table.primary_key.columns]
            keys, height = keys_of(connection, table, set(rows))
        require_rows(rows, height)
        if not names:
            return [f"row {row + 1}" for row in rows]
        return [
            " ".join(f"{name}={text_of(cell)}" for name, cell in zip(names, keys[row], strict=True))
            for row in rows
        ]

    def require_changeable(self) -> None:
        """Raise if it has no primary key, or its file is write-protected."""
        self._address.require_writable()
        with self._address.connected() as connection:
            self._keyed(self._reflected(connection))

    def change(self, edits: Edits, expected: str, verify: Verify, planned: Planned) -> Changed:
        """Delete rows and update cells in one transaction, which is committed when all of it was found right."""
        self._address.require_writable()
        with self._address.connected(changing=True) as connection:
            table = self._keyed(self._reflected(connection))
            _lock(connection, table)
            gone, cells = edits.gone.tolist(), edits.cells
            require_columns(cells, [column.name for column in table.columns])
            self._require_puttable(table, cells)
            before = Scan(connection, table, rows={*gone, *cells})
            if before.fingerprint != expected:
                raise HoldingChangedError(self.name)
            require_rows([*gone, *cells], before.height)
            self._delete(connection, table, [before.keys[row] for row in gone])
            self._update(connection, table, {before.keys[row]: of_row for row, of_row in cells.items()})
            verify(TableSource(self.name, table, lambda: nullcontext(connection)))
            after = Scan(connection, table, keys=set(before.keys.values()))
            self._require_changed(before, after, gone, cells)
            planned(after.fingerprint)
        return Changed(len(gone), sum(map(len, cells.values())), expected, after.fingerprint)

    def _reflected(self, connection: sa.Connection) -> sa.Table:
        """The table as the database describes it."""
        inspector, text = sa.inspect(connection), self._address.table
        schema, dot, name = text.partition(".")
        for place in [(None, text), *([(schema, name)] if dot else [])]:
            if inspector.has_table(place[1], schema=place[0]):
                with warnings.catch_warnings():  # of types it does not know, which are read all the same
                    warnings.simplefilter("ignore", sa.exc.SAWarning)
                    return sa.Table(
                        place[1], sa.MetaData(), schema=place[0], autoload_with=connection, resolve_fks=False
                    )
        raise UnreadableFileError(self.name, "does not exist", "Check the names of table and schema.")

    def _keyed(self, table: sa.Table) -> sa.Table:
        if not table.primary_key.columns:
            why = "has no primary key, so that its rows cannot be told apart"
            raise UnreadableFileError(
                self.name, why, "Give the table a primary key, or change the rows there."
            )
        return table

    def _require_puttable(self, table: sa.Table, cells: Cells) -> None:
        """Known before anything is done: keys stay, and what must not be null holds text or is not blanked."""
        columns, key = list(table.columns), set(table.primary_key.columns)
        asked = {column for of_row in cells.values() for column in of_row}
        if inside := [columns[column].name for column in sorted(asked) if columns[column] in key]:
            why = "belong to the primary key, which stays"
            raise CellRefusedError(self.name, inside, why, "Erase the row, or change it in the database.")
        blanked = {column for of_row in cells.values() for column, text in of_row.items() if text is None}
        if bare := [
            columns[column].name for column in sorted(blanked) if _blank(columns[column]) is _NO_BLANK
        ]:
            why = "may not be null and hold no text, so that they cannot be blank"
            raise CellRefusedError(self.name, bare, why, "Allow null in these columns, or erase the row.")

    def _delete(self, connection: sa.Connection, table: sa.Table, keys: Sequence[Key]) -> None:
        batches = [_these(table, keys[at : at + _AT_ONCE]) for at in range(0, len(keys), _AT_ONCE)]
        require_unbound(connection, self.name, table, batches)
        with writing(self.name, []):
            for batch in batches:
                connection.execute(table.delete().where(batch))

    def _update(
        self, connection: sa.Connection, table: sa.Table, cells: dict[Key, dict[int, str | None]]
    ) -> None:
        columns = list(table.columns)
        with writing(self.name, [columns[column].name for column in sorted(_columns(cells.values()))]):
            for key, of_row in cells.items():
                values = {columns[column]: _value(columns[column], text) for column, text in of_row.items()}
                connection.execute(table.update().where(_these(table, [key])).values(values))

    def _require_changed(self, before: Scan, after: Scan, gone: Sequence[int], cells: Cells) -> None:
        """What was read again is what was meant; triggers and rules of the database may have had other ideas."""
        if left := sum(before.keys[row] in after.found for row in gone):
            why = f"keeps {left} rows that were deleted (a trigger or a rule of the database)"
            raise UnreadableFileError(self.name, why, _ASK)
        for row, of_row in cells.items():
            found = after.found.get(before.keys[row])
            if found is None or not all(_holds(found[column], text) for column, text in of_row.items()):
                why = "hold something else than was put there (a trigger or a rule of the database)"
                names = [after.columns[column] for column in sorted(of_row)]
                raise CellRefusedError(self.name, names, why, _ASK)
        if (before.others, before.height - len(gone)) != (after.others, after.height):
            raise ConservationError(before.height - len(gone), after.height)


_NO_BLANK: Final = object()


def _blank(column: sa.Column[Any]) -> object:
    """What a blank cell of a column holds: null, or the empty text where null is forbidden."""
    if column.nullable:
        return None
    try:
        return "" if column.type.python_type is str else _NO_BLANK
    except NotImplementedError:
        return _NO_BLANK


def _value(column: sa.Column[Any], text: str | None) -> sa.ColumnElement[Any]:
    """As text: the database makes of it what the column holds."""
    value = _blank(column) if text is None else text
    return sa.null() if value is None else sa.bindparam(None, value, type_=AsIs(), unique=True)


def _holds(found: object, text: str | None) -> bool:
    """Whether a cell that was read again is what was put; CHAR(n) fills up with blanks."""
    shown = text_of(found) or ""
    return shown == (text or "") or (isinstance(found, str) and shown.rstrip(" ") == (text or "").rstrip(" "))


def _columns(cells: Collection[dict[int, str | None]]) -> set[int]:
    return {column for of_row in cells for column in of_row}


def _these(table: sa.Table, keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    """The condition that a row has one of these keys."""
    columns = list(table.primary_key.columns)
    if len(columns) == 1:
        return raw(columns[0]).in_([key[0] for key in keys])
    return sa.or_(
        *(sa.and_(*(raw(column) == cell for column, cell in zip(columns, key, strict=True))) for key in keys)
    )


def _lock(connection: sa.Connection, table: sa.Table) -> None:
    """Nobody else writes to the table until we are done, and a commit that is told is on the disk; reading goes on."""
    if connection.dialect.name != "postgresql":
        return  # SQLite: BEGIN IMMEDIATE; others: SERIALIZABLE
    settings = {"lock_timeout": _LOCK_TIMEOUT, "idle_in_transaction_session_timeout": "0"}
    if connection.execute(sa.select(sa.func.current_setting("synchronous_commit"))).scalar_one() == "off":
        settings["synchronous_commit"] = "on"
    connection.execute(sa.select(*(sa.func.set_config(name, text, True) for name, text in settings.items())))
    named = connection.dialect.identifier_preparer.format_table(table)
    connection.exec_driver_sql(f"LOCK TABLE {named} IN SHARE ROW EXCLUSIVE MODE")
