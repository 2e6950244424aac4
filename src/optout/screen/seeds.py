"""Planted entries every screen must catch (tables/seed.tsv): if one slips through, no verdict can be trusted.

The spellings come from a frozen table, not from our own folding, so a defect in the folding cannot hide itself.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout import tables
from optout.errors import SeedMissedError
from optout.schema import RAW_FIELDS, SELF, numbered

_TOLD: Final = ("name", "kana", "postal", "address", "birth_date")


def _side(side: str) -> pl.DataFrame:
    table = tables.load("seed")
    fields = [pl.col(f"{side}_{field}").alias(field) for field in _TOLD]
    absent = [pl.lit(None, pl.String).alias(field) for field in RAW_FIELDS if field not in _TOLD]
    return table.select(
        pl.col("rule_id").alias("seed"),
        pl.lit(SELF).alias("subject"),
        *fields,
        *absent,
        pl.col(f"{side}_phone").alias("phone_1"),
        pl.col(f"{side}_email").alias("email_1"),
    )


def entries() -> pl.DataFrame:
    """The planted entries as a raw frame with their `seed` id (without `row`)."""
    return _side("entry")


def plant(raw: pl.DataFrame, first_row: int) -> pl.DataFrame:
    """The rows to be planted into a batch: only in columns the batch fills, so in its own form.

    Args:
        raw: The batch's raw frame.
        first_row: Row number of the first planted row, behind all real ones.

    Returns:
        A raw frame with `seed`, empty when the batch tells too little to find anybody (a name alone, say).
    """
    filled = {column for column in raw.columns if raw[column].null_count() < raw.height}
    rows = _side("row")
    named = bool({"name", "kana"} & filled)
    placed = bool({"address", "birth_date"} & filled)
    direct = bool(
        numbered(raw.select(sorted(filled)), "phone") or numbered(raw.select(sorted(filled)), "email")
    )
    if not (direct or (named and placed)):
        return rows.clear().with_columns(pl.lit(0, pl.UInt32).alias("row"))
    kept = [
        pl.col(c) if c in filled | {"subject", "seed"} else pl.lit(None, pl.String).alias(c)
        for c in rows.columns
    ]
    return rows.select(kept).with_columns(
        (pl.int_range(pl.len(), dtype=pl.UInt32) + first_row).alias("row").cast(pl.UInt32)
    )


def require_caught(planted: pl.DataFrame, hits: pl.DataFrame) -> int:
    """The number planted, all caught; SeedMissedError otherwise.

    Args:
        planted: What `plant` returned.
        hits: `row` UInt32, `request` String of every hit.
    """
    caught = planted.join(hits, left_on=["row", "seed"], right_on=["row", "request"], how="semi").height
    if caught < planted.height:
        raise SeedMissedError(planted.height, caught)
    return caught
