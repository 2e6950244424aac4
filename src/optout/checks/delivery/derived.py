"""Where the rows of a list come from: every one must stand in a holding that may be provided.

A row stands in a holding when one row there agrees with every identifying cell it fills. So an extract with fewer
columns, in another order or encoding is known, and a row that was edited, or erased from the holding since, is not.
Source: 個人情報保護法 第27条第2項但書: what another provided by opt-out may not be so again, nor anything made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

import polars as pl

from optout import holdings
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.batch.source import Source
from optout.checks.delivery.order import Order
from optout.errors import CheckError, InputError
from optout.register import holding, receipt
from optout.register.holding import Holding
from optout.schema import numbered
from optout.screen.sampled import sampled
from optout.store import Store

_TEXTS: Final = ("name", "kana", "company", "postal", "address", "birth_date")
_NUMBERS: Final = "numbers"
_RECEIVED_BY_OPTOUT: Final = ("optout", "received_by_optout")


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
    """Where rows were found.

    Attributes:
        found: `row` UInt32, `holding` (its id): the first holding each row was found in.
        used: Names of the holdings, in the order of the register.
        reasons: Why the list may not go out.
    """

    found: pl.DataFrame
    used: tuple[str, ...] = ()
    reasons: list[str] = field(default_factory=list)


def origin(store: Store, order: Order, rows: pl.DataFrame, sha256: str | None) -> Origin:
    """Find every row of a list in the register's holdings.

    Args:
        store: Whose register.
        order: Strict: rows found nowhere are a reason. Otherwise only those that are found where they may not be.
        rows: The list as a raw frame.
        sha256: Of its file; a holding with the same bytes need not be read.
    """
    known = _asked(store, order)
    barred = {one.id for one in known if order.basis == "optout" and not may_go_out(store, one)}
    received = _received(store, order, sha256)
    if not order.strict and not barred:
        return Origin(_nothing(), reasons=received)
    left, parts, reasons = _lines(rows), [_nothing()], []
    # What may go out first: a row that stands there, too, needs no other origin.
    for one in sorted(known, key=lambda each: each.id in barred):
        if left.is_empty():
            break
        try:
            stands = _standing(one, left, sha256)
        except (InputError, CheckError) as unread:
            reasons.append(f"holding {one.name} cannot be read ({type(unread).__name__})")
            continue
        parts.append(stands.select("row", pl.lit(one.id).alias("holding")))
        left = left.join(stands, on="line", how="anti")
    found = pl.concat(parts).unique("row", keep="first", maintain_order=True)
    used = tuple(one.name for one in known if one.id in set(found["holding"]))
    return Origin(
        found, used, [*received, *(reasons if len(left) else []), *_refusing(order, found, left, barred)]
    )


def may_go_out(store: Store, one: Holding) -> bool:
    """Whether a holding may be provided by opt-out: neither it nor anything it was made of was received so."""
    return one.basis not in _RECEIVED_BY_OPTOUT and not receipt.barred(store, one.id)


def _received(store: Store, order: Order, sha256: str | None) -> list[str]:
    """The very bytes of a list that came by another's opt-out, held or not."""
    if order.basis != "optout":
        return []
    return [
        f"this very file was received by another's opt-out (receipt {one.id}, 第27条第2項但書)"
        for one in receipt.by_file(store, sha256)
        if not one.deliverable
    ]


def _asked(store: Store, order: Order) -> list[Holding]:
    if order.holdings is None:
        return list(holding.holdings(store).values())
    return [holding.of(store, name) for name in order.holdings]


def _refusing(order: Order, found: pl.DataFrame, left: pl.DataFrame, barred: set[str]) -> list[str]:
    reasons = []
    wrong = found.filter(pl.col("holding").is_in(list(barred)))["row"].unique().sort()
    if len(wrong):
        reasons.append(
            f"{len(wrong)} rows stand only in lists that were received by opt-out (第27条第2項但書), "
            f"first rows {wrong.head(5).to_list()}"
        )
    rows = left["row"].unique().sort()
    if order.strict and len(rows):
        reasons.append(
            f"{len(rows)} rows stand in no registered holding (保有名簿台帳), first rows {rows.head(5).to_list()}"
        )
    return reasons


def _standing(one: Holding, wanted: pl.DataFrame, sha256: str | None) -> pl.DataFrame:
    """`line`, `row` of those that stand in a holding."""
    found, left = [wanted.select("line", "row").clear()], wanted
    for place in _places(one):
        held = holdings.opened(place, one.columns, one.encoding, one.sheet)
        if sha256 is not None and not holding.is_address(place) and held.fingerprint() == sha256:
            return wanted.select("line", "row")
        for theirs in _blocks(held.source(), one):
            found.append(_agreeing(left, theirs))
            left = left.join(found[-1], on="line", how="anti")
            if left.is_empty():
                return wanted.select("line", "row")
    return pl.concat(found)


def _places(one: Holding) -> list[str]:
    return [each for place in one.location for each in holdings.expanded(place)]


def _blocks(source: Source, one: Holding) -> Iterator[pl.DataFrame]:
    sample, blocks = sampled(source)
    mapping = recognise(source.headers, one.columns, (), sample)
    for block in blocks:
        yield _lines(raw(block.frame, mapping, block.first_row))


def _agreeing(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Our lines with which one of theirs agrees in every cell we fill; each pattern of filled cells is one join."""
    found = [ours.select("line", "row").clear()]
    for told in ours.partition_by("told"):
        cells = [name for at, name in enumerate(_TEXTS) if told["told"][0] >> at & 1]
        found.append(_joined(told, theirs, cells))
    return pl.concat(found).unique("line", maintain_order=True)


def _joined(ours: pl.DataFrame, theirs: pl.DataFrame, cells: list[str]) -> pl.DataFrame:
    bare = ours.filter(pl.col(_NUMBERS).list.len() == 0)
    found = [bare.join(theirs, on=cells, how="semi").select("line", "row")] if cells else []
    # By one number and the cells: people of one name are many, of one name and number few.
    told = ours.filter(pl.col(_NUMBERS).list.len() > 0).with_columns(
        pl.col(_NUMBERS).list.first().alias("key")
    )
    there = theirs.select(*cells, pl.col(_NUMBERS).alias("there"), pl.col(_NUMBERS).alias("key")).explode(
        "key"
    )
    met = told.join(there, on=[*cells, "key"])
    beyond = pl.col(_NUMBERS).list.set_difference("there").list.len()
    return pl.concat([*found, met.filter(beyond == 0).select("line", "row").unique()])


def _lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines of a raw frame as they are compared: widths and blanks folded, numbers and addresses as one list."""
    texts = [_folded(name).alias(name) for name in _TEXTS]
    several = [*numbered(rows, "phone"), *numbered(rows, "email")]
    # A hyphen more or less is how a program shows a number; a zero less is an edit, and is not found.
    each = [_folded(name).str.replace_all("[-()‐−ー－]", "") for name in several]
    numbers = pl.concat_list(each).list.drop_nulls() if each else pl.lit([], dtype=pl.List(pl.String))
    lines = rows.select("row", *texts, numbers.alias(_NUMBERS)).with_row_index("line")
    told = reduce(
        lambda sum_, bit: sum_ | bit,
        [pl.col(n).is_not_null().cast(pl.Int32) * (1 << at) for at, n in enumerate(_TEXTS)],
    )
    lines = lines.with_columns(told.alias("told"))
    return lines.filter((pl.col("told") > 0) | (pl.col(_NUMBERS).list.len() > 0))


def _folded(name: str) -> pl.Expr:
    return pl.col(name).str.normalize("NFKC").str.replace_all(r"\s+", "").str.to_lowercase()


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.UInt32, "holding": pl.String})
