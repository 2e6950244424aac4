"""What is known of two sides beside each other: their columns pair by pair, and whether two lists meet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Facts:
    """The facts of both sides (see `optout.keys.Comparable`), and which lines of them are held against each other.

    Attributes:
        rows, entries: One line a subject.
        a, b: UInt32, the line of `rows` and of `entries` of each pair; no nulls.
    """

    rows: pl.DataFrame
    entries: pl.DataFrame
    a: pl.Series
    b: pl.Series

    def only(self, asked: pl.Series) -> Facts:
        """Only these pairs (Boolean, a line a pair)."""
        return Facts(self.rows, self.entries, self.a.filter(asked), self.b.filter(asked))

    def beside(self, ours: pl.Series, theirs: pl.Series) -> tuple[pl.Series, pl.Series]:
        """What is told of each row and of each entry, a line a pair."""
        return ours.gather(self.a), theirs.gather(self.b)

    def paired(self, columns: Collection[str]) -> pl.DataFrame:
        """A line a pair: these columns of its two sides, as `a_…`, `b_…`."""
        found = []
        for column in columns:
            a, b = self.beside(self.rows[column], self.entries[column])
            found += [a.alias(f"a_{column}"), b.alias(f"b_{column}")]
        return pl.DataFrame(found)

    def told(self, column: str) -> pl.Series:
        """Boolean, a line a pair: both sides tell it."""
        a, b = self.beside(self.rows[column].is_not_null(), self.entries[column].is_not_null())
        return a & b

    def equal(self, column: str) -> pl.Series:
        """Boolean, a line a pair: both sides tell it, and the same."""
        if self._silent(column, column):
            return self._nowhere()
        a, b = self.beside(self.rows[column], self.entries[column])
        return (a == b).fill_null(False)

    def meet(self, ours: str, theirs: str) -> pl.Series:
        """Boolean, a line a pair: two lists have an element in common; false where a side does not tell.

        Most lists have one element, so the first ones decide but for the few pairs of which a list is longer.
        """
        if self._silent(ours, theirs):
            return self._nowhere()
        rows, entries = self.rows[ours], self.entries[theirs]
        a, b = self.beside(rows.list.first(), entries.list.first())
        met = (a == b).fill_null(False)
        longer = self.beside(rows.list.len() > 1, entries.list.len() > 1)
        asked = ((longer[0] | longer[1]) & a.is_not_null() & b.is_not_null() & ~met).arg_true()
        if asked.is_empty():
            return met
        both = pl.DataFrame(
            {"a": rows.gather(self.a.gather(asked)), "b": entries.gather(self.b.gather(asked))}
        )
        common = pl.col("a").list.set_intersection("b").list.len() > 0
        return met.scatter(asked, both.select(common).to_series())

    def _silent(self, ours: str, theirs: str) -> bool:
        """A side never tells it."""
        return any(side.null_count() == len(side) for side in (self.rows[ours], self.entries[theirs]))

    def _nowhere(self) -> pl.Series:
        return pl.repeat(False, len(self.a), dtype=pl.Boolean, eager=True)
