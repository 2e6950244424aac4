"""Check 2: a list is filtered against every past request before it becomes a holding.

The list stays quarantined until `accept()`; only the kept rows become a holding, and with it the receipt record is
written. Sources: 個人情報保護法 第30条 (confirmation and record of receipt), 第27条第2項但書 (what was received by
another's opt-out), 第2条第3項 (要配慮個人情報 may not be provided by opt-out).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from optout.batch import Source, SplitWriter, WrittenFile, open_batch
from optout.batch.columns import recognise, sensitive
from optout.batch.source import BLOCK_BYTES
from optout.batch.staged import as_json, placed_after
from optout.checks.intake.division import Divider, Division, Terms, require_whole
from optout.checks.intake.findings import MINORS, Findings
from optout.checks.intake.particulars import Documents, Particulars, particulars
from optout.checks.intake.questions import ACKNOWLEDGE, LEAVE_OUT, questions
from optout.checks.intake.shape import Shaped, columns_left, outside
from optout.checks.intake.taken import Intake, list_name
from optout.errors import SensitiveColumnError
from optout.register import day
from optout.register.certificate import canonical
from optout.register.receipt import BASES
from optout.register.supplier import Supplier
from optout.review import Decisions, keep_items
from optout.screen import Columns, describe_files, described
from optout.screen.progress import Listener
from optout.screen.run import ask, current_list
from optout.screen.sampled import sampled
from optout.store import Store

__all__ = ["ACKNOWLEDGE", "BASES", "LEAVE_OUT", "MINORS", "Division", "Intake", "Particulars", "intake"]


def intake(
    path: str | Path | pl.DataFrame,
    store: Store,
    supplier: str | Mapping[str, str] | Supplier,
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
    received: date | str | None = None,
    documents: Documents | None = None,
    consent: bool | None = None,
    published: bool | None = None,
    category: str | None = None,
    allowed: Collection[str] | None = None,
    minors: str = "ask",
    as_of: date | str | None = None,
    repair: bool = False,
    duplicates: bool = True,
    strict: bool | None = None,
    progress: Listener | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Intake:
    """Filter an acquired list (取得時): four files, a report, and the questions that are open.

    The list is read block by block, so one of any size needs the memory of one block. Cut off at any moment, nothing
    stands under a final name; run again, the same list, store and particulars give the same bytes.

    Args:
        path: The list.
        store: The suppression list, its registers, and what was decided of pairs before.
        supplier: 取得元: who handed it over: the name or number of a registered supplier, any name, or a mapping with
            `name`, `address`, `representative` … (`kind` "individual" for one who is no operator).
        basis: `consent`, `optout`, `individual`, `public` or `direct`. A list received through another's opt-out
            may not be provided by opt-out again (第27条第2項但書): its record says `deliverable: false`.
        history: 取得の経緯: how the supplier came by it.
        out: Folder for kept.csv, withheld.csv, review.csv, quarantined.csv, report.json and intake.json.
        policy, channel, tenant, columns, ignore, encoding, sheet, allow_empty: As for `screen`.
        drop_sensitive: Leave columns of special care out of everything that is written and blank cells of special
            care in the others, instead of refusing the list.
        received: 提供を受けた年月日; today by default.
        documents: What was shown (contract, pledge …) → its file or SHA-256; the hash is recorded.
        consent: That the persons consented was confirmed (basis `consent`).
        published: That the supplier's filing is published by the PPC was seen (basis `optout`).
        category: Kind of source, when it is not the one the basis belongs to: operator, individual, public.
        allowed: Headers or fields (`name`, `address`, `phone` …) that may be kept; other columns are screened by, and
            left out of everything that is written.
        minors: `ask` (a question) or `withhold`: rows of people under 16 by their birth date.
        as_of: The day ages are counted at; `received` by default.
        repair: Write what a spreadsheet did to a cell as it should be, where nothing was lost. The files are then
            written anew instead of copied byte for byte.
        duplicates: Look for people who stand in the list twice.
        strict: Keep the list quarantined until every item of Art. 30, the pledge and the check of identity are there.
            By default so as soon as the store has any supplier on register, or any of these items is told.
        progress: Called after each block.
        block_bytes: Text read at a time; any size gives the same result.

    Returns:
        The intake, still quarantined.

    Raises:
        SensitiveColumnError: columns of special care, or cells of it (SensitiveValueError), unless `drop_sensitive`.
        OptionError: an unknown basis, category or `minors`, or a document that cannot be read.
        UnknownColumnError: `allowed` names what the list has not.
        WriteFailedError: the disk is full, or fails; nothing was put under a final name.
        As `screen`.
    """
    told = particulars(
        store, supplier, basis, history, received, documents, consent, published, category, strict
    )
    question = ask(policy, channel, tenant)
    source = open_batch(path, encoding, columns, sheet)
    dropped = sensitive(source.headers)
    if dropped and not drop_sensitive:
        raise SensitiveColumnError(dropped)
    snapshot = current_list(store, allow_empty)
    sample, blocks = sampled(source, block_bytes)
    mapping = recognise(source.headers, columns, [*ignore, *dropped], sample)
    gone = [name for name, header in zip(source.columns, source.headers, strict=True) if header in dropped]
    gone += [name for name in outside(source, mapping, allowed) if name not in gone]
    findings = Findings(mapping, day.read(as_of, "as_of") or told.received, minors, duplicates)
    shaped = Shaped(source, mapping, gone, drop_sensitive and _has_care(source, mapping, gone), repair)
    terms = Terms(question, Decisions.of(store, snapshot.scheme), drop_sensitive, tuple(gone))
    divider = Divider(shaped, source, mapping, snapshot, terms, findings)
    writer = SplitWriter(source if shaped.is_as_the_file else shaped, Path(out), source.encoding)
    try:
        division = divider.divide(blocks, sample, writer, progress)
        taken = _quarantined(division, store, told, writer, gone, Path(out))
        return replace(taken, _columns=columns_left(columns, source, gone))
    finally:
        writer.abort()


def _has_care(source: Source, mapping: Any, gone: list[str]) -> bool:
    """Whether any cell has to be blanked: only then are the rows written anew."""
    from optout.batch.special_care import cells_of_care

    names = source.columns
    return any(
        names[found.place] not in gone
        for block in source.blocks()
        for found in cells_of_care(block.frame, mapping, block.first_row)
    )


def _quarantined(
    division: Division, store: Store, told: Particulars, writer: SplitWriter, gone: list[str], out: Path
) -> Intake:
    """The files under their names, the open pairs before a person, the intake on record."""
    record = _record(division, told, gone)
    open_ = questions(division, told.questions(store, division.source.sha256))
    identity = f"I-{hashlib.sha256(canonical({**record, 'received': None})).hexdigest()[:12]}"
    files = _placed(division, record | {"id": identity, "open_questions": open_}, writer, out)
    keep_items(store, list_name(division.source, identity), division.items)
    store.save_job("intake", identity, "quarantined", record)
    return Intake(identity, division, files, record, open_, told, store)


def _placed(
    division: Division, told: Mapping[str, Any], writer: SplitWriter, folder: Path
) -> dict[str, WrittenFile]:
    """The four files, report.json and intake.json: on the disk first, then each under its name."""
    written = writer.written()
    require_whole(division, written)
    report = division.report | {
        "files": describe_files(written),
        "dropped": told["dropped"],
        "supplier": _shown(told),
        "findings": division.findings,
    }
    with placed_after({folder / "report.json": as_json(report), folder / "intake.json": as_json(told)}):
        return writer.commit()


def _shown(told: Mapping[str, Any]) -> str | None:
    """A supplier in a report: its number, or its name when it is no person."""
    supplier = told["supplier"]
    if supplier.get("id") or told["basis"] == "individual" or supplier.get("kind") == "individual":
        return str(supplier.get("id") or "individual")
    return supplier.get("name") or None


def _record(division: Division, told: Particulars, gone: list[str]) -> dict[str, Any]:
    source, report = division.source, division.report
    headers = dict(zip(source.columns, source.headers, strict=True))
    receipt = told.receipt("", {}, division.shaped.headers)
    return {
        "supplier": told.supplier,
        "basis": told.basis,
        "category": told.category,
        "history": told.history,
        "documents": told.documents,
        "deliverable": told.deliverable,
        "received": told.received.isoformat(),
        "list": described(source) | {"records": report["counts"]["records"]},
        "counts": division.counts | {"quarantined": division.quarantined.height},
        "items": division.shaped.headers,
        "dropped": [headers[name] for name in gone],
        "damage": report["damage"],
        "findings": division.findings,
        "receipt": {"art30": receipt.is_art30, "lacking": receipt.lacking, "strict": told.strict},
        "against": report["against"],
    }
