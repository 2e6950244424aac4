"""A case that a duty answers: who it is about, and how far it has come."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from optout.register import case as register
from optout.register import case_rules as rules
from optout.register.case import Case
from optout.store import Identity, Request, Store

_WORKING: Final = "executing"


def person(case: Case) -> Request:
    """Whoever a case is about, by all identities told, as somebody to look for."""
    told = {field.name: getattr(case.person, field.name) for field in fields(Identity)}
    return Request(**told, identities=case.others)


def begun(store: Store, case_id: str) -> Case:
    """A case that may be carried out now: accepted, its identity check passed where one is needed.

    Raises:
        UnknownRecordError: no such case.
        IllegalMoveError: it is not accepted yet, or has ended.
    """
    known = register.case(store, case_id)
    return known if known.state == _WORKING else register.moved(store, known, _WORKING)


def required(store: Store, case_id: str) -> Case:
    """The same, without recording anything: for what is only looked into."""
    known = register.case(store, case_id)
    if known.state != _WORKING:
        rules.require_move(known.state, _WORKING)
    return known


def ended(store: Store, case: Case, done: bool, **facts: Any) -> Case:
    """Record that everything was done, or that something is left (`partial`)."""
    return register.moved(store, register.case(store, case.id), "done" if done else "partial", **facts)
