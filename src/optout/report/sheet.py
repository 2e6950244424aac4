"""A table before it is drawn: what every report function returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Tone: TypeAlias = Literal["plain", "good", "bad", "doubt"]
Cell: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet.

    Attributes:
        header: Its heading; may be empty.
        number: Whether its cells are counts, to be set right and with thousands separated.
        whole: Whether its cells must stay on one line, as an id.
    """

    header: str
    number: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a sheet.

    Attributes:
        cells: One a column.
        tone: What the line means to the reader; shown as a colour where there are colours.
    """

    cells: tuple[Cell, ...]
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a title and remarks.

    Attributes:
        title: One line.
        columns: Headings.
        rows: Lines; none is a table that says so in its notes.
        notes: Lines under the table.
    """

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = field(default=())


def facts(title: str, pairs: dict[str, Cell], notes: tuple[str, ...] = ()) -> Sheet:
    """A sheet of two columns: what, and its value; counts go to the right of their column."""
    number = all(isinstance(value, int) for value in pairs.values())
    rows = tuple(Row((what, value)) for what, value in pairs.items())
    return Sheet(title, (Column(""), Column("", number)), rows, notes)
