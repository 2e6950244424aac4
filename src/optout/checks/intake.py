"""Check 2: a list is filtered against every past request before it becomes a holding.

The list stays quarantined until `accept()`; only the kept rows become a holding. Sources: 個人情報保護法 第30条
(confirmation and record of receipt), 第2条第3項 (要配慮個人情報 may not be provided by opt-out).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch import FrameSource, Source, SplitWriter, WrittenFile, open_batch
from optout.batch.columns import sensitive
from optout.batch.staged import as_json, placed_after
from optout.errors import OpenQuestionsError, OptionError, SensitiveColumnError
from optout.register.certificate import canonical
from optout.screen import Columns, Result, describe_files, described, screen
from optout.store import Store

BASES: Final = ("consent", "optout", "individual", "public", "direct")
# The same words as offices and the law write them.
_ALSO_WRITTEN: Final = {
    "opt-out": "optout",
    "opt_out": "optout",
    "received_by_optout": "optout",
    "オプトアウト": "optout",
    "同意": "consent",
    "本人同意": "consent",
    "個人": "individual",
    "公開情報": "public",
    "直接取得": "direct",
}
LEAVE_OUT: Final = ("review", "quarantined")
ACKNOWLEDGE: Final = ("damage",)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Intake:
    """An acquired list, filtered and quarantined.

    Attributes:
        id: Number of the intake; the same for the same list, store revision and particulars.
        result: The screen.
        files: What was written: kept, withheld, review, quarantined.
        record: Supplier, basis, 取得の経緯, hashes, counts: plain values, no personal data.
        open_questions: What must be settled before the list may become a holding.
    """

    id: str
    result: Result
    files: dict[str, WrittenFile]
    record: dict[str, Any]
    open_questions: list[str]
    _store: Store
    _dropped: list[str]

    def __repr__(self) -> str:
        return f"<Intake {self.id}, {len(self.open_questions)} open questions>"

    @property
    def kept(self) -> pl.DataFrame:
        """Rows proved clean."""
        return self.result.kept.drop(self._dropped)

    @property
    def withheld(self) -> pl.DataFrame:
        """Rows of people who asked to be left out."""
        return self.result.withheld.drop(self._dropped)

    @property
    def review(self) -> pl.DataFrame:
        """Rows a person has to look at."""
        return self.result.review.drop(self._dropped)

    @property
    def quarantined(self) -> pl.DataFrame:
        """Records that could not be read: `line`, `why`."""
        return self.result.quarantined

    def accept(self, leave_out: Collection[str] = (), acknowledge: Collection[str] = ()) -> Path:
        """Make the kept rows a holding (保有名簿).

        Args:
            leave_out: `review` and/or `quarantined`: settle those questions by leaving the rows out for good.
            acknowledge: `damage`: hold the rows though a spreadsheet has taken some of their values, for nobody
                has the list as it was. What is left of each row has been screened.

        Returns:
            The file that is now held.

        Raises:
            OpenQuestionsError: something else is open.
            OptionError: `leave_out` or `acknowledge` names something else.
        """
        _require_known("leave_out", leave_out, LEAVE_OUT)
        _require_known("acknowledge", acknowledge, ACKNOWLEDGE)
        settled = {*leave_out, *acknowledge}
        still_open = [q for q in self.open_questions if q.split(":")[0] not in settled]
        if still_open:
            raise OpenQuestionsError(still_open)
        held = self.files["kept.csv"]
        record = self.record | {
            "left_out": sorted(leave_out),
            "acknowledged": sorted(acknowledge),
            "path": str(held.path),
            "held_sha256": held.sha256,
        }
        self._store.save_job("holding", self.id, "held", record)
        return held.path


def intake(
    path: str | Path | pl.DataFrame,
    store: Store,
    supplier: str | Mapping[str, str],
    basis: str,
    history: str,
    out: str | Path,
    policy: str = "person",
    channel: str = "any",
    tenant: str | None = None,
    columns: Columns = None,
    *,
    ignore: Collection[str | int] = (),
    encoding: str | None = None,
    sheet: str | None = None,
    drop_sensitive: bool = False,
    allow_empty: bool = False,
) -> Intake:
    """Filter an acquired list (取得時): four files, a report, and the questions that are open.

    Args:
        path: The list.
        store: The suppression list.
        supplier: 取得元: who handed it over: its name, or a mapping with `name`, `address`, `representative` …
        basis: `consent`, `optout`, `individual`, `public` or `direct`. A list received through another's opt-out
            may not be provided by opt-out again (第27条第2項但書): its record says `deliverable: false`.
        history: 取得の経緯: how the supplier came by it.
        out: Folder for kept.csv, withheld.csv, review.csv, quarantined.csv, report.json and intake.json.
        policy, channel, tenant, columns, ignore, encoding, sheet, allow_empty: As for `screen`.
        drop_sensitive: Leave columns of special care out of everything that is written, instead of refusing the list.

    Returns:
        The intake, still quarantined.

    Raises:
        SensitiveColumnError: columns of special care, unless `drop_sensitive`.
        OptionError: an unknown basis.
        WriteFailedError: the disk is full, or fails; nothing was put under a final name.
        As `screen`.
    """
    basis = _ALSO_WRITTEN.get(basis, basis)
    if basis not in BASES:
        raise OptionError("basis", BASES)
    particulars = {"name": supplier} if isinstance(supplier, str) else dict(supplier)
    source = open_batch(path, encoding, columns, sheet)
    dropped = sensitive(source.headers)
    if dropped and not drop_sensitive:
        raise SensitiveColumnError(dropped)
    result = screen(
        source,
        store,
        policy,
        channel,
        tenant,
        columns,
        ignore=[*ignore, *dropped],
        allow_empty=allow_empty,
    )
    gone = [name for name, header in zip(source.columns, source.headers, strict=True) if header in dropped]
    record = _record(source, dropped, result, store, particulars, basis, history)
    questions = _questions(result, particulars.get("name") or "", history)
    identity = hashlib.sha256(canonical({**record, "received": None})).hexdigest()[:12]
    told = record | {"id": f"I-{identity}", "open_questions": questions}
    files = _written(result, gone, dropped, told, Path(out))
    store.save_job("intake", f"I-{identity}", "quarantined", record)
    return Intake(f"I-{identity}", result, files, record, questions, store, gone)


def _require_known(option: str, given: Collection[str], allowed: tuple[str, ...]) -> None:
    if unknown := set(given) - set(allowed):
        raise OptionError(f"{option} ({len(unknown)} unknown)", allowed)


def _written(
    result: Result, gone: list[str], dropped: list[str], told: Mapping[str, Any], folder: Path
) -> dict[str, WrittenFile]:
    """The four files, report.json and intake.json: on the disk first, then each under its name.

    A record that could not be read cannot be rid of a column either: quarantined.csv tells its line and why instead.
    """
    source = result.source
    rows = _without(source, gone) if gone else source
    writer = SplitWriter(rows, folder, source.encoding)
    try:
        writer.add(replace(rows.whole, quarantined=source.quarantined), result.verdicts["verdict"])
        report = result.report | {"files": describe_files(writer.written()), "dropped": dropped}
        with placed_after({folder / "report.json": as_json(report), folder / "intake.json": as_json(told)}):
            return writer.commit()
    finally:
        writer.abort()


def _without(source: Source, gone: list[str]) -> Source:
    """The rows without some columns, to be written as the file was."""
    frame = source.original.drop(gone)
    if source.delimiter is not None and frame.width > 1:
        # A blank cell of a text file is nothing between two delimiters; a whole line of nothing would be no record.
        frame = frame.with_columns(pl.all().replace("", None))
    rest = FrameSource(source.name, frame)
    kept = [place for place, name in enumerate(source.columns) if name not in gone]
    rest.headers = [source.headers[place] for place in kept]
    rest.path, rest.sha256 = source.path, source.sha256
    rest.delimiter, rest.eol = source.delimiter, source.eol
    return rest


def _record(
    source: Source,
    dropped: list[str],
    result: Result,
    store: Store,
    supplier: dict[str, str],
    basis: str,
    history: str,
) -> dict[str, Any]:
    return {
        "supplier": supplier,
        "basis": basis,
        "history": history,
        "deliverable": basis != "optout",
        "received": store.now().date().isoformat(),
        "list": described(source) | {"records": source.records},
        "counts": result.counts | {"quarantined": source.quarantined.height},
        "items": [header for header in source.headers if header not in dropped],
        "dropped": dropped,
        "damage": result.report["damage"],
        "against": result.report["against"],
    }


def _questions(result: Result, supplier: str, history: str) -> list[str]:
    """What is open; each begins with the word that settles it."""
    counts, questions = result.counts, []
    if not supplier.strip():
        questions.append("supplier: who handed the list over (取得元) is not told")
    if not history.strip():
        questions.append("history: how the supplier came by it (取得の経緯) is not told")
    if counts["review"]:
        questions.append(f"review: {counts['review']} rows are undecided")
    if result.quarantined.height:
        questions.append(f"quarantined: {result.quarantined.height} records could not be read")
    if lost := [line for line in result.report["damage"] if line["action"] == "lost"]:
        questions.append(_lost(lost))
    if result.report["identity_like"]:
        questions.append(
            f"columns: {', '.join(result.report['identity_like'])} look like identity, not mapped"
        )
    return questions


def _lost(lines: list[dict[str, Any]]) -> str:
    """Values a spreadsheet took, by column; the supplier may still have them."""
    cells = sum(line["count"] for line in lines)
    told = ", ".join(f"{line['header']} ({line['kind']}, {line['count']})" for line in lines)
    return f"damage: {cells} values were lost in a spreadsheet: {told}; ask for the list with these columns as text"
