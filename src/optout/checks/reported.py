"""What the store tells → the lines of the reports, and the reports themselves.

The public way to the figures: `effect`, `requests`, `provisions`, `filing`, `breach` of a store. Lists, clients and
companies are named as they were recorded; a supplier or recipient who is an individual is told by number alone, and no
subject of a list is told at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import polars as pl

from optout import holdings
from optout.batch import Source, open_batch
from optout.checks import reported_removed as removed
from optout.checks import reporting, reporting_breach
from optout.checks.leaked import Leak, scope
from optout.checks.reporting import ANSWERED, PROVIDED, Period, Report
from optout.checks.reporting_breach import Circumstances
from optout.errors import OptionError
from optout.register import day, holding, ledger
from optout.register.case import ANSWERS, Case, cases
from optout.register.filing import Filing, versions
from optout.screen import Columns
from optout.store import Store

__all__ = ["Circumstances", "Period", "Report", "breach", "effect", "filing", "provisions", "requests"]

_OUTCOME: Final = {
    "done": "complied",
    "partial": "partly",
    "refused": "refused",
    "withdrawn": "withdrawn",
    "closed_unverified": "closed",
}
_NO_LETTER: Final = ("withdrawn", "closed_unverified")


def effect(store: Store, period: Period) -> Report:
    """Rows removed at checks 1, 2 and 3 (Q3).

    Args:
        store: Whose checks.
        period: By the day of the check, in Japan.

    Returns:
        As `reporting.effect`.
    """
    return reporting.effect(removed.lines(store), period)


def requests(store: Store, period: Period, as_of: date) -> Report:
    """How the requests received in a period were answered (Q1).

    Args:
        store: Whose desk.
        period: By the day of arrival.
        as_of: On which day what is open is late or not.

    Returns:
        As `reporting.requests`; what the list suppresses without a case is told as a remark.
    """
    known = cases(store).values()
    suppressed = {request for each in known for request in each.requests}
    without = sum(request not in suppressed for request in store.active_requests())
    lines = pl.DataFrame([_answered(each) for each in known], schema=ANSWERED)
    return reporting.requests(lines, period, as_of, without)


def _answered(told: Case) -> dict[str, Any]:
    return {
        "id": told.id,
        "kind": told.kind,
        "channel": told.channel,
        "client": told.client,
        "received": told.received,
        "due": told.due,
        "answered": _answered_on(told),
        "outcome": "partly" if _kept_something(told) else _OUTCOME.get(told.state, "open"),
    }


def _kept_something(told: Case) -> bool:
    """Erased, but not where a law or a hold keeps the rows."""
    return (
        told.state == "done" and told.kind == "erase" and "exempt" in told.facts.get("holdings", {}).values()
    )


def _answered_on(told: Case) -> date | None:
    """The day the person was told how it ended, or took it back; not the day the work was done."""
    if told.is_open:
        return None
    if told.state in _NO_LETTER and told.ending:
        return told.ending.on
    return min((sent.on for sent in told.letters if sent.letter in ANSWERS), default=None)


def provisions(store: Store, period: Period) -> Report:
    """What was provided in a period (Q2).

    Args:
        store: Whose ledger.
        period: By the day of the provision.

    Returns:
        As `reporting.provisions`; a delivery that was taken back before it went out is told as a remark.
    """
    lines = pl.DataFrame([_provided(each) for each in ledger.provisions(store)], schema=PROVIDED)
    every = ledger.provisions(store, period.since, period.until, withdrawn=True)
    back = sum(bool(each.withdrawn) for each in every)
    report = reporting.provisions(lines, period)
    return replace(report, remarks={"withdrawn": back}) if back else report


def filing(store: Store, old: int | None = None, new: int | None = None) -> Report:
    """The PPC filing, the old beside the new (Q2).

    Args:
        store: Whose filings.
        old: Version; None = the one before `new`.
        new: Version; None = the newest.

    Returns:
        As `reporting.filing`.

    Raises:
        OptionError: no such version is on record.
    """
    known = {each.version: each for each in versions(store)}
    number = max(known, default=0) if new is None else new
    before = number - 1 if old is None else old
    if number not in known or (old is not None and old not in known):
        raise OptionError(
            "version of the filing", tuple(map(str, known)) or ("none: record the filing first",)
        )
    return reporting.filing(_nine(known[before]) if before in known else None, _nine(known[number]))


def breach(
    store: Store,
    told: Circumstances,
    lists: Sequence[Source],
    provided: Sequence[str] = (),
    held: Sequence[str] = (),
    columns: Columns = None,
    as_of: date | None = None,
) -> Report:
    """The scope of an incident: who and what got out, and until when it must be reported (X6).

    Args:
        store: Whose ledger and register.
        told: What only people know of it.
        lists: The lists that got out.
        provided: Numbers of provisions whose delivered copy got out: their people are in the ledger.
        held: Names of holdings that got out, as they are now.
        columns: As for `screen`, for the lists.
        as_of: On which day a date has passed or not; None = the dates are only named.

    Returns:
        As `reporting_breach.breach`.

    Raises:
        UnknownRecordError, UnknownHoldingError: no such provision or holding.
        InputError: a list or its columns cannot be used.
    """
    leaks = [Leak(source, columns=columns) for source in lists]
    leaks += [_of_provision(store, number) for number in provided]
    leaks += [leak for name in held for leak in _of_holding(store, name)]
    if not leaks:
        raise OptionError(
            "lists", ("a list that got out", "the number of a provision", "the name of a holding")
        )
    found = scope(leaks)
    return reporting_breach.breach(found.lines, told, found.people, as_of)


def _of_provision(store: Store, number: str) -> Leak:
    told = ledger.provision(store, number)
    people = ledger.subjects(store, number).drop("row", "row_id", "subject")
    return Leak(open_batch(people), number, told.items)


def _of_holding(store: Store, name: str) -> list[Leak]:
    known = holding.of(store, name)
    places = [place for where in known.location for place in holdings.expanded(where)]
    opened = [holdings.opened(place, known.columns, known.encoding, known.sheet) for place in places]
    return [
        Leak(each.source(), name if len(opened) == 1 else f"{name}: {each.name}", None, known.columns)
        for each in opened
    ]


def _nine(told: Filing) -> dict[str, Any]:
    party = (told.name, told.address, told.representative)
    others = ("purpose", "items", "acquisition", "methods", "stop", "contact", "updating", "starts")
    return {"party": party, **{name: getattr(told, name) for name in others}}


def _provided(told: ledger.Provision) -> dict[str, Any]:
    party = told.recipient
    return {
        "id": told.id,
        "on": told.date,
        "recipient": removed.party(party),
        "corporate_number": party.get("corporate_number"),
        "verified": day.read(party.get("verified")),
        "purpose": told.purpose or None,
        "basis": told.basis,
        "method": told.channel,
        "items": list(told.items),
        "rows": told.rows,
        "certificate": told.certificate,
    }
