"""Check 3: a list goes to a client only with a certificate bound to its exact bytes.

What gates delivery raises; it never returns a bool. Source: 個人情報保護法 第27条第2項 (stop at the person's request).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout import tables
from optout.batch.staged import StagedFile, as_json, placed_after, sweep, sync_folder
from optout.errors import (
    AmbiguousColumnError,
    DeliveryRefused,
    EmptyBatchError,
    EmptyStoreError,
    MissingColumnError,
    SeedMissedError,
    UnknownColumnError,
)
from optout.register.certificate import Certificate, issue
from optout.screen import Columns, Result, screen
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
_LIMITS: Final = (
    "names the state of the suppression list at this revision; later requests are not in it",
    "speaks for the bytes of the file named here and for no copy, printout or extract",
)
# A request may arrive while we screen; if the list will not stand still, a person should look.
_ROUNDS: Final = 5
_BLOCK: Final = 1 << 20


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
) -> Certificate:
    """Verify a list against the list of this minute and hand it over with a certificate.

    Args:
        path: The file to deliver: .csv, .tsv, .txt, .xlsx or .parquet. A workbook with further sheets is refused:
            nobody in them was looked for.
        store: The suppression list.
        recipient: 提供先: its name, or a mapping with `name`, `address`, `representative` …; no persons of the list.
        purpose: What the recipient may use it for.
        channel: How the recipient will use it: mail, phone, fax, email, sms or any.
        out: Folder for the delivered copy, certificate.json and public_key.pem.
        policy, tenant, columns, ignore, encoding, sheet: As for `screen`.

    Returns:
        The certificate; its `path` says where it lies, beside the delivered copy.

    Raises:
        DeliveryRefused: with every reason: a row withheld or under review, an unreadable record, an identity column
            that is not mapped, a missed seed, an empty store, a recipient or purpose not told. Nothing is written.
        UnreadableFileError, StoreError: the file or the store cannot be read.
        WriteFailedError: the disk is full, or fails; no list was handed over.
    """
    reasons = [*_untold(recipient, purpose), *_behind(store)]

    def screened() -> Result:
        return screen(
            path,
            store,
            policy,
            channel,
            tenant,
            columns,
            ignore=ignore,
            encoding=encoding,
            sheet=sheet,
        )

    try:
        result, head = _settled(store, screened)
    except DeliveryRefused as moved:
        raise DeliveryRefused([*reasons, *moved.reasons]) from moved
    except _REFUSING as error:
        store.record("deliver refused", {"reasons": [type(error).__name__]})
        raise DeliveryRefused([*reasons, f"{type(error).__name__}: {error}"]) from error
    reasons += _unclean(result)
    if reasons:
        store.record("deliver refused", {"counts": result.counts, "sha256": result.source.sha256})
        raise DeliveryRefused(reasons)
    payload = _payload(result, store, head, recipient, purpose)
    return _hand_over(Path(path), store, payload, Path(out))


def _untold(recipient: str | Mapping[str, str], purpose: str) -> list[str]:
    name = recipient if isinstance(recipient, str) else recipient.get("name")
    told = {"recipient (提供先)": name, "purpose (利用目的)": purpose}
    return [f"{what} is not told" for what, value in told.items() if not (value or "").strip()]


def _behind(store: Store) -> list[str]:
    """A list restored from a backup may lack requests that a certificate already counted in."""
    lacks = store.behind
    if lacks is None:
        return []
    known = (
        "nobody has told how far the lost one had come"
        if lacks.known is None
        else (f"certificates name revision {lacks.known}")
    )
    return [
        f"the suppression list was restored from a backup of revision {lacks.restored} and is at {lacks.revision}; "
        f"{known} (`optout store settle`)"
    ]


def _settled(store: Store, screened: Callable[[], Result]) -> tuple[Result, Anchor]:
    """Screen until the list did not move meanwhile; the head the last screen was made at."""
    for _ in range(_ROUNDS):
        head = store.head
        result = screened()
        if result.revision == head[1] == store.revision:
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


def _payload(
    result: Result,
    store: Store,
    head: Anchor,
    recipient: str | Mapping[str, str],
    purpose: str,
) -> dict[str, Any]:
    epoch, revision, audit_n, audit_hash = head
    against = result.report["against"]
    return {
        "id": str(uuid.uuid4()),
        "issued_at": store.now().isoformat(timespec="seconds"),
        "subject": {
            "name": result.source.name,
            "rows": result.verdicts.height,
            "sha256": result.source.sha256,
        },
        "store": {
            "id": store.store_id,
            "epoch": epoch,
            "revision": revision,
            "audit_n": audit_n,
            "audit_hash": audit_hash.hex(),
            "entries": against["entries"],
        },
        "rules": {
            "scheme": result.scheme,
            "tables_sha256": tables.digest(),
            "optout": metadata.version("optout"),
            "polars": pl.__version__,
        },
        "counts": result.report["counts"],
        "seeds": result.report["seeds"],
        "policy": against["policy"],
        "channel": against["channel"],
        "tenant": against["tenant"],
        "recipient": {"name": recipient} if isinstance(recipient, str) else dict(recipient),
        "purpose": purpose,
        "columns": list(result.source.headers),
        "limits": list(_LIMITS),
    }


def _hand_over(path: Path, store: Store, payload: dict[str, Any], out: Path) -> Certificate:
    """Copy, check that the copy is what was screened, sign, record; only then final names.

    The list comes last: whatever fails, no list stands there without its certificate.
    """
    out.mkdir(parents=True, exist_ok=True)
    sweep(out / path.name)
    copy = StagedFile(out / path.name)
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                copy.write(block)
        if copy.sha256 != payload["subject"]["sha256"]:
            raise DeliveryRefused(["the file changed while it was screened; deliver it again"])
        # Whatever needs room on the disk is there before the certificate is issued.
        copy.close()
        payload["subject"]["bytes"] = copy.size
        certificate = issue(payload, store.signing_key)
        proof = {
            out / "public_key.pem": store.public_key.encode(),
            out / "certificate.json": as_json(certificate.envelope),
        }
        with placed_after(proof):
            store.save_job("certificate", certificate.id, "issued", certificate.envelope)
        copy.place()
    finally:
        copy.discard()
    sync_folder(out)
    return replace(certificate, path=out / "certificate.json")
