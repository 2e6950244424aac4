"""What tells two businesses apart: legal form, trade, branch. Expressions over names, and over names in pairs."""

from __future__ import annotations

import polars as pl

from optout.text import company


def told() -> list[pl.Expr]:
    """`trade` and `firm` of names: what one says at its end that a business trades in, and that it is a company's.

    A company has no surname, no brothers, and does not marry.
    """
    trade = pl.col("full").str.extract(f".({company.trades()})$", 1)
    named = (pl.col("source") == "company") | pl.col("form").is_not_null() | trade.is_not_null()
    return [trade.alias("trade"), named.fill_null(False).alias("firm")]


def firm() -> pl.Expr:
    """At least one side is a company."""
    return pl.col("a_firm") | pl.col("b_firm")


def other_trade() -> pl.Expr:
    """山田電機 and 山田電気, 山田工業 and 山田興業: what they trade in tells businesses apart."""
    a, b = pl.col("a_trade"), pl.col("b_trade")
    return ((a != b) & ~a.str.ends_with(b) & ~b.str.ends_with(a) & ~branch("full")).fill_null(False)


def other_form() -> pl.Expr:
    """Two legal forms, or the same one before and behind the name: maybe two companies.

    A form that is left out says nothing, unless it is part of the name (見本生活協同組合).
    """
    a, b = pl.col("a_form"), pl.col("b_form")
    front = [pl.col(f"{side}_place") == "before" for side in "ab"]
    differ = ((a != b) | (front[0] != front[1])).fill_null(False)
    lost = (a.is_null() | b.is_null()) & pl.coalesce(a, b).is_in(company.inseparable()).fill_null(False)
    return differ | lost


def branch(part: str) -> pl.Expr:
    """One name begins with the other: a company and its branch, an office and its department."""
    a, b = pl.col(f"a_{part}"), pl.col(f"b_{part}")
    shorter = pl.min_horizontal(a.str.len_chars(), b.str.len_chars())
    return ((a.str.starts_with(b) | b.str.starts_with(a)) & (shorter >= 2)).fill_null(False)
