"""In which past deliveries a person was: the sealed lines of the ledger, screened by the same engine as any list.

So 渡邉 is found where 渡邊 was delivered, and an old address where the request names it as an identity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import polars as pl

from optout.register import ledger
from optout.register.ledger import Provision
from optout.schema import ENTRY_SCHEMA, DType
from optout.screen.judge import Question, judge
from optout.screen.snapshot import Snapshot, snapshot
from optout.store import Request, Store
from optout.store.history import Past

Asked: TypeAlias = "str | Request | Iterable[str | Request]"

FOUND_SCHEMA: Final[dict[str, DType]] = {
    "provision": pl.String,
    "date": pl.Date,
    "recipient": pl.String,
    "delivery": pl.String,
    "tenant": pl.String,
    "row": pl.UInt32,
    "row_id": pl.String,
    "subject": pl.String,
    "request": pl.String,
    "rule": pl.String,
    "level": pl.String,
    "verdict": pl.String,
    "weight": pl.Float64,
}
_FACTS: Final = ("provision", "date", "recipient", "delivery", "tenant")


def found(store: Store, requests: Asked, policy: str = "person") -> pl.DataFrame:
    """Every past delivery that contained these people.

    Args:
        store: Whose ledger.
        requests: Ids of requests (lifted ones too), or requests that need not be recorded anywhere, such as the
            particulars of somebody who asks for disclosure. A request of one tenant is looked for in that tenant's
            deliveries alone, any other everywhere.
        policy: `person`, or `household` to find relatives at the same address or number too.

    Returns:
        One line per person and request found: `provision`, `date`, `recipient` (its name), `delivery` (納品番号),
        `tenant`, `row` UInt32 and `row_id` (of the delivered list, as the client knows it), `subject` (role),
        `request` (an id, or "asked-1" … for requests that have none), `rule`, `level` (the fields that agree, joined
        by "+"), `verdict` ("withhold" = the person, "review" = perhaps), `weight`. In the order of the ledger.

    Raises:
        SeedMissedError: a planted line was not found; there is no answer.
    """
    entries = _entries(store, [requests] if isinstance(requests, str | Request) else list(requests))
    if entries.is_empty():
        return pl.DataFrame(schema=FOUND_SCHEMA)
    asked = _asked(store, entries)
    own = {rule: keys.filter(pl.col("i") < asked.n_entries) for rule, keys in asked.blocked.keys.items()}
    told = ledger.candidates(store, own)
    tenants = dict.fromkeys(each.tenant for each, _ in told)
    parts = [_within([one for one in told if one[0].tenant == tenant], asked, policy) for tenant in tenants]
    order = pl.DataFrame({"provision": [each.id for each, _ in told]}, schema={"provision": pl.String})
    lines = pl.concat([pl.DataFrame(schema=FOUND_SCHEMA), *parts])
    return order.join(lines, on="provision", maintain_order="left_right").select(*FOUND_SCHEMA)


def _entries(store: Store, given: list[str | Request]) -> pl.DataFrame:
    """Entries of the requests, as they were recorded or as they would be."""
    ids = [one for one in given if isinstance(one, str)]
    untold = [one for one in given if isinstance(one, Request)]
    rows = [row for number, one in enumerate(untold, 1) for row in one.entries(f"asked-{number}")]
    return pl.concat([store.requests(ids), pl.DataFrame(rows, schema=ENTRY_SCHEMA, orient="row")])


def _asked(store: Store, entries: pl.DataFrame) -> Snapshot:
    """A list of these requests alone."""
    head = store.head
    return snapshot(Past(store.path, head.epoch, head.revision, store.gazetteer(), entries))


def _within(told: list[tuple[Provision, pl.DataFrame]], asked: Snapshot, policy: str) -> pl.DataFrame:
    """Who of them is in these deliveries, all of one tenant; they are compared together."""
    every = pl.concat([_with_facts(each, lines) for each, lines in told], how="diagonal")
    # The engine counts rows without a gap; each line is a row of its own.
    raw = every.select(pl.exclude("row", "row_id", *_FACTS))
    raw = raw.insert_column(0, pl.int_range(raw.height, dtype=pl.UInt32, eager=True).alias("row"))
    hits = judge(raw, 0, raw.height, asked, Question(policy, "any", told[0][0].tenant)).hits
    of = every.select("row", "row_id", *_FACTS)[hits["row"]]
    level = pl.col("fields").list.join("+").alias("level")
    whole = pl.concat(
        [hits.select("subject", "request", "rule", level, "verdict", "weight"), of], how="horizontal"
    )
    return whole.select(pl.col(name).cast(dtype) for name, dtype in FOUND_SCHEMA.items())


def _with_facts(each: Provision, lines: pl.DataFrame) -> pl.DataFrame:
    facts = (each.id, each.date, each.recipient.get("name"), each.delivery, each.tenant)
    told = zip(_FACTS, facts, strict=True)
    return lines.with_columns(pl.lit(fact, FOUND_SCHEMA[name]).alias(name) for name, fact in told)
