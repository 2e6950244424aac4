"""Whose rows a removal is about: the requests, how far each reaches, and whoever must not be erased."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import polars as pl

from optout.checks.removal.standing import erasing_nothing, waiting
from optout.errors import StalePlanError, UnknownRequestError
from optout.keys import KeyScheme
from optout.register.case_rules import require_move
from optout.schema import CHANNELS, KIND
from optout.screen.search import listed_alone
from optout.screen.snapshot import Snapshot
from optout.store import Receipt, Store
from optout.store.kind import OPT_OUT, held, kinds

_LEGAL_HOLD = "legal_hold"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Asked:
    """The requests of a plan.

    Attributes:
        requests: Their ids, in order; those that are a legal hold erase nobody.
        scope: `request`, `tenant` (null: every list), `whole` Boolean: it asks for the person to be left out of
            everything, not of some channels only.
        holds: Ids of every legal hold in force: what those people stand in must stay.
        scheme: Tag of the key scheme.
        entries: What is looked for: of the requests, and of the holds.
        pending: Requests that were left out, for their case was not accepted yet.
    """

    requests: list[str]
    scope: pl.DataFrame
    holds: list[str]
    scheme: str
    entries: pl.DataFrame
    pending: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Asked {len(self.requests)} requests, {len(self.holds)} holds>"

    def snapshot(self, store: Store) -> Snapshot:
        """A list of these alone; the one made last is used again, as long as nothing of it has changed."""
        key = (store.head[:2], self.scheme, tuple(self.requests), tuple(self.holds))
        known = _LATEST.get(store)
        if known is None or known[0] != key:
            known = _LATEST[store] = (key, listed_alone(store, self.entries))
        return known[1]


_LATEST: Final[WeakKeyDictionary[Store, tuple[object, Snapshot]]] = WeakKeyDictionary()


def asked(store: Store, requests: Receipt | Iterable[str] | str | None) -> Asked:
    """The requests as they stand now.

    Args:
        store: The suppression list.
        requests: Ids, a receipt, or None for every active request.

    Raises:
        UnknownRequestError: an id is not in the store.
        StalePlanError: a request is no longer active.
        IllegalMoveError: the case of a named request was not accepted yet; of all active ones such are left out.
    """
    entries, pending = store.entries()[1], waiting(store)
    left_out: list[str] = []
    if requests is None:
        active = set(entries["request"]) - set(held(entries))
        ids, left_out = sorted(active - pending.keys()), sorted(active & pending.keys())
    else:
        ids = _ids(requests)
        for one in (pending[request] for request in ids if request in pending):
            require_move(one.state, "executing")
    mine = entries.filter(pl.col("request").is_in(ids))
    if missing := set(ids) - set(mine["request"]):
        if unknown := missing - set(store.requests(missing)["request"]):
            raise UnknownRequestError(min(unknown))
        raise StalePlanError(f"{len(missing)} of {len(ids)} requests are not active")
    holds = held(entries)
    kept = pl.concat([mine.filter(~pl.col("request").is_in(holds)), entries.filter(_is_in(holds))])
    scheme = KeyScheme.current(store.gazetteer()).tag
    scope = _scope(mine, erasing_nothing(store))
    return Asked(ids, scope, sorted(holds), scheme, _looked_for(kept, holds), tuple(left_out))


def in_force(store: Store, requests: Iterable[str]) -> list[str]:
    """Those of the requests that are still active."""
    return sorted(set(store.entries()[1]["request"]) & set(requests))


def _is_in(requests: list[str]) -> pl.Expr:
    return pl.col("request").is_in(requests)


def _ids(requests: Receipt | Iterable[str] | str) -> list[str]:
    listed = requests.request_ids if isinstance(requests, Receipt) else requests
    return sorted({listed} if isinstance(listed, str) else set(listed))


def _scope(entries: pl.DataFrame, stopping: set[str]) -> pl.DataFrame:
    """Who moved away is out of date at an address and erased nowhere; a stop of calls alone erases nobody."""
    persons = [code for code, kind in kinds().items() if kind.effect == "person"]
    every = (pl.col("channels").list.len() == len(CHANNELS)) & pl.col("kind").is_in(persons)
    told = (
        entries.group_by("request").agg(pl.col("tenant").first(), every.all().alias("whole")).sort("request")
    )
    erases = ~pl.col("request").is_in(list(stopping))
    return told.with_columns((pl.col("whole") & erases).alias("whole"))


def _looked_for(entries: pl.DataFrame, holds: list[str]) -> pl.DataFrame:
    """Entries as they are searched for: a hold speaks of its person, and nobody's tenant keeps a row from being met."""
    return entries.with_columns(
        pl.lit(None, pl.String).alias("tenant"),
        pl.when(_is_in(holds)).then(pl.lit(OPT_OUT)).otherwise(pl.col("kind")).cast(KIND).alias("kind"),
    )
