"""Entries ↔ what stands in a block: columns that came with a later format are written only where they tell something.

So a list of plain requests has the same bytes, the same digest and the same format as in the first version, and is
known again when it is imported anew. When an entry was recorded need not be written either: the audit row tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl

from optout.schema import ENTRY_SCHEMA
from optout.store.kind import OPT_OUT

# Columns that the first format does not know → what an entry without them says.
LATER: Final[Mapping[str, str | None]] = {"kind": OPT_OUT, "reason": None, "first_seen": None}


def told(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries without the later columns that say nothing."""
    return entries.drop(
        [column for column in LATER if column in entries.columns and _silent(entries[column])]
    )


def told_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same for single entries."""
    return [
        {
            field: value
            for field, value in row.items()
            if field not in LATER or value not in (None, LATER[field])
        }
        for row in rows
    ]


def is_plain(entries: pl.DataFrame) -> bool:
    """Whether an optout of the first format reads these entries as they are meant."""
    return not set(LATER) & set(told(entries).columns)


def whole(entries: pl.DataFrame, first_seen: datetime | None) -> pl.DataFrame:
    """Entries of a block with every column of `schema.ENTRY_SCHEMA`, recorded at that moment."""
    seen = pl.lit(first_seen, ENTRY_SCHEMA["first_seen"]).alias("first_seen")
    missing = [
        seen if column == "first_seen" else pl.lit(value, ENTRY_SCHEMA[column]).alias(column)
        for column, value in LATER.items()
        if column not in entries.columns
    ]
    known = [
        pl.col(column).cast(ENTRY_SCHEMA[column]).fill_null(value)
        for column, value in LATER.items()
        if column in entries.columns and value is not None
    ]
    return entries.with_columns(*missing, *known).select(list(ENTRY_SCHEMA))


def whole_rows(payload: bytes, first_seen: datetime | None) -> list[dict[str, Any]]:
    """The same for the payload of a "js" block."""
    rows = json.loads(payload)
    return [{**LATER, "first_seen": first_seen, **row} for row in rows]


def _silent(column: pl.Series) -> bool:
    default = LATER[column.name]
    told = column.drop_nulls()
    return told.is_empty() or (default is not None and bool((told == default).all()))
