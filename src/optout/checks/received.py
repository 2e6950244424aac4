"""In which lists that were received a person was: the sealed lines of the receipt records, screened as any list is."""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.checks.search import Who, entries_of
from optout.register import receipt
from optout.register.receipt import ReceiptRecord
from optout.schema import DType
from optout.screen.judge import Question, judge
from optout.screen.snapshot import Snapshot, snapshot
from optout.store import Store
from optout.store.history import Past

FOUND_SCHEMA: Final[dict[str, DType]] = {
    "receipt": pl.String,
    "date": pl.Date,
    "supplier": pl.String,
    "row": pl.UInt32,
    "subject": pl.String,
    "request": pl.String,
    "rule": pl.String,
    "level": pl.String,
    "verdict": pl.String,
    "weight": pl.Float64,
}


def found(store: Store, requests: Who, policy: str = "person") -> pl.DataFrame:
    """Every list received that contained these people, withheld rows included.

    Args:
        store: Whose register.
        requests: Ids of requests (lifted ones too), or particulars of somebody, recorded nowhere.
        policy: `person` or `household`.

    Returns:
        One line per person and request found: `receipt`, `date`, `supplier` (its name), `row` UInt32 (of the list as
        it was received), `subject` (role), `request`, `rule`, `level` (the fields that agree, joined by "+"), `verdict`
        ("withhold" = the person, "review" = perhaps), `weight`. In the order of the register.

    Raises:
        UnknownRequestError: an id is not in the store.
        SeedMissedError: a planted line was not found; there is no answer.
    """
    head = store.head
    entries = entries_of(store, requests)
    asked = snapshot(Past(store.path, head.epoch, head.revision, store.gazetteer(), entries))
    own = {rule: keys.filter(pl.col("i") < asked.n_entries) for rule, keys in asked.blocked.keys.items()}
    lines = [_within(known, part, asked, policy) for known, part in receipt.candidates(store, own)]
    return pl.concat([pl.DataFrame(schema=FOUND_SCHEMA), *lines])


def _within(known: ReceiptRecord, lines: pl.DataFrame, asked: Snapshot, policy: str) -> pl.DataFrame:
    """Who of them is in one part of a receipt."""
    # A row that held two people is two lines; the engine counts rows without a gap.
    numbers = pl.int_range(lines.height, dtype=pl.UInt32, eager=True).alias("row")
    raw = lines.drop("row", "verdict").insert_column(0, numbers)
    hits = judge(raw, 0, lines.height, asked, Question(policy, "any", None)).hits
    told = hits.select(
        pl.lit(known.id).alias("receipt"),
        pl.lit(known.received).alias("date"),
        pl.lit(known.supplier.get("name"), pl.String).alias("supplier"),
        lines["row"].gather(hits["row"]).alias("row"),
        *("subject", "request", "rule"),
        pl.col("fields").list.join("+").alias("level"),
        *("verdict", "weight"),
    )
    return told.select(pl.col(name).cast(dtype) for name, dtype in FOUND_SCHEMA.items())
