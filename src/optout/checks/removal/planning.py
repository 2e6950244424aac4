"""A dry run: every holding is read once for all the requests, and what would be done is recorded under a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from optout.checks.removal.asked import Asked, asked
from optout.checks.removal.finding import Found, Judge
from optout.checks.removal.kept import EACH_KEPT, ROWS_KEPT, Kept, Part, begin
from optout.checks.removal.looking import OUT_OF_REACH, Look, looks
from optout.checks.removal.places import Holdings, Mappings, Place, places
from optout.errors import (
    OptionError,
)
from optout.review import Decisions, keep_items
from optout.schema import DType
from optout.store import Receipt, Store

# So many rows one person may erase; above it somebody else has to agree.
BULK_ROWS: Final = 100
TABLE: Final[dict[str, DType]] = {
    "holding": pl.String,
    "row": pl.UInt32,
    "request": pl.String,
    "rule": pl.String,
    "level": pl.String,
    "action": pl.String,
    "id": pl.String,
    "why": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a removal would do: a dry run.

    Attributes:
        hash: What `execute` has to be given; it stands for every line of the table and every byte of the holdings.
        table: One line per row found: `holding`, `row` UInt32 (0-based), `request`, `rule`, `level` (fields that
            agree), `action` (remove; blank: the cells of one of several people; review; suppress_only; exempt;
            unreachable with a null row), `id` (how a person finds the row: its line, cell or primary key), `why`
            (what keeps a row, or keeps a holding out of reach).
        requests: The requests it is for.
        holdings: What was looked into, by name.
        acting: Rows that would be erased or changed.
        limit: Above so many of them a second person has to agree.
        pending: Active requests that were left out, for their case was not accepted yet.
        unmatchable: Requests that tell too little to be found anywhere; that nothing was found of them proves nothing.
    """

    hash: str
    table: pl.DataFrame
    requests: list[str]
    holdings: list[str] = field(default_factory=list)
    acting: int = 0
    limit: int = BULK_ROWS
    unmatchable: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Plan {self.hash[:12]}, {len(self.requests)} requests, {self.table.height} rows>"

    @property
    def bulk(self) -> bool:
        """Whether a second person has to agree."""
        return self.acting > self.limit


def planned(
    store: Store,
    requests: Receipt | Iterable[str] | str | None,
    holdings: Holdings,
    columns: Mappings,
    bulk_rows: int,
) -> Plan:
    """See `removal.plan`."""
    if bulk_rows < 0:
        raise OptionError("bulk_rows", ("a number from 0",))
    who = asked(store, requests)
    where = places(store, holdings, columns)
    judge = Judge(who, who.snapshot(store), Decisions.of(store, who.scheme))
    looked = looks(judge, where)
    judge = judge.sharing(look.seen for look in looked if look.seen is not None)
    found = [_told(judge, look) for look in looked]
    rows = _joined((each.rows for each in found), looked, ROWS_KEPT)
    pairs = _joined((each.each for each in found), looked, EACH_KEPT)
    released = sorted({item for each in found for item in each.released})
    kept = Kept(
        store.store_id,
        who.requests,
        who.scheme,
        who.holds,
        sorted(judge.shared),
        judge.unmatchable,
        released,
        bulk_rows,
        sum(each.acting.height for each in found),
        where,
        [look.part for look in looked],
    )
    digest = begin(store, kept, rows, pairs)
    _ask(store, who, where, looked, found)
    names = [place.name for place in where]
    table = _table(rows, kept.parts)
    told = (who.requests, names, kept.acting, bulk_rows, kept.unmatchable, list(who.pending))
    return Plan(digest, table, *told)


def _told(judge: Judge, look: Look) -> Found:
    """What is to be done in a file or table; nothing where it cannot be changed."""
    nothing = Found(pl.DataFrame(schema=ROWS_KEPT), pl.DataFrame(schema=EACH_KEPT), pl.DataFrame(), [])
    if look.seen is None or look.held is None:
        return nothing
    found = judge.found(look.seen, look.place)
    try:
        if found.acting.height:
            look.held.require_changeable()
        ids = look.held.row_ids(found.rows["row"].to_list()) if found.rows.height else []
    except OUT_OF_REACH as error:
        look.lost(type(error).__name__)
        return nothing
    several = len(look.place.locations) > 1 or look.part.location not in look.place.locations
    named = [f"{look.part.name}: {one}" for one in ids] if several else ids
    return Found(
        found.rows.with_columns(pl.Series("id", named, pl.String)), found.each, found.items, found.released
    )


def _joined(frames: Iterable[pl.DataFrame], looked: list[Look], schema: dict[str, DType]) -> pl.DataFrame:
    told = [
        frame.with_columns(pl.lit(look.place.name).alias("holding"), pl.lit(n, pl.UInt32).alias("part"))
        for n, (frame, look) in enumerate(zip(frames, looked, strict=True))
    ]
    empty = pl.DataFrame(schema=schema)
    return pl.concat([empty, *(frame.select(empty.columns) for frame in told if frame.height)])


def _table(rows: pl.DataFrame, parts: list[Part]) -> pl.DataFrame:
    """The lines of a plan as they are shown, holdings in order."""
    far = [
        {
            "holding": part.holding,
            "action": "unreachable",
            "id": part.name,
            "why": part.unreachable,
            "part": n,
        }
        for n, part in enumerate(parts)
        if part.unreachable is not None
    ]
    lost = pl.DataFrame(far, schema={**TABLE, "part": pl.UInt32})
    whole = pl.concat([rows.select(*TABLE, "part"), lost]).sort("part", "row", nulls_last=False)
    return whole.select(list(TABLE))


def _ask(store: Store, who: Asked, where: list[Place], looked: list[Look], found: list[Found]) -> None:
    """Put the doubtful rows of each holding before a person; those of an earlier plan of these requests go."""
    few = hashlib.sha256("\n".join(who.requests).encode()).hexdigest()[:8]
    for place in where:
        items = [
            each.items
            for look, each in zip(looked, found, strict=True)
            if look.place is place and each.items.height
        ]
        asked_of = pl.concat(items) if items else None
        name = f"{place.name} 削除 {few}"
        if asked_of is not None:
            keep_items(store, name, asked_of)
        elif not any(look.part.unreachable for look in looked if look.place is place):
            keep_items(store, name, [])
