"""What tells two businesses apart: legal form, trade, branch. Boolean expressions over a frame of paired names."""

from __future__ import annotations

import polars as pl

from optout.text import company


def firm() -> pl.Expr:
    """At least one side is a company: it has no surname, no brothers, and does not marry."""
    sides = [
        (pl.col(f"{s}_source") == "company")
        | pl.col(f"{s}_form").is_not_null()
        | pl.col(f"{s}_trade").is_not_null()
        for s in "ab"
    ]
    return (sides[0] | sides[1]).fill_null(False)


def trades() -> list[pl.Expr]:
    """`a_trade`, `b_trade`: what a name says at its end that a business trades in; the others ask for it."""
    return [pl.col(f"{s}_full").str.extract(f".({company.trades()})$", 1).alias(f"{s}_trade") for s in "ab"]


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
