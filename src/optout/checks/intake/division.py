"""One pass over a list of any size: screened, decisions taken in, looked at, and written as four files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout.batch import Block, Source, SplitWriter, WrittenFile, damage
from optout.batch.columns import ColumnMapping
from optout.batch.raw import raw
from optout.batch.special_care import cells_of_care
from optout.checks.intake.findings import Findings
from optout.checks.intake.shape import Shaped
from optout.errors import ConservationError, SensitiveValueError
from optout.review import Decisions, items_in
from optout.review.item import SCHEMA as ITEMS
from optout.schema import QUARANTINE_SCHEMA, VERDICT, VERDICTS
from optout.screen.judge import Question, judge
from optout.screen.progress import Listener, Meter
from optout.screen.snapshot import Snapshot
from optout.screen.tally import Tally

# Open pairs put before a person at once; the rows of the others stay in review.csv, and come up in the next run.
ITEMS_AT_ONCE: Final = 100_000
_READ_AGAIN: Final = 8 << 20  # bytes of text at a time, when the persons of a list are recorded
_CODES: Final = {verdict: code for code, verdict in enumerate(VERDICTS)}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Division:
    """A list, divided.

    Attributes:
        source: The list as it came.
        shaped: The list as it may be kept.
        mapping: What its columns are.
        report: As of a screen; no personal data.
        findings: See `Findings.report`.
        codes: UInt8, a verdict a parsed row: its place in VERDICTS.
        quarantined: schema.QUARANTINE_SCHEMA.
        items: Open pairs (review.item.SCHEMA), ITEMS_AT_ONCE at most.
        kept_minors: Rows of people under 16 that are kept.
    """

    source: Source
    shaped: Shaped
    mapping: ColumnMapping
    report: dict[str, Any]
    findings: dict[str, Any]
    codes: npt.NDArray[np.uint8]
    quarantined: pl.DataFrame
    items: pl.DataFrame
    kept_minors: int

    @property
    def counts(self) -> dict[str, int]:
        """Rows by verdict."""
        return {verdict: int((self.codes == code).sum()) for verdict, code in _CODES.items()}

    @property
    def verdicts(self) -> pl.DataFrame:
        """`row` UInt32, `verdict`, a line each parsed row, in order."""
        known = pl.Series("verdict", VERDICTS, dtype=VERDICT).gather(pl.Series(self.codes))
        return pl.DataFrame([pl.int_range(len(self.codes), dtype=pl.UInt32, eager=True).alias("row"), known])

    def part(self, verdict: str) -> pl.DataFrame:
        """The rows of one verdict as they may be kept; the list is read again, block by block."""
        code, found = _CODES[verdict], []
        for block in self.shaped.blocks():
            rows = block.frame if block.original is None else block.original
            wanted = self.codes[block.first_row : block.first_row + rows.height] == code
            found.append(rows.filter(pl.Series(wanted, dtype=pl.Boolean)))
        return (
            pl.concat(found) if found else pl.DataFrame(schema=dict.fromkeys(self.shaped.columns, pl.String))
        )

    def persons(self, target_bytes: int = _READ_AGAIN) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
        """Block by block: the raw frame, and the verdict of each line's row. Personal data."""
        known = self.verdicts["verdict"]
        for block in self.source.blocks(target_bytes):
            lines = raw(block.frame, self.mapping, block.first_row)
            yield lines, known.gather(lines["row"])


@dataclass(frozen=True, slots=True)
class Terms:
    """How a list is to be divided.

    Attributes:
        question: Policy, channel, tenant.
        known: What was decided of its pairs before.
        drop_care: Blank cells of special care instead of refusing the list.
        gone: Columns (of `Source.columns`) that are not written.
    """

    question: Question
    known: Decisions
    drop_care: bool
    gone: tuple[str, ...]


class Divider:
    """Reads a list once and writes its four files; nothing has a final name before `commit`.

    Args:
        shaped: The list as it may be kept.
        source: The list as it came.
        mapping: What its columns are.
        snapshot: The suppression list.
        terms: How.
        findings: What is looked for besides.
    """

    def __init__(
        self,
        shaped: Shaped,
        source: Source,
        mapping: ColumnMapping,
        snapshot: Snapshot,
        terms: Terms,
        findings: Findings,
    ) -> None:
        self._shaped, self._source, self._mapping = shaped, source, mapping
        self._snapshot, self._terms, self._findings = snapshot, terms, findings
        self._tally = Tally()
        self._codes: list[npt.NDArray[np.uint8]] = []
        self._quarantined: list[pl.DataFrame] = []
        self._items: list[pl.DataFrame] = []

    def divide(
        self, blocks: Iterator[Block], sample: pl.DataFrame, writer: SplitWriter, progress: Listener | None
    ) -> Division:
        """Screen and write block by block.

        Raises:
            SensitiveValueError: cells of special care, unless they are blanked.
            ConservationError, SeedMissedError: the screen itself failed.
        """
        meter = Meter(self._source, progress)
        for block in blocks:
            self._add(block, writer)
            meter.tell(meter.at(block))
            # The next block is read while this name would still hold this one.
            del block
        rows = self._tally.counts()["rows"]
        meter.end(rows)
        if self._findings.care and not self._terms.drop_care:
            raise SensitiveValueError(*_told(self._findings.care))
        return self._division(sample, rows)

    def _add(self, block: Block, writer: SplitWriter) -> None:
        lines = raw(block.frame, self._mapping, block.first_row)
        judged = judge(lines, block.first_row, block.frame.height, self._snapshot, self._terms.question)
        judged = self._terms.known.settle(judged, lines, self._snapshot)
        if sum(part.height for part in self._items) < ITEMS_AT_ONCE:
            self._items.append(items_in(self._terms.known, judged, lines, self._snapshot))
        judged = self._findings.add(block, lines, judged)
        places = {name: place for place, name in enumerate(self._source.columns)}
        gone = {places[name] for name in self._terms.gone}
        care = cells_of_care(block.frame, self._mapping, block.first_row)
        self._findings.add_care([found for found in care if found.place not in gone])
        self._tally.add(judged, block, damage.found(block.frame, self._mapping, block.first_row))
        verdicts = judged.verdicts["verdict"]
        writer.add(self._shaped.shaped(block), verdicts)
        self._codes.append(verdicts.cast(VERDICT).to_physical().to_numpy().astype(np.uint8))
        self._quarantined.append(block.quarantined)

    def _division(self, sample: pl.DataFrame, rows: int) -> Division:
        codes = np.concatenate([np.empty(0, np.uint8), *self._codes])
        if len(codes) != rows:
            raise ConservationError(rows, len(codes))
        identity_like = self._mapping.identity_like(sample)
        question = self._terms.question
        report = self._tally.report(self._source, self._mapping, identity_like, self._snapshot, question)
        findings = self._findings.report()
        if self._shaped.repaired:
            findings["repaired"] = dict(self._shaped.repaired)
        items = pl.concat([pl.DataFrame(schema=ITEMS), *self._items]).head(ITEMS_AT_ONCE)
        return Division(
            self._source,
            self._shaped,
            self._mapping,
            report,
            findings,
            codes,
            pl.concat([pl.DataFrame(schema=QUARANTINE_SCHEMA), *self._quarantined]),
            items.unique("item", keep="first", maintain_order=True),
            self._findings.kept_minors.count,
        )


def require_whole(division: Division, written: Mapping[str, WrittenFile]) -> None:
    """The four files add up to the records of the list.

    Raises:
        ConservationError: they do not: a defect of optout.
    """
    texts = sum(file.rows for name, file in written.items() if name.endswith(".csv"))
    if texts != division.report["counts"]["records"]:
        raise ConservationError(division.report["counts"]["records"], texts)


def _told(care: list[dict[str, Any]]) -> tuple[list[str], int, tuple[int, ...]]:
    rows = sorted({row for each in care for row in each["rows"]})
    return [each["header"] for each in care], sum(each["count"] for each in care), tuple(rows[:5])
