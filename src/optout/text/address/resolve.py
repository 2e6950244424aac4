"""The name in front of an address's numbers → municipalities and town: every reading the registers allow."""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.text.address import naming
from optout.text.address.places import ANYWHERE, Index, Places

# A municipality no register knows: 浦和市 in 埼玉県浦和市常盤, 岩舟町 in 下都賀郡岩舟町静.
_UNKNOWN: Final = "^((?:.{1,4}?郡)?.{1,6}?[市町村区])(.+)$"
# 八日市市東沖野, 廿日市町原: the name of the municipality holds one of its own signs.
_UNKNOWN_LONG: Final = "^((?:.{1,4}?郡)?.{1,6}?[市町村区][市町村])(.+)$"
_COUNTY: Final = "^.{1,4}?郡"
_IN_COUNTY: Final = "^(北海道|東京都|.{2,3}[府県])?.{1,4}?郡"
_LEAST: Final = 2  # letters of a town that is looked for in a whole prefecture


def resolve(names: pl.DataFrame, places: Places) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Municipality and town of distinct names.

    Args:
        names: `id` UInt32, unique; `name` String, folded and without marks; `postal` String, seven digits or null.
        places: The registers.

    Returns:
        One line a reading: `id`, `code`, `town` (the registered name), `rest` (what else stands behind it), `known`
        Boolean (the town is registered), `guess` Boolean (the municipality follows from the town or the postal code
        only), `conflict` Boolean (the postal code is of another municipality), `unknown` String (a municipality
        that is in no register, or a former ward). A name of which nothing is known has no line.
        And one line a name: `id`, `group` (see `Places.groups`) of what it begins with, `told` Boolean (more than a
        prefecture), `left` String behind that.
    """
    begun = _begun(names.with_columns(pl.col("name").fill_null("")), places)
    coded = begun.select("id", "left", "postal").join(places.postal.having(begun["postal"]), on="postal")
    told = begun.filter("told")
    placed = _placed(told.select("id", "group", "left"), places)
    confirmed, against = _confirmed(placed, coded, places)
    guessed = _guessed(begun.filter(~pl.col("told")), coded, places)
    # Two wards that became one are two places still where each is named.
    wards = begun.select("id", "former_ward")
    found = pl.concat([confirmed, against, guessed], how="diagonal").join(wards, on="id")
    found = found.with_columns(unknown=pl.coalesce("unknown", "former_ward")).drop("former_ward")
    found = found.with_columns(pl.col("guess", "conflict").fill_null(value=False))
    return found, begun.select("id", "group", "told", "left")


def _begun(names: pl.DataFrame, places: Places) -> pl.DataFrame:
    """`group`, `told` of the longest municipality a name begins with, and what is `left` of it.

    Of a former municipality the registers may not know the county: then it is found without.
    """
    begun = _begins(names, places)
    counties = begun.filter(~pl.col("told"), pl.col("left").str.contains(_COUNTY)).select(names.columns)
    bare = counties.with_columns(pl.col("name").str.replace(_IN_COUNTY, "${1}"))
    again = _begins(bare, places).filter("told")
    return pl.concat([begun.join(again, on="id", how="anti"), again])


def _begins(names: pl.DataFrame, places: Places) -> pl.DataFrame:
    prefixes, name = places.prefixes, names["name"]
    # The last prefix not behind the name in the alphabet is the longest that fits, or begins as that one does.
    behind = prefixes["prefix"].search_sorted(name, side="right").to_frame("n")
    at = behind.select(at=pl.when(pl.col("n") > 0).then(pl.col("n") - 1))["at"]
    while (other := _begins_otherwise(name, prefixes["prefix"].gather(at))).any():
        at = prefixes["shorter"].gather(at).zip_with(other, at)
    found = prefixes.drop("shorter")[at]
    return (
        pl.concat([names, found], how="horizontal")
        .with_columns(
            pl.col("group").fill_null(ANYWHERE),
            pl.col("told").fill_null(value=False),
            left=pl.col("name").str.strip_prefix(pl.col("prefix").fill_null("")),
        )
        .drop("prefix")
    )


def _begins_otherwise(name: pl.Series, prefix: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"name": name, "prefix": prefix})
    return frame.select(~pl.col("name").str.starts_with(pl.col("prefix")).fill_null(value=True)).to_series()


def _placed(asked: pl.DataFrame, places: Places) -> pl.DataFrame:
    """Readings of names whose group of municipalities is told."""
    lines = asked.join(places.groups, on="group").drop("group")
    named = lines.filter(pl.col("left") != "")
    found, rest = [], named
    for names in (places.towns, places.hamlets, places.direct):
        found.append(_longest(rest, names))
        rest = rest.join(found[-1], on="id", how="anti")
    # 大字南長野南県町, where 南県町 is registered by itself.
    open_ended = found[0].filter(pl.col("rest") != "")
    inner = open_ended.select("id", "code", town="rest", rest=pl.lit(""))
    direct = places.direct.having(inner["town"])
    inner = inner.join(direct, left_on=["code", "town"], right_on=["code", "alias"], how="semi")
    # 字清水上, where there is a 大字清水 too.
    beside = _exact(named.join(open_ended, on="id", how="semi"), places.hamlets)
    known = [_read(each, known=True) for each in (*found, inner, beside)]
    return pl.concat([*known, _unread(lines.filter(pl.col("left") == "")), _unread(rest)])


def _read(lines: pl.DataFrame, *, known: bool) -> pl.DataFrame:
    return lines.select("id", "code", "town", "rest", known=pl.lit(known))


def _unread(lines: pl.DataFrame) -> pl.DataFrame:
    """No registered town: whatever stands there is the rest."""
    return lines.select("id", "code", town=pl.lit(""), rest="left", known=pl.lit(value=False))


def _said(lines: pl.DataFrame) -> pl.DataFrame:
    """The town is not written but said by the postal code."""
    town = naming.of_post(pl.col("of_code"))
    said = lines.select("id", "code", town=town, rest=pl.lit(""), known=pl.lit(value=True))
    return said.filter(pl.col("town") != "")


def _only(coded: pl.DataFrame) -> pl.DataFrame:
    """Of the names whose postal code is of one place, what it says."""
    return coded.filter(pl.len().over("id") == 1)


def _exact(asked: pl.DataFrame, names: Index, groups: pl.DataFrame | None = None) -> pl.DataFrame:
    """`_longest` where the whole of `left` is the name."""
    near, by = _near(asked["left"], names, groups)
    exact = asked.join(near, left_on=[by, "left"], right_on=[by, "alias"])
    exact = exact.with_columns(naming.whole("left"))
    return exact.select("id", "code", "town", rest=pl.lit(""), length=pl.col("left").str.len_chars())


def _near(words: pl.Series, names: Index, groups: pl.DataFrame | None) -> tuple[pl.DataFrame, str]:
    """The names that may be one of these words, and by which column they are looked for beside."""
    near = names.having(words)
    return (near, "code") if groups is None else (groups.join(near, on="code"), "group")


def _longest(
    asked: pl.DataFrame, names: Index, groups: pl.DataFrame | None = None, least: int = 1
) -> pl.DataFrame:
    """The longest name that `left` begins with, and all that is registered under it.

    A numeral is never cut: 1番町 does not begin 1番町1.

    Args:
        asked: `id`, `left` and where to look: `code`, or `group`.
        names: `code`, `alias`, `town` of `naming.names`.
        groups: `group`, `code`, if groups are where to look.
        least: How many letters a name has at least.

    Returns:
        `id`, `code`, `town`, `rest` behind it, `length` of the name found.
    """
    exact = _exact(asked.filter(pl.col("left").str.len_chars() >= least), names, groups)
    asked = asked.join(exact, on="id", how="anti")
    return exact if asked.is_empty() else pl.concat([exact, _longest_beginning(asked, names, groups, least)])


def _longest_beginning(
    asked: pl.DataFrame, names: Index, groups: pl.DataFrame | None, least: int
) -> pl.DataFrame:
    left, alias = pl.col("left"), pl.col("alias")
    lengths = pl.int_ranges(least, pl.min_horizontal(left.str.len_chars(), names.longest + 1))
    cuts = asked.with_columns(length=lengths).explode("length").drop_nulls("length")
    cuts = cuts.with_columns(alias=left.str.head(pl.col("length")), length=pl.col("length").cast(pl.UInt32))
    near, by = _near(cuts["alias"], names, groups)
    begun = cuts.join(near, on=[by, "alias"])
    begun = begun.with_columns(naming.whole(), rest=left.str.slice(pl.col("length")))
    begun = begun.filter(~(alias.str.contains("[0-9]$") & pl.col("rest").str.contains("^[0-9]")))
    longest = begun.filter(pl.col("length") == pl.col("length").max().over("id"))
    return longest.select("id", "code", "town", "rest", "length")


def _confirmed(
    placed: pl.DataFrame, coded: pl.DataFrame, places: Places
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the postal code says of readings: it picks among several, names a town left out, or contradicts."""
    said = coded.select("id", "code").unique()
    agrees = placed.join(said, on=["id", "code"], how="semi")
    fits = agrees.select("id").unique()
    asked = placed.join(said.select("id").unique(), on="id", how="semi")
    against = asked.join(fits, on="id", how="anti").select("id").unique()
    kept = pl.concat([placed.join(fits, on="id", how="anti"), agrees])
    # 新宿区3-2-1 under 160-0023: the code names the town.
    townless = agrees.filter(pl.col("town") == "", pl.col("rest") == "").select("id", "code")
    filled = _said(townless.join(_only(coded.join(townless, on="id", how="semi")), on=["id", "code"]))
    theirs = _by_code(coded.join(against, on="id"), places)
    conflict = pl.lit(value=True)
    placed_again = kept.join(against.with_columns(conflict=conflict), on="id", how="left")
    return pl.concat([placed_again, filled], how="diagonal"), theirs.with_columns(conflict=conflict)


def _by_code(coded: pl.DataFrame, places: Places) -> pl.DataFrame:
    """Readings of names in the municipalities of their postal codes: the town as written, else as the code says."""
    asked = coded.select("id", "left", "code").unique()
    written = _longest(asked.filter(pl.col("left") != ""), places.towns)
    return pl.concat([_read(written, known=True), _said(_only(coded).join(written, on="id", how="anti"))])


def _guessed(untold: pl.DataFrame, coded: pl.DataFrame, places: Places) -> pl.DataFrame:
    """Readings of names in no known municipality: by the postal code, else wherever the town is registered."""
    if untold.is_empty():
        return pl.DataFrame(schema={"unknown": pl.String, "guess": pl.Boolean})
    by_code = _by_code(coded.join(untold, on="id", how="semi"), places)
    left = untold.join(by_code, on="id", how="anti").filter(pl.col("left") != "")
    found = []
    for pattern in (_UNKNOWN, _UNKNOWN_LONG):
        unknown, behind = (pl.col("left").str.extract(pattern, part) for part in (1, 2))
        found.append(_anywhere(left.with_columns(unknown=unknown, behind=behind), places))
        left = left.join(found[-1], on="id", how="anti").filter(pl.col("left").str.contains(_UNKNOWN_LONG))
    return pl.concat([by_code, *found], how="diagonal").with_columns(guess=pl.lit(value=True))


def _anywhere(parts: pl.DataFrame, places: Places) -> pl.DataFrame:
    """The town behind an unknown municipality, or beginning with it (岩舟町静), in the whole prefecture."""
    if parts.is_empty():
        none = pl.lit("")
        return parts.select("id", "unknown", code=none, town=none, rest=none, known=pl.lit(value=True))
    groups = parts.select("group").unique().join(places.groups, on="group")
    whole = parts.select("id", "group", left=pl.col("left").str.replace(_COUNTY, ""))
    cut = parts.drop_nulls("behind").select("id", "group", left="behind")
    begun = _longest(whole, places.towns, groups, _LEAST).join(parts.select("id", "unknown"), on="id")
    word = pl.col("unknown").str.replace(_COUNTY, "").str.len_chars().fill_null(0)
    beyond = begun.filter(pl.col("length") > word)
    cut = cut.join(beyond, on="id", how="anti")
    behind = _longest(cut, places.towns, groups, _LEAST).join(parts.select("id", "unknown"), on="id")
    found = pl.concat([beyond.select(behind.columns).with_columns(unknown=pl.lit(None, pl.String)), behind])
    return found.select("id", "code", "town", "rest", "unknown", known=pl.lit(value=True))
