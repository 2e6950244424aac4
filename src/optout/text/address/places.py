"""The registered places by name: what an address may begin with, and the towns of a municipality.

Ambiguity is kept: one beginning may mean several municipalities (a *group*), and a town other than under its
registered name may be several towns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import polars as pl

from optout import tables
from optout.tables import gazetteer as registers
from optout.tables.gazetteer import Gazetteer
from optout.text.address import naming
from optout.text.flat import Keys
from optout.text.flat import Places as At

ANYWHERE: Final = 0  # the group of an address that names neither prefecture nor municipality


@dataclass(frozen=True, eq=False, repr=False)
class Index:
    """A table that is looked up by the words of a column, quicker than a large table is joined to a small one.

    Attributes:
        table: Any.
        column: The name of one of its String columns.
    """

    table: pl.DataFrame
    column: str

    @cached_property
    def _hashes(self) -> tuple[Keys, At]:
        """Hashes of the words, sorted, and the line of each."""
        hashes = self.table[self.column].hash().to_numpy()
        order = np.argsort(hashes)
        return hashes[order], order

    @cached_property
    def longest(self) -> int:
        """Letters of the longest word."""
        return int(self.table.select(pl.col(self.column).str.len_chars().max()).item() or 0)

    def having(self, words: pl.Series) -> pl.DataFrame:
        """The lines that hold one of these words; by chance a few more."""
        hashes, lines = self._hashes
        asked = np.unique(words.drop_nulls().hash().to_numpy())
        first, behind = (np.searchsorted(hashes, asked, side) for side in ("left", "right"))
        counts = behind - first
        at = np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        found: pl.DataFrame = self.table[lines[at]]
        return found


@dataclass(frozen=True, eq=False, repr=False)
class Places:
    """Folded names of a gazetteer; each table is made when first asked for."""

    gazetteer: Gazetteer

    @cached_property
    def municipalities(self) -> pl.DataFrame:
        """`code`, `prefecture`, `city`, `ward` String; a special ward of 東京 is its own ward."""
        special = pl.when(pl.col("city").str.ends_with("区")).then("city").otherwise("ward")
        return self.gazetteer.municipalities.select("code", "prefecture", "city", ward=special)

    @cached_property
    def _names(self) -> pl.DataFrame:
        packaged = self.gazetteer is registers.packaged()
        return tables.large(tables.PLACE_NAME) if packaged else naming.names(self.gazetteer)

    @cached_property
    def _beginnings(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        known = self._names.filter(pl.col("kind").is_in(["prefecture", "municipality"]))
        told, of = pl.col("kind") == "municipality", pl.col("town")
        former = pl.when(of.n_unique() == 1).then(of.first()).alias("former_ward")
        named = known.with_columns(naming.whole()).group_by(prefix="alias")
        prefixes = named.agg(pl.col("code").unique().sort(), told.any().alias("told"), former)
        groups = prefixes.select("code").unique().sort("code").with_row_index("group", offset=1)
        prefixes = prefixes.join(groups, on="code").drop("code").sort("prefix")
        prefixes = prefixes.with_columns(_shorter(prefixes["prefix"]))
        everywhere = self.municipalities.select(pl.lit(ANYWHERE, pl.UInt32).alias("group"), "code")
        return prefixes, pl.concat([everywhere, groups.explode("code")])

    @property
    def prefixes(self) -> pl.DataFrame:
        """`prefix` String, sorted, `group` UInt32, `told` Boolean (more than the prefecture), `former_ward` String.

        And `shorter` UInt32: the line of the longest other prefix it begins with.
        """
        return self._beginnings[0]

    @property
    def groups(self) -> pl.DataFrame:
        """`group` UInt32, `code` String: the municipalities of a group, a line each."""
        return self._beginnings[1]

    @cached_property
    def towns(self) -> Index:
        """`code`, `alias`, `town` String: a town under every name it goes by (see `naming`). By `alias`."""
        return self._of_kind("town")

    @cached_property
    def hamlets(self) -> Index:
        """The same of 小字 that without their 大字 still are one place (see `naming`)."""
        return self._of_kind("hamlet")

    @cached_property
    def direct(self) -> Index:
        """The same of 字 registered without a 大字 (see `naming`)."""
        return self._of_kind("direct")

    def _of_kind(self, kind: str) -> Index:
        return Index(self._names.filter(kind=kind).drop("kind"), "alias")

    @cached_property
    def postal(self) -> Index:
        """`postal`, `code`, `of_code` (the town, as registered) String. By `postal`."""
        return Index(self.gazetteer.postal.rename({"town": "of_code"}), "postal")


@lru_cache(maxsize=4)
def places_of(gazetteer: Gazetteer) -> Places:
    """The same places for the same gazetteer."""
    return Places(gazetteer)


def _shorter(prefixes: pl.Series) -> pl.Series:
    found: list[int | None] = []
    begun: list[tuple[int, str]] = []  # those that the one at hand may begin with, each begins the next
    for line, prefix in enumerate(prefixes):
        while begun and not prefix.startswith(begun[-1][1]):
            begun.pop()
        found.append(begun[-1][0] if begun else None)
        begun.append((line, prefix))
    return pl.Series("shorter", found, dtype=pl.UInt32)
