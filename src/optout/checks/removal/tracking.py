"""The cases (受付) behind the requests of a plan: who may be carried out, and how far each has come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from optout.checks.removal.kept import Kept
from optout.checks.removal.outcome import SETTLED, Outcome, covers_register
from optout.checks.removal.standing import REMOVES
from optout.register import case
from optout.register.case import Case
from optout.store import Store


def _of(store: Store, requests: Iterable[str]) -> list[Case]:
    mine = set(requests)
    return [one for one in case.cases(store).values() if mine & set(one.requests) and REMOVES in one.steps]


def begun(store: Store, plan_hash: str, kept: Kept, each: pl.DataFrame) -> None:
    """Their removal begins; a case that was done is opened again only when something of it was found."""
    found = set(each.filter(pl.col("action") != "suppress_only")["request"].drop_nulls())
    steps = [
        (one, "executing", {"plan": plan_hash})
        for one in _of(store, kept.requests)
        if one.state in ("accepted", "partial") or (one.state == "done" and found & set(one.requests))
    ]
    if steps:
        case.moved_all(store, steps)


def ended(store: Store, kept: Kept, outcome: Outcome) -> dict[str, str]:
    """Case → its state now: done when all of it could be looked for in all that is held, and is settled."""
    whole = covers_register(store, kept)
    planned = set(kept.requests) - set(kept.unmatchable)
    lines: dict[str, dict[str, str]] = {}
    for request, holding, status in outcome.requests.iter_rows():
        lines.setdefault(request, {})[holding] = status
    steps: list[tuple[Case, str, dict[str, Any]]] = []
    for one in _of(store, kept.requests):
        if one.state != "executing":
            continue
        told = [lines[request] for request in one.requests if request in planned]
        settled = all(status in SETTLED for each in told for status in each.values())
        state = "done" if settled and whole and planned >= set(one.requests) else "partial"
        steps.append((one, state, {"plan": outcome.plan, "holdings": _worst(told)}))
    if steps:
        case.moved_all(store, steps)
    return {one.id: one.state for one in _of(store, kept.requests)}


def _worst(told: list[dict[str, str]]) -> dict[str, str]:
    """Holding → what became of the person there, over all requests of a case."""
    order = ("unreachable", "review", "removed", "exempt", "suppressed", "not_found")
    return {
        holding: min((each[holding] for each in told), key=order.index)
        for holding in (told[0] if told else {})
    }
