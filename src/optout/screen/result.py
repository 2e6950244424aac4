"""What a screen returns: verdicts, hits, the three parts of the list, the files, and the explanation of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch import Source, SplitWriter, WrittenFile
from optout.batch.staged import as_json, placed_after
from optout.schema import HITS_SCHEMA, VERDICTS
from optout.screen import explain
from optout.screen.judge import Judged
from optout.screen.snapshot import Snapshot
from optout.screen.stages import stage
from optout.text import name

REPORT: Final = "report.json"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result:
    """One batch, screened.

    Attributes:
        verdicts: One line per parsed row: `row` UInt32 (0-based, input order), `verdict` Enum(keep, withhold, review),
            `request` String, `rule` String, `weight` Float64 (bits), `reason` Enum; null where the row is kept, unless
            a person has decided so (`decided_other`).
        hits: One line per row, subject and entry a rule speaks of: `row`, `subject` (role), `request`, `rule`,
            `weight`, `fields` List(String) that agree, `channels` List(String) of the request.
        report: Counts by verdict, rule, reason and field, the columns as understood, and what it was screened
            against: plain values, no personal data.
        source: Where the rows came from.
    """

    verdicts: pl.DataFrame
    hits: pl.DataFrame
    report: dict[str, Any]
    source: Source
    _raw: pl.DataFrame
    _judged: Judged
    _snapshot: Snapshot

    def __repr__(self) -> str:
        counts = ", ".join(f"{verdict} {n}" for verdict, n in self.counts.items())
        return f"<Result {counts}, quarantined {self.quarantined.height}>"

    @property
    def counts(self) -> dict[str, int]:
        """Rows by verdict."""
        found = dict(self.verdicts["verdict"].value_counts().iter_rows())
        return {verdict: int(found.get(verdict, 0)) for verdict in VERDICTS}

    @property
    def kept(self) -> pl.DataFrame:
        """Rows proved clean: the input's columns untouched, in input order."""
        return self._part("keep")

    @property
    def withheld(self) -> pl.DataFrame:
        """Rows that must not be used: the input's columns untouched, in input order."""
        return self._part("withhold")

    @property
    def review(self) -> pl.DataFrame:
        """Rows a person has to look at; withheld from delivery until decided."""
        return self._part("review")

    @property
    def quarantined(self) -> pl.DataFrame:
        """Records of a file that could not be read: `line` UInt64 (physical), `why` String. Never counted clean."""
        return self.source.quarantined

    @property
    def subjects(self) -> pl.DataFrame:
        """Who each row speaks of: `row` UInt32, `subject` (role), without those nothing is told of."""
        told = pl.any_horizontal(pl.exclude("row", "subject").is_not_null())
        return self._raw.filter(told).select("row", "subject")

    def joint(self, rows: pl.Series) -> pl.Series:
        """Those of the rows (UInt32) in which one cell names several people (一郎・花子), in row order."""
        lines = self._raw.filter(pl.col("row").is_in(rows.implode()))
        return lines["row"].filter(name.parse(lines["name"])["others"].list.len() > 0)

    @property
    def scheme(self) -> str:
        """Tag of the key scheme the verdicts were made under."""
        return self._snapshot.scheme

    @property
    def revision(self) -> int:
        """Revision of the store the verdicts were made against."""
        return self._snapshot.revision

    def write(self, out: str | Path, encoding: str | None = None) -> dict[str, WrittenFile]:
        """Write kept.csv, withheld.csv, review.csv, quarantined.csv and report.json into a folder.

        Args:
            out: The folder; made if missing. Files of an earlier run are replaced, each at once.
            encoding: Encoding of the CSV files; the input's own by default (then rows keep their very bytes).

        Returns:
            What was written, by name, with row counts and SHA-256.

        Raises:
            UnencodableError: the encoding lacks a character; nothing was written.
            WriteFailedError: the disk is full, or fails; nothing was put under a final name.
        """
        folder = Path(out)
        writer = SplitWriter(self.source, folder, encoding)
        try:
            with stage("write"):
                writer.add(self.source.whole, self.verdicts["verdict"])
                report = self.report | {"files": describe_files(writer.written())}
            with stage("place"), placed_after({folder / REPORT: as_json(report)}):
                return writer.commit()
        finally:
            writer.abort()

    def explain(self, row: int) -> pl.DataFrame:
        """Field by field, why a row was judged as it was.

        Args:
            row: Row number, 0-based.

        Returns:
            One line per compared entry and field: `request`, `subject`, `rule` (null: no rule fits), `verdict`,
            `field`, `row_value`, `entry_value`, `level`, `weight`. It shows personal data: it is for the desk, not
            for a log. Empty when no entry came near.
        """
        return explain.explain(row, self._raw, self._judged.pairs, self._snapshot)

    def _part(self, verdict: str) -> pl.DataFrame:
        return self.source.original.filter(self.verdicts["verdict"] == verdict)


def describe_files(written: Mapping[str, WrittenFile]) -> dict[str, Any]:
    """File names, rows and hashes for a report; names only, no folders."""
    return {name: {"rows": file.rows, "sha256": file.sha256} for name, file in written.items()}


def public_hits(judged: Judged) -> pl.DataFrame:
    """Hits as the public API shows them."""
    return judged.hits.select(*HITS_SCHEMA)
