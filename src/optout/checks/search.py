"""One person in one list: which rows surely speak of them, who else stands there, and what the cells say.

The same engine as every screen, but with a harder question. To withhold a row in doubt harms nobody; to show or change
the row of somebody else does. So a row counts as this person's only when the name agrees beside another identifier;
whatever else the engine would withhold or review is doubtful here, and waits for somebody to look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import polars as pl

from optout import match
from optout.batch import Block, Source
from optout.batch.columns import ColumnMapping, recognise
from optout.batch.heading import Columns
from optout.batch.raw import raw
from optout.batch.subjects import Subject
from optout.errors import EmptyBatchError, OptionError, UnknownRequestError
from optout.review.settled import Decisions
from optout.schema import CHANNELS, ENTRY_SCHEMA, KIND, RAW_FIELDS, DType, numbered
from optout.screen.judge import Question, judge
from optout.screen.sampled import sampled
from optout.screen.search import listed_alone
from optout.screen.snapshot import Snapshot
from optout.store import Request, Store
from optout.store.kind import OPT_OUT
from optout.text import name

ROW: Final = "\0row"  # no header can be this: NUL never passes the reader
Who: TypeAlias = "str | Request | Iterable[str | Request]"

# A row of these reasons tells the person's own name; of `same_email` and the like only when the name agrees, too.
_PERSONAL: Final = ("same_person", "surname_changed", "decided_same")
_NAMED: Final = "name"
# The number is the same and the name clearly another: a relative, or who had the number before.
_OF_ANOTHER: Final = ("other_person_same_phone",)
_NAMES: Final = ("name", "name_family", "name_given", "kana", "kana_family", "kana_given")
FOUND_SCHEMA: Final[dict[str, DType]] = {
    "row": pl.UInt32,
    "subject": pl.String,
    "rule": pl.String,
    "level": pl.String,
    "certain": pl.Boolean,
    "alone": pl.Boolean,
    "joint": pl.Boolean,
}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Who is looked for.

    Attributes:
        listed: Their entries, ready to be met.
        decisions: What people decided of pairs with them.
    """

    listed: Snapshot
    decisions: Decisions


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Found:
    """Where one person stands in one list.

    Attributes:
        rows: One line per row and subject: `row` UInt32 (0-based), `subject` (role), `rule`, `level` (the fields that
            agree, joined by "+"), `certain` (surely this person), `alone` (the row speaks of nobody else), `joint`
            (one cell of it names several people).
        cells: These rows as text, the columns of the list in their places after `ROW` UInt32. Personal data.
        others: Row numbers of people who share a number with this one, and are clearly somebody else.
        mapping: What the columns are; None of a list without rows.
        total: Rows in the list.
        unread: Records that could not be read, and further sheets: nobody in them was looked for.
    """

    rows: pl.DataFrame
    cells: pl.DataFrame
    mapping: ColumnMapping | None
    total: int
    unread: int = 0
    others: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        return f"<Found {self.certain.height} of {self.total} rows, {self.doubtful} doubtful>"

    @classmethod
    def nothing(cls) -> Found:
        """What is found in a list of no rows."""
        return cls(pl.DataFrame(schema=FOUND_SCHEMA), pl.DataFrame(schema={ROW: pl.UInt32}), None, 0)

    def answered(self, same: Collection[int], other: Collection[int]) -> Found:
        """With what somebody who looked said of rows: they are this person's, or somebody else's.

        Raises:
            OptionError: a row is none of those found.
        """
        if unknown := {*same, *other} - set(self.rows["row"]):
            raise OptionError("same, other", (f"rows that were found ({len(unknown)} were not)",))
        left = self.rows.filter(~pl.col("row").is_in(list(other)))
        sure = pl.col("certain") | pl.col("row").is_in(list(same))
        return replace(self, rows=left.with_columns(sure.alias("certain")))

    @property
    def certain(self) -> pl.DataFrame:
        """The lines of `rows` that surely speak of the person."""
        return self.rows.filter("certain")

    @property
    def doubtful(self) -> int:
        """Rows that somebody has to look at."""
        return self.rows.filter(~pl.col("row").is_in(self.certain["row"].implode()))["row"].n_unique()


def entries_of(store: Store, who: Who) -> pl.DataFrame:
    """Those a duty is about, as entries that ask for nothing: no household, channel or tenant narrows or widens them.

    Args:
        store: Whose requests.
        who: Ids of requests (lifted ones too), or what somebody told of themselves, recorded nowhere.

    Returns:
        `schema.ENTRY_SCHEMA`; who is recorded nowhere is called "asked-1" and so on.

    Raises:
        UnknownRequestError: an id is not in the store.
        OptionError: nobody is told of.
    """
    given = [who] if isinstance(who, str | Request) else list(who)
    ids = [one for one in given if isinstance(one, str)]
    recorded = store.requests(ids)
    if unknown := set(ids) - set(recorded["request"]):
        raise UnknownRequestError(min(unknown))
    others = [one for one in given if isinstance(one, Request)]
    rows = [row for number, one in enumerate(others, 1) for row in one.entries(f"asked-{number}")]
    entries = pl.concat([recorded, pl.DataFrame(rows, schema=ENTRY_SCHEMA, orient="row")])
    if entries.is_empty():
        raise OptionError("who", ("a request, or its id",))
    return as_persons(entries)


def as_persons(entries: pl.DataFrame) -> pl.DataFrame:
    """Entries of any kind, holds too, as those of the person alone."""
    return entries.with_columns(
        pl.lit(None, pl.String).alias("tenant"),
        pl.lit(list(CHANNELS)).alias("channels"),
        pl.lit(False).alias("household"),
        pl.lit(OPT_OUT).cast(KIND).alias("kind"),
    )


def people(entries: pl.DataFrame) -> list[Request]:
    """Entries as requests that are recorded nowhere, one an entry."""
    fields = [*(field for field in RAW_FIELDS if field in ENTRY_SCHEMA), "phones", "emails"]
    return [Request(**entry) for entry in entries.select(fields).iter_rows(named=True)]


def alone(store: Store, entries: pl.DataFrame) -> Asked:
    """A list of these people and nobody else, under the rules of now and what was decided under them."""
    made = listed_alone(store, entries)
    return Asked(made, Decisions.of(store, made.scheme))


def search(source: Source, asked: Asked, columns: Columns = None, sheets: bool = True) -> Found:
    """Look for people in a list of any size, block by block.

    Args:
        source: The list.
        asked: From `alone`.
        columns: Field → header(s), where the headers do not say it.
        sheets: Whether the further sheets of a workbook belong to the list: then they count as unread.

    Returns:
        Every row that a rule speaks of.

    Raises:
        InputError: its columns cannot be told.
        SeedMissedError: the search itself failed; there is no answer.
    """
    further = len(source.unread) if sheets else 0
    try:
        sample, blocks = sampled(source)
    except EmptyBatchError:
        return replace(Found.nothing(), unread=further)
    mapping = recognise(source.headers, columns, (), sample)
    rows, cells, total, unread = [pl.DataFrame(schema=FOUND_SCHEMA)], [], 0, further
    others = set[int]()
    for block in blocks:
        found, apart = _in_block(block, mapping, asked)
        others |= apart
        rows.append(found)
        cells.append(_cells(block, found["row"]))
        total += block.frame.height
        unread += block.quarantined.height
    held = pl.concat(cells) if cells else _no_cells(source.columns)
    return Found(pl.concat(rows), held, mapping if total else None, total, unread, frozenset(others))


def _in_block(block: Block, mapping: ColumnMapping, asked: Asked) -> tuple[pl.DataFrame, set[int]]:
    """The rows that are or may be the person's, and those of people who share a number."""
    lines = raw(block.frame, mapping, block.first_row)
    question = Question("person", "any", None)
    judged = judge(lines, block.first_row, block.frame.height, asked.listed, question)
    hits = asked.decisions.settle(judged, lines, asked.listed).hits.filter(pl.col("verdict") != "keep")
    if hits.is_empty():
        return pl.DataFrame(schema=FOUND_SCHEMA), set()
    surely = (pl.col("verdict") == "withhold") & (
        pl.col("reason").is_in(_PERSONAL) | pl.col("fields").list.contains(_NAMED)
    )
    ranked = hits.with_columns(surely.alias("certain")).sort(
        "row", "subject", "certain", "weight", "rule", descending=[False, False, True, True, False]
    )
    best = ranked.unique(["row", "subject"], keep="first", maintain_order=True)
    apart = best.filter(pl.col("reason").is_in(_OF_ANOTHER))["row"]
    best = best.filter(~pl.col("reason").is_in(_OF_ANOTHER))
    near = lines.filter(pl.col("row").is_in(best.filter("certain")["row"].implode()))
    joint = near["row"].filter(name.parse(near["name"])["others"].list.len() > 0)
    shared = pl.concat([_shared(near, best.filter("certain"), mapping), joint])
    told = best.with_columns(
        pl.col("fields").list.join("+").alias("level"),
        (~pl.col("row").is_in(shared.implode())).alias("alone"),
        pl.col("row").is_in(joint.implode()).alias("joint"),
    )
    found = told.select(pl.col(column).cast(dtype) for column, dtype in FOUND_SCHEMA.items())
    return found, set(apart) - set(found["row"])


def personal_rules() -> list[str]:
    """The rules by which a person is surely told, whether the name agrees as written or was changed."""
    answers = match.answers()
    return answers.filter(pl.col("reason").is_in(_PERSONAL))["rule"].to_list()


def _shared(near: pl.DataFrame, mine: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    """Rows in which another subject stands too."""
    identity = [*RAW_FIELDS, *numbered(near, "phone"), *numbered(near, "email")]
    told = near.filter(pl.any_horizontal(pl.col(identity).is_not_null()))
    same = [{"subject": one, "also": other} for one, others in _same(mapping).items() for other in others]
    also = mine.join(pl.DataFrame(same, schema={"subject": pl.String, "also": pl.String}), on="subject")
    ours = pl.concat([mine.select("row", "subject"), also.select("row", pl.col("also").alias("subject"))])
    return told.join(ours, on=["row", "subject"], how="anti")["row"]


def _same(mapping: ColumnMapping) -> dict[str, list[str]]:
    """Role → further roles of the same person: their office, their home, told by the same name columns."""
    named = {subject.role: naming(subject) for subject in mapping.subjects}
    return {
        role: [other for other, theirs in named.items() if other != role and theirs and theirs <= columns]
        for role, columns in named.items()
    }


def naming(subject: Subject) -> frozenset[int]:
    """Places of the columns that name a subject."""
    return frozenset(place for field in _NAMES for place in subject.fields.get(field, ()))


def places_of(subject: Subject) -> set[int]:
    """Places of every column that tells of a subject."""
    single = {place for places in subject.fields.values() for place in places}
    return single | {place for number in subject.phones for place in number} | set(subject.emails)


def _cells(block: Block, rows: pl.Series) -> pl.DataFrame:
    places = rows.unique().sort() - block.first_row
    return block.frame[places.to_list()].insert_column(0, rows.unique().sort().alias(ROW))


def _no_cells(columns: list[str]) -> pl.DataFrame:
    return pl.DataFrame(schema={ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)})
