"""The people of rows that were met, and which cells are whose: what may be blanked of one without touching another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from optout.batch.columns import ColumnMapping
from optout.batch.subjects import Subject
from optout.schema import RAW_FIELDS, numbered
from optout.screen.search import Seen
from optout.text import name

_NAMES: Final = ("name", "name_family", "name_given", "kana", "kana_family", "kana_given")
_TOLD: Final = {"row": pl.UInt32, "person": pl.String}
_CELL: Final = {**_TOLD, "place": pl.UInt32, "naming": pl.Boolean}
_SHARED_CELL: Final = r"-[0-9]+$"  # joint-2: the second name of one cell


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class People:
    """Who stands in the rows of a `Seen`.

    Attributes:
        lines: A line of the raw frame each: `row` UInt32, `subject`, `person` (roles that are one person have one),
            `named` Boolean, `ghost` Boolean: nothing but cells of somebody else in the row.
        cells: `row`, `person`, `place` UInt32, `naming` Boolean (it holds the name): the filled cells that tell of a
            person.
        joint: `row`, `person`: in whose name cell several people are named.
        leaning: `row`, `person`: whose surname a relative beside them is known by; without it that one is lost.
    """

    lines: pl.DataFrame
    cells: pl.DataFrame
    joint: pl.DataFrame
    leaning: pl.DataFrame

    @property
    def present(self) -> pl.DataFrame:
        """`row`, `person`, each once."""
        return self.lines.filter(~pl.col("ghost")).select("row", "person").unique()


def people(seen: Seen) -> People:
    """Tell who stands in each row that was met, from the columns and the cells of that row alone."""
    if seen.mapping is None or not seen.rows.len():
        nobody = pl.DataFrame(
            schema={**_TOLD, "subject": pl.String, "named": pl.Boolean, "ghost": pl.Boolean}
        )
        none = pl.DataFrame(schema=_TOLD)
        return People(nobody, pl.DataFrame(schema=_CELL), none, none)
    roles = _persons(seen.mapping)
    identity = [*RAW_FIELDS, *numbered(seen.raw, "phone"), *numbered(seen.raw, "email")]
    told = pl.any_horizontal(pl.col(identity).is_not_null())
    base = pl.col("subject").str.replace(_SHARED_CELL, "")
    lines = seen.raw.filter(told).select(
        "row",
        "subject",
        # The second name of a cell is another person whose cells are those of the first.
        pl.when(base == pl.col("subject")).then(base.replace(roles)).otherwise("subject").alias("person"),
        base.replace(roles).alias("as"),
        (pl.col("name").is_not_null() | pl.col("kana").is_not_null()).alias("named"),
    )
    cells = _cells(seen, lines)
    ghosts = _ghosts(lines, cells)
    lines = lines.join(ghosts.with_columns(ghost=True), on=["row", "person"], how="left").with_columns(
        pl.col("ghost").fill_null(value=False)
    )
    several = seen.raw.filter(name.parse(seen.raw["name"])["others"].list.len() > 0)
    joint = lines.join(several.select("row", "subject"), on=["row", "subject"], how="semi")
    return People(lines.drop("as"), cells, joint.select("row", "person").unique(), _leaning(seen, roles))


def _persons(mapping: ColumnMapping) -> dict[str, str]:
    """Role → the first role of the same person: who bears one name in 自宅 and 会社 is one."""
    first: dict[tuple[int, ...], str] = {}
    found = {}
    for subject in mapping.subjects:
        own = _named_at(subject)
        found[subject.role] = first.setdefault(own, subject.role) if own else subject.role
    return found


def _named_at(subject: Subject) -> tuple[int, ...]:
    return tuple(sorted(place for field in _NAMES for place in subject.fields.get(field, ())))


def _cells(seen: Seen, lines: pl.DataFrame) -> pl.DataFrame:
    """The filled cells of every person that is in the row."""
    assert seen.mapping is not None  # noqa: S101 - without rows nobody asks
    columns = seen.cells.columns
    found = [pl.DataFrame(schema=_CELL)]
    roles = _persons(seen.mapping)
    named = {
        (roles[subject.role], place) for subject in seen.mapping.subjects for place in _named_at(subject)
    }
    for role, place in sorted(set(_places(seen.mapping))):
        filled = seen.cells[columns[place]].fill_null("").str.strip_chars() != ""
        rows = filled.arg_true().to_frame("row").with_columns(pl.col("row").cast(pl.UInt32))
        of_role = lines.filter(pl.col("as") == role).select("row", "person").unique()
        found.append(
            rows.join(of_role, on="row").select(
                "row",
                "person",
                pl.lit(place, pl.UInt32).alias("place"),
                pl.lit((role, place) in named).alias("naming"),
            )
        )
    return pl.concat(found).unique(maintain_order=True)


def _places(mapping: ColumnMapping) -> Iterator[tuple[str, int]]:
    """Person and column of every cell that tells of them; of other people than the first their titles and flags too."""
    roles = _persons(mapping)
    for subject in mapping.subjects:
        single = [place for places in subject.fields.values() for place in places]
        phones = [place for number in subject.phones for place in number]
        for place in (*single, *phones, *subject.emails, *subject.own):
            yield roles[subject.role], place
    first = mapping.subjects[0].role
    for column in mapping.columns:
        if column.field and column.role in roles and roles[column.role] != first:
            yield roles[column.role], column.position


def _ghosts(lines: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """People nobody names, all of whose cells are somebody else's in that row: a house or a number, no person."""
    nameless = lines.group_by("row", "person").agg(pl.col("named").any()).filter(~pl.col("named"))
    mine = cells.join(nameless.select("row", "person"), on=["row", "person"], how="semi")
    others = cells.join(nameless.select("row", "person"), on=["row", "person"], how="anti")
    alone = mine.join(others, on=["row", "place"], how="anti")
    return mine.select("row", "person").unique().join(alone, on=["row", "person"], how="anti")


def _leaning(seen: Seen, roles: dict[str, str]) -> pl.DataFrame:
    """Beside whom a given name alone stands: the raw frame has put their surname before it."""
    assert seen.mapping is not None  # noqa: S101 - without rows nobody asks
    found = [pl.DataFrame(schema=_TOLD)]
    for subject in seen.mapping.subjects:
        places = subject.fields.get("name", ())
        if not subject.joint or len(places) != 1:
            continue
        written = seen.cells[seen.cells.columns[places[0]]].str.strip_chars()
        mine = seen.raw.filter(pl.col("subject") == subject.role).select("row", "name")
        told = mine.with_columns(written.gather(mine["row"]).alias("written"))
        rows = told.filter(pl.col("name").str.strip_chars() != pl.col("written"))["row"]
        beside = roles.get(subject.beside, subject.beside)
        found.append(pl.DataFrame({"row": rows, "person": [beside] * len(rows)}, schema=_TOLD))
    return pl.concat(found).unique()
