"""The naive way: exact joins in polars on the normalised name, or reading, and one other identifier."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

_KEYS: Final = (
    ("name", "phone"), ("name", "place"), ("name", "email"), ("name", "birth_date"),
    ("kana", "phone"), ("kana", "place"), ("kana", "birth_date"),
)  # fmt: skip


def pairs(place: Path) -> pl.DataFrame:
    """Rows that meet a request on a key: `row` UInt32, `score` Float64, which is the number of keys they share."""
    sides = [_phones(pl.read_parquet(place / f"{side}.parquet")) for side in ("left", "right")]
    found = []
    for key in _KEYS:
        left, right = (side.select("unique_id", *key).drop_nulls().unique() for side in sides)
        joined = left.join(right.select("unique_id", *key), on=list(key), suffix="_right")
        found.append(joined.select(row="unique_id", request="unique_id_right").unique())
    counted = pl.concat(found).group_by("row", "request").agg(score=pl.len().cast(pl.Float64))
    return counted.select(pl.col("row").cast(pl.UInt32), "score")


def _phones(side: pl.DataFrame) -> pl.DataFrame:
    """One line for each number."""
    listed = side.with_columns(phone=pl.concat_list("phone_1", "phone_2").list.drop_nulls())
    return listed.explode("phone", empty_as_null=True)
