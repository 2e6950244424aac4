"""Days of the office: what date it is in Japan, and days as people write them → dates.

A fax that arrives at 8:50 in Tokyo arrives the day before by UTC; periods are counted by the office's calendar.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

import polars as pl

from optout.errors import OptionError
from optout.store import Store

# Japan has had no summer time since 1951 (昭和27年法律第84号), so no time zone database is needed.
JAPAN: Final = timezone(timedelta(hours=9), "JST")


def today(store: Store) -> date:
    """The date in Japan by the store's clock."""
    return store.now().astimezone(JAPAN).date()


def of(moment: str | datetime) -> date:
    """The date in Japan of a moment, as records and audit rows tell it.

    Examples:
        >>> of("2026-03-31T23:50:00.000+00:00")
        datetime.date(2026, 4, 1)
    """
    known = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return known.astimezone(JAPAN).date()


def clock(moment: str) -> str:
    """Day and time in Japan of a moment, as records tell it.

    Examples:
        >>> clock("2026-03-31T23:50:00.000+00:00")
        '2026-04-01 08:50'
    """
    return f"{datetime.fromisoformat(moment).astimezone(JAPAN):%Y-%m-%d %H:%M}"


def read(written: str | date | None, what: str = "date") -> date | None:
    """A day in any usual spelling, western or Japanese years; nothing for nothing.

    Args:
        written: A text or a date.
        what: How the option is called in an error.

    Raises:
        OptionError: it is no day that exists.

    Examples:
        >>> read("令和8年4月1日"), read("2026/4/1") == read("R8.4.1")
        (datetime.date(2026, 4, 1), True)
    """
    if isinstance(written, datetime):
        return written.date()
    if written is None or isinstance(written, date):
        return written
    found = days([written])[0] if isinstance(written, str) else None
    if found is None:
        raise OptionError(what, ("a day such as 2026-04-01, 2026/4/1 or 令和8年4月1日",))
    return found


def days(written: list[str | None]) -> list[date | None]:
    """The same for many cells at once; null for what is no day."""
    from optout.text import birth  # whose spellings are those of any date

    return birth.parse(pl.Series(written, dtype=pl.String)).to_list()
