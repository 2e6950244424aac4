"""Rows that were met → what is to be done with each, and for whom.

Only what is certain of the very person is acted on by itself. A key that several people share (a telephone, a house)
never erases the others; doubt waits for a person; a legal hold or a law keeps the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from optout.checks.removal.asked import Asked
from optout.checks.removal.people import People, people
from optout.checks.removal.places import Place
from optout.review import Decisions, items_in, pair_ids
from optout.schema import VERDICT, DType
from optout.screen.judge import Judged
from optout.screen.search import Seen, seen_without
from optout.screen.snapshot import Snapshot

ROWS: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "request": pl.String,
    "rule": pl.String,
    "level": pl.String,
    "action": pl.String,
    "why": pl.String,
    "waits": pl.Boolean,
    "blank": pl.List(pl.UInt32),
}
EACH: Final[dict[str, DType]] = {"row": pl.UInt32, "request": pl.String, "action": pl.String}
ACTING: Final = ("remove", "blank")
LEGAL_HOLD: Final = "legal_hold"
TWO_PEOPLE: Final = "two_people"

# Agrees in a key that people share, while the row names somebody else: who that is a person has to say.
_KEY_ALONE: Final = ("same_email", "same_phone", "same_corporate_number")
_SOMEBODY_ELSE: Final = ("relative", "renamed", "similar", "other")
_TWO: Final = ("relative", "other")
_HOUSEHOLD: Final = ("household_request", "household_policy")
_NAMED_ALIKE: Final = ("same", "former")
_ORDER: Final = ("act", "review", "stay")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Found:
    """What is to be done with the rows of one file or table.

    Attributes:
        rows: ROWS, a line a row of the list, in order: the strongest hit and the action. `why` tells what keeps a row
            (exempt) or why the machine cannot act on a certain hit (review); `waits`: somebody in it has to be decided
            upon; `blank`: columns whose cells go.
        each: EACH, a line per row and request: what is done for that request.
        items: What a person is asked, as `review.items_in` tells it.
        released: Ids of the decisions that let a doubtful row be acted on.
    """

    rows: pl.DataFrame
    each: pl.DataFrame
    items: pl.DataFrame
    released: list[str]

    def __repr__(self) -> str:
        return f"<Found {self.rows.height} rows>"

    @property
    def acting(self) -> pl.DataFrame:
        """The rows that are acted on."""
        return self.rows.filter(pl.col("action").is_in(ACTING))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Judge:
    """What rows are judged by: the same for every holding of a plan, and again when it is verified.

    Attributes:
        asked: The requests.
        snapshot: The list of them.
        decisions: What people have decided of pairs.
        shared: Requests a number of which is in the name of several people somewhere.
    """

    asked: Asked
    snapshot: Snapshot
    decisions: Decisions
    shared: frozenset[str] = frozenset()

    def sharing(self, every: Iterable[Seen]) -> Judge:
        """The same, knowing whose numbers several people share in these lists."""
        shared = {request for seen in every for request in self._shared(seen)}
        return replace(self, shared=self.shared | shared)

    def _shared(self, seen: Seen) -> list[str]:
        if not seen.rows.len():
            return []
        others = (pl.col("phone") == "equal") & pl.col("person").is_in(_TWO)
        met = seen.judged.pairs.filter(others)
        return self._requests(met).unique().to_list()

    def _requests(self, pairs: pl.DataFrame) -> pl.Series:
        return self.snapshot.entries["request"].gather(pairs["b"])

    @property
    def unmatchable(self) -> list[str]:
        """Requests that tell too little to be found in any list: a name alone, say."""
        told = [keys["i"] for keys in self.snapshot.blocked.keys.values()]
        lines = pl.concat(told).unique() if told else pl.Series([], dtype=pl.UInt32)
        known = set(self.snapshot.entries["request"].gather(lines))
        return sorted(set(self.asked.requests) - known - set(self.asked.holds))

    def found(self, seen: Seen, place: Place) -> Found:
        """What is to be done with the rows that were met in a file or table of a holding."""
        if not seen.rows.len():
            items = items_in(self.decisions, seen.judged, seen.raw, self.snapshot)
            return Found(pl.DataFrame(schema=ROWS), pl.DataFrame(schema=EACH), items, [])
        judged = self.decisions.settle(self._doubted(seen), seen.raw, self.snapshot)
        who = people(seen)
        met = _states(self._hits(judged, seen, who), self.asked, place)
        rows = self._parted(_rows(met, who, place), seen, place)
        rows = _with_unsure(rows, judged.own, place)
        each = _each(met, rows)
        waiting = rows.filter("waits")["row"]
        items = items_in(self.decisions, _open(judged, waiting), seen.raw, self.snapshot)
        rows, each, items = (
            frame.with_columns(seen.rows.gather(frame["row"]).alias("row")) for frame in (rows, each, items)
        )
        return Found(rows, each, items, self._released(judged, seen))

    def _parted(self, rows: pl.DataFrame, seen: Seen, place: Place) -> pl.DataFrame:
        """Rows from which one of several people goes: searched again without their cells, they must be gone."""
        blank = rows.filter(pl.col("action") == "blank").select("row", "blank")
        if blank.is_empty():
            return rows
        left = seen_without(seen, blank, self.snapshot)
        still = blank["row"].gather(self.found(left, place).acting["row"])
        return rows.with_columns(
            pl.when(pl.col("row").is_in(still.implode())).then(value).otherwise(name).alias(name)
            for name, value in _INSEPARABLE.items()
        )

    def _doubted(self, seen: Seen) -> Judged:
        """A key alone that agrees with somebody else's row, or with nobody's while several share it, is in doubt."""
        pairs = seen.judged.pairs.with_columns(self._requests(seen.judged.pairs).alias("request"))
        alone = pl.col("reason").is_in(_KEY_ALONE)
        doubt = (alone & pl.col("person").is_in(_SOMEBODY_ELSE)) | (
            (pl.col("reason") == "same_phone") & pl.col("request").is_in(list(self.shared))
        )
        verdict = pl.when(doubt).then(pl.lit("review").cast(VERDICT)).otherwise("verdict").alias("verdict")
        return replace(seen.judged, pairs=pairs.with_columns(verdict).drop("request"))

    def _hits(self, judged: Judged, seen: Seen, who: People) -> pl.DataFrame:
        pairs = judged.pairs.filter(pl.col("verdict").is_in(["withhold", "review"]))
        lines = seen.raw.select("row", "subject")[pairs["a"]]
        agreeing = [
            pl.when(pl.col(field).is_in(levels)).then(pl.lit(told))
            for field, (told, levels) in _AGREEING.items()
        ]
        hits = pairs.select(
            *(lines["row"], lines["subject"], self._requests(pairs).alias("request")),
            *("rule", "weight", "verdict", "reason", pl.col("person").alias("name_level")),
            pl.concat_list(agreeing).list.drop_nulls().list.join("+").alias("level"),
        )
        return hits.join(who.lines, on=["row", "subject"], how="left", maintain_order="left")

    def _released(self, judged: Judged, seen: Seen) -> list[str]:
        told = judged.pairs.filter(pl.col("reason") == "decided_same")
        if told.is_empty():
            return []
        ids = pair_ids(self.decisions.key, self.decisions.scheme, seen.raw[told["a"]], self._requests(told))
        return ids.unique().sort().to_list()


_INSEPARABLE: Final = {
    "action": pl.lit("review"),
    "why": pl.lit(TWO_PEOPLE),
    "waits": pl.lit(value=True),
    "blank": pl.lit(None, pl.List(pl.UInt32)),
}
_AGREEING: Final = {
    "person": ("name", ["same"]),
    "address": ("address", ["equal"]),
    "phone": ("phone", ["equal"]),
    "email": ("email", ["equal", "alias"]),
    "birth_date": ("birth_date", ["equal"]),
    "corporate_number": ("corporate_number", ["equal"]),
}


def _states(hits: pl.DataFrame, asked: Asked, place: Place) -> pl.DataFrame:
    """Hits with `state`: act, review, stay; or hold, unsure_hold of those that are under a legal hold."""
    told = hits.join(asked.scope, on="request", how="left", maintain_order="left")
    hold = pl.col("request").is_in(asked.holds)
    ours = pl.col("tenant").is_null() | (pl.col("tenant") == pl.lit(place.owner, pl.String)).fill_null(False)
    # One client's request is never answered from another client's list.
    seen = ours if place.owner is not None else pl.lit(True)
    certain = pl.col("verdict") == "withhold"
    of_house = pl.col("reason").is_in(_HOUSEHOLD) & ~pl.col("name_level").is_in(_NAMED_ALIKE)
    state = (
        pl.when(hold & certain)
        .then(pl.lit("hold"))
        .when(hold)
        .then(pl.lit("unsure_hold"))
        .when(
            ~(ours & pl.col("whole")).fill_null(False)
            | pl.col("ghost").fill_null(False)
            | (certain & of_house)
        )
        .then(pl.lit("stay"))
        .when(certain)
        .then(pl.lit("act"))
        .otherwise(pl.lit("review"))
    )
    return told.filter(hold | seen).with_columns(state.alias("state"))


def _rows(met: pl.DataFrame, who: People, place: Place) -> pl.DataFrame:
    """One line a row: the strongest hit of these requests, and what to do about it."""
    acted = met.filter(pl.col("state") == "act").select("row", "person").unique()
    open_ = met.filter(pl.col("state") == "review").join(acted, on=["row", "person"], how="anti")
    others = who.present.join(acted, on=["row", "person"], how="anti")
    joint = who.joint.join(acted, on=["row", "person"], how="semi")["row"]
    apart = _blank(acted, others, who, joint)
    lines = _best(met).join(apart, on="row", how="left", maintain_order="left")
    is_in = {
        name: pl.col("row").is_in(rows.implode())
        for name, rows in {
            "hold": met.filter(pl.col("state") == "hold")["row"],
            "unsure_hold": met.filter(pl.col("state") == "unsure_hold")["row"],
            "beside": pl.concat([others["row"], joint]),
            "open": open_["row"],
        }.items()
    }
    act, doubt = pl.col("state") == "act", pl.col("state") == "review"
    kept = is_in["hold"] | ((act | doubt) & pl.lit(bool(place.exempt)))
    cases = [
        (kept, "exempt", pl.when(is_in["hold"]).then(pl.lit(LEGAL_HOLD)).otherwise(pl.lit(place.exempt))),
        (act & is_in["unsure_hold"], "review", pl.lit(LEGAL_HOLD)),
        (act & ~is_in["beside"], "remove", pl.lit(None, pl.String)),
        (act & pl.col("blank").is_not_null(), "blank", pl.lit(None, pl.String)),
        (act, "review", pl.lit(TWO_PEOPLE)),
        (doubt, "review", pl.lit(None, pl.String)),
    ]
    action, why = pl.lit("suppress_only"), pl.lit(None, pl.String)
    for case, what, reason in reversed(cases):
        action = pl.when(case).then(pl.lit(what)).otherwise(action)
        why = pl.when(case).then(reason).otherwise(why)
    told = lines.with_columns(action.alias("action"), why.alias("why"))
    waits = (pl.col("action") == "review") | ((pl.col("action") == "blank") & is_in["open"])
    blank = pl.when(pl.col("action") == "blank").then("blank")
    return told.with_columns(waits.alias("waits"), blank.alias("blank")).select(
        pl.col(name).cast(dtype) for name, dtype in ROWS.items()
    )


def _best(met: pl.DataFrame) -> pl.DataFrame:
    """The strongest hit of each row, of requests that are no hold."""
    order = pl.col("state").replace_strict(
        {state: n for n, state in enumerate(_ORDER)}, return_dtype=pl.UInt8
    )
    lines = met.filter(pl.col("state").is_in(_ORDER)).sort(
        "row", order, "weight", "request", "rule", descending=[False, False, True, False, False]
    )
    return lines.unique("row", keep="first", maintain_order=True)


def _blank(acted: pl.DataFrame, others: pl.DataFrame, who: People, joint: pl.Series) -> pl.DataFrame:
    """`row`, `blank`: the cells of the people acted on that are nobody else's; rows where that can be done."""
    mine = who.cells.join(acted, on=["row", "person"], how="semi")
    theirs = who.cells.join(others, on=["row", "person"], how="semi")
    alone = mine.join(theirs, on=["row", "place"], how="anti").unique(["row", "place"])
    # Who is named in another's cell, or known by another's surname, cannot be parted from them by a machine.
    kept = mine.filter("naming").join(alone, on=["row", "place"], how="anti")["row"]
    bound = who.leaning.join(acted, on=["row", "person"], how="semi")["row"]
    leaning = bound.filter(bound.is_in(others["row"].implode()))
    never = pl.concat([kept, leaning, joint])
    parted = alone.filter(~pl.col("row").is_in(never.implode()))
    return parted.group_by("row").agg(pl.col("place").sort().alias("blank"))


def _with_unsure(rows: pl.DataFrame, own: pl.DataFrame, place: Place) -> pl.DataFrame:
    """And the rows of which not everybody they may be was compared: nobody knows."""
    if own.is_empty():
        return rows
    action = "exempt" if place.exempt else "review"
    settled = rows.filter(pl.col("action") != "suppress_only")
    unsure = own.filter(pl.col("verdict") != "keep", ~pl.col("row").is_in(settled["row"].implode()))
    rows = rows.filter(~pl.col("row").is_in(unsure["row"].implode()))
    told = unsure.select(
        "row",
        pl.lit(action).alias("action"),
        pl.lit(place.exempt or "crowded").alias("why"),
        pl.lit(not place.exempt).alias("waits"),
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in ROWS.items() if name not in told.columns]
    whole = told.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())
    return pl.concat([rows, whole]).sort("row")


def _each(met: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What is done for every request of a row."""
    mine = met.filter(pl.col("state").is_in(_ORDER))
    acted = mine.filter(pl.col("state") == "act").select("row", "person").unique().with_columns(gone=True)
    told = mine.join(acted, on=["row", "person"], how="left").join(rows.select("row", "action"), on="row")
    of_row, state = pl.col("action"), pl.col("state")
    action = (
        pl.when(of_row.is_in(["remove", "exempt"]) | (state != "stay") & (of_row != "blank"))
        .then(of_row)
        .when((of_row == "blank") & pl.col("gone").is_not_null())
        .then(pl.lit("blank"))
        .when(state == "review")
        .then(pl.lit("review"))
        .otherwise(pl.lit("suppress_only"))
    )
    order = {"remove": 0, "blank": 1, "exempt": 2, "review": 3, "suppress_only": 4}
    best = told.with_columns(action.alias("action")).sort(
        "row", "request", pl.col("action").replace_strict(order, return_dtype=pl.UInt8)
    )
    lines = best.unique(["row", "request"], keep="first", maintain_order=True).select(list(EACH))
    nobodys = rows.filter(pl.col("request").is_null()).select(list(EACH))
    return pl.concat([lines, nobodys])


def _open(judged: Judged, waiting: pl.Series) -> Judged:
    """The same with the verdict review for the rows that wait, and for no other."""
    review = pl.col("row").is_in(waiting.implode())
    verdict = pl.when(review).then(pl.lit("review")).otherwise(pl.lit("keep")).cast(VERDICT)
    return replace(judged, verdicts=judged.verdicts.with_columns(verdict.alias("verdict")))
