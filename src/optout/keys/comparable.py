"""A raw frame → everything two subjects are compared by: lane 2, for candidate rows only."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from optout.keys.corporate import corporate_number
from optout.keys.people import people
from optout.schema import numbered
from optout.tables.gazetteer import Gazetteer
from optout.text import address, birth, email, phone, postal


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparable:
    """Comparable columns of a raw frame.

    Attributes:
        facts: One line per raw line, in order: `i` UInt32, the columns of `text.address.parse`, `postal`
            `corporate_number` String, `birth` Date, `phones` `emails` `aliases` List(String).
        people: The names of each line, long (see `optout.keys.people`).
    """

    facts: pl.DataFrame
    people: pl.DataFrame


def comparable(raw: pl.DataFrame, gazetteer: Gazetteer | None = None) -> Comparable:
    """Parse every field of a raw frame.

    Args:
        raw: A raw frame (see `optout.schema`), usually the few candidate lines of a batch.
        gazetteer: The registered places; those of the package by default.

    Returns:
        Facts in the order of the lines, and the long frame of names.
    """
    parsed = [email.parse(raw[column]) for column in numbered(raw, "email")]
    code = postal.parse(raw["postal"]).alias("postal")
    facts = address.parse(raw["address"], code, gazetteer).with_columns(
        code,
        raw.select(corporate_number(pl.col("corporate_number")).alias("n"))["n"].alias("corporate_number"),
        birth.parse(raw["birth_date"]).alias("birth"),
        _union([phone.parse(raw[column])["keys"] for column in numbered(raw, "phone")], raw.height).alias(
            "phones"
        ),
        _union([frame["keys"] for frame in parsed], raw.height).alias("emails"),
        _union([frame["aliases"] for frame in parsed], raw.height).alias("aliases"),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"),
    )
    return Comparable(facts, people(raw))


def _union(lists: list[pl.Series], height: int) -> pl.Series:
    """Several list columns → one, null where nothing is in it."""
    if not lists:
        return pl.Series([None] * height, dtype=pl.List(pl.String))
    frame = pl.DataFrame([values.alias(str(k)) for k, values in enumerate(lists)])
    values = pl.concat_list(pl.all()) if len(lists) > 1 else pl.col("0")
    return frame.select(pl.when(values.list.len() > 0).then(values).alias("values"))["values"]
