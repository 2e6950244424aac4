"""A table → its rows in the order of the primary key: as text in blocks, and as a fingerprint.

Values are taken as the driver gives them, without the types of SQLAlchemy: SQLite may hold a text in a column of
dates, and a person stands in it all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager
from datetime import datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, TypeAlias

import polars as pl
import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from optout.batch.source import BLOCK_BYTES, Block, Source

Key: TypeAlias = tuple[Any, ...]
_STREAMED: Final = {"stream_results": True, "yield_per": 2_000}
_EXACT: Final = 2.0**53


class TableSource(Source):
    """The rows of a table.

    Args:
        name: For messages.
        table: As reflected.
        connected: Gives a connection for as long as the rows are read.
    """

    def __init__(
        self, name: str, table: sa.Table, connected: Callable[[], AbstractContextManager[sa.Connection]]
    ) -> None:
        super().__init__(name, [column.name for column in table.columns])
        self._table, self._connected = table, connected

    def blocks(self, target_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """The rows in the order of the key, all as they were when the first was read."""
        first, held, size = 0, list[pl.DataFrame](), 0.0
        digest = Fingerprint(self._table)
        with self._connected() as connection:
            for some in fetched(connection, self._table):
                digest.add(some)
                held.append(self._as_text(some))
                size += held[-1].estimated_size()
                if size >= target_bytes:
                    block = Block(pl.concat(held), first)
                    first, held, size = first + block.frame.height, [], 0.0
                    yield block
        if held:
            yield Block(pl.concat(held), first)
        self.__dict__["sha256"] = digest.hexdigest()

    @cached_property
    def sha256(self) -> str | None:
        """Fingerprint of the rows that were read, once all of them were."""
        return self._now()

    def unchanged(self) -> bool:
        """Whether the table has the rows that were read."""
        return self._now() == self.sha256

    def _now(self) -> str:
        with self._connected() as connection:
            return fingerprint(connection, self._table)

    def _as_text(self, rows: list[Key]) -> pl.DataFrame:
        columns = zip(*rows, strict=True)
        return pl.DataFrame(
            [_as_text(name, cells) for name, cells in zip(self.columns, columns, strict=True)]
        )


class Fingerprint:
    """SHA-256 over the schema of a table and its rows; without a key their order is of no account."""

    def __init__(self, table: sa.Table) -> None:
        self._keyed = bool(table.primary_key.columns)
        columns = [(column.name, repr(column.type), column.nullable) for column in table.columns]
        key = [column.name for column in table.primary_key.columns]
        self._digest = hashlib.sha256(repr((columns, key)).encode())
        self._sum = self._rows = 0

    def add(self, rows: Sequence[Key]) -> None:
        """Further rows, in order."""
        self._rows += len(rows)
        if self._keyed:
            self._digest.update("".join(map(_line, rows)).encode("utf-8", "surrogatepass"))
            return
        for row in rows:
            digest = hashlib.sha256(_line(row).encode("utf-8", "surrogatepass")).digest()
            self._sum = (self._sum + int.from_bytes(digest)) % (1 << 256)

    def hexdigest(self) -> str:
        """Of all that was added."""
        digest = self._digest.copy()
        digest.update(f"{self._rows} {self._sum}".encode())
        return digest.hexdigest()


def fingerprint(connection: sa.Connection, table: sa.Table) -> str:
    """SHA-256 (hex) of a table."""
    digest = Fingerprint(table)
    for some in fetched(connection, table):
        digest.add(some)
    return digest.hexdigest()


class Scan:
    """One pass over a table.

    Args:
        connection: In a transaction.
        table: As reflected.
        rows: Numbers of rows to be set apart, or
        keys: primary keys of such rows.

    Attributes:
        fingerprint: Of the whole table.
        height: Rows.
        keys: Number → primary key of the rows set apart.
        found: Primary key → values of the rows set apart.
        others: Hash over all other rows.
        columns: Names.
    """

    def __init__(
        self,
        connection: sa.Connection,
        table: sa.Table,
        rows: Set[int] = frozenset(),
        keys: Set[Key] = frozenset(),
    ) -> None:
        self.columns = [column.name for column in table.columns]
        self.height, self.keys, self.found = 0, dict[int, Key](), dict[Key, Key]()
        places, whole, others = key_places(table), Fingerprint(table), Fingerprint(table)
        for some in fetched(connection, table):
            whole.add(some)
            apart = {
                place: key
                for place, row in enumerate(some)
                if (key := tuple(row[column] for column in places)) in keys or self.height + place in rows
            }
            self.keys |= {self.height + place: key for place, key in apart.items()}
            self.found |= {key: some[place] for place, key in apart.items()}
            others.add([row for place, row in enumerate(some) if place not in apart] if apart else some)
            self.height += len(some)
        self.fingerprint, self.others = whole.hexdigest(), others.hexdigest()


def key_places(table: sa.Table) -> list[int]:
    """Positions of the columns of the primary key."""
    columns = list(table.columns)
    return [columns.index(column) for column in table.primary_key.columns]


def keys_of(connection: sa.Connection, table: sa.Table, rows: Set[int]) -> tuple[dict[int, Key], int]:
    """Number → primary key of some rows, and how many rows there are."""
    key = list(table.primary_key.columns)
    if not key:
        asked = sa.select(sa.func.count()).select_from(table)
        return {}, int(connection.execute(asked).scalar_one())
    found: dict[int, Key] = {}
    height = 0
    wanted = sa.select(*map(raw, key)).order_by(*key)
    with connection.execute(wanted, execution_options=_STREAMED) as result:
        for height, row in enumerate(result, 1):
            if height - 1 in rows:
                found[height - 1] = tuple(row)
    return found, height


def _line(row: Key) -> str:
    # repr tells 1 from "1" from 1.0, and writes line ends as signs.
    return f"{row!r}\n"


def fetched(connection: sa.Connection, table: sa.Table) -> Iterator[list[Key]]:
    """All rows in the order of the key, some at a time; the server keeps the rest."""
    key = list(table.primary_key.columns)
    wanted = sa.select(*map(raw, table.columns)).order_by(*key)
    with connection.execute(wanted, execution_options=_STREAMED) as result:
        for some in result.partitions():
            yield [tuple(row) for row in some]


class AsIs(UserDefinedType[Any]):
    """Whatever the driver makes of it, in both directions."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Never asked: no table is made."""
        return "text"


def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A column whose values are what the driver makes of them."""
    return sa.type_coerce(column, AsIs())


def _as_text(name: str, cells: Sequence[Any]) -> pl.Series:
    kinds = set(map(type, cells)) - {type(None)}
    return pl.Series(name, cells if kinds <= {str} else [text_of(cell) for cell in cells], dtype=pl.String)


def text_of(cell: object) -> str | None:
    """A value as a list shows it: whole numbers without ".0", midnights as dates; no text for bytes.

    Examples:
        >>> text_of(9012345678.0), text_of(True), text_of(None), text_of(Decimal("1.50"))
        ('9012345678', 'true', None, '1.50')
    """
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float | Decimal):
        whole = abs(float(cell)) < _EXACT and cell == int(cell)
        return str(int(cell)) if whole else str(cell)
    if isinstance(cell, datetime):
        return str(cell.date() if cell.time() == time() and cell.tzinfo is None else cell)
    if isinstance(cell, bytes | bytearray | memoryview):
        return None
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, dict | list) else str(cell)
