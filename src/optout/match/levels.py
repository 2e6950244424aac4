"""Candidate pairs → one comparison level a field.

Levels, best first; `none` means that a side does not tell:
    person: same former similar renamed relative other unknown      address: equal room_differs near different none
    phone: equal different none      email: equal alias different none
    birth_date, corporate_number: equal different none
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import polars as pl

from optout.keys import Comparable
from optout.match.compare import PERSON_LEVELS, persons

LEVELS: Final = MappingProxyType(
    {
        "person": PERSON_LEVELS,
        "address": ("equal", "room_differs", "near", "different", "none"),
        "phone": ("equal", "different", "none"),
        "email": ("equal", "alias", "different", "none"),
        "birth_date": ("equal", "different", "none"),
        "corporate_number": ("equal", "different", "none"),
    }
)


def compare(pairs: pl.DataFrame, rows: Comparable, entries: Comparable) -> pl.DataFrame:
    """The comparison level of every field for every pair.

    Args:
        pairs: `a` UInt32 (line of `rows`), `b` UInt32 (line of `entries`), distinct.
        rows: Comparable columns of the batch's candidates.
        entries: Comparable columns of the suppression list's candidates.

    Returns:
        `pairs` with String columns person, address, phone, email, birth_date, corporate_number; no nulls, same order.
    """
    sides = pl.concat([_side(rows, pairs["a"], "a"), _side(entries, pairs["b"], "b")], how="horizontal")
    sides = _same_place(_same_parts(sides))
    levels = sides.select(
        _address().alias("address"),
        _lists("phones").alias("phone"),
        _email().alias("email"),
        _scalar("birth").alias("birth_date"),
        _scalar("corporate_number").alias("corporate_number"),
    )
    people = persons(pairs, rows.people, entries.people, _worth_reading(levels))
    # Blocking finds half an address only beside the very same name; what it cannot see must not decide.
    half = (pl.col("address") == "near") & ~pl.col("written")
    seen = pl.when(half).then(pl.lit("different")).otherwise("address").alias("address")
    return pl.concat([pairs, people, levels], how="horizontal").with_columns(seen).drop("written")


def _worth_reading(levels: pl.DataFrame) -> pl.DataFrame:
    """Reading kanji aloud is dear: `crossed` and `siblings` say where it can change a verdict.

    Kanji against kana wait for any other field that speaks for the pair. Two given names in kanji are read only
    at one address: beside an equal phone a relative and a misspelt name are reviewed alike.
    """
    beside = pl.any_horizontal(
        pl.col("address").is_in(["equal", "room_differs", "near"]),
        pl.col("phone", "birth_date") == "equal",
        pl.col("email") == "alias",
    )
    settled = (pl.col("email") == "equal") | (pl.col("corporate_number") == "equal")
    placed = (pl.col("address") == "equal") & (pl.col("phone") != "equal")
    return levels.select((beside & ~settled).alias("crossed"), (placed & ~settled).alias("siblings"))


def _side(comparable: Comparable, lines: pl.Series, side: str) -> pl.DataFrame:
    facts = comparable.facts[lines] if len(lines) else comparable.facts.clear()
    return facts.drop("i").rename({column: f"{side}_{column}" for column in facts.columns if column != "i"})


def _equal(column: str) -> pl.Expr:
    """True only where both sides tell and agree."""
    return (pl.col(f"a_{column}") == pl.col(f"b_{column}")).fill_null(False)


def _conflict(column: str) -> pl.Expr:
    """True only where both sides tell and disagree."""
    return (pl.col(f"a_{column}") != pl.col(f"b_{column}")).fill_null(False)


def _scalar(column: str) -> pl.Expr:
    return (
        pl.when(_equal(column))
        .then(pl.lit("equal"))
        .when(_conflict(column))
        .then(pl.lit("different"))
        .otherwise(pl.lit("none"))
    )


def _meet(left: str, right: str) -> pl.Expr:
    """The two lists have an element in common."""
    common = pl.col(left).list.set_intersection(pl.col(right)).list.len() > 0
    return common.fill_null(False)


def _lists(column: str) -> pl.Expr:
    told = pl.col(f"a_{column}").is_not_null() & pl.col(f"b_{column}").is_not_null()
    return (
        pl.when(_meet(f"a_{column}", f"b_{column}"))
        .then(pl.lit("equal"))
        .when(told)
        .then(pl.lit("different"))
        .otherwise(pl.lit("none"))
    )


def _email() -> pl.Expr:
    alias = _meet("a_emails", "b_aliases") | _meet("a_aliases", "b_emails") | _meet("a_aliases", "b_aliases")
    exact = _lists("emails")
    return pl.when((exact != "equal") & alias).then(pl.lit("alias")).otherwise(exact)


def _same_parts(sides: pl.DataFrame) -> pl.DataFrame:
    """What two addresses have in common, part by part."""
    both = pl.col("a_numbers").is_not_null() & pl.col("b_numbers").is_not_null()
    a, b = pl.col("a_numbers"), pl.col("b_numbers")
    # 123-4-205 and 123-4 room 205 are one place when the town has no 丁目.
    with_room = (a == b + "-" + pl.col("b_room")) | (b == a + "-" + pl.col("a_room"))
    begins = (a + "-").str.starts_with(b + "-") | (b + "-").str.starts_with(a + "-")
    conflict = _conflict("prefecture") | _conflict("city") | _conflict("ward")
    no_town = pl.col("a_town").is_null() & pl.col("b_town").is_null() & _equal("city")
    return sides.with_columns(
        (both & (_equal("numbers") | with_room.fill_null(False))).alias("same_numbers"),
        (both & begins).fill_null(False).alias("numbers_begin"),
        conflict.alias("elsewhere"),
        (~conflict & (_equal("city") | _equal("ward") | _equal("postal"))).alias("same_city"),
        (_equal("town") | no_town).alias("same_town"),
        (_told("a") & _told("b")).alias("told"),
    )


def _told(side: str) -> pl.Expr:
    return pl.col(f"{side}_numbers").is_not_null() | pl.col(f"{side}_town").is_not_null()


def _same_place(sides: pl.DataFrame) -> pl.DataFrame:
    """Same banchi; and what may be the same banchi with a part missing or spelt in an unknown way."""
    written = pl.col("same_city") & pl.col("same_town")
    # Blocking probes tail and postal code: an equality they cannot see must not exist here.
    probed = pl.col("a_tail").eq_missing(pl.col("b_tail")) | _equal("postal")
    place = pl.col("same_numbers") & ((written & probed) | _equal("postal"))
    tail = _equal("tail") | _equal("postal")
    partly = ~pl.col("elsewhere") & tail & (pl.col("numbers_begin") | ~_both_numbers())
    renamed = ~pl.col("elsewhere") & pl.col("same_numbers") & pl.col("a_numbers").str.contains("-")
    renamed &= _equal("city") | _equal("ward") | _equal("prefecture") | tail
    rooms = _conflict("room") & ~_ends_alike("room")
    return sides.with_columns(
        place.alias("place"),
        (partly | renamed).alias("near"),
        (rooms & ~_room_in_numbers()).alias("other_room"),
    )


def _both_numbers() -> pl.Expr:
    return pl.col("a_numbers").is_not_null() & pl.col("b_numbers").is_not_null()


def _ends_alike(column: str) -> pl.Expr:
    """エクセル21803 and 803: the digits of a building's name run into the room's."""
    a, b = pl.col(f"a_{column}"), pl.col(f"b_{column}")
    longer = (a.str.len_chars() >= 3) & (b.str.len_chars() >= 3)
    return (longer & (a.str.ends_with(b) | b.str.ends_with(a))).fill_null(False)


def _room_in_numbers() -> pl.Expr:
    """The room stands as the last number on one side, so the rooms were compared already."""
    return pl.col("same_numbers") & ~_equal("numbers")


def _address() -> pl.Expr:
    return (
        pl.when(~pl.col("told"))
        .then(pl.lit("none"))
        .when(pl.col("place") & pl.col("other_room"))
        .then(pl.lit("room_differs"))
        .when(pl.col("place"))
        .then(pl.lit("equal"))
        .when(pl.col("near"))
        .then(pl.lit("near"))
        .otherwise(pl.lit("different"))
    )
