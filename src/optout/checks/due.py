"""What may no longer be kept on a day: every holding, and every Art. 29 and Art. 30 record, until when and why.

Registers and a day decide alone, so the same question has the same answer. A promise of at most so many days is kept on
the last of them; a duty of at least so many years ends the day after. A legal hold wins. The suppression list is no
part of it: a stop never expires.

Source: 個人情報保護法 第22条; 施行規則 第21条, 第25条.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import polars as pl

from optout.errors import UnknownRecordError
from optout.register import day, ledger, receipt, retention
from optout.register import holding as register
from optout.register.holding import Holding
from optout.schema import DType
from optout.store import Store

DUE, KEPT, HELD, EXEMPT, UNDECIDED = "due", "kept", "held", "exempt", "undecided"
SCHEDULE: Final[dict[str, DType]] = {
    "what": pl.String,
    "id": pl.String,
    "name": pl.String,
    "rule": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "state": pl.String,
    "why": pl.String,
}


def schedule(store: Store, as_of: date) -> pl.DataFrame:
    """Until when everything is kept, as it stands on a day.

    Args:
        store: Where the registers are.
        as_of: The day.

    Returns:
        SCHEDULE: `what` (holding, provision, receipt), `id`, `name` of a holding, `rule` (the retention class, or a
        line of tables/record_retention.tsv), `since` (the day it is counted from), `until` (the last day), `state`:
        due; kept (its day has not come); held (legal hold, or a law orders it); exempt (a contract); undecided (no
        class, or no day of collection: nobody has said how long). `why` in words. By kind, in the order of the
        registers.
    """
    lines = [*_holdings(store, as_of), *_records(store, as_of)]
    return pl.DataFrame(lines, schema=SCHEDULE, orient="row")


def collected(store: Store, holding: str, on: date) -> Holding:
    """Say when a list was collected, from which day its retention is counted.

    Args:
        store: Where the register is.
        holding: Name or number of the list.
        on: The day; for a list that grows, that of its oldest row.

    Returns:
        What the register now tells of it.

    Raises:
        UnknownHoldingError: no such list is held.
    """
    origin = register.of(store, holding).origin
    return register.change(store, holding, origin={**origin, "collected": on.isoformat()})


def due_for_purge(store: Store, as_of: date) -> pl.DataFrame:
    """What may no longer be kept: the lines of `schedule` that are due.

    Args:
        store: Where the registers are.
        as_of: The day.

    Returns:
        SCHEDULE. Legal holds on people are looked for by `purge`, for that means reading the lists.
    """
    return schedule(store, as_of).filter(pl.col("state") == DUE)


def _holdings(store: Store, as_of: date) -> Iterator[tuple[Any, ...]]:
    classes, exemptions, holds = retention.classes(store), retention.exemptions(store), retention.holds(store)
    for one in register.holdings(store).values():
        cls, since = classes.get(one.retention), _collected(store, one)
        until = cls.ends(since) if cls and since else None
        exempt = exemptions.get(one.name)
        line = ("holding", one.id, one.name, one.retention or None, since)
        if hold := holds.get(("holding", one.id)) or holds.get(("holding", one.name)):
            yield *line, until, HELD, hold.reason
        elif one.exempt:
            yield *line, until, HELD, one.exempt
        elif exempt and as_of <= exempt.until:
            yield *line, exempt.until, EXEMPT, f"{exempt.contract}: {exempt.purpose}"
        elif until is None:
            yield *line, None, UNDECIDED, _lacking(one, cls is not None)
        else:
            # At most so many days: on the last of them it has to go.
            yield *line, until, DUE if as_of >= until else KEPT, None


def _lacking(one: Holding, classed: bool) -> str:
    if classed:
        return "no day of collection (取得日なし): origin needs `receipt` or `collected`"
    return (
        "its retention class is not defined (保存区分未定義)"
        if one.retention
        else "no retention class (保存区分なし)"
    )


def _collected(store: Store, one: Holding) -> date | None:
    """The day a list was collected: what the register says, else the day of its receipt."""
    told = one.origin.get("collected")
    if told:
        return day.read(told, "collected")
    try:
        return receipt.receipt(store, str(one.origin["receipt"])).received
    except (KeyError, UnknownRecordError):
        return None


def _records(store: Store, as_of: date) -> Iterator[tuple[Any, ...]]:
    holds = retention.holds(store)
    last = _last_provisions(store)
    # Those whose list never went out, too: they hold people's data as long.
    for one in [ledger.provision(store, number) for number in store.records(ledger.KIND)]:
        rule = retention.of_record("provision", one.mode)
        since = (
            _made(one.recorded, one.date) if rule.counted_from == "made" else last.get(_series(one), one.date)
        )
        yield _record("provision", one.id, rule, since, as_of, holds)
    for each in receipt.receipts(store):
        rule = retention.of_record("receipt", None)
        yield _record("receipt", each.id, rule, _made(each.recorded, each.received), as_of, holds)


def _record(
    what: str,
    number: str,
    rule: retention.LegalRule,
    since: date,
    as_of: date,
    holds: dict[tuple[str, str], retention.Hold],
) -> tuple[Any, ...]:
    until = rule.ends(since)
    line = (what, number, None, rule.rule, since, until)
    if hold := holds.get((what, number)):
        return *line, HELD, hold.reason
    # At least so many years: the last day is kept whole.
    return *line, DUE if as_of > until else KEPT, None


def _made(recorded: str | None, told: date) -> date:
    """The day a record was made, in Japan; never before what it tells of."""
    return max(day.of(recorded), told) if recorded else told


def _series(one: ledger.Provision) -> tuple[str, str]:
    return one.mode, str(one.recipient.get("name"))


def _last_provisions(store: Store) -> dict[tuple[str, str], date]:
    """The last provision under each continuing record: its method and its recipient."""
    last: dict[tuple[str, str], date] = {}
    for one in ledger.provisions(store):
        last[_series(one)] = max(one.date, last.get(_series(one), one.date))
    return last
