"""What a person asks to see: the data held of them (開示), and the records of whence it came and whither it went.

Only what surely speaks of the person is shown: a row in doubt may be somebody else's, and waits for a look. Of a row
that speaks of two people only the cells of this one are shown. "Not held" is an answer too, and is given only when
every holding was read to its end. Of the records nothing is told but what the law lists.

Source: 個人情報保護法 第33条第1項・第3項・第5項, 第32条第1項; 規則 第20条, 第24条.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

import polars as pl

from optout.batch.columns import ColumnMapping
from optout.checks import casework, lookup, provided, received
from optout.checks.lookup import Looked, Named, Rows
from optout.checks.search import Found, Who, alone, entries_of, naming, people, personal_rules, places_of
from optout.errors import IncompleteAnswerError
from optout.register import day, ledger, receipt
from optout.register.holding import Holding
from optout.schema import DType
from optout.store import Request, Store

HELD, NOT_HELD, INCOMPLETE = "held", "not_held", "incomplete"
LOOKED_SCHEMA: Final[dict[str, DType]] = {
    "holding": pl.String,
    "status": pl.String,
    "rows": pl.UInt32,
    "waiting": pl.UInt32,
    "why": pl.String,
}
DOUBTS_SCHEMA: Final[dict[str, DType]] = {
    "holding": pl.String,
    "row": pl.UInt32,
    "rule": pl.String,
    "level": pl.String,
}
_SUBJECT: Final = "本人を特定するに足りる事項"
_PERSON: Final = {
    "name": "氏名",
    "former": "旧姓",
    "kana": "フリガナ",
    "company": "会社名",
    "postal": "郵便番号",
    "address": "住所",
    "birth_date": "生年月日",
    "corporate_number": "法人番号",
    "phone": "電話番号",
    "email": "メール",
}


@dataclass(frozen=True, slots=True, repr=False)
class HeldData:
    """What one holding holds of the person.

    Attributes:
        holding: Its name.
        entity, purpose: Who answers for it and what it is used for (第32条第1項).
        rows: One mapping a row: header → what stands there. Blank cells are left out. Personal data.
        left_out: Headers of cells that may tell of somebody else in the same row; somebody has to look at them.
    """

    holding: str
    entity: str
    purpose: str
    rows: tuple[Mapping[str, str], ...]
    left_out: tuple[str, ...] = ()

    def _repr__(self) -> str:
        return f"<HeldData {self.holding}, {len(self.rows)} rows>"


@dataclass(frozen=True, slots=True, repr=False)
class Records:
    """The records of provision and receipt that name the person, with the items the law lists and no others.

    Attributes:
        provided: To whom the data went (第29条): Japanese name of the item → what the record says.
        received: From whom it came (第30条).
        waiting: Records that perhaps name the person; somebody has to look.
    """

    provided: tuple[Mapping[str, str], ...] = ()
    received: tuple[Mapping[str, str], ...] = ()
    waiting: int = 0

    def _repr__(self) -> str:
        return f"<Records {len(self.provided)} provided, {len(self.received)} received>"

    @property
    def answer(self) -> str:
        """`held` or `not_held`: whether there is any record."""
        return HELD if self.provided or self.received else NOT_HELD

    def plain(self) -> dict[str, Any]:
        """As JSON values: what the person is given."""
        provided, received = ([dict(one) for one in many] for many in (self.provided, self.received))
        return {"answer": self.answer, "provided": provided, "received": received}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Access:
    """Everything held of one person.

    Attributes:
        answer: `held`, `not_held`, or `incomplete`: a holding could not be read, or a row is in doubt, so that nothing
            final can be said.
        as_of: The day it tells of.
        held: By holding. Personal data.
        records: Source and recipients.
        looked: For the office: one line a list looked into: `holding`, `status` (held, not_held, waiting, unreachable),
            `rows`, `waiting` UInt32, `why`. No personal data.
        doubts: Rows that perhaps speak of the person: `holding`, `row` UInt32 (0-based), `rule`, `level`. Somebody
            has to look at each and say whose it is.
        case: Number of the case it answers.
    """

    answer: str
    as_of: date
    held: tuple[HeldData, ...]
    records: Records
    looked: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOOKED_SCHEMA))
    doubts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DOUBTS_SCHEMA))
    case: str | None = None

    def _repr__(self) -> str:
        return f"<Access {self.answer}, {len(self.held)} holdings>"

    def require_complete(self) -> None:
        """Raise IncompleteAnswerError while a holding could not be read, or nobody has looked at a row in doubt."""
        if self.answer == INCOMPLETE:
            out = self.looked.filter(
                pl.col("status").is_in(["unreachable", "waiting"]) | (pl.col("waiting") > 0)
            )
            raise IncompleteAnswerError(out["holding"].unique(maintain_order=True).to_list())

    def plain(self) -> dict[str, Any]:
        """As JSON values: what the person is given, and nothing of how it was found."""
        held = [{**asdict(one), "rows": [dict(row) for row in one.rows]} for one in self.held]
        for one in held:
            del one["left_out"]
        told = {"answer": self.answer, "as_of": self.as_of.isoformat(), "case": self.case, "held": held}
        return told | {"records": self.records.plain()}

    def lines(self) -> pl.DataFrame:
        """The same as a table of one line a cell: `holding`, `row` (from 1), `item`, `value`, all String."""
        cells = [
            (one.holding, str(number), item, value)
            for one in self.held
            for number, row in enumerate(one.rows, 1)
            for item, value in row.items()
        ]
        cells += [
            (what, str(number), item, value)
            for what, records in (
                ("提供の記録", self.records.provided),
                ("受領の記録", self.records.received),
            )
            for number, record in enumerate(records, 1)
            for item, value in record.items()
        ]
        return pl.DataFrame(
            cells, schema=dict.fromkeys(("holding", "row", "item", "value"), pl.String), orient="row"
        )


def access(
    store: Store,
    who: Who,
    holdings: Named = None,
    as_of: date | None = None,
    case: str | None = None,
    tenant: str | None = None,
    same: Rows | None = None,
    other: Rows | None = None,
) -> Access:
    """Gather what is held of a person, from every holding and from the records.

    Args:
        store: The store; the reading is written into its audit.
        who: Ids of requests, or what the person told of themselves (it need not be recorded).
        holdings: Names or holdings; None = every registered one that is ours or of `tenant`.
        as_of: The day it tells of; None = today in Japan.
        case: Number of the case it answers.
        tenant: Whose lists count beside ours.
        same: Name of a list → rows under `doubts` that somebody looked at: they are the person's.
        other: The same of rows that are somebody else's.

    Returns:
        What to give the person (`plain`, `lines`), and what the office has to know (`looked`, `doubts`).

    Raises:
        UnknownRequestError, UnknownHoldingError: no such request or holding.
        OptionError: a row of `same` or `other` is none of those found.
        IllegalMoveError: the case is not accepted.
        SeedMissedError: the search itself failed; there is no answer.
    """
    if case is not None:
        casework.required(store, case)
    entries = entries_of(store, who)
    asked = alone(store, entries)
    held: dict[str, HeldData] = {}
    lines, doubts = [], []
    for one in lookup.look(lookup.holdings(store, holdings, tenant), asked, same, other):
        lines.append(_line(one))
        doubts += _doubts(one)
        if one.found is not None and (rows := _rows_of(one.found)):
            held[one.place.holding.name] = _joined(held.get(one.place.holding.name), one.place.holding, rows)
    looked = pl.DataFrame(lines, schema=LOOKED_SCHEMA, orient="row")
    records = _records(store, people(entries), every=True)
    known = held or records.provided or records.received
    open_ = bool(doubts) or "unreachable" in looked["status"]
    answer = INCOMPLETE if open_ else HELD if known else NOT_HELD
    counts = {"holdings": looked.height, "rows": int(looked["rows"].sum()), "answer": answer, "case": case}
    store.record("disclosure", counts)
    waiting = pl.DataFrame(doubts, schema=DOUBTS_SCHEMA, orient="row")
    return Access(answer, as_of or day.today(store), tuple(held.values()), records, looked, waiting, case)


def records_of(store: Store, who: Who, case: str | None = None) -> Records:
    """The Art. 29 and Art. 30 records that name a person, for an answer under 第33条第5項.

    Args:
        store: Whose ledger and receipts; the reading is written into its audit.
        who: As for `access`.
        case: Number of the case it answers.

    Returns:
        Of each record the statutory items alone: no price, channel, purpose, number or hash of ours.

    Raises:
        UnknownRequestError: no such request.
        SeedMissedError: the search itself failed; there is no answer.
    """
    found = _records(store, people(entries_of(store, who)))
    counts = {"provided": len(found.provided), "received": len(found.received), "case": case}
    store.record("disclosure of records", counts)
    return found


def _line(looked: Looked) -> tuple[str, str, int, int, str | None]:
    """What the office sees of one list."""
    name, found = looked.place.name, looked.found
    if found is None or not looked.complete:
        return name, "unreachable", 0, 0, looked.why or "unread lines or sheets"
    mine, waiting = found.certain["row"].n_unique(), found.doubtful
    status = "held" if mine else "waiting" if waiting else "not_held"
    return name, status, mine, waiting, None


def _doubts(looked: Looked) -> list[tuple[Any, ...]]:
    if looked.found is None:
        return []
    rows = looked.found.rows
    sure = rows.filter("certain")["row"]
    left = rows.filter(~pl.col("row").is_in(sure.implode())).unique("row", keep="first", maintain_order=True)
    return [(looked.place.name, *line) for line in left.select("row", "rule", "level").iter_rows()]


def _joined(
    before: HeldData | None, holding: Holding, rows: list[tuple[dict[str, str], list[str]]]
) -> HeldData:
    """The data of one holding that may lie in several files."""
    known = before or HeldData(holding.name, holding.entity, holding.purpose, ())
    left = dict.fromkeys((*known.left_out, *(header for _, headers in rows for header in headers)))
    return HeldData(
        known.holding, known.entity, known.purpose, (*known.rows, *(row for row, _ in rows)), tuple(left)
    )


def _rows_of(found: Found) -> list[tuple[dict[str, str], list[str]]]:
    """Of each row that is surely the person's: header → value, and the headers that were left out."""
    if found.mapping is None:
        return []
    rows = found.certain.group_by("row", maintain_order=True)
    cells = {row[0]: row[1:] for row in found.cells.iter_rows()}
    headers = found.cells.columns[1:]
    told = []
    for row, subjects, by_itself, joint in rows.agg(
        "subject", pl.col("alone").all(), pl.col("joint").any()
    ).iter_rows():
        shown = set(range(len(headers)) if by_itself else _own_places(found.mapping, subjects))
        # A cell that names several people is somebody else's, too.
        names = _named_by(found.mapping, subjects) if joint else set()
        filled = [place for place, cell in enumerate(cells[row]) if (cell or "").strip()]
        row_items = {headers[place]: cells[row][place] for place in filled if place in shown - names}
        others = [
            headers[place]
            for place in filled
            if place in names or (place not in shown and _unclear(found.mapping, place))
        ]
        told.append((row_items, others))
    return told


def _named_by(mapping: ColumnMapping, roles: Iterable[str]) -> set[int]:
    """The columns that name these subjects of a row."""
    asked = set(roles)
    return {place for subject in mapping.subjects if subject.role in asked for place in naming(subject)}


def _own_places(mapping: ColumnMapping, roles: Iterable[str]) -> set[int]:
    """The columns that tell of these subjects of a row, and of no other."""
    by_role = {subject.role: subject for subject in mapping.subjects}
    mine = [by_role[role] for role in roles if role in by_role]
    names = frozenset[int]().union(*(naming(subject) for subject in mine))
    ours = [subject for subject in mapping.subjects if naming(subject) and naming(subject) <= names]
    return {place for subject in ours for place in places_of(subject)}


def _unclear(mapping: ColumnMapping, place: int) -> bool:
    """Whether a column belongs to no subject at all: a remark may tell of either."""
    return not any(place in places_of(subject) for subject in mapping.subjects)


def _records(store: Store, persons: list[Request], every: bool = False) -> Records:
    """What the records say; with `every` also those of lists that no third party handed over, which tell the source."""
    went = provided.found(store, persons)
    came = received.found(store, persons)
    provisions = _certain(went)
    told = []
    for (number,), rows in provisions.group_by("provision", maintain_order=True):
        known = ledger.provision(store, str(number))
        told.append(known.statutory() | {_SUBJECT: _subject(ledger.subjects(store, known.id), rows)})
    from_whom = []
    for (number,), rows in _certain(came).group_by("receipt", maintain_order=True):
        kept = receipt.receipt(store, str(number))
        if not (every or kept.is_art30):
            continue
        from_whom.append(kept.statutory() | {_SUBJECT: _subject(receipt.subjects(store, kept.id), rows)})
    return Records(tuple(told), tuple(from_whom), _doubtful(went, "provision") + _doubtful(came, "receipt"))


def _certain(found: pl.DataFrame) -> pl.DataFrame:
    """What surely is the person: the name agrees, too."""
    return found.filter(_surely()).unique(
        [found.columns[0], "row", "subject"], keep="first", maintain_order=True
    )


def _surely() -> pl.Expr:
    named = pl.col("level").str.split("+").list.contains("name")
    return (pl.col("verdict") == "withhold") & (named | pl.col("rule").is_in(personal_rules()))


def _doubtful(found: pl.DataFrame, what: str) -> int:
    sure = found.filter(_surely())[what]
    return found.filter(~pl.col(what).is_in(sure.implode()))[what].n_unique()


def _subject(subjects: pl.DataFrame, rows: pl.DataFrame) -> str:
    """Who the record says it was: the items that identify the person, as recorded."""
    mine = subjects.join(rows.select("row", "subject"), on=["row", "subject"], how="semi")
    lines = [
        "、".join(_item(*pair) for pair in line.items() if pair[1] and _label(pair[0]))
        for line in mine.iter_rows(named=True)
    ]
    return " / ".join(dict.fromkeys(lines))


def _item(column: str, value: object) -> str:
    return f"{_label(column)} {value}"


def _label(column: str) -> str | None:
    return _PERSON.get(column) or _PERSON.get(column.rpartition("_")[0])
