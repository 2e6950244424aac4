"""A raw frame → everything two subjects are compared by: lane 2, for candidate rows only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from optout.keys.corporate import corporate_numbers
from optout.keys.people import people
from optout.schema import numbered
from optout.tables.gazetteer import Gazetteer
from optout.text import address, email, phone, plain_digits, postal


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
    emails = _told(raw, "email", email.keys)
    code = postal.parse(raw["postal"]).alias("postal")
    return address.parse(raw["address"], code, gazetteer).with_columns(
        code,
        corporate_numbers(raw["corporate_number"]),
        plain_digits.dates(raw["birth_date"]).alias("birth"),
        _lists(_told(raw, "phone", phone.keys), raw.height).alias("phones"),
        _lists(emails.filter(~pl.col("alias")), raw.height).alias("emails"),
        _lists(emails.filter("alias"), raw.height).alias("aliases"),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"),
    )


def _told(raw: pl.DataFrame, field: str, keys: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    """What the columns of a field tell, in order: `line`, `value` …; all of them are read at once."""
    columns = [raw[column] for column in numbered(raw, field)] or [pl.Series(dtype=pl.String)]
    found = keys(pl.concat(columns)).with_columns_seq(line=pl.col("i") % raw.height)
    return found.sort("line", "i", maintain_order=True)


def _lists(told: pl.DataFrame, height: int) -> pl.Series:
    """One list a line, null where nothing is told."""
    lists = told.group_by("line", maintain_order=True).agg("value")
    place = pl.repeat(None, height, dtype=pl.UInt32, eager=True)
    place = place.scatter(lists["line"], pl.int_range(lists.height, dtype=pl.UInt32, eager=True))
    return lists["value"].gather(place)
