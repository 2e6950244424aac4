"""The registered places, folded as addresses are: what a name may begin with, and the towns of a municipality.

Source: tables.gazetteer (Japan Post KEN_ALL, Digital Agency ABR). Ambiguity is kept: one beginning may mean several
municipalities (a *group*), and a town other than under its registered name may be several towns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import polars as pl

from optout.tables.gazetteer import Gazetteer
from optout.text.address.spelling import fold, without_marks

ANYWHERE: Final = 0  # the group of an address that names neither prefecture nor municipality
# 国高二丁目 registered as one name, 二丁目 directly under 下田市: the 丁目 is a number of the address.
_CHOME: Final = "[一二三四五六七八九十0-9０-９壱弐参]+丁目$"
# 岩舟町静, 前沢区塔ケ崎: the municipality of before a merger in front of the town's own name.
_OLD: Final = "^(.+?[町村区])(.+)$"
_SHORT: Final = 2  # letters without which a name says too little


def bare(written: pl.Expr) -> pl.Expr:
    """A registered name as `address.parse` sees the names of addresses. Elementwise."""
    return without_marks(fold(written))


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
    def _beginnings(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        schema = {
            "prefix": pl.String,
            "code": pl.String,
            "told": pl.Boolean,
            "old": pl.Boolean,
            "of": pl.String,
        }
        known = pl.DataFrame([*self._spellings()], schema=schema, orient="row")
        known = known.with_columns(bare(pl.col("prefix")))
        # A name in use is not taken for somebody's older one.
        current = known.filter(~pl.col("old")).select("prefix", now=pl.lit(value=True)).unique()
        known = known.join(current, on="prefix", how="left").filter(~pl.col("old") | pl.col("now").is_null())
        codes = pl.col("code").unique().sort()
        of = pl.when(pl.col("of").n_unique() == 1).then(pl.col("of").first()).alias("former_ward")
        prefixes = known.group_by("prefix").agg(codes, pl.col("told").any(), of)
        groups = prefixes.select("code").unique().sort("code").with_row_index("group", offset=1)
        prefixes = prefixes.join(groups, on="code").drop("code").sort("prefix")
        everywhere = self.municipalities.select(pl.lit(ANYWHERE, pl.UInt32).alias("group"), "code")
        return prefixes, pl.concat([everywhere, groups.explode("code")])

    @property
    def prefixes(self) -> pl.DataFrame:
        """`prefix` String, `group` UInt32, `told` Boolean (more than the prefecture), `former_ward` String."""
        return self._beginnings[0]

    @property
    def groups(self) -> pl.DataFrame:
        """`group` UInt32, `code` String: the municipalities of a group, a line each."""
        return self._beginnings[1]

    def _spellings(self) -> Iterator[tuple[str, str, bool, bool, str | None]]:
        """Every way to begin an address: (spelling, code, a municipality is told, a former one, its ward)."""
        columns = ["prefecture", "county", "city", "ward", "code"]
        for old, frame in ((False, self.gazetteer.municipalities), (True, self.gazetteer.former)):
            for prefecture, county, city, ward, code in frame.select(columns).iter_rows():
                of = ward if old else None
                for start in _starts(prefecture):
                    yield start + (county or "") + city + (ward or ""), code, True, old, of
                    yield start + city + (ward or ""), code, True, old, of
                    if ward:
                        yield start + city, code, True, old, None
                        yield start + ward, code, True, old, of
                if not old:
                    yield from ((start, code, False, old, None) for start in _starts(prefecture)[:-1])

    @cached_property
    def towns(self) -> pl.DataFrame:
        """`code`, `alias`, `town` String: a town (folded) under every name it goes by.

        A registered name is itself; whatever else a town might be called gives way to one, but where two names
        of the registers may be one town.
        """
        named = self.gazetteer.towns.select("code", "town").unique(maintain_order=True)
        named = named.with_columns(bare(pl.col("town").str.replace(_CHOME, "")).alias("town"))
        named = named.filter(pl.col("town") != "").unique(maintain_order=True)
        itself = named.select("code", "town", alias="town")
        other = pl.concat([_without_cho(named), _without_old(named), _by_number(named)])
        other = other.unique().join(itself, on=["code", "alias"], how="anti")
        beside = pl.concat([_without_ward(named), self._cho_unclear(named)])
        return pl.concat([itself, other.select(itself.columns), beside.select(itself.columns)]).unique()

    def _cho_unclear(self, named: pl.DataFrame) -> pl.DataFrame:
        """田地方 and 田地方町: registered both, and the post knows neither, so they may be one."""
        both = _without_cho(named).join(
            named, left_on=["code", "alias"], right_on=["code", "town"], how="semi"
        )
        posted = self.postal.select("code", "town").unique()
        unposted = both.join(posted, on=["code", "town"], how="anti")
        return unposted.join(posted, left_on=["code", "alias"], right_on=["code", "town"], how="anti")

    @cached_property
    def hamlets(self) -> pl.DataFrame:
        """`code`, `alias`, `town` String: 小字 that without their 大字 still are one place."""
        known = self.gazetteer.towns.filter(pl.col("koaza").is_not_null() & (pl.col("town") != ""))
        known = known.select(
            "code", alias=bare(pl.col("koaza")), town=bare(pl.col("town") + pl.col("koaza"))
        ).unique()
        known = known.filter(pl.col("alias").str.len_chars() >= _SHORT, pl.len().over("code", "alias") == 1)
        return known.join(self.towns, on=["code", "alias"], how="anti")

    @cached_property
    def direct(self) -> pl.DataFrame:
        """`code`, `alias`, `town` String: 字 registered without a 大字 (長野市南県町)."""
        known = self.gazetteer.towns.filter(pl.col("town") == "").drop_nulls("koaza")
        known = known.select("code", alias=bare(pl.col("koaza"))).unique()
        return known.filter(pl.col("alias").str.len_chars() >= _SHORT).with_columns(town="alias")

    @cached_property
    def postal(self) -> pl.DataFrame:
        """`postal`, `code`, `town` (folded) String."""
        return self.gazetteer.postal.with_columns(bare(pl.col("town").str.replace(_CHOME, "")))


@lru_cache(maxsize=4)
def places_of(gazetteer: Gazetteer) -> Places:
    """The same places for the same gazetteer."""
    return Places(gazetteer)


def _starts(prefecture: str) -> tuple[str, ...]:
    """How an address may begin; the last is without the prefecture."""
    return (prefecture, "東京", "") if prefecture == "東京都" else (prefecture, "")


def _without_cho(named: pl.DataFrame) -> pl.DataFrame:
    """古桶屋町 as 古桶屋."""
    long = pl.col("town").str.ends_with("町") & (pl.col("town").str.len_chars() > _SHORT)
    return named.filter(long).select("code", "town", alias=pl.col("town").str.strip_suffix("町"))


def _old_names(named: pl.DataFrame) -> pl.DataFrame:
    """Towns that begin with an older municipality, as several of theirs do: `old`, and the `rest`."""
    parts = named.with_columns(
        old=pl.col("town").str.extract(_OLD, 1), rest=pl.col("town").str.extract(_OLD, 2)
    )
    return parts.drop_nulls("rest").filter(pl.len().over("code", "old") > 1)


def _without_old(named: pl.DataFrame) -> pl.DataFrame:
    """岩舟町静 as 静."""
    return _old_names(named).select("code", "town", alias="rest")


def _without_ward(named: pl.DataFrame) -> pl.DataFrame:
    """南郷区島守 as 南郷島守: wards of before are dropped from names, and some registers have both."""
    wards = _old_names(named).filter(pl.col("old").str.ends_with("区"))
    return wards.select("code", "town", alias=pl.col("old").str.strip_suffix("区") + pl.col("rest"))


def _by_number(named: pl.DataFrame) -> pl.DataFrame:
    """西16番町 as 西16."""
    counted = named.filter(pl.col("town").str.contains("[0-9]番町$"))
    return counted.select("code", "town", alias=pl.col("town").str.strip_suffix("番町"))
