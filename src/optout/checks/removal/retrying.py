"""Removals that are not finished are tried again, until every holding was reached and every row decided."""

from __future__ import annotations

from contextlib import suppress

from optout.checks.removal.asked import in_force
from optout.checks.removal.carrying import executed
from optout.checks.removal.kept import KIND, Kept, load, save
from optout.checks.removal.outcome import Outcome
from optout.checks.removal.planning import Plan, planned
from optout.errors import SecondPersonError, StalePlanError
from optout.register import holding as register
from optout.store import Store

_OPEN = ("executing", "partial")


def open_plans(store: Store) -> list[str]:
    """Hashes of the plans that were carried out in part, oldest first."""
    return [digest for digest, record in store.records(KIND).items() if record.told["state"] in _OPEN]


def retried(store: Store, approver: str | None) -> list[Outcome]:
    """See `removal.retry`."""
    found: list[Outcome | None] = []
    for digest in open_plans(store):
        with suppress(SecondPersonError):
            found += [_resumed(store, digest, approver) or _again(store, digest, approver)]
    return [outcome for outcome in found if outcome is not None]


def _resumed(store: Store, digest: str, approver: str | None) -> Outcome | None:
    """Finish what was cut off, so that its own evidence tells of it; None when that is not enough."""
    if load(store, digest).state != "executing":
        return None
    try:
        outcome = executed(store, digest, approver)
    except StalePlanError:
        return None
    return outcome if outcome.done else None


def _again(store: Store, digest: str, approver: str | None) -> Outcome | None:
    fresh = _planned_anew(store, load(store, digest))
    if fresh is None:
        return None
    outcome = executed(store, fresh.hash, approver)
    if fresh.hash != digest:
        kept = load(store, digest)
        kept.state, kept.followed_by = "superseded", fresh.hash
        save(store, digest, kept)
    return outcome


def _planned_anew(store: Store, kept: Kept) -> Plan | None:
    """The same over the same holdings; None when all of its requests were lifted."""
    requests = in_force(store, kept.requests)
    if not requests:
        return None
    held = {one.id: one.name for one in register.holdings(store).values()}
    still = [place for place in kept.places if not place.registered or place.registered in held]
    if not still:
        return None
    where = {place.name: held[place.registered] if place.whole else place.locations[0] for place in still}
    columns = {place.name: place.columns for place in still if not place.registered}
    return planned(store, requests, where, columns, kept.limit)
