"""A raw frame against a snapshot → pairs with levels, hits, and one verdict a row.

A row is kept only when it is proved clean; its verdict is the worst of its subjects'.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import polars as pl

from optout import match
from optout.keys import Blocked, blocked, comparable
from optout.schema import HITS_SCHEMA, REASON, VERDICT, VERDICTS_SCHEMA, typed
from optout.screen import seeds
from optout.screen.own import own_words
from optout.screen.snapshot import Snapshot, in_scope
from optout.screen.stages import stage

_AGREEING: Final = {
    "person": ("same",),
    "address": ("equal",),
    "phone": ("equal",),
    "email": ("equal", "alias"),
    "birth_date": ("equal",),
    "corporate_number": ("equal",),
}
_WORST: Final = {"keep": 0, "review": 1, "withhold": 2}
_FIELD_NAMES: Final = {"person": "name"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the list.

    Attributes:
        policy: `person` or `household`.
        channel: One of the channels, or `any` for the union of all.
        tenant: Whose own list counts beside the global one; None for the global one alone.
    """

    policy: str
    channel: str
    tenant: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What was found.

    Attributes:
        verdicts: One line a row (VERDICTS_SCHEMA), rows in order.
        hits: One line per row, subject and entry that a rule speaks of (HITS_SCHEMA), with `verdict`.
        pairs: Every pair compared: `a` (line of the raw frame), `b` (line of the snapshot), levels, rule, weight.
        seeds: Planted rows, all of them caught.
        own: What rows say of themselves (`row`, `verdict`, `reason`).
    """

    verdicts: pl.DataFrame
    hits: pl.DataFrame
    pairs: pl.DataFrame
    seeds: int
    own: pl.DataFrame


def judge(raw: pl.DataFrame, first_row: int, n_rows: int, snapshot: Snapshot, question: Question) -> Judged:
    """Screen the rows of a raw frame.

    Args:
        raw: A raw frame whose `row` runs from `first_row`, each row at least once.
        first_row: Row number of the first row.
        n_rows: How many rows there are.
        snapshot: The list.
        question: Policy, channel and tenant.

    Returns:
        Verdicts for every row, hits and compared pairs. Depends on each row alone, not on its neighbours.

    Raises:
        SeedMissedError: a planted row was not caught.
    """
    planted = seeds.plant(raw, first_row + n_rows)
    whole = pl.concat([raw, planted.drop("seed")], how="diagonal")
    with stage("keys"):
        probe = blocked(whole, "row", snapshot.blocked)
    with stage("candidates"):
        pairs, crowded = _candidates(probe, snapshot, question, real=raw.height)
    pairs = _decided(pairs, whole, snapshot, question)
    with stage("verdicts"):
        hits = _hits(pairs, whole, snapshot)
        caught = seeds.require_caught(planted, hits.select("row", "request"))
        hits = hits.filter(pl.col("row") < first_row + n_rows)
        own = own_words(raw, probe.usable[: raw.height], probe.flagged[: raw.height], crowded)
        verdicts = _verdicts(hits, own, first_row, n_rows)
    return Judged(verdicts, hits, pairs.filter(pl.col("a") < raw.height), caught, own)


def redecided(judged: Judged, raw: pl.DataFrame, snapshot: Snapshot, answers: pl.DataFrame) -> Judged:
    """The same with what a person has decided of some pairs.

    A pair answered `same` withholds its row. One answered `other` that was under review speaks for keeping it; a
    certain hit stays one, whatever was answered.

    Args:
        judged: From `judge`.
        raw: The raw frame it was made of.
        snapshot: The list it was made against.
        answers: `a`, `b` UInt32 as in `Judged.pairs`, `same` Boolean; no nulls, one line a pair.
    """
    told = judged.pairs.join(answers, on=["a", "b"], how="left", maintain_order="left")
    changed = (
        (pl.col("same") & (pl.col("verdict") != "withhold").fill_null(True), "withhold", "decided_same"),
        (~pl.col("same") & (pl.col("verdict") == "review"), "keep", "decided_other"),
    )
    for case, verdict, reason in changed:
        fits = case.fill_null(False)
        told = told.with_columns(
            pl.when(fits).then(pl.lit(verdict).cast(VERDICT)).otherwise("verdict").alias("verdict"),
            pl.when(fits).then(pl.lit(reason).cast(REASON)).otherwise("reason").alias("reason"),
        )
    hits = _hits(told.drop("same"), raw, snapshot)
    first_row = int(judged.verdicts["row"][0]) if judged.verdicts.height else 0
    verdicts = _verdicts(hits, judged.own, first_row, judged.verdicts.height)
    return Judged(verdicts, hits, told.drop("same"), judged.seeds, judged.own)


def _candidates(
    rows: Blocked, snapshot: Snapshot, question: Question, real: int
) -> tuple[pl.DataFrame, pl.Series]:
    """Pairs (`a` line of the batch, `b` line of the list) that share a blocking key, within scope.

    And the lines of the batch of which not all such pairs are among them.
    """
    scope = in_scope(snapshot.entries, question.channel, question.tenant)
    pairs, crowded = snapshot.blocked.met_by(rows)
    pairs = pairs.filter(scope.gather(pairs["b"]))
    # Planted rows meet planted entries only: no real person is ever held against an invented one.
    met = pairs.filter((pairs["a"] >= real) == snapshot.entries["planted"].gather(pairs["b"]))
    return met, crowded.filter(crowded < real)


def _decided(pairs: pl.DataFrame, raw: pl.DataFrame, snapshot: Snapshot, question: Question) -> pl.DataFrame:
    """Levels, rule, verdict, reason and weight of every pair; lane 2 sees the candidates only."""
    ours, a = _part_of(raw, pairs["a"])
    theirs, b = _part_of(snapshot.raw, pairs["b"])
    # Both sides at once: what reading costs beyond the lines themselves is paid once.
    with stage("comparable"):
        subjects = comparable(pl.concat([ours, theirs], how="diagonal"), snapshot.gazetteer)
    met = pl.DataFrame({"a": a, "b": b + ours.height})
    with stage("compare"):
        levels = match.compare(met, subjects, subjects).drop("a", "b")
    household = snapshot.entries["household"].gather(pairs["b"]).fill_null(False)
    asked = pl.DataFrame({"h": household}).select(
        pl.when("h").then(pl.lit("household")).otherwise(pl.lit("person")).alias("asked")
    )
    known = pl.concat([pairs, levels, asked], how="horizontal")
    known = known.with_columns(
        pl.lit(question.policy).alias("policy"), pl.lit(question.channel).alias("channel")
    )
    with stage("decide"):
        return match.decide(known)


def _part_of(raw: pl.DataFrame, lines: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """The lines that occur, and where each occurrence stands in them."""
    distinct = lines.unique().sort()
    position = distinct.to_frame("line").with_row_index("at")
    at = lines.to_frame("line").join(position, on="line", how="left", maintain_order="left")["at"]
    return raw[distinct], at.cast(pl.UInt32)


def _hits(pairs: pl.DataFrame, raw: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    found = pairs.filter(pl.col("verdict").is_not_null())
    agreeing = pl.sum_horizontal(
        pl.col(field).is_in(levels).fill_null(False).cast(pl.UInt8) * 2**bit
        for bit, (field, levels) in enumerate(_AGREEING.items())
    )
    frame = found.select(
        raw["row"].gather(found["a"]).alias("row"),
        raw["subject"].gather(found["a"]).alias("subject"),
        snapshot.entries["request"].gather(found["b"]).alias("request"),
        "rule",
        "weight",
        _agreed().gather(found.select(agreeing).to_series()).alias("fields"),
        snapshot.entries["channels"].gather(found["b"]).alias("channels"),
        "verdict",
        "reason",
        "a",
        "b",
    )
    return frame.with_columns(typed(HITS_SCHEMA)).sort(
        "row", "subject", "request", "rule", maintain_order=True
    )


@cache
def _agreed() -> pl.Series:
    """The fields of every set of them, the first as the lowest bit: a few lists, looked up by many hits."""
    names = [_FIELD_NAMES.get(field, field) for field in _AGREEING]
    sets = [[name for bit, name in enumerate(names) if which >> bit & 1] for which in range(2 ** len(names))]
    return pl.Series("fields", sets, pl.List(pl.String))


def _verdicts(hits: pl.DataFrame, own: pl.DataFrame, first_row: int, n_rows: int) -> pl.DataFrame:
    """The worst of everything said about each row; rows nothing is said about, or only good, are proved clean."""
    said = pl.concat([hits.select(*VERDICTS_SCHEMA), own], how="diagonal")
    said = said.with_columns(
        pl.col("verdict").replace_strict(_WORST, return_dtype=pl.UInt8).alias("worst"),
        pl.col("request").is_not_null().alias("listed"),
    )
    order = ["row", "worst", "listed", "weight", "request", "rule"]
    worst = said.sort(order, descending=[False, True, True, True, False, False], nulls_last=True)
    worst = worst.unique("row", keep="first", maintain_order=True).select(*VERDICTS_SCHEMA)
    rows = pl.DataFrame({"row": pl.int_range(first_row, first_row + n_rows, dtype=pl.UInt32, eager=True)})
    told = rows.join(worst, on="row", how="left", maintain_order="left")
    return told.with_columns(pl.col("verdict").fill_null(pl.lit("keep").cast(VERDICT))).select(
        typed(VERDICTS_SCHEMA)
    )
