"""The day at the desk: what arrived, what is due, what is late, what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from optout.register import day as days
from optout.register.case import Case, cases
from optout.schema import DType
from optout.store import Store

_TABLE: Final[dict[str, DType]] = {
    "list": pl.String,
    "case": pl.String,
    "kind": pl.String,
    "state": pl.String,
    "channel": pl.String,
    "received": pl.Date,
    "due": pl.Date,
    "days_left": pl.Int32,
    "sheet": pl.String,
    "canonical": pl.String,
}


@dataclass(frozen=True, slots=True)
class Day:
    """The work of a day; no personal data, but for the numbers of cases.

    Attributes:
        as_of: The day it was asked for.
        received: Cases that arrived, or were recorded, on it.
        due: Neither done nor answered, and due within the days ahead.
        overdue: The same, and late.
        rekey: Two readings differ; `verifying`: a check of identity is awaited.
        partial: A holding was out of reach, or rows wait in review.
        unanswered: Ended, and nobody was told yet.
        review: Hits that wait for a person's decision.
    """

    as_of: date
    received: tuple[Case, ...]
    due: tuple[Case, ...]
    overdue: tuple[Case, ...]
    rekey: tuple[Case, ...]
    verifying: tuple[Case, ...]
    partial: tuple[Case, ...]
    unanswered: tuple[Case, ...]
    review: int

    @property
    def lists(self) -> dict[str, tuple[Case, ...]]:
        """Every list by its name, in the order a desk works through them."""
        names = ("overdue", "due", "partial", "rekey", "verifying", "unanswered", "received")
        return {name: getattr(self, name) for name in names}

    @property
    def counts(self) -> dict[str, int]:
        """How many stand in each list."""
        return {**{name: len(listed) for name, listed in self.lists.items()}, "review": self.review}

    @property
    def table(self) -> pl.DataFrame:
        """One line a case and list: `list`, `case`, `kind`, `state`, `channel` String, `received` `due` Date,
        `days_left` Int32 (negative when late), `sheet`, `canonical` String or null.
        """
        rows = [_row(name, each, self.as_of) for name, listed in self.lists.items() for each in listed]
        return pl.DataFrame(rows, schema=_TABLE)


def day(store: Store, as_of: date | None = None, ahead: int = 3) -> Day:
    """What the desk has to do.

    Args:
        store: The suppression list.
        as_of: The day; None = today in Japan.
        ahead: How many days ahead a due date is told of.

    Returns:
        The lists of the day.
    """
    on = as_of or days.today(store)
    known = list(cases(store).values())
    waiting = [each for each in known if not each.answered]
    soon = on + timedelta(days=ahead)
    return Day(
        on,
        received=_of(known, lambda each: on in (each.received, each.on)),
        due=_by_due([each for each in waiting if on <= each.due <= soon]),
        overdue=_by_due([each for each in waiting if each.due < on]),
        rekey=_of(known, lambda each: each.state == "needs_rekey"),
        verifying=_of(known, lambda each: each.state == "verifying"),
        partial=_of(known, lambda each: each.state == "partial"),
        unanswered=_of(waiting, lambda each: not each.is_open),
        review=_waiting_for_review(store),
    )


def overdue(store: Store, as_of: date | None = None) -> list[Case]:
    """Cases that are not done, or not answered, after their due date; the oldest due first.

    Args:
        store: The suppression list.
        as_of: The day; None = today in Japan. On the due date itself a case is not late.
    """
    on = as_of or days.today(store)
    return list(_by_due([each for each in cases(store).values() if not each.answered and each.due < on]))


def _of(known: list[Case], wanted: Any) -> tuple[Case, ...]:
    return tuple(each for each in known if wanted(each))


def _by_due(found: list[Case]) -> tuple[Case, ...]:
    return tuple(sorted(found, key=lambda each: each.due))


def _row(name: str, given: Case, on: date) -> dict[str, Any]:
    left = (given.due - on).days
    told = {column: getattr(given, column) for column in ("kind", "state", "channel", "received", "due")}
    return {
        "list": name,
        "case": given.id,
        **told,
        "days_left": left,
        "sheet": given.sheet,
        "canonical": given.canonical,
    }


def _waiting_for_review(store: Store) -> int:
    # The pages of review lie in the layer below the checks.
    from optout import review

    return len(review.waiting(store))
