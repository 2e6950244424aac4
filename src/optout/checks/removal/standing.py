"""Which requests may be carried out: the cases (受付) they belong to say."""

from __future__ import annotations

from typing import Final

from optout.register import case
from optout.register.case import Case
from optout.store import Store

# From here on the person is checked as far as their request needs it.
READY: Final = ("accepted", "executing", "partial", "done")
REMOVES: Final = "remove"
_OVER: Final = ("refused", "withdrawn")


def waiting(store: Store) -> dict[str, Case]:
    """Request → its case, where that has not been accepted yet: suppressed since it arrived, but erased nowhere."""
    by_request = _by_request(store)
    return {
        request: cases[0]
        for request, cases in by_request.items()
        if not any(one.state in READY for one in cases)
    }


def erasing_nothing(store: Store) -> set[str]:
    """Requests of cases that stop and ask for no removal: a complaint, a correction, a restriction."""
    return {
        request
        for request, cases in _by_request(store).items()
        if not any(one.state in READY and REMOVES in one.steps and request in one.requests for one in cases)
    }


def _by_request(store: Store) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for one in case.cases(store).values():
        if one.state not in _OVER:
            held = one.restriction.requests if one.restriction else ()
            for request in (*one.requests, *held):
                found.setdefault(request, []).append(one)
    return found
