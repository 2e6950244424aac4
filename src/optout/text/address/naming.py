"""Registered places → every name an address may use for them, folded as addresses are.

Source: tables.gazetteer (Japan Post KEN_ALL, Digital Agency ABR). Folding all of them takes a second, so the names of
the places that are shipped are shipped too: place_name.parquet is what `names` makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from optout.tables.gazetteer import Gazetteer
from optout.text.address.spelling import fold, without_marks

# 国高二丁目 registered as one name, 二丁目 directly under 下田市: the 丁目 is a number of the address.
_CHOME: Final = "[一二三四五六七八九十0-9０-９壱弐参]+丁目$"
# 岩舟町静, 前沢区塔ケ崎: the municipality of before a merger in front of the town's own name.
_OLD: Final = "^(.+?[町村区])(.+)$"
_ALIAS: Final = "…"  # in no name of any place
_SHORT: Final = 2  # letters without which a name says too little


def bare(written: pl.Expr) -> pl.Expr:
    """A registered name as `address.parse` sees the names of addresses. Elementwise."""
    return without_marks(fold(written))


def names(gazetteer: Gazetteer) -> pl.DataFrame:
    """Every name of every place.

    Args:
        gazetteer: The registered places.

    Returns:
        String `kind`, `code` (of the municipality), `alias`, `town`, distinct, in one order. Of kind
        `prefecture` and `municipality`: how an address may begin, `town` is the ward of before 2024 it names, if one;
        `town`: `alias` is a name the town goes by, `town` the registered one;
        `hamlet`: 小字 that without their 大字 still are one place, `town` is both;
        `direct`: 字 registered without a 大字 (長野市南県町).
        A `town` that ends with its `alias` is written with "…" in place of it (see `whole`).
    """
    towns = _towns(gazetteer)
    kinds = {"town": towns, "hamlet": _hamlets(gazetteer, towns), "direct": _direct(gazetteer)}
    columns = ("kind", "code", "town", "alias")
    known = [frame.select(pl.lit(kind).alias("kind"), *columns[1:]) for kind, frame in kinds.items()]
    town, alias = pl.col("town"), pl.col("alias")
    short = pl.when(town.str.ends_with(alias)).then(town.str.strip_suffix(alias) + _ALIAS).otherwise(town)
    found = pl.concat([_beginnings(gazetteer).select(columns), *known]).with_columns(town=short)
    return found.unique().sort(columns)


def whole(alias: str = "alias") -> pl.Expr:
    """`town` of `names` written out, where `alias` stands in that column. Elementwise."""
    town = pl.col("town")
    return town.str.strip_suffix(_ALIAS) + pl.when(town.str.ends_with(_ALIAS)).then(alias).otherwise(
        pl.lit("")
    )


def of_post(town: pl.Expr) -> pl.Expr:
    """A town of a postal code under its registered name. Elementwise."""
    return bare(town.str.replace(_CHOME, ""))


def _beginnings(gazetteer: Gazetteer) -> pl.DataFrame:
    schema = {"alias": pl.String, "code": pl.String, "kind": pl.String, "old": pl.Boolean, "town": pl.String}
    known = pl.DataFrame([*_spellings(gazetteer)], schema=schema, orient="row")
    known = known.with_columns(bare(pl.col("alias")))
    # A name in use is not taken for somebody's older one.
    current = known.filter(~pl.col("old")).select("alias", now=pl.lit(value=True)).unique()
    known = known.join(current, on="alias", how="left")
    return known.filter(~pl.col("old") | pl.col("now").is_null())


def _spellings(gazetteer: Gazetteer) -> Iterator[tuple[str, str, str, bool, str | None]]:
    """Every way to begin an address: (spelling, code, what is told, a former municipality, its ward)."""
    columns = ["prefecture", "county", "city", "ward", "code"]
    for old, frame in ((False, gazetteer.municipalities), (True, gazetteer.former)):
        for prefecture, county, city, ward, code in frame.select(columns).iter_rows():
            of = ward if old else None
            for start in _starts(prefecture):
                yield start + (county or "") + city + (ward or ""), code, "municipality", old, of
                yield start + city + (ward or ""), code, "municipality", old, of
                if ward:
                    yield start + city, code, "municipality", old, None
                    yield start + ward, code, "municipality", old, of
            if not old:
                yield from ((start, code, "prefecture", old, None) for start in _starts(prefecture)[:-1])


def _starts(prefecture: str) -> tuple[str, ...]:
    """How an address may begin; the last is without the prefecture."""
    return (prefecture, "東京", "") if prefecture == "東京都" else (prefecture, "")


def _towns(gazetteer: Gazetteer) -> pl.DataFrame:
    """`code`, `alias`, `town` String: a town under every name it goes by.

    A registered name is itself; whatever else a town might be called gives way to one, but where two names
    of the registers may be one town.
    """
    named = gazetteer.towns.select("code", "town").unique(maintain_order=True)
    named = named.with_columns(of_post(pl.col("town")))
    named = named.filter(pl.col("town") != "").unique(maintain_order=True)
    itself = named.select("code", "town", alias="town")
    other = pl.concat([_without_cho(named), _without_old(named), _by_number(named)])
    other = other.unique().join(itself, on=["code", "alias"], how="anti")
    beside = pl.concat([_without_ward(named), _cho_unclear(named, gazetteer)])
    return pl.concat([itself, other.select(itself.columns), beside.select(itself.columns)]).unique()


def _hamlets(gazetteer: Gazetteer, towns: pl.DataFrame) -> pl.DataFrame:
    known = gazetteer.towns.filter(pl.col("koaza").is_not_null() & (pl.col("town") != ""))
    known = known.select(
        "code", alias=bare(pl.col("koaza")), town=bare(pl.col("town") + pl.col("koaza"))
    ).unique()
    known = known.filter(pl.col("alias").str.len_chars() >= _SHORT, pl.len().over("code", "alias") == 1)
    return known.join(towns, on=["code", "alias"], how="anti")


def _direct(gazetteer: Gazetteer) -> pl.DataFrame:
    known = gazetteer.towns.filter(pl.col("town") == "").drop_nulls("koaza")
    known = known.select("code", alias=bare(pl.col("koaza"))).unique()
    return known.filter(pl.col("alias").str.len_chars() >= _SHORT).with_columns(town="alias")


def _without_cho(named: pl.DataFrame) -> pl.DataFrame:
    """古桶屋町 as 古桶屋."""
    long = pl.col("town").str.ends_with("町") & (pl.col("town").str.len_chars() > _SHORT)
    return named.filter(long).select("code", "town", alias=pl.col("town").str.strip_suffix("町"))


def _cho_unclear(named: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """田地方 and 田地方町: registered both, and the post knows neither, so they may be one."""
    both = _without_cho(named).join(named, left_on=["code", "alias"], right_on=["code", "town"], how="semi")
    posted = gazetteer.postal.select("code", of_post(pl.col("town"))).unique()
    unposted = both.join(posted, on=["code", "town"], how="anti")
    return unposted.join(posted, left_on=["code", "alias"], right_on=["code", "town"], how="anti")


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
