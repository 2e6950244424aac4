"""Candidate pairs → one comparison level a field.

Levels, best first; `none` means that a side does not tell:
    person: same former similar renamed relative other unknown
    address: equal room_differs partial town unclear typo city different none (see match.places)
    phone: equal different none      email: equal alias different none
    birth_date, corporate_number: equal different none
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import polars as pl

from optout.keys import Comparable
from optout.match.compare import PERSON_LEVELS, persons
from optout.match.places import ADDRESS_LEVELS, NEARLY, PLACED, address_level
from optout.match.weights import landline

LEVELS: Final = MappingProxyType(
    {
        "person": PERSON_LEVELS,
        "address": ADDRESS_LEVELS,
        "phone": ("equal", "different", "none"),
        "email": ("equal", "alias", "different", "none"),
        "birth_date": ("equal", "different", "none"),
        "corporate_number": ("equal", "different", "none"),
    }
)

_COMPARED: Final = (*PLACED, "phones", "emails", "aliases", "birth", "corporate_number")


def compare(pairs: pl.DataFrame, rows: Comparable, entries: Comparable) -> pl.DataFrame:
    """The comparison level of every field for every pair.

    Args:
        pairs: `a` UInt32 (line of `rows`), `b` UInt32 (line of `entries`), distinct.
        rows: Comparable columns of the batch's candidates.
        entries: Comparable columns of the suppression list's candidates.

    Returns:
        `pairs` with String columns person, address, phone, email, birth_date, corporate_number, and what weights ask:
        `commonness` Float64 (of an agreeing name, bits), `landline` Boolean (no number that agrees is a mobile one);
        no nulls, same order.
    """
    sides = pl.concat([_side(rows, pairs["a"], "a"), _side(entries, pairs["b"], "b")], how="horizontal")
    fields = sides.lazy().select(
        _lists("phones").alias("phone"),
        _email().alias("email"),
        _scalar("birth").alias("birth_date"),
        _scalar("corporate_number").alias("corporate_number"),
        landline("a_phones", "b_phones").alias("landline"),
    )
    levels = pl.concat([address_level(sides), fields.collect()], how="horizontal")
    people = persons(pairs, rows.people, entries.people, _worth_reading(levels))
    # Blocking finds most of these only beside the very same name; what it cannot see must not decide.
    half = pl.col("address").is_in(NEARLY) & ~pl.col("written") & ~pl.col("met")
    place = pl.when(pl.col("address") == "unclear").then(pl.lit("different")).otherwise(pl.lit("city"))
    seen = pl.when(half).then(place).otherwise("address").alias("address")
    return (
        pl.concat([pairs, people, levels], how="horizontal")
        .with_columns(seen, _born())
        .drop("written", "met", "dated")
    )


def _worth_reading(levels: pl.DataFrame) -> pl.DataFrame:
    """Reading kanji aloud is dear: `crossed`, `siblings` and `born` say where it can change a verdict; and `dated`.

    Kanji against kana wait for any other field that speaks for the pair. Two given names of one surname are read only
    at one address (or birth date): beside an equal phone a relative and a misspelt name are reviewed alike.
    """
    beside = pl.any_horizontal(
        pl.col("address").is_in(["equal", "room_differs", *NEARLY]),
        pl.col("phone", "birth_date") == "equal",
        pl.col("email") == "alias",
    )
    settled = (pl.col("email") == "equal") | (pl.col("corporate_number") == "equal")
    placed = (pl.col("address") == "equal") & (pl.col("phone") != "equal")
    return levels.select(
        (beside & ~settled).alias("crossed"),
        (placed & ~settled).alias("siblings"),
        ((pl.col("birth_date") == "equal") & ~settled).alias("born"),
        (pl.col("birth_date") == "equal").alias("dated"),
    )


def _born() -> pl.Expr:
    """Birth dates of two names that are nearly one: equal only where blocking finds such a pair by them."""
    unseen = (pl.col("person") == "similar") & (pl.col("birth_date") == "equal") & ~pl.col("dated")
    return pl.when(unseen).then(pl.lit("none")).otherwise("birth_date").alias("birth_date")


def _side(comparable: Comparable, lines: pl.Series, side: str) -> pl.DataFrame:
    facts = comparable.facts.select(_COMPARED)
    facts = facts[lines] if len(lines) else facts.clear()
    return facts.rename({column: f"{side}_{column}" for column in _COMPARED})


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
