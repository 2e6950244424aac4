"""Check 2: a list is filtered against every past request before it becomes a holding.

The list stays quarantined until `accept()`; only the kept rows become a holding. Sources: 個人情報保護法 第30条
(confirmation and record of receipt), 第2条第3項 (要配慮個人情報 may not be provided by opt-out).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch import Source, WrittenFile, open_batch, write_atomically, write_json_atomically, write_split
from optout.batch.columns import sensitive
from optout.batch.writer import QUARANTINED
from optout.errors import OpenQuestionsError, OptionError, SensitiveColumnError
from optout.register.certificate import canonical
from optout.screen import Columns, Result, describe_files, screen
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

    def accept(self, leave_out: Collection[str] = ()) -> Path:
        """Make the kept rows a holding (保有名簿).

        Args:
            leave_out: `review` and/or `quarantined`: settle those questions by leaving the rows out for good.

        Returns:
            The file that is now held.

        Raises:
            OpenQuestionsError: something else is open.
            OptionError: `leave_out` names something else.
        """
        if unknown := set(leave_out) - set(LEAVE_OUT):
            raise OptionError(f"leave_out ({len(unknown)} unknown)", LEAVE_OUT)
        still_open = [q for q in self.open_questions if q.split(":")[0] not in leave_out]
        if still_open:
            raise OpenQuestionsError(still_open)
        held = self.files["kept.csv"]
        record = self.record | {
            "left_out": sorted(leave_out),
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
    ignore: Collection[str] = (),
    encoding: str | None = None,
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
        policy, channel, tenant, columns, ignore, encoding, allow_empty: As for `screen`.
        drop_sensitive: Leave columns of special care out of everything that is written, instead of refusing the list.

    Returns:
        The intake, still quarantined.

    Raises:
        SensitiveColumnError: columns of special care, unless `drop_sensitive`.
        OptionError: an unknown basis.
        As `screen`.
    """
    basis = _ALSO_WRITTEN.get(basis, basis)
    if basis not in BASES:
        raise OptionError("basis", BASES)
    particulars = {"name": supplier} if isinstance(supplier, str) else dict(supplier)
    source = open_batch(path, encoding=encoding)
    dropped = sensitive(source.headers)
    if dropped and not drop_sensitive:
        raise SensitiveColumnError(dropped)
    result = screen(
        path,
        store,
        policy,
        channel,
        tenant,
        columns,
        ignore=[*ignore, *dropped],
        encoding=encoding,
        allow_empty=allow_empty,
    )
    source, folder = result.source, Path(out)
    gone = [name for name, header in zip(source.columns, source.headers, strict=True) if header in dropped]
    files = (
        _written_without(result, gone, folder)
        if gone
        else write_split(source, result.verdicts["verdict"], folder, source.encoding)
    )
    record = _record(source, dropped, result, store, particulars, basis, history)
    questions = _questions(result, particulars.get("name") or "", history)
    identity = hashlib.sha256(canonical({**record, "received": None})).hexdigest()[:12]
    write_json_atomically(
        folder / "report.json", result.report | {"files": describe_files(files), "dropped": dropped}
    )
    write_json_atomically(
        folder / "intake.json", record | {"id": f"I-{identity}", "open_questions": questions}
    )
    store.save_job("intake", f"I-{identity}", "quarantined", record)
    return Intake(f"I-{identity}", result, files, record, questions, store, gone)


def _written_without(result: Result, gone: list[str], folder: Path) -> dict[str, WrittenFile]:
    """The four files without some columns.

    A record that could not be read cannot be rid of a column either, so quarantined.csv tells its line and why.
    """
    source = result.source
    rest = open_batch(source.original.drop(gone))
    files = write_split(rest, result.verdicts["verdict"], folder, source.encoding)
    path = folder / QUARANTINED
    sha256 = write_atomically(path, source.quarantined.write_csv().encode())
    return files | {QUARANTINED: WrittenFile(path, source.quarantined.height, sha256)}


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
        "list": {"name": source.name, "sha256": source.sha256, "records": source.records},
        "counts": result.counts | {"quarantined": source.quarantined.height},
        "items": [header for header in source.headers if header not in dropped],
        "dropped": dropped,
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
    if result.report["identity_like"]:
        questions.append(
            f"columns: {', '.join(result.report['identity_like'])} look like identity, not mapped"
        )
    return questions
