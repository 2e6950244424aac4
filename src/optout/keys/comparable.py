"""A raw frame → everything two subjects are compared by: lane 2, for candidate rows only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
    # Side by side: polars and numpy let go of the interpreter while they work.
    with ThreadPoolExecutor(1) as beside:
        named = beside.submit(people, raw)
        return Comparable(_facts(raw, gazetteer), named.result())


def _facts(raw: pl.DataFrame, gazetteer: Gazetteer | None) -> pl.DataFrame:
    emails = _each(raw, "email", email.parse)
    code = postal.parse(raw["postal"]).alias("postal")
    return address.parse(raw["address"], code, gazetteer).with_columns(
        code,
        raw.select(corporate_number(pl.col("corporate_number")).alias("n"))["n"].alias("corporate_number"),
        birth.parse(raw["birth_date"]).alias("birth"),
        _union(_each(raw, "phone", phone.parse), "keys", raw.height).alias("phones"),
        _union(emails, "keys", raw.height).alias("emails"),
        _union(emails, "aliases", raw.height).alias("aliases"),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"),
    )


def _each(raw: pl.DataFrame, field: str, parse: Callable[[pl.Series], pl.DataFrame]) -> list[pl.DataFrame]:
    """What the cells of each column of a field tell; all of them are read at once."""
    columns = [raw[column] for column in numbered(raw, field)]
    parsed = parse(pl.concat(columns)) if columns else pl.DataFrame()
    return [parsed.slice(at * raw.height, raw.height) for at in range(len(columns))]


def _union(parsed: list[pl.DataFrame], told: str, height: int) -> pl.Series:
    """Several list columns → one, null where nothing is in it."""
    if not parsed:
        return _untold(height)
    frame = pl.DataFrame([each[told].alias(str(at)) for at, each in enumerate(parsed)])
    if not frame.select(pl.any_horizontal((pl.all().list.len() > 0).any())).item():
        return _untold(height)
    values = pl.concat_list(pl.all()) if len(parsed) > 1 else pl.col("0")
    return frame.select(pl.when(values.list.len() > 0).then(values).alias("values"))["values"]


def _untold(height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=pl.List(pl.String), eager=True)
