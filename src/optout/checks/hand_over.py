"""At hand-over: a list that was verified some hours ago is verified for this moment, without screening it anew.

The certificate must be ours, current, and of these very bytes. If requests arrived since, the list is held against them
alone: a hit refuses it (and is an incident), otherwise the certificate is issued anew for the list of this minute.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout import review
from optout.batch.columns import recognise
from optout.batch.heading import HeaderOrPlace
from optout.batch.staged import write_json_atomically
from optout.checks.delivery import channels, conditions, missed
from optout.checks.delivery.proof import stood
from optout.checks.recovery import of_store
from optout.errors import CertificateError, DeliveryRefused
from optout.keys import KeyScheme
from optout.register import attempt, day, external, filing, incident, recipient
from optout.register.attempt import Attempt
from optout.register.certificate import Certificate, file_digest, issue
from optout.screen import Result, screen
from optout.screen.sampled import SAMPLE
from optout.store import Anchor, Store
from optout.store.history import Past

_DECISION: Final = "decision"


@dataclass(frozen=True, slots=True, repr=False)
class _Checked:
    """What is handed over."""

    certificate: Certificate
    file: Path
    made: Attempt


def handover(
    cert_path: str | Path,
    file_path: str | Path,
    store: Store,
    *,
    head: Anchor | str | Path | None = None,
    max_age: timedelta | None = None,
    out: str | Path | None = None,
) -> Certificate:
    """Verify at hand-over that a list may still go out.

    Args:
        cert_path: The certificate `deliver` issued.
        file_path: The list, as it will be handed over.
        store: The suppression list of this minute.
        head, max_age: As for `deliver`: shows that this copy of the store is not out of date.
        out: Where a certificate that was issued anew is written; None = over the old one.

    Returns:
        The certificate that holds now: the same, or a new one that names it (`replaces`), with the old expiry.

    Raises:
        CertificateError: not ours, forged, expired, or of another file.
        DeliveryRefused: somebody in it asked to be left out since, or the store is not the one of this minute.
        StoreError: the store cannot be read; then nothing goes out.
    """
    certificate = of_store(store, Path(cert_path))
    certificate.require_current(store.now())
    subject = certificate.payload["subject"]
    try:
        found = file_digest(Path(file_path))
    except OSError as error:
        raise CertificateError("the file cannot be read") from error
    if found != (subject["sha256"], subject["bytes"]):
        raise CertificateError("the file's bytes are not the ones that were screened")
    checked = _Checked(certificate, Path(file_path), _attempt(store, certificate))
    if reasons := _unfit(store, checked, head, max_age):
        raise _refused(store, checked, reasons, None)
    now = store.head
    moved = (now.epoch, now.revision) != (certificate.payload["store"]["epoch"], certificate.revision)
    decided = _decided_since(store, certificate)
    if not (moved or decided):
        store.record("handover", {"delivery": checked.made.delivery})
        return replace(certificate, path=Path(cert_path))
    result = _screened(store, checked, store) if decided else _against_news(store, checked)
    if result is not None and (reasons := _caught(store, checked, result)):
        raise _refused(store, checked, reasons, result)
    return _reissued(store, checked, now, Path(out or cert_path))


def _decided_since(store: Store, certificate: Certificate) -> bool:
    """Whether a review was decided, or a decision taken back, after the list was verified: it may be of this list."""
    issued = datetime.fromisoformat(certificate.payload["issued_at"])
    return any(datetime.fromisoformat(kept.at) >= issued for kept in store.records(_DECISION).values())


def _attempt(store: Store, certificate: Certificate) -> Attempt:
    """The delivery a certificate is of, as it is on record."""
    made = attempt.delivered(store, str(certificate.payload.get("delivery")))
    if made is None:
        raise CertificateError("no delivery of this number is on record here")
    last = attempt.of(store, made.delivery)[-1]
    if last.state == "withdrawn":
        raise CertificateError("the delivery was withdrawn")
    return made


def _unfit(
    store: Store, checked: _Checked, head: Anchor | str | Path | None, max_age: timedelta | None
) -> list[str]:
    """What speaks against it whoever arrived: another copy of the list, other rules, lists out of date."""
    told = checked.certificate.payload
    reasons = conditions.stale(store, head, max_age)
    where = told["store"]
    anchor = Anchor(where["epoch"], where["revision"], where["audit_n"], bytes.fromhex(where["audit_hash"]))
    if not store.knows(anchor):
        reasons.append("this copy of the suppression list is older than the certificate, or another one")
    if told["rules"]["scheme"] != KeyScheme.current(store.gazetteer()).tag:
        reasons.append("the rules by which people are found have changed since (照合キー); deliver it anew")
    return [*reasons, *_registered(store, told)]


def _registered(store: Store, told: dict[str, Any]) -> list[str]:
    """The recipient must still be one, and no external list may have been replaced or have grown too old."""
    today, reasons = day.today(store), []
    filed = filing.current(store)
    if told["basis"] == "optout" and (filed.version if filed else None) != told["filing"]:
        reasons.append("the filing (届出) was changed since; deliver it anew")
    known = recipient.named(store, told["recipient"].get("id") or "")
    if known is not None:
        reasons += recipient.lacking(known, told["purpose"], today, recipient.rules(store))
    used = {each["name"]: each for each in told["lists"] if "dated" in each}
    for each in external.lists(store):
        if not each.speaks_for(told["channel"], told["tenant"]):
            continue
        if each.name not in used or used[each.name]["sha256"] != each.sha256:
            reasons.append(f"external list {each.name} was imported since; deliver it anew")
        elif each.age(today) > each.max_age_days:
            reasons.append(
                f"external list {each.name} is {each.age(today)} days old, {each.max_age_days} allowed"
            )
    return reasons


def _against_news(store: Store, checked: _Checked) -> Result | None:
    """The list held against what was recorded since; None when nothing was."""
    added = store.changes(checked.certificate.revision).added
    if added.is_empty():
        return None
    head = store.head
    return _screened(store, checked, Past(store.path, head.epoch, head.revision, store.gazetteer(), added))


def _screened(store: Store, checked: _Checked, against: Store | Past) -> Result:
    """The list as it was read when it was verified, with what people decided."""
    told, read_as = checked.certificate.payload, checked.made.read_as
    # Cells of the other channels were blanked: whoever refuses one of them now still has his number in the list.
    channel = "any" if told["other_channels"] != "keep" else told["channel"]
    columns, ignore = _told(checked)
    result = screen(
        checked.file,
        against,
        told["policy"],
        channel,
        told["tenant"],
        columns,
        ignore=ignore,
        encoding=read_as.get("encoding"),
        sheet=read_as.get("sheet"),
        allow_empty=True,
    )
    return review.decided(store, result)


def _headers(given: str | int | list[str | int]) -> list[str | int]:
    """Headers as they were told; of digits that may be a place, as a command line means them."""
    several = given if isinstance(given, list) else [given]
    return [HeaderOrPlace(one) if isinstance(one, str) and one.isdigit() else one for one in several]


def _caught(store: Store, checked: _Checked, result: Result) -> list[str]:
    """Rows of the list that the new requests speak of. What a row says of itself was decided before."""
    planted = attempt.decoys(store, checked.made.delivery)
    invented = [] if planted is None else planted["row"].unique().to_list()
    met = result.verdicts.filter(
        pl.col("verdict") != "keep",
        pl.col("row").is_in(_concerned(checked, result)),
        ~pl.col("row").is_in(invented),
    )
    counts = dict(met["verdict"].cast(pl.String).value_counts().iter_rows())
    japanese = {"withhold": "提供停止", "review": "要確認"}
    return [
        f"{counts[verdict]} rows are {verdict} by requests that arrived since ({word}), "
        f"first rows {met.filter(pl.col('verdict') == verdict)['row'].head(5).to_list()}"
        for verdict, word in japanese.items()
        if verdict in counts
    ]


def _concerned(checked: _Checked, result: Result) -> list[int]:
    """Rows of people who asked that this channel stops, or another by which the list tells how to reach them."""
    channel = checked.certificate.payload["channel"]
    if checked.certificate.payload["other_channels"] == "keep" or channel == "any":
        return result.hits["row"].to_list()
    source, (columns, ignore) = result.source, _told(checked)
    mapping = recognise(source.headers, columns, ignore, source.frame.head(SAMPLE))
    direct = result.hits.filter(pl.col("channels").list.contains(channel))["row"]
    return [*direct, *channels.reachable(result, mapping, channel)]


def _told(checked: _Checked) -> tuple[dict[str, list[str | int]] | None, list[str | int]]:
    """Columns, and those left out, as `deliver` was told."""
    read_as = checked.made.read_as
    columns = {name: _headers(given) for name, given in read_as.get("columns", {}).items()}
    return columns or None, _headers(read_as.get("ignore", []))


def _refused(store: Store, checked: _Checked, reasons: list[str], result: Result | None) -> DeliveryRefused:
    made = replace(
        checked.made,
        state="refused",
        on=day.today(store),
        reasons=tuple(reasons),
        certificate=None,
        revision=store.revision,
    )
    drafts = []
    if result is not None:
        nowhere = pl.DataFrame(schema={"row": pl.UInt32, "holding": pl.String})
        hits = missed.hits(store, result, nowhere, checked.file)
        if hits.height:
            made = replace(made, incident=f"X-{uuid.uuid4().hex[:12]}")
            listed = (checked.file.name, checked.certificate.sha256)
            assert made.incident is not None  # noqa: S101 - set above
            drafts = [incident.draft(made.incident, made.on, "handover", made.delivery, listed, hits)]
    store.keep([made.draft(), *drafts], "handover refused", {"reasons": len(reasons)})
    return DeliveryRefused(reasons)


def _reissued(store: Store, checked: _Checked, head: Anchor, place: Path) -> Certificate:
    """The same statement for the list of this minute; it does not live longer than the first."""
    told = dict(checked.certificate.payload)
    entries = store.entries()
    if entries[0] != head.revision:
        raise DeliveryRefused(["the suppression list moved while this list was checked; try again"])
    told |= {
        "id": str(uuid.uuid4()),
        "replaces": checked.certificate.id,
        "issued_at": store.now().isoformat(timespec="seconds"),
        "operator": store.actor,
        "store": stood(store, head) | {"entries": entries[1].height},
    }
    certificate = issue(told, store.signing_key)
    made = replace(
        checked.made,
        state="reissued",
        on=day.today(store),
        certificate=certificate.envelope,
        certificate_id=certificate.id,
        revision=head.revision,
    )
    store.keep([made.draft()], "handover", {"delivery": made.delivery})
    write_json_atomically(place, certificate.envelope)
    return replace(certificate, path=place)
