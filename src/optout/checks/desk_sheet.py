"""A client's sheet of requests (オプトアウト依頼書) as CSV or XLSX → a case a person, linked by the sheet.

Columns of the desk (依頼日, 依頼元会社名・担当, 納品番号, 理由 …; tables/case_header.tsv) are taken out first; what
tells who is meant is recognised as in any list. A reason that names no kind of request is taken for a stop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl

from optout.batch import Source, open_batch
from optout.batch.columns import recognise
from optout.batch.raw import raw
from optout.checks.desk_intake import Arrival, Asked, Received, receive
from optout.errors import EmptyBatchError, OptionError, UnknownColumnError
from optout.register import case_rules as rules
from optout.register import day
from optout.register.case_parts import Agent, Paper
from optout.register.case_rules import USUAL, Procedure
from optout.schema import CHANNELS, RAW_FIELDS, numbered
from optout.store import Request, Store
from optout.store.kind import read_kinds
from optout.store.request import read_channels

Columns: TypeAlias = Mapping[str, str | int | Sequence[str | int]]

_SAMPLE: Final = 10_000
_ROW: Final = "row"
_DITTO: Final = ("同上", "〃", "仝", "″", '"', "々", "”")
_AGENT: Final = ("代理", "親権", "後見")
_BY_LAW: Final = ("法定", "親権", "後見")
# 見本商事／伊藤, 見本商事 担当 伊藤: where the clerk begins in a cell of both.
_CLERK: Final = re.compile(r"\s*(?:[/／\n]|(?:ご?担当者?|ご?担当)[:：]?)\s*")
# Entries as broad as a stop; a narrower one is made only where the scope is said.
_BROAD: Final = ("deceased", "minor")


@dataclass(frozen=True, slots=True, repr=False)
class _Line:
    """What the desk's own columns say of one line."""

    arrival: Arrival
    kind: str
    reason: str | None
    agent: Agent | None
    channels: tuple[str, ...]
    entry: str
    remarks: tuple[str, ...]

    @property
    def silent(self) -> bool:
        return self.reason is None and self.agent is None


def receive_sheet(
    store: Store,
    path: str | Path,
    arrival: Arrival | None = None,
    procedure: Procedure = USUAL,
    columns: Columns | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Received:
    """Record the people of a client's file: one case a person, all on one sheet. The same file again changes nothing.

    Args:
        store: The suppression list.
        path: A .csv, .tsv, .xlsx or .parquet file. 同上 and 〃 stand for the cell above.
        arrival: How it came in; by default from a client, today. What a line says of itself counts for that line.
        procedure: How this office takes requests.
        columns: Field → header, where headers do not say it; also received (依頼日), client, contact, delivery,
            reason, kind, asker and channels.
        encoding: Of a text file, when it should not be found out.
        sheet: Name of the sheet of a workbook.

    Returns:
        The cases in the order of the lines, and the lines that could not be read.

    Raises:
        InputError: the file cannot be used; nothing was recorded.
        SecondPersonError, StoreBusyError, StoreFailedError: as for `receive`.
    """
    came = arrival or Arrival("client")
    if came.image is None:
        came = replace(came, image=Paper.of(path))
    asked, unread = read_people(Path(path), came, columns, encoding, sheet)
    return receive(store, asked, came, procedure, unread)


def read_people(
    path: Path, came: Arrival, columns: Columns | None, encoding: str | None, sheet: str | None
) -> tuple[list[Asked], list[tuple[int, str]]]:
    """The people of a file, and the lines that cannot be read: number and why.

    Raises:
        InputError: the file cannot be used, or names nobody.
    """
    own, who = _split(columns or {})
    source = open_batch(path, encoding, who or None, sheet)
    return _asked(source, came, own, who), list(source.quarantined.select("line", "why").iter_rows())


def _split(columns: Columns) -> tuple[dict[str, str], dict[str, Any]]:
    """The desk's own fields with their header, and the mapping of the rest."""
    desk = set(rules.headers().values())
    own = {field: _one(field, given) for field, given in columns.items() if field in desk}
    return own, {field: given for field, given in columns.items() if field not in desk}


def _one(field: str, given: object) -> str:
    listed = [given] if isinstance(given, str | int) else list(given) if isinstance(given, Sequence) else []
    if len(listed) != 1 or not isinstance(listed[0], str):
        raise OptionError(f"columns, {field}", ("one header",))
    return listed[0]


def _asked(source: Source, came: Arrival, own: Mapping[str, str], who: Mapping[str, Any]) -> list[Asked]:
    desk = _desk_columns(source.columns, own, who)
    frame = _without_ditto(source.frame)
    taken = [source.columns.index(header) for header in desk.values()]
    mapping = recognise(source.headers, who or None, ignore=taken, sample=frame.head(_SAMPLE))
    people = raw(frame, mapping).sort(_ROW, maintain_order=True)
    lines = _lines(frame, desk, came)
    phones, emails = numbered(people, "phone"), numbered(people, "email")
    given = [
        _person(row, lines[row[_ROW]], [row[p] for p in phones], [row[e] for e in emails])
        for row in people.iter_rows(named=True)
    ]
    found = [each for each in given if each is not None]
    if not found:
        raise EmptyBatchError(source.name, "names nobody")
    return found


def _desk_columns(names: Sequence[str], own: Mapping[str, str], who: Mapping[str, Any]) -> dict[str, str]:
    """Field of the desk → column, the first that is called so and was not given another meaning."""
    if missing := [header for header in own.values() if header not in names]:
        raise UnknownColumnError(missing, [f"column {n + 1}" for n in range(len(names))])
    told = {header for given in who.values() for header in ([given] if isinstance(given, str) else given)}
    found = dict(own)
    for name in names:
        field = rules.headers().get(rules.fold(name))
        if field is not None and name not in told:
            found.setdefault(field, name)
    return found


def _without_ditto(frame: pl.DataFrame) -> pl.DataFrame:
    """同上 and 〃 as the nearest cell above that says something."""
    written = pl.all().str.strip_chars()
    ditto = written.is_in(_DITTO).fill_null(value=False)
    above = pl.when(~ditto & (written != "")).then(pl.all()).forward_fill()
    return frame.with_columns(pl.when(ditto).then(above).otherwise(pl.all()).name.keep())


def _lines(frame: pl.DataFrame, desk: Mapping[str, str], came: Arrival) -> list[_Line]:
    cells = {
        field: [(text or "").strip() or None for text in frame[header].to_list()]
        for field, header in desk.items()
    }
    asked_on = day.days(cells.get("received", [None] * frame.height))
    rows = [{field: texts[n] for field, texts in cells.items()} for n in range(frame.height)]
    return [_line(row, on, came) for row, on in zip(rows, asked_on, strict=True)]


def _line(cells: Mapping[str, str | None], asked_on: date | None, came: Arrival) -> _Line:
    company, clerk = _company(cells.get("client"))
    kind, unread = _kind(cells.get("kind"), cells.get("reason"))
    agent = _agent(cells.get("asker"))
    said = cells.get("channels")
    remarks = {
        "kind_unread": unread,
        "date_unread": asked_on is None and bool(cells.get("received")),
    }
    arrival = replace(
        came,
        client=company or came.client,
        contact=cells.get("contact") or clerk or came.contact,
        delivery=cells.get("delivery") or came.delivery,
        asked_on=asked_on or came.asked_on,
    )
    channels = (read_channels(said) or CHANNELS) if said else CHANNELS
    found = tuple(code for code, holds in remarks.items() if holds)
    return _Line(arrival, kind, cells.get("reason"), agent, channels, _entry(cells.get("reason")), found)


def _company(cell: str | None) -> tuple[str | None, str | None]:
    """Company and clerk of a cell that may name both."""
    company, _, clerk = (part or "" for part in _partition(cell or ""))
    return company.strip() or None, clerk.strip() or None


def _partition(text: str) -> tuple[str, str, str]:
    mark = _CLERK.search(text, 1) if text else None
    return (text, "", "") if mark is None else (text[: mark.start()], mark.group(), text[mark.end() :])


def _kind(cell: str | None, reason: str | None) -> tuple[str, bool]:
    """The kind of request, and whether words were there that name none: then it is a stop."""
    said = cell or reason
    found = rules.kind_in(said)
    return found or "stop", found is None and said is not None


def _entry(reason: str | None) -> str:
    found = read_kinds(reason) if reason else ()
    return next((kind for kind in found if kind in _BROAD), "opt_out")


def _agent(cell: str | None) -> Agent | None:
    """An agent, of whom a sheet tells that there is one, and rarely who."""
    text = cell or ""
    if not any(word in text for word in _AGENT):
        return None
    right = "legal_representative" if any(word in text for word in _BY_LAW) else "mandatary"
    return Agent(right, "")


def _person(
    row: Mapping[str, Any], line: _Line, phones: list[str | None], emails: list[str | None]
) -> Asked | None:
    """The person of a line; None for a line of a form that nobody filled in."""
    told = {field: row[field] for field in RAW_FIELDS if field != "former"}
    numbers, boxes = [p for p in phones if p], [e for e in emails if e]
    if not (numbers or boxes or any(told.values()) or not line.silent):
        return None
    if row["former"]:
        told["name"] = f"{told['name']}（旧姓{row['former']}）" if told["name"] else row["former"]
    person = Request(
        **told,
        phones=numbers,
        emails=boxes,
        channels=line.channels,
        kind=line.entry,
        reason=line.reason,
    )
    at = row[_ROW] + 1
    return Asked(person, line.kind, line.agent, arrival=line.arrival, remarks=line.remarks, line=at)
