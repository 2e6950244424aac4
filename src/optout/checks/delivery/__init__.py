"""Check 3: a list goes to a client only with a certificate bound to its exact bytes.

What gates delivery raises; it never returns a bool. Every reason is told, not the first. What is refused is on record,
and so is whoever was caught: an incident names the check that should have caught him before.
Sources: 個人情報保護法 第27条第2項 (stop at the person's request; items, methods and day as filed), 第29条 (records).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout import review
from optout.batch.columns import ColumnMapping, recognise
from optout.batch.staged import StagedFile, as_json, placed_after, sweep, sync_folder
from optout.checks.delivery import channels, conditions, derived, missed, outgoing
from optout.checks.delivery.order import Order, ordered
from optout.checks.delivery.outgoing import Outgoing
from optout.checks.delivery.proof import Passed, payload, provided
from optout.errors import (
    AmbiguousColumnError,
    DeliveryRefused,
    EmptyBatchError,
    EmptyStoreError,
    MissingColumnError,
    OptionError,
    SeedMissedError,
    UnknownColumnError,
)
from optout.keys import KeyScheme
from optout.register import attempt, day, decoy, incident, ledger
from optout.register.attempt import Attempt
from optout.register.certificate import Certificate, issue
from optout.screen import Columns, Result, screen
from optout.screen.sampled import SAMPLE
from optout.store import Anchor, Store

# Each of these means that the list could not be proved clean.
_REFUSING: Final = (
    AmbiguousColumnError,
    MissingColumnError,
    UnknownColumnError,
    EmptyBatchError,
    EmptyStoreError,
    SeedMissedError,
)
# A request may arrive while we screen; if the list will not stand still, a person should look.
_ROUNDS: Final = 5

Papers = Callable[[Certificate, str], Mapping[str, bytes]]


def deliver(
    path: str | Path,
    store: Store,
    recipient: str | Mapping[str, str],
    purpose: str,
    channel: str,
    out: str | Path,
    policy: str = "person",
    tenant: str | None = None,
    columns: Columns = None,
    *,
    ignore: Collection[str | int] = (),
    encoding: str | None = None,
    sheet: str | None = None,
    basis: str = "optout",
    method: str = "",
    delivery: str | None = None,
    holdings: Sequence[str] | None = None,
    other_channels: str = "keep",
    decoys: int = 0,
    out_encoding: str | None = None,
    valid_hours: float = 24,
    head: Anchor | str | Path | None = None,
    max_age: timedelta | None = None,
    strict: bool = False,
    papers: Papers | None = None,
) -> Certificate:
    """Verify a list against the list of this minute and hand it over with a certificate.

    A store with a filing (届出) asks for everything the law does: a verified recipient, rows of registered holdings,
    columns, method and day as filed. Without one, what was never registered is named in the certificate as unchecked.

    Args:
        path: The file to deliver: .csv, .tsv, .txt, .xlsx or .parquet. A workbook with further sheets is refused:
            nobody in them was looked for.
        store: The suppression list, with the register.
        recipient: 提供先: number or name of a registered one; or a name, or a mapping with `name`, `address`,
            `representative` …; no persons of the list.
        purpose: What the recipient may use it for.
        channel: How the recipient will use it: mail, phone, fax, email, sms or any.
        out: Folder for the delivered copy, certificate.json and public_key.pem.
        policy, tenant, columns, ignore, encoding, sheet: As for `screen`. A registered recipient brings its tenant.
        basis: 提供の根拠: `optout` or `consent`.
        method: 提供の方法, as the filing names it.
        delivery: 納品番号; None = one is made. None is used twice.
        holdings: Names of the holdings the rows were taken from; None = any registered one.
        other_channels: What becomes of rows whose people refused another channel: `keep` them as they are, `blank` the
            cells of that channel, or `refuse`.
        decoys: How many rows to plant by which a leak is traced; templates are registered before.
        out_encoding: Of the text that goes out; None = the recipient's, or as the file is.
        valid_hours: How long the certificate may be used to hand the list over.
        head: A head told outside of the store, or the file of an audit sink: shows that this copy is not out of date.
        max_age: How old the newest head in that file may be.
        strict: Ask for everything also without a filing.
        papers: Certificate and name of the list → further files for the client (see `optout.report.pack`).

    Returns:
        The certificate; its `path` says where it lies, beside the delivered copy.

    Raises:
        DeliveryRefused: with every reason: a row withheld or under review, an unreadable record, an identity column
            that is not mapped, a missed seed, an empty store, whatever the register says. Nothing is written.
        UnencodableError: `out_encoding` lacks a character of the list.
        OptionError: a word that means nothing here.
        UnreadableFileError, StoreError: the file or the store cannot be read.
        WriteFailedError: the disk is full, or fails; no list was handed over.
    """
    order = ordered(
        store,
        recipient,
        purpose,
        channel,
        policy,
        tenant,
        basis=basis,
        method=method,
        delivery=delivery,
        holdings=holdings,
        other_channels=other_channels,
        strict=strict,
        decoys=decoys,
        encoding=out_encoding,
        read_as={"columns": columns, "ignore": ignore, "encoding": encoding, "sheet": sheet},
    )
    reasons = [*conditions.before(store, order), *conditions.stale(store, head, max_age)]

    def screened(asked: str = channel) -> Result:
        return screen(
            path,
            store,
            policy,
            asked,
            order.tenant,
            columns,
            ignore=ignore,
            encoding=encoding,
            sheet=sheet,
        )

    try:
        result, at = _settled(store, screened)
    except DeliveryRefused as moved:
        raise _refused(store, order, Path(path), [*reasons, *moved.reasons]) from moved
    except _REFUSING as error:
        raise _refused(store, order, Path(path), [*reasons, f"{type(error).__name__}: {error}"]) from error
    mapping = recognise(result.source.headers, columns, ignore, result.source.frame.head(SAMPLE))
    passed = _passed(store, order, result, at, mapping, screened)
    if reasons := [*reasons, *passed.reasons]:
        raise _refused(store, order, Path(path), reasons, passed)
    going = _outgoing(store, passed)
    told = _payload(passed, store, valid_hours)
    return _hand_over(Path(path), store, passed, going, told, Path(out), papers)


def withdraw(store: Store, delivery: str, reason: str) -> Attempt:
    """Put on record that a list never went out after all; its certificate is accepted no more at hand-over.

    Args:
        store: The suppression list, with the register.
        delivery: 納品番号.
        reason: Why; no personal data.

    Returns:
        The delivery as it stands now. The record of provision stays, and counts no more.

    Raises:
        OptionError: no such delivery went out, or no reason.
    """
    made = attempt.delivered(store, delivery)
    if made is None or not reason.strip():
        raise OptionError("delivery and reason", ("a 納品番号 that is on record as delivered, and why",))
    told = replace(made, state="withdrawn", reasons=(reason,), certificate=None, on=day.today(store))
    ended = [ledger.withdrawal(store, made.provision, reason)] if made.provision else []
    store.keep([told.draft(), *ended], "delivery withdrawn", {"delivery": delivery})
    return told


def _passed(
    store: Store,
    order: Order,
    result: Result,
    at: Anchor,
    mapping: ColumnMapping,
    screened: Callable[[str], Result],
) -> Passed:
    """Everything that is asked of the rows, and what was found."""
    rows = result._raw
    place = derived.origin(store, order, rows, result.source.sha256)
    outside, lists = conditions.applied(store, order, rows)

    def anew(channel: str) -> Result:
        return review.decided(store, screened(channel))

    blanks, others = channels.blanks(store, order, rows, mapping, anew)
    reasons = [
        *_unclean(result),
        *conditions.of_columns(order, mapping),
        *place.reasons,
        *outside,
        *others,
    ]
    own = conditions.own_list(store, order)
    return Passed(order, result, at, mapping, place, blanks, ([own] if own else []) + lists, reasons)


def _settled(store: Store, screened: Callable[[], Result]) -> tuple[Result, Anchor]:
    """Screen until the list did not move meanwhile; the head the last screen was made at."""
    for _ in range(_ROUNDS):
        head = store.head
        result = review.decided(store, screened())
        if result.revision == head[1] == store.revision:
            if result.scheme != KeyScheme.current(store.gazetteer()).tag:
                raise DeliveryRefused(["the list was read by other rules than those in force (照合キー)"])
            return result, head
    raise DeliveryRefused(
        [f"the suppression list moved {_ROUNDS} times while this list was screened; try again"]
    )


def _unclean(result: Result) -> list[str]:
    counts, reasons = result.counts, []
    for verdict, japanese in (("withhold", "提供停止"), ("review", "要確認")):
        if counts[verdict]:
            rows = result.verdicts.filter(pl.col("verdict") == verdict)["row"].head(5).to_list()
            reasons.append(f"{counts[verdict]} rows are {verdict} ({japanese}), first rows {rows}")
    if result.quarantined.height:
        lines = result.quarantined["line"].head(5).to_list()
        reasons.append(f"{result.quarantined.height} records could not be read, first lines {lines}")
    if result.report["identity_like"]:
        headers = ", ".join(result.report["identity_like"])
        reasons.append(f"columns look like identity but are not mapped: {headers}; use columns= or ignore=")
    if result.source.unread:
        sheets = ", ".join(result.source.unread)
        reasons.append(f"sheets of the workbook that were not screened: {sheets}; deliver the sheet alone")
    return reasons


def _refused(
    store: Store, order: Order, path: Path, reasons: list[str], passed: Passed | None = None
) -> DeliveryRefused:
    """The refusal, put on record with whoever was caught."""
    made = Attempt(
        order.delivery,
        "refused",
        order.on,
        path.name,
        order.shown,
        order.purpose,
        order.channel,
        order.tenant,
        reasons=tuple(reasons),
        read_as=order.read_as,
        revision=store.revision,
    )
    drafts = []
    if passed is not None:
        result = passed.result
        made = replace(
            made, sha256=result.source.sha256, counts=result.report["counts"], holdings=passed.origin.used
        )
        hits = missed.hits(store, result, passed.origin.found, result.source.path)
        if hits.height:
            made = replace(made, incident=f"X-{uuid.uuid4().hex[:12]}")
            listed = (path.name, result.source.sha256)
            assert made.incident is not None  # noqa: S101 - set above
            drafts.append(incident.draft(made.incident, order.on, "delivery", order.delivery, listed, hits))
    store.keep([made.draft(), *drafts], "deliver refused", {"reasons": len(reasons)})
    return DeliveryRefused(reasons)


def _outgoing(store: Store, passed: Passed) -> Outgoing:
    order, source = passed.order, passed.result.source
    planted = None
    if order.decoys:
        planted = decoy.planted(store, order.delivery, order.decoys, source.frame.height)
    rows = {} if planted is None else outgoing.decoy_rows(planted, passed.mapping, source.frame)
    passed.planted = planted
    return outgoing.prepared(source, passed.blanks, rows, order.encoding)


def _payload(passed: Passed, store: Store, valid_hours: float) -> dict[str, Any]:
    return payload(passed, store, valid_hours)


def _hand_over(
    path: Path,
    store: Store,
    passed: Passed,
    going: Outgoing,
    told: dict[str, Any],
    out: Path,
    papers: Papers | None,
) -> Certificate:
    """Write, check that it is what was screened, sign, record; only then final names.

    The list comes last: whatever fails, no list stands there without its certificate and its record.
    """
    recorded = False
    out.mkdir(parents=True, exist_ok=True)
    final = out / going.name
    if going.content is not None and final.exists() and final.samefile(path):
        raise OptionError("out", ("a folder other than the one of the list itself",))
    sweep(out / going.name)
    copy = StagedFile(out / going.name)
    try:
        for piece in going.pieces(path):
            copy.write(piece)
        if going.content is None and copy.sha256 != told["input"]["sha256"]:
            raise DeliveryRefused(["the file changed while it was screened; deliver it again"])
        # Whatever needs room on the disk is there before the certificate is issued.
        copy.close()
        told["subject"] |= {"name": going.name, "sha256": copy.sha256, "bytes": copy.size}
        certificate = issue(told, store.signing_key)
        proof = {
            out / "public_key.pem": store.public_key.encode(),
            out / "certificate.json": as_json(certificate.envelope),
        }
        further = papers(certificate, going.name) if papers else {}
        proof |= {out / name: content for name, content in further.items()}
        with placed_after(proof):
            drafts = provided(store, passed, going, certificate)
            store.keep(drafts, "deliver", {"delivery": passed.order.delivery})
            recorded = True
        copy.place()
    except BaseException:
        # On record is a list that is not there. Of one that was killed here `withdraw` is told by a person.
        if recorded:
            withdraw(store, passed.order.delivery, "the list could not be put under its name")
        raise
    finally:
        copy.discard()
    sync_folder(out)
    return replace(certificate, path=out / "certificate.json")
