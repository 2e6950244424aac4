"""Stored decisions → the verdicts of a screen, whole or block by block."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Self

import polars as pl

from optout.review.pair import PURPOSE, pair_ids, row_ids
from optout.schema import REASON, VERDICT
from optout.screen import Result
from optout.screen.judge import Judged, redecided
from optout.screen.result import public_hits
from optout.screen.snapshot import Snapshot
from optout.screen.tally import Tally
from optout.store import Store

KIND: Final = "decision"
ITEM: Final = "P-"


@dataclass(frozen=True, slots=True, repr=False)
class Decisions:
    """What was decided under one scheme, as it stands now.

    Attributes:
        scheme: Tag of the key scheme.
        answers: Item → whether it is the person.
        requests: Those any answer is about; the row's own words too.
    """

    key: bytes = field(repr=False)
    scheme: str
    answers: dict[str, bool]
    requests: frozenset[str]

    def __repr__(self) -> str:
        return f"<Decisions {len(self.answers)} under {self.scheme}>"

    @classmethod
    def of(cls, store: Store, scheme: str) -> Self:
        """The decisions of a store; read once a list."""
        told = {
            item: record.told
            for item, record in store.records(KIND).items()
            if item.startswith(ITEM) and record.told["answer"] and record.told["scheme"] == scheme
        }
        answers = {item: what["answer"] == "same" for item, what in told.items()}
        asked = frozenset(str(what["request"] or what["word"]) for what in told.values())
        return cls(store.digest_key(PURPOSE), scheme, answers, asked)

    def settle(self, judged: Judged, raw: pl.DataFrame, snapshot: Snapshot) -> Judged:
        """The same block with what was decided; the very same object when nothing of it was.

        Args:
            judged: From `screen.judge.judge`.
            raw: The raw frame it was made of.
            snapshot: The list it was made against, of this scheme.
        """
        if not self.answers or snapshot.scheme != self.scheme:
            return judged
        pairs, own = self._pairs(judged, raw, snapshot), self._own(judged, raw)
        if pairs.is_empty() and own is judged.own:
            return judged
        return redecided(replace(judged, own=own), raw, snapshot, pairs)

    def _pairs(self, judged: Judged, raw: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
        """`a`, `b`, `same` of the pairs that were decided."""
        requests = snapshot.entries["request"].gather(judged.pairs["b"])
        met = judged.pairs.select("a", "b", requests.alias("request"))
        met = met.filter(pl.col("request").is_in(list(self.requests)))
        named = met.with_columns(pair_ids(self.key, self.scheme, raw[met["a"]], met["request"]))
        return self._answered(named).select("a", "b", "same")

    def _own(self, judged: Judged, raw: pl.DataFrame) -> pl.DataFrame:
        """What rows say of themselves, with what was decided of it."""
        words = [word for word in self.requests if word in REASON.categories]
        open_ = judged.own.filter(pl.col("verdict") == "review", pl.col("reason").is_in(words))
        if open_.is_empty():
            return judged.own
        told = self._answered(open_.select("row", row_ids(self.key, self.scheme, raw, open_)))
        if told.is_empty():
            return judged.own
        verdict = pl.when("same").then(pl.lit("withhold")).otherwise(pl.lit("keep")).cast(VERDICT)
        reason = pl.when("same").then(pl.lit("decided_same")).otherwise(pl.lit("decided_other")).cast(REASON)
        said = told.select("row", verdict.alias("verdict_told"), reason.alias("reason_told"))
        joined = judged.own.join(said, on="row", how="left", maintain_order="left")
        return joined.select(
            "row",
            pl.coalesce("verdict_told", "verdict").alias("verdict"),
            pl.coalesce("reason_told", "reason").alias("reason"),
        )

    def _answered(self, named: pl.DataFrame) -> pl.DataFrame:
        known = pl.DataFrame(
            {"item": list(self.answers), "same": list(self.answers.values())},
            schema={"item": pl.String, "same": pl.Boolean},
        )
        return named.join(known, on="item", maintain_order="left")


def decided(store: Store, result: Result) -> Result:
    """A screen with what people decided of its pairs.

    Args:
        store: Where the decisions are; read now.
        result: A screen under any policy, channel and tenant.

    Returns:
        The result: rows of pairs answered `same` are withheld (reason `decided_same`); a row all of whose pairs under
        review were answered `other` is kept (`decided_other`, with request and rule). The very same object when
        nothing was decided. Counts in `report` follow.
    """
    known = Decisions.of(store, result.scheme)
    judged = known.settle(result._judged, result._raw, result._snapshot)
    if judged is result._judged:
        return result
    report = Tally().recounted(result.report, judged)
    return replace(result, verdicts=judged.verdicts, hits=public_hits(judged), report=report, _judged=judged)
