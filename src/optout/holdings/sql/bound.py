"""Rows of other tables that point to rows that should go: found before anything is deleted.

A key that forbids would stop us; one that cascades would take an order or a ledger along unseen. Both are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from optout.errors import HoldingBoundError

_SYSTEM = ("information_schema", "pg_catalog", "pg_toast")


def require_unbound(
    connection: sa.Connection, name: str, table: sa.Table, batches: Sequence[sa.ColumnElement[bool]]
) -> None:
    """Raise HoldingBoundError when rows of other tables point to some of these rows.

    Args:
        connection: In the transaction.
        name: Of the holding.
        table: Whose rows should go.
        batches: Conditions that hold for them.
    """
    counts: dict[str, int] = {}
    for other, pairs in _pointing(connection, table):
        points = sa.exists().where(*(there == here for there, here in pairs))
        for batch in batches:
            asked = sa.select(sa.func.count()).select_from(table).where(batch, points)
            counts[other] = counts.get(other, 0) + int(connection.execute(asked).scalar_one())
    found = {other: count for other, count in counts.items() if count}
    if found:
        raise HoldingBoundError(name, max(found.values()), sorted(found))


def _pointing(
    connection: sa.Connection, table: sa.Table
) -> Iterator[tuple[str, list[tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]]]]:
    """Tables with a foreign key to this one, and its pairs of columns (there, here)."""
    inspector = sa.inspect(connection)
    usual = inspector.default_schema_name
    here = table.schema or usual
    for schema in inspector.get_schema_names():
        if schema in _SYSTEM:
            continue
        asked = None if schema == usual else schema
        for (_, other), keys in inspector.get_multi_foreign_keys(schema=asked).items():
            itself = other == table.name and schema == here
            for key in keys:
                to = key["referred_schema"] or schema
                if key["referred_table"] != table.name or to != here or itself:
                    continue
                there = sa.table(other, *map(sa.column, key["constrained_columns"]), schema=asked)
                pairs = zip(key["constrained_columns"], key["referred_columns"], strict=True)
                yield other, [(there.c[one], table.c[two]) for one, two in pairs]
