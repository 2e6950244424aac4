"""Plans as they are recorded: what was found, what has been done of it, and what a plan is known by.

A plan is a record of the store (kind `plan`, its id is its hash). Its table is recorded once; every step of its
execution is one more version, written before the step, so that after a crash it is known what may have happened.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import Any, Final

import polars as pl

from optout.checks.removal.finding import EACH, ROWS
from optout.checks.removal.places import Place, of_told
from optout.errors import StalePlanError, UnknownRecordError
from optout.register.certificate import canonical
from optout.schema import DType
from optout.store import Draft, Store

KIND: Final = "plan"
# Beside what `finding` tells: of which file or table of which holding, and how a person finds the row there.
_WHERE: Final[dict[str, DType]] = {"holding": pl.String, "part": pl.UInt32}
ROWS_KEPT: Final[dict[str, DType]] = {**_WHERE, **ROWS, "id": pl.String}
EACH_KEPT: Final[dict[str, DType]] = {**_WHERE, **EACH}


@dataclass(slots=True)
class Part:
    """One file or table of a holding, and what has become of it.

    Attributes:
        holding: Name of the holding.
        location: Where it is.
        name: What it is called in messages.
        fingerprint: Of what was looked into; None when it could not be.
        rows: How many it has.
        unread: Records of it that could not be read as rows.
        unreachable: Why it could not be looked into; None when it was.
        sheet: Of a workbook: which one of it this is.
        moved: Fingerprint since another sheet of the same file was changed by this plan.
        expected: Fingerprint after the change, known right before it took effect.
        outcome: Counts and fingerprint, once it was carried out; see `carrying`.
    """

    holding: str
    location: str
    name: str
    fingerprint: str | None = None
    rows: int = 0
    unread: int = 0
    unreachable: str | None = None
    sheet: str | None = None
    moved: str | None = None
    expected: str | None = None
    outcome: dict[str, Any] | None = None

    @property
    def told(self) -> dict[str, Any]:
        """As JSON values."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def found(self) -> dict[str, Any]:
        """What was there when the plan was made."""
        known = ("holding", "location", "sheet", "fingerprint", "rows", "unread", "unreachable")
        return {name: getattr(self, name) for name in known}


@dataclass(slots=True)
class Kept:
    """A plan as it stands.

    Attributes:
        store_id: Of which store.
        requests: Ids.
        scheme: Tag of the key scheme.
        holds: Legal holds that were in force.
        shared: Requests whose number several people share.
        unmatchable: Requests that tell too little to be found anywhere.
        released: Decisions that let doubtful rows be acted on.
        limit: Above so many rows a second person has to agree.
        acting: Rows that are to be changed.
        places: The holdings.
        parts: Their files and tables.
        state: planned, executing, partial (carried out, something is open), done, superseded.
        approver: Who agreed.
        followed_by: Hash of the plan made in its place.
        n: Number of the newest version; 0 = not recorded yet.
    """

    store_id: str
    requests: list[str]
    scheme: str
    holds: list[str]
    shared: list[str]
    unmatchable: list[str]
    released: list[str]
    limit: int
    acting: int
    places: list[Place]
    parts: list[Part]
    state: str = "planned"
    approver: str | None = None
    followed_by: str | None = None
    n: int = field(default=0, compare=False)

    def known_by(self, rows: pl.DataFrame) -> str:
        """What the plan is known by: every line of its table, every byte of the holdings, every rule."""
        table = rows.with_columns(pl.col("blank").cast(pl.List(pl.String)).list.join(" ")).write_csv()
        facts = ("store_id", "requests", "scheme", "holds", "shared", "unmatchable", "released", "limit")
        told = {name: getattr(self, name) for name in facts}
        told["places"] = [place.told for place in self.places]
        told["parts"] = [part.found for part in self.parts]
        told["rows"] = hashlib.sha256(table.encode()).hexdigest()
        return hashlib.sha256(canonical(told)).hexdigest()

    @property
    def told(self) -> dict[str, Any]:
        """As JSON values; the requests go into a table of their own."""
        told = {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("n", "requests")
        }
        return told | {
            "requests": len(self.requests),
            "places": [place.told for place in self.places],
            "parts": [part.told for part in self.parts],
        }

    def changed(self, part: Part, after: str) -> None:
        """Note what a file or table becomes, for the other sheets of the same file too."""
        part.expected = after
        for other in self.parts:
            if other.location == part.location and None not in (other.sheet, part.sheet):
                other.moved = other.moved if other.sheet == part.sheet else after

    def place(self, part: Part) -> Place:
        """The holding a file or table belongs to."""
        return next(place for place in self.places if place.name == part.holding)


def begin(store: Store, kept: Kept, rows: pl.DataFrame, each: pl.DataFrame) -> str:
    """Record a plan; its hash. The same plan again is the same record, and may be executed again."""
    digest = kept.known_by(rows)
    known = store.records(KIND).get(digest)
    if known is not None and known.told["state"] == "planned":
        return digest
    asked = pl.DataFrame({"request": kept.requests}, schema={"request": pl.String})
    # The hash tells the bytes of the holdings: whatever this plan did before, a list put back from a copy undid it.
    frames = {} if known is not None else {"rows": rows, "each": each, "requests": asked}
    detail = {"plan": digest, "requests": len(kept.requests), "rows": kept.acting}
    draft = Draft(KIND, digest, kept.told, frames=frames, after=known.n if known else 0)
    store.keep([draft], "removal plan", detail)
    return digest


def load(store: Store, digest: str) -> Kept:
    """A plan by its hash.

    Raises:
        StalePlanError: there is none, or it was recorded by a version of optout that planned otherwise.
    """
    try:
        record = store.record_of(KIND, digest)
    except UnknownRecordError:
        old = store.load_job(digest)
        why = "no plan with this hash is stored here"
        if old is not None and old[0] == "removal":
            why = "it was made by an earlier version of optout"
        raise StalePlanError(why) from None
    requests = store.frame_of(KIND, digest, "requests")
    told = record.told
    return Kept(
        **{
            **told,
            "requests": [] if requests is None else requests["request"].to_list(),
            "places": [of_told(place) for place in told["places"]],
            "parts": [Part(**part) for part in told["parts"]],
            "n": record.n,
        }
    )


def save(store: Store, digest: str, kept: Kept, detail: dict[str, Any] | None = None) -> None:
    """One more version of a plan.

    Raises:
        RecordChangedError: somebody else executes it at this moment.
    """
    draft = Draft(KIND, digest, kept.told, after=kept.n)
    (record,) = store.keep([draft], f"removal {kept.state}", {"plan": digest, **(detail or {})})
    kept.n = record.n


def rows_of(store: Store, digest: str) -> pl.DataFrame:
    """ROWS_KEPT of a plan."""
    rows = store.frame_of(KIND, digest, "rows")
    return pl.DataFrame(schema=ROWS_KEPT) if rows is None else rows


def each_of(store: Store, digest: str) -> pl.DataFrame:
    """EACH_KEPT of a plan."""
    each = store.frame_of(KIND, digest, "each")
    return pl.DataFrame(schema=EACH_KEPT) if each is None else each
