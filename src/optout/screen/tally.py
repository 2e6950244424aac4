"""Everything countable about a screen: the report, the same for one frame and for a stream of blocks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl

from optout.batch import Block, Source, damage
from optout.batch.columns import ColumnMapping, describe
from optout.errors import ConservationError
from optout.schema import VERDICTS
from optout.screen.judge import Judged, Question
from optout.screen.snapshot import Snapshot


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

    def add(self, judged: Judged, block: Block, mapping: ColumnMapping) -> None:
        """Count the verdicts of a block, and the cells a spreadsheet has changed.

        Raises:
            ConservationError: not one verdict per parsed row.
        """
        verdicts = judged.verdicts
        if verdicts.height != block.frame.height or verdicts["row"].n_unique() != block.frame.height:
            raise ConservationError(block.frame.height, verdicts.height)
        fields = judged.hits.select(pl.col("fields").explode())
        told = {"verdict": verdicts, "rule": verdicts, "reason": verdicts, "fields": fields}
        for column, frame in {**told, "why": block.quarantined}.items():
            self._counts.update({(column, value): n for value, n in counted(frame, column).items()})
        self._counts["rows", ""] += verdicts.height
        self._counts["quarantined", ""] += block.quarantined.height
        self._counts["records", ""] += block.records
        self._damage.append(damage.found(block.frame, mapping, block.first_row))
        self._seeds = max(self._seeds, judged.seeds)

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
            "by_rule": self._of("rule"),
            "by_reason": self._of("reason"),
            "by_field": self._of("fields"),
            "quarantine": self._of("why"),
            "columns": [{"header": h, "field": field, "role": role} for h, field, role in describe(mapping)],
            "decisions": [*source.remarks, *mapping.decisions],
            "damage": damage.told(self._damage),
            "unmapped": list(mapping.unmapped),
            "identity_like": identity_like,
            "against": against(snapshot, question),
            "seeds": self._seeds,
        }

    def _of(self, kind: str) -> dict[str, int]:
        return {value: n for (of, value), n in sorted(self._counts.items()) if of == kind and n}


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
