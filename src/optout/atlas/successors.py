"""Changes of municipalities, followed through time → names no longer in use, with the codes of today.

A change leads to a code; that code may have been changed later, split, or be a designated city, which has codes for
its wards alone. What leads to no code of today is told, not guessed.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_LONGEST: Final = 40  # changes one after another; the longest chain since 1970 has five
_KEY: Final = ("prefecture", "name")


def former_names(changes: pl.DataFrame, municipalities: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Names no longer in use and their successors.

    Args:
        changes: Frame of `mergers.SCHEMA`.
        municipalities: Those of today (`Gazetteer.municipalities`).

    Returns:
        Frame `prefecture`, `county`, `city`, `ward`, `code` as `Gazetteer.former`, sorted; and how many of the
        changes lead to no municipality of today.
    """
    changes = _with_codes(changes, municipalities).with_row_index("change")
    reached = _followed(changes, municipalities)
    lost = changes.join(reached, on="change", how="anti").height
    told = changes.drop("new_code").join(reached, on="change")
    today = municipalities.select("code", "prefecture", "city", "ward")
    told = told.join(today, on=["prefecture", "code"], suffix="_today")
    ward = pl.col("old_name").str.ends_with("区") & (pl.col("prefecture") != "東京都")
    lone = ward & ~pl.col("old_name").str.contains("市.+区$")
    former = told.select(
        "prefecture",
        "county",
        pl.when(lone)
        .then("city")
        .when(ward)
        .then(pl.col("old_name").str.extract("^(.+?市)", 1))
        .otherwise("old_name")
        .alias("city"),
        pl.when(lone)
        .then("old_name")
        .when(ward)
        .then(pl.col("old_name").str.extract("^.+?市(.+)$", 1))
        .alias("ward"),
        "code",
        "old_code",
    )
    return _no_longer_in_use(former, municipalities), lost


def _with_codes(changes: pl.DataFrame, municipalities: pl.DataFrame) -> pl.DataFrame:
    """A code for each new name: the one of the old municipality of that name, of a later change, or of today."""
    group = ["prefecture", "date", "new_name"]
    kept = changes.filter(pl.col("old_name") == pl.col("new_name"))
    kept = kept.group_by(group).agg(pl.col("old_code").first().alias("kept"))
    named = pl.when(pl.col("ward").is_null()).then("city").otherwise("ward").alias("new_name")
    today = municipalities.select("prefecture", named, pl.col("code").alias("today"))
    today = today.filter(pl.len().over("prefecture", "new_name") == 1)
    whole = changes.join(kept, on=group, how="left", maintain_order="left")
    whole = whole.join(_later(changes), on=group, how="left", maintain_order="left")
    whole = whole.join(today, on=["prefecture", "new_name"], how="left", maintain_order="left")
    return whole.with_columns(pl.coalesce("new_code", "kept", "later", "today").alias("new_code"))


def _later(changes: pl.DataFrame) -> pl.DataFrame:
    """`later`: the code under which a municipality of that name was changed the next time."""
    open_ones = changes.filter(pl.col("new_code").is_null()).select("prefecture", "date", "new_name").unique()
    again = changes.select(
        "prefecture",
        pl.col("old_name").alias("new_name"),
        pl.col("date").alias("next"),
        pl.col("old_code").alias("later"),
    )
    met = open_ones.join(again, on=["prefecture", "new_name"]).filter(pl.col("next") > pl.col("date"))
    return met.sort("next").group_by("prefecture", "date", "new_name").agg(pl.col("later").first())


def _followed(changes: pl.DataFrame, municipalities: pl.DataFrame) -> pl.DataFrame:
    """`change`, `code`: every code of today a change leads to."""
    today = municipalities.select("code")
    wards = _wards(municipalities)
    edges = changes.filter(pl.col("old_code") != pl.col("new_code")).select(
        pl.col("old_code").alias("at"),
        pl.col("new_code").alias("to"),
        pl.col("new_name").alias("name_to"),
        pl.col("date").alias("then"),
    )
    front = changes.select(
        "change", "prefecture", "date", pl.col("new_code").alias("at"), pl.col("new_name").alias("name")
    )
    found, seen = [], front.select("change", "at")
    for _ in range(_LONGEST):
        found.append(
            front.join(today, left_on="at", right_on="code").select("change", pl.col("at").alias("code"))
        )
        left = front.join(today, left_on="at", right_on="code", how="anti")
        found.append(left.join(wards, on=["prefecture", "name"]).select("change", "code"))
        moved = front.join(edges, on="at").filter(pl.col("then") >= pl.col("date"))
        front = moved.select(
            "change",
            "prefecture",
            pl.col("then").alias("date"),
            pl.col("to").alias("at"),
            pl.col("name_to").alias("name"),
        ).unique()
        front = front.join(seen, on=["change", "at"], how="anti")
        if front.is_empty():
            break
        seen = pl.concat([seen, front.select("change", "at")])
    return pl.concat(found).unique().sort("change", "code")


def _wards(municipalities: pl.DataFrame) -> pl.DataFrame:
    """`prefecture`, `name`, `code`: a designated city stands for all of its wards."""
    of_cities = municipalities.filter(pl.col("ward").is_not_null())
    return of_cities.select("prefecture", pl.col("city").alias("name"), "code")


def _no_longer_in_use(former: pl.DataFrame, municipalities: pl.DataFrame) -> pl.DataFrame:
    """Without those that go on under the same name and code: a split leaves the old one standing."""
    names = ["prefecture", "city", "ward"]
    going_on = municipalities.select(*names, pl.col("code").alias("old_code"))
    former = former.join(going_on, on=[*names, "old_code"], how="anti", nulls_equal=True)
    former = former.join(
        municipalities.select(*names, "code"), on=[*names, "code"], how="anti", nulls_equal=True
    )
    return former.drop("old_code").unique().sort("prefecture", "city", "ward", "county", "code")
