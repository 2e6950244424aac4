"""The same person again: a case is linked to the earlier one of the same kind that it repeats (R8).

A link is for people who work at the desk. It takes nothing away: the later case suppresses by itself, is checked by
itself (no check of the earlier one counts for it) and is answered by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from optout import match
from optout.keys import blocked, comparable
from optout.register.case import Case
from optout.store import Request, Store, bulk

_QUESTION: Final = {"asked": "person", "policy": "person", "channel": "any"}


def earlier(store: Store, fresh: Sequence[Case], everyone: Sequence[Case]) -> dict[str, str]:
    """Case → the first case of the same person and kind it repeats.

    Args:
        store: Whose places addresses are read by.
        fresh: The cases asked about.
        everyone: All cases in the order they were recorded, the fresh ones among them.
    """
    place = {each.id: n for n, each in enumerate(everyone)}
    near = _within_reach(fresh, everyone)
    if len(near) < 2:
        return {}
    pairs = _same_people(store, fresh, near)
    known = {each.id: each for each in everyone}
    found: dict[str, str] = {}
    for later, first in sorted(pairs, key=lambda pair: (place[pair[0]], place[pair[1]])):
        one, other = known[later], known[first]
        if place[first] < place[later] and one.kind == other.kind and _close(one, other):
            # A chain leads to its head: every repetition names the case that was first.
            found.setdefault(later, found.get(first) or other.canonical or first)
    return found


def _within_reach(fresh: Sequence[Case], everyone: Sequence[Case]) -> list[Case]:
    """Cases that one of the fresh ones could repeat, and the fresh ones."""
    kinds = {each.kind for each in fresh}
    longest = max((_window(each) for each in fresh), default=0)
    days = [each.received for each in fresh]
    new = {each.id for each in fresh}
    return [
        each
        for each in everyone
        if each.id in new
        or (
            each.kind in kinds
            and (min(days) - each.received).days <= longest
            and (each.received - max(days)).days <= longest
        )
    ]


def _window(given: Case) -> int:
    return int(given.terms.procedure.get("twin_days", 0))


def _close(later: Case, first: Case) -> bool:
    return abs((later.received - first.received).days) <= _window(later)


def _same_people(store: Store, fresh: Sequence[Case], near: Sequence[Case]) -> list[tuple[str, str]]:
    """Pairs of a fresh case and another one that the rules hold for one person, by the engine of every screen."""
    asked, listed = _raw(fresh), _raw(near)
    pairs = blocked(listed, "entry").met_by(blocked(asked, "row")).pairs
    ours, theirs = asked["row"].gather(pairs["a"]), listed["row"].gather(pairs["b"])
    ids = pl.DataFrame(
        {
            "later": pl.Series([each.id for each in fresh], dtype=pl.String).gather(ours),
            "first": pl.Series([each.id for each in near], dtype=pl.String).gather(theirs),
        }
    )
    apart = ids["later"] != ids["first"]
    pairs, ids = pairs.filter(apart), ids.filter(apart)
    if pairs.is_empty():
        return []
    people = comparable(pl.concat([asked, listed], how="diagonal"), store.gazetteer())
    met = pl.DataFrame({"a": pairs["a"], "b": pairs["b"] + asked.height})
    levels = match.compare(met, people, people).with_columns(
        pl.lit(value).alias(name) for name, value in _QUESTION.items()
    )
    certain = match.decide(levels)["verdict"] == "withhold"
    return ids.filter(certain.fill_null(value=False)).unique(maintain_order=True).rows()


def _raw(given: Sequence[Case]) -> pl.DataFrame:
    """Every identity of these people as a raw frame; `row` is the place of the case."""
    requests = [_request(each) for each in given]
    return bulk.as_raw(bulk.from_requests(requests).entries)


def _request(given: Case) -> Request:
    own = {name: getattr(given.person, name) for name in given.person.__slots__}
    return Request(**own, identities=given.others)
