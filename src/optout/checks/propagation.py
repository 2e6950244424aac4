"""A person has asked to be left out: every client who was ever given their data is told, and reminded until it is done.

The past deliveries are found by the same engine as every screen, so 渡邉 is found where 渡邊 was delivered, and an old
address where the request names it. A client is told no more than it needs to find its row: its own number of the row,
or the fewest items that were delivered, spelt as they were delivered; never a new name or address.

Source: 個人情報保護法 第27条第2項, 第35条; what vendors promise of the copies their clients hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from optout.batch.staged import placed_after
from optout.checks import doubts, provided
from optout.checks.taken_back import TakenBack, take_back
from optout.errors import OptionError
from optout.register import day, ledger, notice
from optout.register.notice import Notice, moved, notices, reminded
from optout.schema import CHANNELS, DType
from optout.store import Draft, Store

__all__ = [
    "Notice",
    "Round",
    "TakenBack",
    "listed",
    "make",
    "moved",
    "notices",
    "reminded",
    "reminders",
    "rewrite",
    "take_back",
]

WITHIN: Final = 14  # days a client is given, unless told
_ROUND: Final = "round"  # the record that tells how far the requests were looked for
_POSITION: Final = r"^line [0-9]+$"  # of the delivered list: no number of the client's own
_DELIVERY, _DATE, _ROW, _WHAT = "納品番号", "提供日", "行", "ご依頼の内容"
_CLIENT_ROW: Final = "貴社の番号"
_NAME: Final = "氏名"
# Beside the name, the first of these that was delivered: the shortest tells a row apart best.
_BESIDE: Final = (
    ("電話番号", "phone_1"),
    ("メール", "email_1"),
    ("住所", "address"),
    ("生年月日", "birth_date"),
    ("法人番号", "corporate_number"),
)
_CHANNELS: Final = {"mail": "郵送", "phone": "電話", "fax": "FAX", "email": "メール", "sms": "SMS"}
_TOLD: Final[dict[str, DType]] = {"request": pl.String, "provision": pl.String, "row": pl.UInt32}
_NOTHING_ASKED: Final = ("legal_hold", "moved_away")
_STOP: Final = "利用停止"
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ODD: Final = '",\r\n'
LISTED_SCHEMA: Final[dict[str, DType]] = {
    "notice": pl.String,
    "recipient": pl.String,
    "status": pl.String,
    "rows": pl.UInt32,
    "made": pl.Date,
    "due": pl.Date,
    "sent": pl.Date,
    "acknowledged": pl.Date,
    "done": pl.Date,
    "reminded": pl.UInt32,
}
WAITING_SCHEMA: Final[dict[str, DType]] = {
    "provision": pl.String,
    "request": pl.String,
    "row": pl.UInt32,
    "rule": pl.String,
    "level": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Round:
    """What one round of notices made.

    Attributes:
        notices: One a client, in order of their numbers.
        files: Notice → file written.
        looked_for: Requests that were looked for in the past deliveries.
        waiting: Rows of past deliveries that perhaps are the person's: `provision`, `request`, `row` UInt32, `rule`,
            `level`. They stand in the review (`optout review`); the next round looks for these requests again.
    """

    notices: list[Notice]
    files: dict[str, Path]
    looked_for: int
    waiting: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WAITING_SCHEMA))

    def __repr__(self) -> str:
        return f"<Round of {len(self.notices)} notices, {self.looked_for} requests looked for>"


def make(
    store: Store,
    out: str | Path,
    requests: Iterable[str] | str | None = None,
    as_of: date | None = None,
    within: int = WITHIN,
) -> Round:
    """Find who was given the data of those who asked, and write one notice for each client.

    Args:
        store: Whose requests and ledger.
        out: Folder for the files; made if missing.
        requests: Request ids; None = whatever was recorded since the last round, and what was waiting then.
        as_of: The day of the notices; None = today in Japan.
        within: Days the client is given.

    Returns:
        The notices. Who was told of already is not told of again; without anything new nothing is written.

    Raises:
        OptionError: `within` is no number of days.
        SeedMissedError: the search itself failed; nothing was written.
        WriteFailedError: the disk is full, or fails; no notice was recorded.
        RecordChangedError: somebody else made notices in this very moment; do it again.
    """
    if within < 0:
        raise OptionError("within", ("a number of days, 0 or more",))
    made_on = as_of or day.today(store)
    last = store.records(notice.KIND).get(_ROUND)
    upto, ids = _looked_for(store, requests, last.told if last else {})
    found = doubts.settled(store, provided.found(store, ids))
    fresh = found.filter(pl.col("verdict") == "withhold")
    waiting = _waiting(found, fresh)
    known = notice.told(store)
    lines = _untold(_lines(store, fresh, _wanted(store, ids)), known)
    made = _notices(store, lines, made_on, within, Path(out))
    told = {"revision": upto, "waiting": sorted(set(waiting["request"]))}
    end = [] if requests is not None else [Draft(notice.KIND, _ROUND, told, after=last.n if last else 0)]
    files = _write(store, Path(out), made, end)
    return Round([one for one, _, _ in made], files, len(ids), waiting)


def rewrite(store: Store, notice_id: str, out: str | Path) -> Path:
    """Write the file of one notice again, byte for byte, to be sent once more.

    Args:
        store: Where it is kept.
        notice_id: Its number.
        out: Folder; made if missing.

    Returns:
        The file.

    Raises:
        UnknownRecordError: no notice of this number.
        WriteFailedError: the disk is full, or fails.
    """
    store.record_of(notice.KIND, notice_id)
    known, lines = notice.notices(store)[notice_id], notice.lines(store, notice_id)
    path = Path(out) / known.file
    path.parent.mkdir(parents=True, exist_ok=True)
    with placed_after({path: _bytes(lines, known.encoding)}):
        store.record("notice written again", {"notice": notice_id})
    return path


def listed(store: Store, as_of: date | None = None, status: str | None = None) -> pl.DataFrame:
    """Every notice as it stands on a day.

    Args:
        store: Where they are kept.
        as_of: The day; None = today in Japan.
        status: Only made, sent, acknowledged, done or overdue ones.

    Returns:
        LISTED_SCHEMA, oldest first; `reminded` counts how often.

    Raises:
        OptionError: no such status.
    """
    allowed = (*notice.STATES, notice.OVERDUE)
    if status is not None and status not in allowed:
        raise OptionError("status", allowed)
    today = as_of or day.today(store)
    rows = [_line(one, today) for one in notice.notices(store).values()]
    every = pl.DataFrame(rows, schema=LISTED_SCHEMA, orient="row")
    return every if status is None else every.filter(pl.col("status") == status)


def _line(one: Notice, today: date) -> tuple[Any, ...]:
    days = (one.made, one.due, one.sent, one.acknowledged, one.done)
    return (one.id, one.recipient, one.status(today), one.rows, *days, len(one.reminded))


def reminders(store: Store, as_of: date | None = None) -> pl.DataFrame:
    """The notices a client must be reminded of: not done although their day has passed, longest overdue first.

    Args:
        store: Where they are kept.
        as_of: The day; None = today in Japan.

    Returns:
        LISTED_SCHEMA.
    """
    return listed(store, as_of, notice.OVERDUE).sort("due", "notice")


def _looked_for(
    store: Store, requests: Iterable[str] | str | None, last: Mapping[str, Any]
) -> tuple[int, list[str]]:
    """Up to which revision, and which requests; those that were lifted meanwhile are not looked for."""
    if requests is not None:
        listed = [requests] if isinstance(requests, str) else list(requests)
        return 0, _asking(store.requests([one for one in listed if store.is_active(one)]))
    changes = store.changes(last.get("revision", 0))
    again = [one for one in last.get("waiting", ()) if store.is_active(one)]
    return changes.revision, list(dict.fromkeys([*again, *_asking(changes.added)]))


def _asking(entries: pl.DataFrame) -> list[str]:
    """Requests by which somebody asks to be left out: not a hold, nor mail that came back."""
    asked = entries.filter(~pl.col("kind").is_in(_NOTHING_ASKED).fill_null(value=False))
    return asked["request"].unique(maintain_order=True).to_list()


def _waiting(found: pl.DataFrame, certain: pl.DataFrame) -> pl.DataFrame:
    doubtful = found.filter(pl.col("verdict") == "review")
    left = doubtful.join(certain, on=["provision", "row"], how="anti", maintain_order="left")
    left = left.unique(["provision", "request", "row"], keep="first", maintain_order=True)
    return left.select(pl.col(column).cast(dtype) for column, dtype in WAITING_SCHEMA.items())


def _wanted(store: Store, ids: list[str]) -> pl.DataFrame:
    """`request`, and what the client is asked: to stop, and by which means where it is not all of them."""
    entries = store.requests(ids).unique("request", keep="first", maintain_order=True)
    asked = [
        (
            request,
            _STOP
            if set(channels) >= set(CHANNELS)
            else f"{_STOP}（{'・'.join(_CHANNELS[one] for one in channels)}）",
        )
        for request, channels in entries.select("request", "channels").iter_rows()
    ]
    return pl.DataFrame(asked, schema={"request": pl.String, _WHAT: pl.String}, orient="row")


def _lines(store: Store, found: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """One line a delivered row and request, with what the client can find it by."""
    parts = [
        _of_provision(ledger.subjects(store, str(provision)), rows)
        for (provision,), rows in found.group_by("provision", maintain_order=True)
    ]
    if not parts:
        return pl.DataFrame()
    return pl.concat(parts, how="diagonal").join(wanted, on="request", how="left", maintain_order="left")


def _of_provision(subjects: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The client's own numbers where every row has one; else the place in the list and the fewest items."""
    told = rows.join(subjects, on=["row", "subject"], how="left", maintain_order="left", suffix="_s")
    facts = [
        pl.col(*_TOLD, "recipient"),
        pl.col("delivery").fill_null("").alias(_DELIVERY),
        pl.col("date").cast(pl.String).alias(_DATE),
    ]
    if not told["row_id"].str.contains(_POSITION).any():
        return told.select(*facts, pl.col("row_id").alias(_CLIENT_ROW))
    beside = [(label, column) for label, column in _BESIDE if column in told.columns]
    taken = pl.lit(False)
    items = []
    for label, column in beside:
        here = pl.col(column).is_not_null() & ~taken
        items.append(pl.when(here).then(pl.col(column)).alias(label))
        taken = taken | pl.col(column).is_not_null()
    name = pl.coalesce("name", "kana", "company").alias(_NAME)
    return told.select(*facts, pl.col("row_id").str.replace("line ", "").alias(_ROW), name, *items)


def _untold(lines: pl.DataFrame, known: set[tuple[str, str, int]]) -> pl.DataFrame:
    if lines.is_empty() or not known:
        return lines
    before = pl.DataFrame(sorted(known), schema=_TOLD, orient="row")
    return lines.join(before, on=list(_TOLD), how="anti", maintain_order="left")


def _file(out: Path, client: str, number: str) -> str:
    """A file is called by the client's number; a second one in the same folder by its own, too."""
    if not client:
        return f"{number}.csv"
    return f"{client}_{number}.csv" if (out / f"{client}.csv").exists() else f"{client}.csv"


def _notices(
    store: Store, lines: pl.DataFrame, made: date, within: int, out: Path
) -> list[tuple[Notice, pl.DataFrame, bytes]]:
    """One notice a client, with its lines and bytes."""
    found: list[tuple[Notice, pl.DataFrame, bytes]] = []
    if lines.is_empty():
        return found
    taken = list(notice.notices(store))
    by_client = {each.id: each.recipient for each in ledger.provisions(store)}
    for (recipient,), rows in lines.group_by("recipient", maintain_order=True):
        number = notice.number(taken)
        taken.append(number)
        shown = _shown(rows)
        encoding, content = _encoded(shown)
        client = str(by_client[rows["provision"][0]].get("id") or "")
        one = Notice(
            id=number,
            recipient=str(recipient),
            made=made,
            due=made + timedelta(days=within),
            tells=tuple(rows.select(*_TOLD).unique(maintain_order=True).iter_rows()),
            deliveries=tuple(filter(None, rows[_DELIVERY].unique(maintain_order=True))),
            rows=shown.height,
            columns=tuple(shown.columns),
            file=_file(out, client, number),
            sha256=_digest(content),
            encoding=encoding,
        )
        found.append((one, shown, content))
    return found


def _shown(rows: pl.DataFrame) -> pl.DataFrame:
    """What the client sees: no number of ours, no column that is blank throughout, each row once."""
    plain = rows.drop(*_TOLD, "recipient").with_columns(pl.all().fill_null(""))
    filled = [name for name in plain.columns if plain[name].str.len_bytes().sum()]
    order = [name for name in filled if name != _WHAT]
    distinct = plain.select(*order, _WHAT).unique(maintain_order=True)
    # Who asked to be left out altogether need not be told of by one means, too.
    whole = distinct.filter(pl.col(_WHAT) == _STOP)
    partly = pl.col(_WHAT) != _STOP
    narrower = distinct.filter(partly).join(whole, on=order, how="semi")
    return distinct.join(narrower, on=distinct.columns, how="anti", maintain_order="left")


def _encoded(lines: pl.DataFrame) -> tuple[str, bytes]:
    """CP932, as every Excel in Japan opens it; UTF-8 with its mark when a name has a character that CP932 lacks."""
    try:
        return "cp932", _bytes(lines, "cp932")
    except UnicodeEncodeError:
        return "utf-8-sig", _bytes(lines, "utf-8-sig")


def _bytes(lines: pl.DataFrame, encoding: str) -> bytes:
    rows = [lines.columns, *lines.iter_rows()]
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows).encode(encoding)


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    plain = f"'{text}" if text.startswith(_FORMULA) else text
    return '"{}"'.format(plain.replace('"', '""')) if set(plain) & set(_ODD) else plain


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(
    store: Store, out: Path, made: list[tuple[Notice, pl.DataFrame, bytes]], end: list[Draft]
) -> dict[str, Path]:
    """Files on the disk, notices recorded in one commit, then the files under their names."""
    out.mkdir(parents=True, exist_ok=True)
    files = {one.id: out / one.file for one, _, _ in made}
    drafts = [*(notice.draft(one, lines, after=0) for one, lines, _ in made), *end]
    if drafts:
        with placed_after({files[one.id]: content for one, _, content in made}):
            counts = {"notices": len(made), "rows": sum(one.rows for one, _, _ in made)}
            store.keep(drafts, "notices", counts)
    return files
