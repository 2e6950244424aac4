"""Lists that got out → how many people, which items: the lines of a breach report (X6).

Nobody is named: people are told apart by digests that live in memory only. Source: 個人情報保護法施行規則 第7条, 第8条.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from optout.batch import Source
from optout.batch.columns import recognise, sensitive
from optout.batch.raw import raw
from optout.batch.special_care import costly
from optout.checks.reporting_breach import LEAKED
from optout.keys.digest import digest
from optout.schema import SELF
from optout.screen import Columns
from optout.screen.normalized import spelt
from optout.screen.sampled import sampled
from optout.text import name

# What tells people apart. Whoever is written in two ways counts twice: never fewer than there are.
_TOLD_APART: Final = ("name", "kana", "address_keys", "phones", "emails", "birth_date")
_JOIN: Final = "\x1f"
_WITHIN: Final = "\x1e"


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What got out.

    Attributes:
        lines: `reporting_breach.LEAKED`, one line a list.
        people: People in all of them; who stands in two lists in the same way counts once.
    """

    lines: pl.DataFrame
    people: int


@dataclass(frozen=True, slots=True, eq=False)
class Leak:
    """A list that got out.

    Attributes:
        source: Its rows.
        name: How it is called in the report; a file keeps its own name.
        items: What got out of it; None = the columns it has.
        columns: As for `screen`.
    """

    source: Source
    name: str | None = None
    items: Sequence[str] | None = None
    columns: Columns = None


def scope(leaks: Iterable[Leak]) -> Scope:
    """Read lists and count the people in them; block by block, so of any size.

    Args:
        leaks: The lists.

    Returns:
        A line a list. A record that cannot be read, and a row that tells nothing of anybody, is one person each.

    Raises:
        InputError: a list or its columns cannot be used.
    """
    lines, everybody, unknown = [], pl.Series(dtype=pl.UInt64), 0
    for leak in leaks:
        people, unreadable, rows = _people(leak.source, leak.columns)
        unknown += unreadable
        everybody = pl.concat([everybody, people]).unique()
        lines.append(_line(leak, rows, len(people) + unreadable))
    return Scope(pl.DataFrame(lines, schema=LEAKED), len(everybody) + unknown)


def _line(leak: Leak, rows: int, people: int) -> dict[str, Any]:
    items = list(leak.source.headers if leak.items is None else leak.items)
    name = leak.name or leak.source.name
    marked = {"sensitive": sensitive(items), "property": costly(items)}
    return {"list": name, "rows": rows, "people": people, "items": items, **marked}


def _people(source: Source, columns: Columns) -> tuple[pl.Series, int, int]:
    """Digests of the people told apart, how many rows and records tell nothing, and how many records there are."""
    seen, unknown, records = [], 0, 0
    sample, blocks = sampled(source)
    mapping = recognise(source.headers, columns, (), sample)
    for block in blocks:
        rows = raw(block.frame, mapping, block.first_row)
        told = _told(rows)
        unknown += told.null_count() + block.quarantined.height
        seen.append(told.drop_nulls().to_frame().select(digest("text")).to_series().unique())
        records += block.records
    everybody = pl.concat(seen).unique() if seen else pl.Series(dtype=pl.UInt64)
    return everybody, unknown, records


def _told(rows: pl.DataFrame) -> pl.Series:
    """All that is told of each subject, in one spelling, String; null where it is nothing.

    A subject beside others of its row who tells nothing is nobody (an empty 送付先), and left out.
    """
    lines = _with_joint(rows, spelt(rows).select("row", "subject", *_TOLD_APART))
    parts = [
        pl.col(column).list.sort().list.join(_WITHIN)
        if isinstance(dtype, pl.List)
        else pl.col(column).cast(pl.String)
        for column, dtype in lines.select(_TOLD_APART).schema.items()
    ]
    text = pl.concat_str(*(part.fill_null("") for part in parts), separator=_JOIN)
    told = lines.select("row", "subject", pl.when(text.str.strip_chars(_JOIN) != "").then(text).alias("text"))
    somebody = pl.col("text").is_not_null()
    return told.filter(somebody | (~somebody.any().over("row") & (pl.col("subject") == SELF)))["text"]


def _with_joint(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One more line for everybody else whom a cell names (一郎・花子)."""
    others = rows.select("row", "subject").with_columns(name.parse(rows["name"])["others"].alias("others"))
    beside = others.filter(pl.col("others").list.len() > 0).explode("others")
    more = lines.join(beside, on=["row", "subject"]).with_columns(pl.col("others").alias("name"))
    return pl.concat([lines, more.select(lines.columns)])
