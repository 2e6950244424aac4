"""What a delivery that passed is proved by: the certificate's payload, and the records of provision and delivery."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import metadata
from typing import Any, Final

import polars as pl

from optout import tables
from optout.batch.columns import ColumnMapping
from optout.batch.raw import raw
from optout.checks.delivery import conditions
from optout.checks.delivery.derived import Origin
from optout.checks.delivery.order import Order
from optout.checks.delivery.outgoing import Blanks, Outgoing
from optout.errors import OptionError
from optout.register import ledger
from optout.register.attempt import Attempt
from optout.register.certificate import Certificate
from optout.register.ledger import Provision
from optout.screen import Result
from optout.store import Anchor, Draft, Store

_LIMITS: Final = (
    "names the state of the suppression list at this revision; later requests are not in it",
    "speaks for the bytes of the file named here and for no copy, printout or extract",
)


@dataclass(slots=True, repr=False, eq=False)
class Passed:
    """A list that was held against every condition.

    Attributes:
        order: What was ordered.
        result: The screen, with what people decided.
        head: Where the store stood.
        mapping: What the columns are.
        origin: Where the rows come from.
        blanks: Cells that go blank.
        lists: Other lists that were applied, with their age.
        reasons: What speaks against it; none of a list that goes out.
        planted: Decoys, once they were made.
    """

    order: Order
    result: Result
    head: Anchor
    mapping: ColumnMapping
    origin: Origin
    blanks: Blanks
    lists: list[dict[str, Any]]
    reasons: list[str]
    planted: pl.DataFrame | None = field(default=None)

    def __repr__(self) -> str:
        return f"<Passed {self.order.delivery}, {len(self.reasons)} reasons>"

    @property
    def decoys(self) -> int:
        """Rows that were planted."""
        return 0 if self.planted is None else self.planted["row"].n_unique()


def payload(passed: Passed, store: Store, valid_hours: float) -> dict[str, Any]:
    """What a certificate says (`Certificate.payload`); name, hash and size of the file come when it is written.

    Raises:
        OptionError: `valid_hours` is not above 0.
    """
    if not valid_hours > 0:
        raise OptionError("valid_hours", ("more than 0",))
    order, result, now = passed.order, passed.result, store.now()
    against = result.report["against"]
    return {
        "id": str(uuid.uuid4()),
        "delivery": order.delivery,
        "issued_at": now.isoformat(timespec="seconds"),
        "expires_at": (now + timedelta(hours=valid_hours)).isoformat(timespec="seconds"),
        "operator": store.actor,
        "subject": {"rows": result.verdicts.height + passed.decoys},
        "input": {"name": result.source.name, "sha256": result.source.sha256},
        "store": stood(store, passed.head) | {"entries": against["entries"]},
        "rules": rules(result.scheme),
        "counts": result.report["counts"],
        "reasons": result.report["by_reason"],
        "seeds": result.report["seeds"],
        "blanked": len(passed.blanks),
        "policy": against["policy"],
        "channel": against["channel"],
        "other_channels": order.others,
        "tenant": against["tenant"],
        "recipient": order.shown,
        "purpose": order.purpose,
        "basis": order.basis,
        "method": order.method,
        "columns": list(result.source.headers),
        "filing": None if order.filing is None else order.filing.version,
        "holdings": list(passed.origin.used),
        "lists": passed.lists,
        "unchecked": conditions.unchecked(order),
        "limits": list(_LIMITS),
    }


def stood(store: Store, head: Anchor) -> dict[str, Any]:
    """A head as a certificate names it."""
    epoch, revision, audit_n, audit_hash = head
    where = {"id": store.store_id, "epoch": epoch, "revision": revision}
    return where | {"audit_n": audit_n, "audit_hash": audit_hash.hex()}


def rules(scheme: str) -> dict[str, str]:
    """By which rules verdicts were made."""
    versions = {"optout": metadata.version("optout"), "polars": pl.__version__}
    return {"scheme": scheme, "tables_sha256": tables.digest(), **versions}


def provided(store: Store, passed: Passed, going: Outgoing, certificate: Certificate) -> list[Draft]:
    """The records of a delivery, for one commit: that it was made, and everybody in it (第29条)."""
    order, told = passed.order, certificate.payload
    provision = Provision(
        f"P-{order.delivery}",
        order.on,
        order.party,
        tuple(passed.result.source.headers),
        order.basis,
        order.channel,
        order.purpose,
        certificate.id,
        certificate.sha256,
        passed.result.verdicts.height,
        order.delivery,
        order.tenant,
        passed.origin.used,
        order.method,
    )
    made = Attempt(
        order.delivery,
        "delivered",
        order.on,
        passed.result.source.name,
        order.shown,
        order.purpose,
        order.channel,
        order.tenant,
        passed.result.source.sha256,
        told["counts"],
        (),
        passed.origin.used,
        None,
        certificate.envelope,
        certificate.id,
        provision.id,
        len(passed.blanks),
        passed.decoys,
        {**order.read_as, "encoding": going.encoded},
        certificate.revision,
    )
    return [ledger.draft(store, provision, subjects(passed, going)), made.draft(passed.planted)]


def subjects(passed: Passed, going: Outgoing) -> pl.DataFrame:
    """Everybody in the list as it goes out: what was blanked is not in it, and no decoy is."""
    frame = passed.result.source.frame
    rows = passed.result._raw
    if passed.blanks:
        rows = raw(_blanked(frame, passed.blanks), passed.mapping)
    lines = ledger.subject_lines(rows, _row_ids(frame, passed.mapping))
    went = going.row_of(lines["row"])
    unnamed = pl.col("row_id").is_null()
    return lines.with_columns(went.alias("row")).with_columns(
        pl.when(unnamed).then(pl.format("row {}", pl.col("row") + 1)).otherwise("row_id").alias("row_id")
    )


def _row_ids(frame: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    """The list's own number of each row; null where it has none."""
    places = [column.position for column in mapping.columns if column.field == "record_id"]
    if not places:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    cells = frame.to_series(places[0]).alias("id").str.strip_chars()
    return cells.to_frame().select(pl.when(pl.col("id") != "").then("id").alias("id"))["id"]


def _blanked(frame: pl.DataFrame, blanks: Blanks) -> pl.DataFrame:
    by_column: dict[int, list[int]] = {}
    for row, columns in blanks.items():
        for column in columns:
            by_column.setdefault(column, []).append(row)
    blanked = [
        frame.to_series(column).scatter(rows, "").alias(frame.columns[column])
        for column, rows in by_column.items()
    ]
    return frame.with_columns(blanked)
