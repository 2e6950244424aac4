"""Notices (通知) to clients: a person they were given the data of has asked to be left out.

One notice a client and round; in it one line a delivered row. It is made, sent, acknowledged (受領) and done
(措置済); what is not done by its day is overdue and stands on the list of reminders. Nothing of it goes back.

Source: 個人情報保護法 第27条第2項 (the stop), 第35条; what vendors promise of the copies their clients hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final, Literal, TypeAlias, cast

import polars as pl

from optout.errors import IllegalMoveError
from optout.store import Draft, Record, Store

State: TypeAlias = Literal["made", "sent", "acknowledged", "done"]
STATES: Final[tuple[State, ...]] = ("made", "sent", "acknowledged", "done")
OVERDUE: Final = "overdue"
KIND: Final = "notice"
_NUMBER: Final = "N-"
_LINES: Final = "lines"
_DAYS: Final = ("made", "due", "sent", "acknowledged", "done")


@dataclass(frozen=True, slots=True, repr=False)
class Notice:
    """One notice.

    Attributes:
        id: Its number.
        recipient: Name of the client.
        made: The day it was made; `due` by when the client is to say that it is done.
        due: See `made`.
        tells: (request, provision, row of the delivered list) it tells of, so that none is told of twice.
        deliveries: 納品番号 of the provisions, where they have one.
        rows: Lines in it.
        columns: What it tells of each row.
        file: Name of the file that goes to the client, `sha256` of its bytes, `encoding` of its text.
        sha256: See `file`.
        encoding: See `file`.
        state: As far as it has come.
        sent, acknowledged, done: The days it became so.
        how: How it was sent.
        note: What the client said.
        reminded: Days the client was reminded.
    """

    id: str
    recipient: str
    made: date
    due: date
    tells: tuple[tuple[str, str, int], ...]
    deliveries: tuple[str, ...]
    rows: int
    columns: tuple[str, ...]
    file: str
    sha256: str
    encoding: str
    state: State = "made"
    sent: date | None = None
    acknowledged: date | None = None
    done: date | None = None
    how: str = ""
    note: str = ""
    reminded: tuple[date, ...] = ()

    def __repr__(self) -> str:
        return f"<Notice {self.id}, {self.rows} rows, {self.state}>"

    def status(self, as_of: date) -> str:
        """Its state on a day, or `overdue`: not done although its day has passed."""
        return OVERDUE if self.state != "done" and as_of > self.due else self.state


def draft(notice: Notice, lines: pl.DataFrame | None = None, after: int | None = None) -> Draft:
    """What records a notice.

    Args:
        notice: As it is now.
        lines: What it tells, when it is new; kept sealed, so that it can be sent again.
        after: Number of the version it was made from.
    """
    frames = {} if lines is None else {_LINES: lines}
    return Draft(KIND, notice.id, _plain(notice), frames=frames, after=after)


def notices(store: Store) -> dict[str, Notice]:
    """Every notice, by its number, oldest first."""
    every = store.records(KIND).items()
    return {number: _read(record) for number, record in every if number.startswith(_NUMBER)}


def lines(store: Store, notice_id: str) -> pl.DataFrame:
    """What one notice tells, to be written again. Personal data, unless the client numbers its rows.

    Raises:
        UnknownRecordError: no notice of this number.
    """
    frame = store.frame_of(KIND, notice_id, _LINES)
    return pl.DataFrame() if frame is None else frame


def told(store: Store) -> set[tuple[str, str, int]]:
    """(request, provision, row) of all notices."""
    return {each for notice in notices(store).values() for each in notice.tells}


def moved(store: Store, notice_id: str, state: str, on: date, how: str = "", note: str = "") -> Notice:
    """Take a notice one or more steps on.

    Args:
        store: Where it is kept.
        notice_id: Its number.
        state: "sent", "acknowledged" or "done".
        on: The day.
        how: How it was sent.
        note: What the client said.

    Returns:
        It as it is now.

    Raises:
        UnknownRecordError: no notice of this number.
        IllegalMoveError: it is as far already, or was never sent.
        RecordChangedError: somebody else moved it meanwhile.
    """
    record = store.record_of(KIND, notice_id)
    was = _read(record)
    open_ways = STATES[STATES.index(was.state) + 1 :]
    # What was never sent cannot have been answered.
    allowed = open_ways[:1] if was.state == "made" else open_ways
    if state not in allowed:
        raise IllegalMoveError(was.state, state, allowed)
    days = {"state": state, state: on}
    said = {name: text for name, text in (("how", how), ("note", note)) if text.strip()}
    return _kept(store, replace(was, **days, **said), record, f"notice {state}")  # type: ignore[arg-type]


def reminded(store: Store, notice_id: str, on: date) -> Notice:
    """Note that the client was reminded.

    Args:
        store: Where it is kept.
        notice_id: Its number.
        on: The day.

    Returns:
        It as it is now.

    Raises:
        UnknownRecordError: no notice of this number.
        IllegalMoveError: it was never sent, or is done.
    """
    record = store.record_of(KIND, notice_id)
    was = _read(record)
    if was.state in ("made", "done"):
        raise IllegalMoveError(was.state, "reminded", ("sent",) if was.state == "made" else ())
    return _kept(store, replace(was, reminded=(*was.reminded, on)), record, "notice reminded")


def number(known: Iterable[str]) -> str:
    """The next number."""
    return f"{_NUMBER}{len(list(known)) + 1:04}"


def _kept(store: Store, made: Notice, before: Record, action: str) -> Notice:
    store.keep([draft(made, after=before.n)], action, {"notice": made.id})
    return made


def _plain(notice: Notice) -> dict[str, Any]:
    told = {each.name: getattr(notice, each.name) for each in fields(notice)}
    days = {name: told[name] and told[name].isoformat() for name in _DAYS}
    lists = {
        "tells": [list(each) for each in notice.tells],
        "reminded": [day.isoformat() for day in notice.reminded],
    }
    return {**told, **days, **lists, "deliveries": list(notice.deliveries), "columns": list(notice.columns)}


def _read(record: Record) -> Notice:
    told: Mapping[str, Any] = record.told
    days = {name: told[name] and date.fromisoformat(told[name]) for name in _DAYS}
    lists = {
        "tells": tuple((request, provision, row) for request, provision, row in told["tells"]),
        "deliveries": tuple(told["deliveries"]),
        "columns": tuple(told["columns"]),
        "reminded": tuple(map(date.fromisoformat, told["reminded"])),
    }
    return Notice(**{**told, **days, **lists, "state": cast("State", told["state"])})
