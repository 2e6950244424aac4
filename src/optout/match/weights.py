"""Match weights in bits: log2(m / u) of each level (tables/level_weight.tsv), and what two agreements correct.

An agreeing name says the less the more people bear it (tables/name_frequency.tsv), and the landline of a household
says little beside its address: the two are one agreement. Weights order the review; they never decide.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.match.facts import Facts
from optout.match.kinds import kinds

FIELDS: Final = ("person", "address", "phone", "email", "birth_date", "corporate_number")
_AT_HOME: Final = ("equal", "room_differs")
# 060 070 080 090: the number of one person.
_MOBILE: Final = "(^| )0[6-9]0[0-9]{8}"


def weights() -> pl.DataFrame:
    """`field`, `level` String, `weight` Float64: log2(m / u) of each level, in bits."""
    table = tables.load("level_weight")
    bits = [math.log2(float(m) / float(u)) for m, u in zip(table["m"], table["u"], strict=True)]
    return table.select("field", "level").with_columns(pl.Series("weight", bits))


@cache
def _weighed() -> dict[str, tuple[str, ...]]:
    """The levels of each field that have a weight."""
    table = weights()
    return {field: tuple(table.filter(pl.col("field") == field)["level"]) for field in FIELDS}


def bits(levels: pl.DataFrame) -> pl.DataFrame:
    """What each field of each pair weighs.

    Args:
        levels: String columns FIELDS, no nulls; `commonness` Float64 and `landline` Boolean where they are known
            (see `optout.match.compare`).

    Returns:
        Float64 columns FIELDS, in order; their sum is the weight of the pair.
    """
    kind, of = kinds(levels, _weighed())
    table = weights()
    plain = []
    for field in FIELDS:
        rows = table.filter(pl.col("field") == field)
        plain.append(pl.col(field).replace_strict(rows["level"], rows["weight"], default=0.0))
    found = kind.select(plain)[of]
    if "commonness" in levels.columns:
        found = found.with_columns(pl.col("person") - levels["commonness"])
    if "landline" in levels.columns:
        shared = levels["landline"] & (levels["phone"] == "equal") & levels["address"].is_in(_AT_HOME)
        beside = math.log2(_phone_agrees() / bound("landline_beside_address"))
        found = found.with_columns(pl.when(shared).then(beside).otherwise("phone").alias("phone"))
    return found


def commonness(equal: pl.DataFrame) -> pl.Series:
    """How much more often than an average name one is borne that two people have, in bits.

    Of two ways to split it the commoner counts.

    Args:
        equal: Paired names that are equal in kanji, `a_` and `b_` `fn` surname, `gn` given name, of people.

    Returns:
        Float64 series, same height and order.
    """
    share = pl.max_horizontal(_borne(side) for side in "ab")
    borne = share.clip(bound("rarest_name"), bound("commonest_name"))
    return equal.select((borne / _average()).log(2)).to_series()


def landline(facts: Facts, met: pl.Series) -> pl.Series:
    """Boolean, a line a pair: no number that both sides have is a mobile one. `met`: they have one at all."""
    sides = [facts.rows["phones"], facts.entries["phones"]]
    mine = _mobile(sides[0])
    mobile = facts.beside(mine, mine if facts.rows is facts.entries else _mobile(sides[1]))
    asked = met & mobile[0] & mobile[1]
    # Whoever has one number has that one in common.
    several = facts.beside(*(side.list.len() > 1 for side in sides))
    unclear = asked & several[0] & several[1]
    both = facts.only(unclear).paired(["phones"])
    common = both.select(pl.col("a_phones").list.set_intersection("b_phones")).to_series()
    return (~asked).scatter(unclear.arg_true(), ~_mobile(common))


def _mobile(phones: pl.Series) -> pl.Series:
    """Boolean: one of the numbers of each list is a mobile one."""
    return phones.list.join(" ").str.contains(_MOBILE).fill_null(value=False)


def bound(quantity: str) -> float:
    """One of the quantities of tables/weight_bound.tsv."""
    return _bounds()[quantity]


@cache
def _bounds() -> dict[str, float]:
    table = tables.load("weight_bound")
    return {quantity: float(share) for quantity, share in table.select("quantity", "share").iter_rows()}


def _borne(side: str) -> pl.Expr:
    """Which share of people bears the name; one part alone may be either."""
    family, given = pl.col(f"{side}_fn").fill_null(""), pl.col(f"{side}_gn").fill_null("")
    alone = (family == "") | (given == "")
    whole = pl.max_horizontal(_share("family", family + given), _share("given", family + given))
    return pl.when(alone).then(whole).otherwise(_share("family", family) * _share("given", given))


def _share(part: str, names: pl.Expr) -> pl.Expr:
    table = tables.load("name_frequency").filter(pl.col("part") == part)
    per_person = table["per_10000"].cast(pl.Float64) / 10_000
    return names.replace_strict(table["folded"], per_person, default=bound(f"other_{part}"))


def _average() -> float:
    """The chance that two strangers bear one name, as the weight of an agreeing name has it."""
    [chance] = _rows("person", "same")["u"].to_list()
    return float(chance)


def _phone_agrees() -> float:
    [share] = _rows("phone", "equal")["m"].to_list()
    return float(share)


def _rows(field: str, level: str) -> pl.DataFrame:
    return tables.load("level_weight").filter(pl.col("field") == field, pl.col("level") == level)
