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
from optout.match.facts import Facts
from optout.match.places import ADDRESS_LEVELS, NEARLY, address_level
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
    facts = Facts(rows.facts, entries.facts, pairs["a"], pairs["b"])
    phones = facts.meet("phones", "phones")
    levels = address_level(facts).with_columns(
        _answer(phones, facts.told("phones")).alias("phone"),
        _email(facts).alias("email"),
        _answer(facts.equal("birth"), facts.told("birth")).alias("birth_date"),
        _answer(facts.equal("corporate_number"), facts.told("corporate_number")).alias("corporate_number"),
        landline(facts, phones).alias("landline"),
    )
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


def _answer(equal: pl.Series, told: pl.Series) -> pl.Series:
    """The level of a field that both sides tell, and tell alike."""
    return pl.Series(("none", "different", "equal")).gather(told.cast(pl.UInt32) + equal.cast(pl.UInt32))


def _email(facts: Facts) -> pl.Series:
    """Equal, or equal but for the domain, which a provider renamed."""
    exact = _answer(facts.meet("emails", "emails"), facts.told("emails"))
    alias = (
        facts.meet("emails", "aliases") | facts.meet("aliases", "emails") | facts.meet("aliases", "aliases")
    )
    renamed = alias & (exact != "equal")
    return exact.scatter(renamed.arg_true(), "alias") if renamed.any() else exact
