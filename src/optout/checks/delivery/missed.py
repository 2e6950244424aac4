"""People who asked were in a list at the gate: which earlier check should have caught them, and why it did not.

What can be told is told from records: when the request arrived, when the list was written, how its holding came into
the register, and which removals went through it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from optout.checks.removal import kept
from optout.register import holding
from optout.register.incident import HITS_SCHEMA
from optout.schema import typed
from optout.screen import Result
from optout.store import Store

# Why → which check missed it.
LATE: Final = "the request arrived after the list was written"
OLDER: Final = "the list was written before the row was taken out of its holding"
NO_HOLDING: Final = "the row stands in no registered holding, so no check had seen it"
AT_INTAKE: Final = "the request was on the list when the holding was taken in"
NOT_REMOVED: Final = "no removal for the request has been carried out"
ELSEWHERE: Final = "a removal was carried out, but not in this holding"
BACK_AGAIN: Final = (
    "a removal went through the holding, and the row is there (again): restored, or left for review"
)
_MISSED: Final = {
    LATE: "none",
    OLDER: "none",
    NO_HOLDING: "unknown",
    AT_INTAKE: "intake",
    NOT_REMOVED: "removal",
    ELSEWHERE: "removal",
    BACK_AGAIN: "removal",
}
_CARRIED_OUT: Final = ("executing", "partial", "done", "superseded")


def hits(store: Store, result: Result, found: pl.DataFrame, path: Path | None) -> pl.DataFrame:
    """The people caught in a list, one line a row and request: `incident.HITS_SCHEMA`.

    Args:
        store: Whose requests and holdings.
        result: The screen; rows withheld because of a request count, a row's own words and doubts do not.
        found: `row`, `holding` (id) of the rows that stand in one.
        path: The file, whose age is looked at; None = unknown.
    """
    withheld = result.verdicts.filter(pl.col("verdict") == "withhold", pl.col("request").is_not_null())
    if withheld.is_empty():
        return pl.DataFrame(schema=HITS_SCHEMA)
    requests = withheld["request"].unique().to_list()
    seen = store.requests(requests).group_by("request").agg(pl.col("first_seen").min().alias("requested"))
    caught = withheld.select("row", "request", "rule").join(
        seen, on="request", how="left", maintain_order="left"
    )
    caught = caught.join(found, on="row", how="left", maintain_order="left")
    caught = caught.join(_taken_in(store), on="holding", how="left", maintain_order="left")
    removals = _removals(store, requests)
    caught = caught.join(removals, on=["request", "name"], how="left", maintain_order="left")
    removed = pl.col("request").is_in(removals["request"].unique().implode())
    why = _why(_written(path), removed)
    told = caught.with_columns(why.alias("why"))
    return told.with_columns(pl.col("why").replace_strict(_MISSED).alias("missed")).select(typed(HITS_SCHEMA))


def _why(written: pl.Expr, removed: pl.Expr) -> pl.Expr:
    """The first that fits."""
    nowhere = pl.col("holding").is_null()
    older = pl.col("requested") <= pl.col("taken_in")
    return (
        pl.when(pl.col("requested") > written).then(pl.lit(LATE))
        .when(nowhere & removed).then(pl.lit(OLDER))
        .when(nowhere).then(pl.lit(NO_HOLDING))
        .when(pl.col("through").is_not_null()).then(pl.lit(BACK_AGAIN))
        .when(older & pl.col("by_intake")).then(pl.lit(AT_INTAKE))
        .when(removed).then(pl.lit(ELSEWHERE))
        .otherwise(pl.lit(NOT_REMOVED))
    )  # fmt: skip


def _written(path: Path | None) -> pl.Expr:
    """When the file got its present bytes, as far as its disk tells."""
    try:
        moment = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path is not None else None
    except OSError:
        moment = None
    return pl.lit(moment, HITS_SCHEMA["requested"])


def _taken_in(store: Store) -> pl.DataFrame:
    """`holding` (id), `name`, `taken_in`: when it came into the register, `by_intake`: through check 2."""
    known = holding.holdings(store, retired=True).values()
    lines = [
        (one.id, one.name, store.versions(holding.KIND, one.id)[0].at, "intake" in one.origin)
        for one in known
    ]
    schema = {"holding": pl.String, "name": pl.String, "at": pl.String, "by_intake": pl.Boolean}
    frame = pl.DataFrame(lines, schema=schema, orient="row")
    moment = pl.col("at").str.to_datetime(time_unit="ms", time_zone="UTC", strict=False)
    return frame.select("holding", "name", moment.alias("taken_in"), "by_intake")


def _removals(store: Store, requests: list[str]) -> pl.DataFrame:
    """`request`, `name` of the holdings a removal for it went through, `through` (true)."""
    schema = {"request": pl.String, "name": pl.String, "through": pl.Boolean}
    frames = [pl.DataFrame(schema=schema)]
    for digest, record in store.records(kept.KIND).items():
        if record.told["state"] not in _CARRIED_OUT:
            continue
        asked = store.frame_of(kept.KIND, digest, "requests")
        named = {part["holding"] for part in record.told["parts"] if part["outcome"] is not None}
        if asked is not None and named:
            ours = asked.filter(pl.col("request").is_in(requests))
            names = pl.DataFrame({"name": sorted(named)}, schema={"name": pl.String})
            frames.append(
                ours.select("request").join(names, how="cross").with_columns(pl.lit(True).alias("through"))
            )
    return pl.concat(frames).unique(["request", "name"], maintain_order=True)
