"""Everything countable about a screen: the report, the same for one frame and for a stream of blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from optout.batch import Block, Source, damage
from optout.batch.columns import ColumnMapping, describe
from optout.errors import ConservationError
from optout.schema import CHANNELS, VERDICTS
from optout.screen.judge import Judged, Question
from optout.screen.snapshot import Snapshot

# Why a row is withheld, the strongest first: as the person asked, or only because somebody did of the household.
POLICIES: Final = ("person", "household_request", "household_policy", "row")
_HOUSEHOLD: Final = POLICIES[1:3]


def counted(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """How often each value of a column occurs, nulls apart, sorted by value."""
    each = frame.select(column).drop_nulls().group_by(column).len()
    return dict(each.with_columns(pl.col(column).cast(pl.String)).sort(column).iter_rows())


class Tally:
    """Counts of one screen, added up block by block. No personal data."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._damage: list[pl.DataFrame] = []
        self._seeds = 0

    def add(self, judged: Judged, block: Block, damaged: pl.DataFrame) -> None:
        """Count the verdicts of a block, and the cells a spreadsheet has changed.

        Args:
            judged: Its verdicts.
            block: The block.
            damaged: From `damage.found`.

        Raises:
            ConservationError: not one verdict per parsed row.
        """
        verdicts = judged.verdicts
        if verdicts.height != block.frame.height or verdicts["row"].n_unique() != block.frame.height:
            raise ConservationError(block.frame.height, verdicts.height)
        self._add_judged(judged)
        self._counts.update({("why", value): n for value, n in counted(block.quarantined, "why").items()})
        self._counts["quarantined", ""] += block.quarantined.height
        self._counts["records", ""] += block.records
        self._damage.append(damaged)
        self._seeds = max(self._seeds, judged.seeds)

    def _add_judged(self, judged: Judged) -> None:
        verdicts, fields = judged.verdicts, judged.hits.select(pl.col("fields").explode())
        told = {"verdict": verdicts, "rule": verdicts, "reason": verdicts, "fields": fields}
        for column, frame in told.items():
            self._counts.update({(column, value): n for value, n in counted(frame, column).items()})
        for kind, each in scopes(judged).items():
            self._counts.update({(kind, value): n for value, n in each.items()})
        self._counts["rows", ""] += verdicts.height

    def recounted(self, report: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
        """A report of the same rows under other verdicts; call it on a new tally."""
        self._add_judged(judged)
        before = report["counts"]
        self._counts["quarantined", ""] = before["quarantined"]
        self._counts["records", ""] = before["records"]
        return {**report, "counts": self.counts(), **self._by()}

    def counts(self) -> dict[str, int]:
        """Rows by verdict, rows in all, quarantined, records.

        Raises:
            ConservationError: keep + withhold + review + quarantined is not what the file holds.
        """
        verdicts = {verdict: self._counts["verdict", verdict] for verdict in VERDICTS}
        rows, quarantined, records = (self._counts[what, ""] for what in ("rows", "quarantined", "records"))
        if sum(verdicts.values()) != rows or rows + quarantined != records:
            raise ConservationError(records, sum(verdicts.values()) + quarantined)
        return verdicts | {"rows": rows, "quarantined": quarantined, "records": records}

    def report(
        self,
        source: Source,
        mapping: ColumnMapping,
        identity_like: list[str],
        snapshot: Snapshot,
        question: Question,
    ) -> dict[str, Any]:
        """The report; the same bytes for the same input and revision."""
        return {
            "list": described(source),
            "counts": self.counts(),
            **self._by(),
            "quarantine": self._of("why"),
            "columns": [{"header": h, "field": field, "role": role} for h, field, role in describe(mapping)],
            "decisions": [*source.remarks, *mapping.decisions],
            "damage": damage.told(self._damage),
            "unmapped": list(mapping.unmapped),
            "identity_like": identity_like,
            "against": against(snapshot, question),
            "seeds": self._seeds,
        }

    def _by(self) -> dict[str, Any]:
        return {
            "by_rule": self._of("rule"),
            "by_reason": self._of("reason"),
            "by_field": self._of("fields"),
            "by_channel": self._by_channel(),
            "by_policy": self._of("policy"),
        }

    def _by_channel(self) -> dict[str, dict[str, int]]:
        """Channel → rows withheld and under review by requests that cover it; a row counts for each of them."""
        told = {verdict: self._of(f"channel {verdict}") for verdict in VERDICTS[1:]}
        each = {c: {verdict: n[c] for verdict, n in told.items() if c in n} for c in CHANNELS}
        return {channel: n for channel, n in each.items() if n}

    def _of(self, kind: str) -> dict[str, int]:
        return {value: n for (of, value), n in sorted(self._counts.items()) if of == kind and n}


def scopes(judged: Judged) -> dict[str, dict[str, int]]:
    """What decided the rows, as far as requests reach.

    Returns:
        `channel withhold`, `channel review`: channel → rows that a deciding request covers it for; `policy`: the
        strongest of POLICIES → withheld rows.
    """
    rows, verdicts = judged.verdicts["row"], judged.verdicts["verdict"]
    hits = judged.hits.select("row", "verdict", "reason", "fields", "channels")
    first_row = rows[0] if len(rows) else 0
    deciding = hits.filter(hits["verdict"] == verdicts.gather(hits["row"] - first_row))
    of_verdict = {verdict: pl.col("verdict") == verdict for verdict in VERDICTS[1:]}
    covered = {channel: pl.col("channels").list.contains(channel).alias(channel) for channel in CHANNELS}
    reached = deciding.select("row", "verdict", *covered.values())
    found = {
        f"channel {verdict}": reached.select(
            pl.col("row").filter(pl.col(channel) & of_it).n_unique().alias(channel) for channel in covered
        ).row(0, named=True)
        for verdict, of_it in of_verdict.items()
    }
    strongest = _withheld(deciding).group_by("row").agg(pl.col("place").min())["place"]
    each = {POLICIES[place]: n for place, n in strongest.value_counts().iter_rows()}
    own = judged.verdicts.filter(of_verdict["withhold"], pl.col("request").is_null()).height
    return found | {"policy": each | {POLICIES[3]: own}}


def _withheld(deciding: pl.DataFrame) -> pl.DataFrame:
    """`row`, `place` in POLICIES of every hit that withholds; who asked for a household asked in person too."""
    reason = pl.col("reason").cast(pl.String)
    apart = ~pl.col("fields").list.contains("name")
    place = [pl.when((reason == word) & apart).then(at) for at, word in enumerate(_HOUSEHOLD, 1)]
    withheld = deciding.filter(pl.col("verdict") == "withhold")
    return withheld.select("row", pl.coalesce(*place, pl.lit(0)).cast(pl.Int32).alias("place"))


def described(source: Source) -> dict[str, str | None]:
    """What a list is called and how it is written; null where that does not apply."""
    return {
        "name": source.name,
        "sha256": source.sha256,
        "sheet": source.sheet,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "eol": source.eol,
    }


def against(snapshot: Snapshot, question: Question) -> dict[str, Any]:
    """The list, rules and question a verdict holds for."""
    return {
        "epoch": snapshot.epoch,
        "revision": snapshot.revision,
        "entries": snapshot.n_entries,
        "scheme": snapshot.scheme,
        "policy": question.policy,
        "channel": question.channel,
        "tenant": question.tenant,
    }
