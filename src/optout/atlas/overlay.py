"""Imported tables laid over a gazetteer: what they speak of is replaced, what they say nothing of stays.

KEN_ALL replaces municipalities and postal codes of the prefectures it covers and adds towns; a municipality it no
longer has becomes a former name of those that took over its postal codes, and its towns go to them. ABR replaces
the towns of the municipalities it covers. Mergers add former names. An old name is never forgotten: it would make
an address of an old list unreadable, and a person on it would be missed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import polars as pl

from optout.atlas.extract import Extract
from optout.atlas.names import NAME_COLUMNS, full_name, spelled
from optout.atlas.successors import former_names
from optout.tables.gazetteer import Gazetteer

_ORDER: Final = ("ken-all", "abr", "mergers")
_TOWN: Final = ["code", "town", "koaza"]
# 保原町３丁目 is the town 保原町 where so many 丁目 are registered; KEN_ALL writes them in full-width digits.
_CHOME: Final = "^(.+?)([0-9０-９]+)丁目$"


class Change(NamedTuple):
    """What a new KEN_ALL does to the municipalities of its prefectures.

    Attributes:
        there: Those known so far.
        now: Those it has.
        heirs: `old`, `new`: codes it no longer has, and those that took over their postal codes.
        kept: Those it no longer has and whose postal codes it does not have either; they stay.
    """

    there: pl.DataFrame
    now: pl.DataFrame
    heirs: pl.DataFrame
    kept: pl.DataFrame


def laid_over(base: Gazetteer, extracts: Sequence[Extract]) -> Gazetteer:
    """A gazetteer with imports laid over it.

    Args:
        base: Usually the packaged one.
        extracts: In the order they were imported.

    Returns:
        A new gazetteer; `base` itself when there is nothing to lay over it.
    """
    if not extracts:
        return base
    merged = base
    for kind in _ORDER:
        given = [extract.frame for extract in extracts if extract.kind == kind]
        if kind == "mergers" and given:
            merged = _with_mergers(merged, pl.concat(given).unique(maintain_order=True))
        elif kind != "mergers":
            lay = _with_ken_all if kind == "ken-all" else _with_abr
            for frame in given:
                merged = lay(merged, frame)
    return replace(merged, digest=digest_of(base, [extract.content for extract in extracts]))


def digest_of(base: Gazetteer, contents: Sequence[str]) -> str:
    """SHA-256 (hex) of a gazetteer with imports of these contents, without making it."""
    if not contents:
        return base.digest
    return hashlib.sha256("\n".join([base.digest, *contents]).encode()).hexdigest()


def change_by(base: Gazetteer, lines: pl.DataFrame) -> Change:
    """Compare the municipalities of a KEN_ALL with those of a gazetteer."""
    now = lines.select("code", *NAME_COLUMNS).unique("code", keep="first", maintain_order=True)
    there = base.municipalities.filter(pl.col("prefecture").is_in(now["prefecture"].unique().implode()))
    # Where only the parting differs (三宅島三宅村), the one in use stays.
    same = now.select("code", full_name().alias("full")).join(
        there.with_columns(full_name().alias("full")), on=["code", "full"]
    )
    now = pl.concat([same.select(now.columns), now.join(same, on="code", how="anti")]).sort("code")
    gone = there.join(now, on="code", how="anti")
    heirs = _heirs(base.postal.join(gone, on="code", how="semi"), lines)
    kept = gone.join(heirs, left_on="code", right_on="old", how="anti")
    return Change(there, now, heirs, kept)


def _heirs(before: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """`old`, `new`: who has the postal code and town now, or where no town is the same, the postal code."""
    old = before.rename({"code": "old"})
    new = lines.select("postal", "town", pl.col("code").alias("new"))
    exact = old.join(new, on=["postal", "town"]).select("old", "new").unique()
    rest = old.join(exact, on="old", how="anti").join(new, on="postal").select("old", "new").unique()
    return pl.concat([exact, rest]).sort("old", "new")


def _with_ken_all(base: Gazetteer, lines: pl.DataFrame) -> Gazetteer:
    change = change_by(base, lines)
    outside = base.municipalities.join(change.there, on="code", how="anti")
    municipalities = pl.concat([outside, change.now, change.kept]).sort("code")
    lines = lines.with_columns(_as_registered(lines, base.towns).alias("town"))
    postal = lines.select("postal", "code", "town")
    served = pl.concat(
        [change.there.join(change.kept, on="code", how="anti").select("code"), change.now.select("code")]
    )
    postal = (
        pl.concat([base.postal.join(served, on="code", how="anti"), postal])
        .unique()
        .sort("postal", "code", "town")
    )
    towns = _rehomed(base.towns, change.heirs, lines)
    return Gazetteer(
        municipalities,
        _former(base.former, change, municipalities),
        _collected(pl.concat([towns, _new_towns(lines, base.towns)])),
        postal,
        base.digest,
    )


def _as_registered(lines: pl.DataFrame, towns: pl.DataFrame) -> pl.Series:
    """The towns of KEN_ALL as the register writes them; one it does not have as KEN_ALL writes it."""
    known = towns.filter(pl.col("koaza").is_null() & (pl.col("town") != "")).select(
        "code", pl.col("town").alias("registered"), spelled(pl.col("town")).alias("same"), "chome"
    )
    known = known.unique(["code", "same"], keep="first", maintain_order=True)
    parts = pl.col("town").str.extract_groups(_CHOME)
    told = lines.select(
        "code", "town", parts.struct.field("1").alias("stem"), parts.struct.field("2").alias("n")
    )
    told = told.with_columns(
        spelled(pl.col("town")).alias("same"),
        spelled(pl.col("stem")).alias("stem"),
        pl.col("n").str.normalize("NFKC").cast(pl.UInt32, strict=False),
    )
    told = told.join(known.drop("chome"), on=["code", "same"], how="left", maintain_order="left")
    stems = known.rename({"same": "stem", "registered": "whole"})
    told = told.join(stems, on=["code", "stem"], how="left", maintain_order="left")
    apart = pl.when(pl.col("n") <= pl.col("chome")).then("whole")
    return told.select(pl.coalesce("registered", apart, "town").alias("town"))["town"]


def _new_towns(lines: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """Towns that the register has neither as one nor with its 小字."""
    whole = pl.concat_str("town", "koaza", ignore_nulls=True)
    known = towns.select("code", spelled(whole).alias("same")).unique()
    told = (
        lines.select("code", "town", spelled(pl.col("town")).alias("same"))
        .filter(pl.col("town") != "")
        .unique()
    )
    new = told.join(known, on=["code", "same"], how="anti")
    return new.select(
        "code", "town", pl.lit(None, pl.String).alias("koaza"), pl.lit(0, pl.UInt8).alias("chome")
    )


def _former(former: pl.DataFrame, change: Change, municipalities: pl.DataFrame) -> pl.DataFrame:
    """Old names at the codes of today: those known, those that went, those that were renamed under their code."""
    moved = former.join(change.heirs, left_on="code", right_on="old", how="left")
    moved = moved.with_columns(pl.coalesce("new", "code").alias("code")).drop("new")
    went = change.there.join(change.heirs, left_on="code", right_on="old").with_columns(
        pl.col("new").alias("code")
    )
    full = full_name().alias("full")
    renamed = (
        change.there.with_columns(full)
        .join(change.now.with_columns(full), on=["code", "full"], how="anti")
        .join(change.now, on="code", how="semi")
    )
    whole = pl.concat([frame.select(*NAME_COLUMNS, "code") for frame in (moved, went, renamed)])
    return _clean(whole, municipalities)


def _clean(former: pl.DataFrame, municipalities: pl.DataFrame) -> pl.DataFrame:
    """Without names that are in use for that very code."""
    in_use = municipalities.select(*NAME_COLUMNS, "code")
    left = former.join(in_use, on=in_use.columns, how="anti", nulls_equal=True)
    return left.unique().sort(*NAME_COLUMNS, "code", nulls_last=False)


def _rehomed(towns: pl.DataFrame, heirs: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Towns of codes that went, at the heir that has a town of that name, else at every heir."""
    if heirs.is_empty():
        return towns
    moved = towns.join(heirs, left_on="code", right_on="old")
    has = known.select(pl.col("code").alias("new"), "town", pl.lit(value=True).alias("here")).unique()
    moved = moved.join(has, on=["new", "town"], how="left").with_columns(
        pl.col("here").fill_null(value=False)
    )
    found = pl.col("here").any().over("code", "town")
    moved = moved.filter(pl.col("here") | ~found).with_columns(pl.col("new").alias("code"))
    stayed = towns.join(heirs, left_on="code", right_on="old", how="anti")
    return pl.concat([stayed, moved.select(stayed.columns)])


def _collected(towns: pl.DataFrame) -> pl.DataFrame:
    """One line a town and 小字, and one of the town alone, which tells the highest 丁目."""
    of_town = towns.group_by("code", "town").agg(
        pl.lit(None, pl.String).alias("koaza"), pl.col("chome").max()
    )
    below = towns.filter(pl.col("koaza").is_not_null()).select(_TOWN).unique()
    whole = pl.concat([of_town, below.with_columns(pl.lit(0, pl.UInt8).alias("chome"))])
    return whole.sort(*_TOWN, nulls_last=False)


def homes(base: Gazetteer, lines: pl.DataFrame) -> pl.DataFrame:
    """`old`, `new`: codes of an ABR file that are in use no longer → their successors, by name."""
    names = lines.select("code", *NAME_COLUMNS).unique()
    names = names.join(base.municipalities, on="code", how="anti").rename({"code": "old"})
    former = base.former.select("prefecture", "city", "ward", pl.col("code").alias("new"))
    met = names.join(former, on=["prefecture", "city", "ward"], nulls_equal=True)
    return met.select("old", "new").unique().sort("old", "new")


def _with_abr(base: Gazetteer, lines: pl.DataFrame) -> Gazetteer:
    heirs = homes(base, lines)
    covered = lines.select("code", *NAME_COLUMNS).unique("code", keep="first", maintain_order=True)
    covered = covered.join(heirs, left_on="code", right_on="old", how="anti")
    unknown = covered.join(base.municipalities, on="code", how="anti").select(base.municipalities.columns)
    outside = base.towns.join(covered, on="code", how="anti")
    # A town that mail goes to exists, whatever the register calls it.
    served = base.towns.filter(pl.col("koaza").is_null()).join(covered, on="code", how="semi")
    served = served.join(base.postal, on=["code", "town"], how="semi")
    told = _rehomed(lines.select(base.towns.columns), heirs, base.towns)
    return replace(
        base,
        municipalities=pl.concat([base.municipalities, unknown]).sort("code"),
        towns=_collected(pl.concat([outside, served, told])),
    )


def _with_mergers(base: Gazetteer, changes: pl.DataFrame) -> Gazetteer:
    former, _ = former_names(changes, base.municipalities)
    name = ["prefecture", "city", "ward"]
    known = base.former.group_by(name).agg(pl.col("code").alias("known"))
    whole = former.join(known, on=name, how="left", nulls_equal=True)
    # What is known already may say more exactly where the place is now.
    finer = pl.col("known").list.set_difference(pl.col("code").implode().over(name)).list.len() == 0
    told = whole.filter(~finer.fill_null(value=False)).select(base.former.columns)
    return replace(base, former=_clean(pl.concat([base.former, told]), base.municipalities))
