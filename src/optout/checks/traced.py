"""A list that turned up somewhere: which delivery it came from, by the decoys that were planted into each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.register import attempt, decoy
from optout.schema import CHANNELS, ENTRY_SCHEMA, DType
from optout.screen import Columns, screen
from optout.store import Store
from optout.store.history import Past

TRACED_SCHEMA: Final[dict[str, DType]] = {
    "delivery": pl.String,
    "recipient": pl.String,
    "on": pl.Date,
    "row": pl.UInt32,
    "rule": pl.String,
}
_BETWEEN: Final = "\t"
_LISTS: Final = {"phone": "phones", "email": "emails"}
_PARTS: Final = ("pref", "city", "town", "addr_rest", "address", "building")


def traced(
    store: Store,
    batch: pl.DataFrame | str | Path,
    columns: Columns = None,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
) -> pl.DataFrame:
    """Find decoys in a list, written in whatever way.

    Args:
        store: Which deliveries they were planted into.
        batch: The list that turned up.
        columns, encoding, sheet: As for `screen`.

    Returns:
        One line a decoy found: `delivery`, `recipient` (its name), `on` (day of the delivery), `row` of the list,
        `rule`. Empty when there is none.

    Raises:
        InputError: the list cannot be read.
    """
    planted = decoy.all_planted(store)
    if planted.is_empty():
        return pl.DataFrame(schema=TRACED_SCHEMA)
    entries = pl.DataFrame(_entries(planted), schema=ENTRY_SCHEMA, orient="row")
    head = store.head
    asked = Past(store.path, head.epoch, head.revision, store.gazetteer(), entries)
    hits = screen(batch, asked, columns=columns, encoding=encoding, sheet=sheet).hits
    # A decoy of another delivery has another room; only what is certain tells who leaked.
    certain = hits.filter(pl.col("fields").list.contains("address") | pl.col("fields").list.contains("email"))
    lines = [_line(store, *row) for row in certain.select("request", "row", "rule").iter_rows()]
    return pl.DataFrame(lines, schema=TRACED_SCHEMA, orient="row").unique(maintain_order=True).sort("row")


def _entries(planted: pl.DataFrame) -> list[dict[str, Any]]:
    """Decoys as a list would name people; what all deliveries share (a telephone number) tells nothing."""
    entries = []
    for part in planted.partition_by("delivery", "row", maintain_order=True):
        delivery, row = part.select("delivery", "row").row(0)
        own = dict(part.filter("marked").select("field", "value").iter_rows())
        every = dict(part.select("field", "value").iter_rows())
        entry: dict[str, Any] = dict.fromkeys(ENTRY_SCHEMA)
        entry |= {"request": f"{delivery}{_BETWEEN}{row}", "channels": list(CHANNELS), "household": False}
        entry |= {"kind": "opt_out", "name": every.get("name"), "kana": every.get("kana")}
        entry |= {name: [own[of]] if of in own else [] for of, name in _LISTS.items()}
        if {"address", "building"} & own.keys():
            entry |= {"postal": every.get("postal"), "address": "".join(every.get(of, "") for of in _PARTS)}
        entries.append(entry)
    return entries


def _line(store: Store, request: str, row: int, rule: str) -> tuple[Any, ...]:
    delivery = request.split(_BETWEEN)[0]
    made = attempt.delivered(store, delivery)
    return delivery, made.recipient.get("name") if made else None, made.on if made else None, row, rule
