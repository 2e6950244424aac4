"""An acquired list, quarantined, until it is accepted as a holding."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch import Source, WrittenFile
from optout.batch.encoding import sha256
from optout.batch.heading import Columns
from optout.checks.intake.division import Division
from optout.checks.intake.particulars import Particulars
from optout.checks.intake.questions import still_open
from optout.errors import HoldingChangedError, OpenQuestionsError, UnreadableFileError
from optout.register import holding, receipt
from optout.register.holding import Holding
from optout.register.receipt import ReceiptRecord
from optout.store import Store

# Lines of persons kept as one part of a receipt record: what is in memory at once.
_PART: Final = 100_000


def list_name(source: Source, intake: str) -> str:
    """What the open pairs of a list are kept under: the same whenever the same file is taken in again."""
    return f"{source.name} ({source.sha256[:8]})" if source.sha256 else intake


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Intake:
    """An acquired list, filtered and quarantined.

    Attributes:
        id: Number of the intake; the same for the same list, store revision and particulars.
        result: How it was divided: `report`, `counts`, `verdicts`, `findings`.
        files: What was written: kept, withheld, review, quarantined.
        record: Supplier, basis, 取得の経緯, hashes, counts, findings: plain values, no row of the list.
        open_questions: What must be settled before the list may become a holding.
        particulars: How it was acquired.
    """

    id: str
    result: Division
    files: dict[str, WrittenFile]
    record: dict[str, Any]
    open_questions: list[str]
    particulars: Particulars
    _store: Store
    _columns: Columns = None

    def __repr__(self) -> str:
        return f"<Intake {self.id}, {len(self.open_questions)} open questions>"

    @property
    def kept(self) -> pl.DataFrame:
        """Rows proved clean."""
        return self.result.part("keep")

    @property
    def withheld(self) -> pl.DataFrame:
        """Rows of people who asked to be left out."""
        return self.result.part("withhold")

    @property
    def review(self) -> pl.DataFrame:
        """Rows a person has to look at; the pairs to decide wait under `list_name`."""
        return self.result.part("review")

    @property
    def list_name(self) -> str:
        """What its open pairs are kept under: `optout.review.waiting(store, intake.list_name)`."""
        return list_name(self.result.source, self.id)

    @property
    def quarantined(self) -> pl.DataFrame:
        """Records that could not be read: `line`, `why`."""
        return self.result.quarantined

    def accept(
        self,
        leave_out: Collection[str] = (),
        acknowledge: Collection[str] = (),
        *,
        name: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Path:
        """Make the kept rows a holding (保有名簿), and write the receipt record of the list (第30条).

        First the receipt record with everybody who stood in the list, then the holding in its register. Done again,
        it changes nothing.

        Args:
            leave_out: `review` and/or `quarantined`: settle those questions by leaving the rows out for good.
            acknowledge: `damage`: hold the rows though a spreadsheet has taken some of their values, for nobody
                has the list as it was; what is left of each row has been screened. `minors`: hold the rows of people
                under 16.
            name: What the holding is called; by default the list's name and the number of the intake.
            facts: What else the register of holdings should know: `entity`, `purpose`, `responsible`, `retention`,
                `owner` …

        Returns:
            The file that is now held.

        Raises:
            OpenQuestionsError: something else is open.
            OptionError: `leave_out` or `acknowledge` names something else, or a holding has this name.
            HoldingChangedError: kept.csv is no longer what was written.
            UnreadableFileError: the list itself has changed since it was read.
        """
        if remaining := still_open(self.open_questions, leave_out, acknowledge):
            raise OpenQuestionsError(remaining)
        held = self._held()
        written = self._receipt(held)
        self._register(held, written, name, facts or {})
        record = self.record | {
            "left_out": sorted(leave_out),
            "acknowledged": sorted(acknowledge),
            "path": str(held.path),
            "held_sha256": held.sha256,
            "receipt_id": written.id,
        }
        self._store.save_job("holding", self.id, "held", record)
        return held.path

    def _held(self) -> WrittenFile:
        held = self.files["kept.csv"]
        if not held.path.exists() or sha256(held.path) != held.sha256:
            raise HoldingChangedError(held.path.name)
        return held

    def _receipt(self, held: WrittenFile) -> ReceiptRecord:
        listed = {
            "name": self.record["list"]["name"],
            "sha256": self.record["list"]["sha256"],
            "held_sha256": held.sha256,
            "records": self.record["list"]["records"],
        }
        made = self.particulars.receipt(self.id, listed, self.record["items"])
        if not self.result.source.unchanged():
            raise UnreadableFileError(listed["name"], "changed since it was screened", "Take it in again.")
        return receipt.record(self._store, made, self._persons())

    def _persons(self) -> Iterator[pl.DataFrame]:
        """Everybody who stood in the list, a part at a time."""
        waiting: list[pl.DataFrame] = []
        for lines, verdicts in self.result.persons():
            waiting.append(receipt.subject_lines(lines, verdicts))
            if sum(part.height for part in waiting) >= _PART:
                yield pl.concat(waiting)
                waiting = []
        if waiting:
            yield pl.concat(waiting)

    def _register(
        self, held: WrittenFile, written: ReceiptRecord, name: str | None, facts: Mapping[str, Any]
    ) -> None:
        """Put the kept rows into the register of holdings, unless this intake stands there already."""
        known = holding.holdings(self._store, retired=True).values()
        if any(one.origin.get("intake") == self.id for one in known):
            return
        made = Holding(
            name=name or f"{self.record['list']['name']} {self.id}",
            location=(str(held.path),),
            items=tuple(self.record["items"]),
            basis=self.particulars.basis,
            origin={
                "intake": self.id,
                "receipt": written.id,
                "supplier": written.supplier.get("id") or written.supplier.get("name") or None,
                "deliverable": written.deliverable,
                "received": written.received.isoformat(),
            },
            encoding=self.result.source.encoding,
            owner=self.record["against"]["tenant"],
            columns=self._columns,
        )
        holding.add(self._store, replace(made, **facts))
