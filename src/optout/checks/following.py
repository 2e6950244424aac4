"""Whoever asked to be left out stays out when their name or address is corrected.

A row that a stop withholds today could be free tomorrow, under a name or address the stop does not know. So what would
be lost is found before the row changes, and recorded for the corrected person with the same reach.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from optout.batch.raw import raw
from optout.checks.lookup import Looked
from optout.checks.search import ROW
from optout.schema import RAW_FIELDS, numbered
from optout.screen.judge import Question, judge
from optout.screen.snapshot import snapshot
from optout.store import Request, Store

# Such an entry says where somebody is no more; elsewhere it says nothing.
_OF_ONE_ADDRESS: Final = ("moved_away",)
_SOURCE: Final = "correction"
_REASON: Final = "carried over to what was corrected"


def follow(store: Store, looked: Looked, rows: list[dict[str, Any]]) -> None:
    """Note beside each row (`requests`) the stops that would be lost, as requests for the corrected person.

    Args:
        store: The suppression list.
        looked: The list the rows are of.
        rows: Rows of a plan: `row`, `cells` with `place` and `after`; they get `requests`.
    """
    found, holding = looked.found, looked.place.holding
    if found is None or found.mapping is None or not store.revision:
        return
    before = found.cells.filter(pl.col(ROW).is_in([row["row"] for row in rows])).drop(ROW)
    after = _corrected(before, rows)
    now, then = (_withheld(store, raw(frame, found.mapping), holding.owner) for frame in (before, after))
    lost = now.join(then, on=["row", "request"], how="anti", maintain_order="left")
    people = raw(after, found.mapping)
    for row, subject, request in lost.iter_rows():
        line = people.filter(row=row, subject=subject)
        rows[row]["requests"].append(_request(store, request, line))


def _withheld(store: Store, lines: pl.DataFrame, tenant: str | None) -> pl.DataFrame:
    """`row`, `subject`, `request` of every stop that withholds one of these people by name."""
    n_rows = lines["row"].n_unique()
    hits = judge(lines, 0, n_rows, snapshot(store), Question("person", "any", tenant)).hits
    sure = hits.filter(pl.col("verdict") == "withhold", pl.col("fields").list.contains("name"))
    kinds = store.requests(sure["request"].unique()).filter(
        pl.col("kind").cast(pl.String).is_in(_OF_ONE_ADDRESS)
    )
    sure = sure.filter(~pl.col("request").is_in(kinds["request"].implode()))
    return sure.select("row", "subject", "request").unique(maintain_order=True)


def followed(store: Store, rows: Iterable[dict[str, Any]]) -> None:
    """Record what was noted; the same again changes nothing."""
    for told in (told for row in rows for told in row["requests"]):
        if store.is_active(told["of"]):
            store.suppress(Request(**{key: value for key, value in told.items() if key != "of"}))


def _corrected(before: pl.DataFrame, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows as they will be."""
    lines = [list(line) for line in before.iter_rows()]
    for line, row in zip(lines, rows, strict=True):
        for cell in row["cells"]:
            line[cell["place"]] = cell["after"]
    return pl.DataFrame(lines, schema=before.schema, orient="row")


def _request(store: Store, request_id: str, line: pl.DataFrame) -> dict[str, Any]:
    """A request for the corrected person, with the reach of the one that would be lost."""
    entry = store.requests([request_id]).row(0, named=True)
    person = {field: line[field][0] for field in RAW_FIELDS if field != "former"}
    lists = {
        f"{field}s": [value for name in numbered(line, field) if (value := line[name][0])]
        for field in ("phone", "email")
    }
    # Of a household the person alone: who lives at the new address has asked for nothing.
    reach = {name: entry[name] for name in ("channels", "tenant", "kind", "received")}
    return {"of": request_id, **person, **lists, **reach, "source": _SOURCE, "reason": _REASON}
