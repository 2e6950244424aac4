"""Attempts to deliver (出荷の記録): every one, refused or not, with what was counted and every reason.

Each attempt is a version under its delivery number (納品番号); what was delivered once under a number is not again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final

import polars as pl

from optout.store import Draft, Record, Store

KIND: Final = "delivery"
STATES: Final = ("refused", "delivered", "reissued", "withdrawn")
_DECOYS: Final = "decoys"


@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """One attempt to deliver, or one check at hand-over.

    Attributes:
        delivery: 納品番号; stands in clear.
        state: `delivered`; `refused`; at hand-over `reissued` (newer requests concern nobody in it) or `withdrawn`.
        on: The day in Japan.
        list: Name of the file.
        recipient: 提供先, as the certificate names it.
        purpose, channel, tenant: As asked.
        sha256: Of the file handed in.
        counts: Rows by verdict, rows, quarantined, records; empty when nothing could be screened.
        reasons: Why it was refused.
        holdings: Which holdings its rows stand in.
        incident: Number of the incident, when people who asked were in it.
        certificate: The envelope, when one was issued; `certificate_id` its number.
        provision: Number of the record of provision.
        blanked: Rows in which cells were blanked, as their people had refused another channel.
        decoys: Planted rows.
        read_as: How the file was read: `columns`, `ignore`, `encoding`, `sheet`, as told.
        revision: The suppression list's.
        at: When (UTC, ISO 8601), `actor` by whom; filled in by the store.
    """

    delivery: str
    state: str
    on: date
    list: str
    recipient: Mapping[str, str]
    purpose: str
    channel: str
    tenant: str | None = None
    sha256: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    holdings: tuple[str, ...] = ()
    incident: str | None = None
    certificate: Mapping[str, Any] | None = None
    certificate_id: str | None = None
    provision: str | None = None
    blanked: int = 0
    decoys: int = 0
    read_as: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0
    at: str = ""
    actor: str = ""

    def __repr__(self) -> str:
        return f"<Attempt {self.delivery}, {self.state}, {len(self.reasons)} reasons>"

    def draft(self, decoys: pl.DataFrame | None = None) -> Draft:
        """To be kept, with the rows that were planted."""
        told = {
            each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("at", "actor")
        }
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
        plain |= {"on": self.on.isoformat(), "recipient": dict(self.recipient), "counts": dict(self.counts)}
        plain |= {"read_as": dict(self.read_as)}
        frames = {} if decoys is None else {_DECOYS: decoys}
        return Draft(KIND, self.delivery, plain, self.tenant or "", frames)


def attempts(store: Store) -> list[Attempt]:
    """Every attempt, in the order they were made."""
    kept = [each for delivery in store.records(KIND) for each in store.versions(KIND, delivery)]
    return [_read(each) for each in sorted(kept, key=lambda each: each.n)]


def of(store: Store, delivery: str) -> list[Attempt]:
    """Those under one delivery number, oldest first; none when there are none."""
    known = store.records(KIND)
    return [_read(each) for each in store.versions(KIND, delivery)] if delivery in known else []


def delivered(store: Store, delivery: str) -> Attempt | None:
    """The attempt that went out under a delivery number."""
    every = of(store, delivery)
    return next((each for each in reversed(every) if each.state == "delivered"), None)


def decoys(store: Store, delivery: str) -> pl.DataFrame | None:
    """The rows planted into a delivery (see `register.decoy`); None when there are none."""
    return store.frame_of(KIND, delivery, _DECOYS) if delivery in store.records(KIND) else None


def _read(kept: Record) -> Attempt:
    told = dict(kept.told)
    told |= {"on": date.fromisoformat(told["on"])}
    told |= {name: tuple(told[name]) for name in ("reasons", "holdings")}
    return Attempt(**told, at=kept.at, actor=kept.actor)
