"""The names of two sides beside each other: which of them are to be compared, and their columns in one frame."""

from __future__ import annotations

import polars as pl


def sided(names: pl.DataFrame) -> pl.DataFrame:
    """The names of one side, and `staffed`: a company's name, beside which a person is named."""
    company = (pl.col("source") == "company") | pl.col("form").is_not_null()
    told = pl.col("full").is_not_null() | (pl.col("kana").is_not_null() & ~pl.col("ownerless"))
    people = names.filter(~company & told)["i"].unique()
    staffed = (company & pl.col("i").is_in(people.implode())).fill_null(False).alias("staffed")
    return names.with_columns(staffed).drop("i")


def met_names(
    numbered: pl.DataFrame, rows: pl.Series, entries: pl.Series, staffed: pl.Series
) -> pl.DataFrame:
    """`pair`, `a_line`, `b_line`: every name of the one side beside every name of the other, by line of both together.

    Two people of one company: who it is must be told by their own names.
    """
    left = rows.alias("a").to_frame().with_row_index("a_line")
    right = entries.alias("b").to_frame().with_row_index("b_line", offset=len(rows))
    met = numbered.select("pair", "a", "b").join(left, on="a").join(right, on="b")
    both = staffed.gather(met["a_line"]) & staffed.gather(met["b_line"])
    return met.filter(~both).select("pair", "a_line", "b_line")


def paired(met: pl.DataFrame, numbered: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """A line for each: what is known of the pair, and of the names of its two sides as `a_…`, `b_…`."""
    sides = [names[met[f"{side}_line"]].select(pl.all().name.prefix(f"{side}_")) for side in "ab"]
    return pl.concat([numbered[met["pair"]], *sides], how="horizontal")
