"""Signs that stand where a kanji was lost: 外字 of somebody else's machine (PUA), 〓, U+FFFD, ? for 髙.

Source: tables/gaiji.tsv. Counted, never shown; nothing is repaired, for what stood there cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import polars as pl

from optout import tables
from optout.batch import headers
from optout.batch.columns import ColumnMapping
from optout.schema import DType

SCHEMA: Final[dict[str, DType]] = {
    "column": pl.UInt32,
    "header": pl.String,
    "kind": pl.String,
    "count": pl.UInt32,
    "rows": pl.List(pl.UInt32),
}
_ROWS_NAMED: Final = 10
_EVERYWHERE: Final = "any"


def found(frame: pl.DataFrame, mapping: ColumnMapping, first_row: int = 0) -> pl.DataFrame:
    """The cells in which a kanji was lost.

    Args:
        frame: A block of rows, String columns in the places of the mapping.
        mapping: From `columns.recognise`.
        first_row: Number of the block's first row.

    Returns:
        SCHEMA, one line per column and kind: `rows` are the first ten. Empty for a clean list.

    Examples:
        >>> from optout.batch.columns import recognise
        >>> list_ = pl.DataFrame({"氏名": ["見本 花子", "〓橋 一郎"], "TEL": ["", "03-1234-5678"]})
        >>> found(list_, recognise(list_.columns)).select("header", "kind", "rows").rows()
        [('氏名', 'geta', [1])]
    """
    slots = {column.position: headers.slots().get(column.field, "") for column in mapping.columns}
    lines = [
        (place, mapping.headers[place], kind, rows.len(), (rows + first_row).head(_ROWS_NAMED).to_list())
        for place, slot in sorted(slots.items())
        if place < frame.width
        for kind, rows in _of_column(frame.to_series(place), slot)
    ]
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def told(blocks: Iterable[pl.DataFrame]) -> list[dict[str, Any]]:
    """What `found` found in the blocks of a list, for a report: `header`, `kind`, `count`, `rows` (the first ten)."""
    every = pl.concat([pl.DataFrame(schema=SCHEMA), *blocks])
    grouped = every.group_by("column", "header", "kind").agg(
        pl.col("count").sum(), pl.col("rows").explode().sort().head(_ROWS_NAMED)
    )
    return grouped.sort("column", "kind").drop("column").to_dicts()


def _of_column(column: pl.Series, slot: str) -> list[tuple[str, pl.Series]]:
    # One cheap look: most columns of most lists hold none of these.
    signs = column.str.contains(_any_sign(slot)).fill_null(False)
    if not signs.any():
        return []
    rows = signs.arg_true().cast(pl.UInt32)
    cells = column.gather(rows)
    hits = [(kind, cells.str.contains(pattern)) for kind, pattern in _rules(slot)]
    return [(kind, rows.filter(hit)) for kind, hit in hits if hit.any()]


@cache
def _rules(slot: str) -> tuple[tuple[str, str], ...]:
    rows = tables.load("gaiji").filter(pl.col("slot").is_in([_EVERYWHERE, slot]))
    return tuple(rows.select("kind", "pattern").iter_rows())


@cache
def _any_sign(slot: str) -> str:
    return "|".join(f"(?:{pattern})" for _, pattern in _rules(slot))
