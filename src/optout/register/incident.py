"""Incidents (事故): somebody who asked to be left out stood in a list at the gate, and which check missed it.

The record names requests and row numbers, never what stands in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

import polars as pl

from optout.schema import DType
from optout.store import Draft, Record, Store

KIND: Final = "incident"
# Which check should have caught it: removal (1), intake (2); none: it could not have; unknown: nothing is on record.
MISSED: Final = ("removal", "intake", "none", "unknown")
HITS_SCHEMA: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "request": pl.String,
    "rule": pl.String,
    "requested": pl.Datetime("ms", "UTC"),
    "holding": pl.String,
    "missed": pl.String,
    "why": pl.String,
}
_HITS: Final = "hits"


@dataclass(frozen=True, slots=True, repr=False)
class Incident:
    """One list in which people were caught at the gate.

    Attributes:
        id: Number of the incident.
        on: The day in Japan.
        check: Where they were caught: "delivery" or "handover".
        delivery: 納品番号 it would have gone out under.
        list: Name of the file, `sha256` its hash.
        rows: Rows that would have gone out.
        requests: Requests they belong to.
        missed: Check (one of MISSED) → rows.
        why: Why, in words → rows.
        at: When (UTC, ISO 8601); filled in by the store.
    """

    id: str
    on: date
    check: str
    delivery: str
    list: str
    sha256: str | None
    rows: int
    requests: int
    missed: Mapping[str, int]
    why: Mapping[str, int]
    at: str = ""

    def __repr__(self) -> str:
        return f"<Incident {self.id}, {self.rows} rows>"


def draft(
    incident_id: str, on: date, check: str, delivery: str, listed: tuple[str, str | None], hits: pl.DataFrame
) -> Draft:
    """An incident, to be kept with the attempt it happened in.

    Args:
        incident_id: Its number.
        on: The day in Japan.
        check: "delivery" or "handover".
        delivery: 納品番号.
        listed: Name and hash of the file.
        hits: HITS_SCHEMA, one line a row and request.
    """
    rows = hits.unique("row", keep="first", maintain_order=True)
    told = {
        "id": incident_id,
        "on": on.isoformat(),
        "check": check,
        "delivery": delivery,
        "list": listed[0],
        "sha256": listed[1],
        "rows": rows.height,
        "requests": hits["request"].n_unique(),
        "missed": _counted(rows, "missed"),
        "why": _counted(rows, "why"),
    }
    return Draft(KIND, incident_id, told, frames={_HITS: hits.select(*HITS_SCHEMA)}, after=0)


def incidents(store: Store, since: date | None = None, until: date | None = None) -> list[Incident]:
    """The incidents on record, oldest first.

    Args:
        store: Where they are.
        since: From this day on.
        until: Up to this day.
    """
    told = [_read(kept) for kept in store.records(KIND).values()]
    return [
        each for each in told if (since is None or each.on >= since) and (until is None or each.on <= until)
    ]


def hits(store: Store, incident_id: str) -> pl.DataFrame:
    """Row by row: HITS_SCHEMA.

    Raises:
        UnknownRecordError: no incident of this number.
    """
    frame = store.frame_of(KIND, incident_id, _HITS)
    return pl.DataFrame(schema=HITS_SCHEMA) if frame is None else frame


def _counted(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().sort(column).iter_rows())


def _read(kept: Record) -> Incident:
    names = [each.name for each in fields(Incident) if each.name != "at"]
    told = {name: kept.told[name] for name in names}
    return Incident(**{**told, "on": date.fromisoformat(told["on"])}, at=kept.at)
