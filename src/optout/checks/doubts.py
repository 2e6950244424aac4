"""Rows of past deliveries that perhaps hold the person: put before somebody, and what was decided taken in.

A decision is about the pair of a person and a request, so what was decided of a list that came in holds here, too.
"""

from __future__ import annotations

import polars as pl

from optout.register import ledger
from optout.review import Decisions, items_in, keep_items
from optout.schema import VERDICT
from optout.screen.judge import Judged, Question, judge
from optout.screen.snapshot import Snapshot, snapshot
from optout.store import Store
from optout.store.history import Past

_PAIR = ("provision", "row", "subject", "request")
_LISTED = "提供 {}"  # what a delivery is called in the review


def settled(store: Store, found: pl.DataFrame) -> pl.DataFrame:
    """Take in what was decided of doubtful rows, and put the others before somebody.

    Args:
        store: Whose ledger and decisions.
        found: From `provided.found` of recorded requests.

    Returns:
        The same lines: a pair decided `same` is "withhold" now, one decided `other` is gone, an open one is "review".
    """
    doubtful = found.filter(pl.col("verdict") == "review")
    if doubtful.is_empty():
        return found
    tenants = doubtful["tenant"].unique(maintain_order=True)
    parts = [_of_tenant(store, doubtful.filter(pl.col("tenant").eq_missing(tenant))) for tenant in tenants]
    sure = found.filter(pl.col("verdict") != "review")
    return pl.concat([sure, *parts], how="vertical_relaxed")


def _of_tenant(store: Store, doubtful: pl.DataFrame) -> pl.DataFrame:
    """The deliveries of one tenant, compared together."""
    lines = _lines(store, doubtful)
    asked = _asked(store, doubtful["request"].unique(maintain_order=True).to_list())
    decisions = Decisions.of(store, asked.scheme)
    raw = lines.drop("provision", "at", "row_id")
    question = Question("person", "any", doubtful["tenant"][0])
    judged = decisions.settle(judge(raw, 0, raw.height, asked, question), raw, asked)
    _keep_open(store, lines, items_in(decisions, judged, raw, asked))
    return doubtful.drop("verdict").join(_verdicts(lines, judged), on=list(_PAIR)).select(doubtful.columns)


def _lines(store: Store, doubtful: pl.DataFrame) -> pl.DataFrame:
    """The persons in doubt as a raw frame: `row` counts them, `at` is the row of the delivered list."""
    parts = []
    for (provision,), rows in doubtful.group_by("provision", maintain_order=True):
        subjects = ledger.subjects(store, str(provision))
        mine = subjects.join(
            rows.select("row", "subject"), on=["row", "subject"], how="semi", maintain_order="left"
        )
        parts.append(mine.rename({"row": "at"}).with_columns(pl.lit(provision, pl.String).alias("provision")))
    whole = pl.concat(parts, how="diagonal")
    return whole.insert_column(0, pl.int_range(whole.height, dtype=pl.UInt32, eager=True).alias("row"))


def _asked(store: Store, requests: list[str]) -> Snapshot:
    head = store.head
    entries = store.requests(requests)
    return snapshot(Past(store.path, head.epoch, head.revision, store.gazetteer(), entries))


def _verdicts(lines: pl.DataFrame, judged: Judged) -> pl.DataFrame:
    """The pair of a person and a request → its verdict: the worst that is left."""
    hits = judged.hits.filter(pl.col("verdict") != "keep").select("row", "request", "verdict")
    worst = hits.sort(pl.col("verdict") == "withhold", descending=True).unique(
        ["row", "request"], keep="first"
    )
    where = lines.select("row", "provision", "at", "subject")
    told = worst.join(where, on="row").select(
        "provision", pl.col("at").alias("row"), "subject", "request", "verdict"
    )
    return told.with_columns(pl.col("verdict").cast(VERDICT).cast(pl.String))


def _keep_open(store: Store, lines: pl.DataFrame, found: pl.DataFrame) -> None:
    """What is open of each delivery, by the rows of the list as it went out."""
    pairs = found.filter(pl.col("request").is_not_null())
    named = pairs.join(lines.select("row", "provision", "at"), on="row", how="left", maintain_order="left")
    for provision in lines["provision"].unique(maintain_order=True):
        part = named.filter(provision=provision).with_columns(pl.col("at").alias("row"))
        keep_items(store, _LISTED.format(provision), part.select(found.columns))
