"""Kinds of address pairs that are one place: most of P01 … P29, as the shared cases name them."""

from __future__ import annotations

import random
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import address_places as known
import polars as pl
from address_kind import (
    LOTS,
    Written,
    kind,
    numbers,
    three,
    two,
    wide,
)
from address_places import NUMERALS, Place
from lists import GLYPHS, kanji_number

from optout import tables

MERGERS: Final[list[Path]] = []  # the merger file, when one is given
_KE: Final = re.compile("(?<=[一-龥々])[ヶケがガ](?=[一-龥])|(?<=[ぁ-ん])[ヶケがガ](?=[丘崎原沢浜峰島森池])")
_NO: Final = re.compile("(?<=[一-龥々])[のノ之乃](?=[一-龥])")
_TSU: Final = re.compile("(?<=[一-龥々])[ツッつっ](?=[一-龥])|(?<=.)つ(?=つ)")
_OLD: Final = GLYPHS | {
    "沢": ["澤"], "塩": ["鹽"], "関": ["關"], "円": ["圓"], "楽": ["樂"], "万": ["萬"], "与": ["與"],
    "会": ["會"], "県": ["縣"], "桧": ["檜"], "蔵": ["藏"], "応": ["應"], "戸": ["戶"], "横": ["橫"],
    "条": ["條"], "宝": ["寶"], "穂": ["穗"], "竜": ["龍"], "鉄": ["鐵"], "滝": ["瀧"], "駅": ["驛"],
    "麦": ["麥"], "来": ["來"], "旧": ["舊"], "縄": ["繩"], "諸": ["諸"], "祥": ["祥"], "社": ["社"],
    "郷": ["鄕"], "猪": ["猪"], "都": ["都"], "弥": ["彌"], "両": ["兩"], "稲": ["稻"], "舘": ["館"],
}  # fmt: skip


@cache
def dashes() -> list[str]:
    """Every code point people type for a hyphen between numbers."""
    table = tables.load("dash").filter(pl.col("accept") != "never")
    return [chr(int(point[2:], 16)) for point in table["code_point"]]


def swapped(pattern: re.Pattern[str], choices: str, place: Place, rng: random.Random) -> str | None:
    """The town with one character another way; spelt so or so, a municipality has only one."""
    found = list(pattern.finditer(place.town))
    if not found:
        return None
    at = rng.choice(found)
    sign = rng.choice([choice for choice in choices if choice != at.group()])
    return place.town[: at.start()] + sign + place.town[at.end() :]


@kind("P01_chome_hyphen", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    return f"{place.full}{kanji_number(a)}丁目{b}番{c}号", f"{place.full}{a}-{b}-{c}"


@kind("P02_fullwidth", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    return f"{place.full}{a}丁目{b}-{c}", f"{place.full}{wide(f'{a}丁目{b}番{c}号')}"


@kind("P03_kanji_all", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    spoken = f"{kanji_number(a)}丁目{kanji_number(b)}番{kanji_number(c)}号"
    return f"{place.full}{a}-{b}-{c}", f"{place.full}{spoken}"


@kind("P04_dash_codepoints", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    written = "-".join(map(str, three(place, rng)))
    return f"{place.full}{written}", place.full + written.replace("-", rng.choice(dashes()))


@kind("P05_banchi_forms", known.without_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b = two(rng)
    form = rng.choice(
        (
            "{}番{}",
            "{}番地{}号",
            "{}之{}",
            "{}番地の{}",
            "{}の{}",
            "{}番地{}",
            "{}ノ{}",
            "{}番の{}",
            "{}番地ノ{}",
        )
    )
    return f"{place.full}{a}-{b}", place.full + form.format(a, b)


@kind("P05b_banchi_single", known.without_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, _b = two(rng)
    return f"{place.full}{a}", place.full + rng.choice((f"{a}番地", f"{a}番", wide(f"{a}番地")))


@kind("P06_pref_omitted", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    written = f"{place.full}{kanji_number(a)}丁目{b}-{c}"
    return written, written.removeprefix(place.pref)


@kind(
    "P07_county_omitted",
    lambda: known.without_chome().filter(pl.col("county") != "", pl.col("city") != "泊村"),
)
def _(place: Place, rng: random.Random) -> Written:
    written = f"{place.full}{numbers(place, rng)}"
    return written, written.replace(place.county, "", 1)


def _spelt() -> pl.DataFrame:
    """Towns in every registered spelling, with 大字 or not."""
    return known.places().filter(pl.col("koaza") == "", pl.col("chome") == 0)


@kind("P08_oaza_prefix", lambda: known.named("^大字.", _spelt))
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, place.municipality + place.town.removeprefix("大字") + end


@kind("P09_aza_prefix", lambda: known.alone().filter(pl.col("koaza").str.contains("^字.")))
def _(place: Place, rng: random.Random) -> Written:
    a, b = two(rng)
    town = place.municipality + place.town
    return f"{place.full}{a}-{b}", f"{town}{place.koaza.removeprefix('字')}{a}-{b}"


@kind("P10_ke_ga", lambda: known.named("[ヶケがガ]"))
def _(place: Place, rng: random.Random) -> Written:
    town, end = swapped(_KE, "ヶケがガ", place, rng), numbers(place, rng)
    return town and (place.full + end, place.municipality + town + end)


@kind("P11_no", lambda: known.named("[のノ之乃]"))
def _(place: Place, rng: random.Random) -> Written:
    town, end = swapped(_NO, "のノ之", place, rng), numbers(place, rng)
    return town and (place.full + end, place.municipality + town + end)


@kind("P12_tsu", lambda: known.named("[ツッつっ]"))
def _(place: Place, rng: random.Random) -> Written:
    town, end = swapped(_TSU, "ツッツッつ", place, rng), numbers(place, rng)
    return town and (place.full + end, place.municipality + town + end)


@kind("P13_kyujitai_itaiji", lambda: known.named("[" + "".join(_OLD) + "]"))
def _(place: Place, rng: random.Random) -> Written:
    sign = rng.choice([char for char in place.town if char in _OLD])
    town = place.town.replace(sign, rng.choice(_OLD[sign]), 1)
    end = numbers(place, rng)
    if (place.code, town) in known.registered():
        return None
    return place.full + end, place.municipality + town + end


@kind("P16_spaces", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    end = "-".join(map(str, three(place, rng)))
    city = place.county + place.city + place.ward
    return place.full + end, f"{place.pref}　{city} {place.town} {end.replace('-', '－')}"


@kind("P17_nfd_halfkana", lambda: known.named("[がぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽァ-ヶ]"))
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    apart = unicodedata.normalize("NFD", place.full)
    half = "".join(tables_half().get(char, char) for char in place.full)
    return place.full + end, rng.choice((apart, half)) + end


@cache
def tables_half() -> dict[str, str]:
    """Katakana → half width."""
    narrow = [chr(point) for point in range(0xFF66, 0xFF9E)]
    single = {unicodedata.normalize("NFKC", char): char for char in narrow}
    marked = {
        unicodedata.normalize("NFC", plain + mark): char + half
        for plain, char in single.items()
        for mark, half in (("\u3099", "ﾞ"), ("\u309a", "ﾟ"))
    }
    return single | {written: half for written, half in marked.items() if len(written) == 1}


@cache
def _in_one_ward() -> pl.DataFrame:
    once = pl.col("code").n_unique().over("pref", "city", "town_key") == 1
    return known.towns().filter(once, pl.col("city").str.ends_with("市"), pl.col("ward") != "")


@kind("P20_ward_omitted_unique", _in_one_ward)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    end = f"{kanji_number(a)}丁目{b}-{c}" if place.chome else f"{b}-{c}"
    return place.full + end, f"{place.pref}{place.city}{place.town}{end}"


@cache
def _moved() -> pl.DataFrame:
    """Towns under the old name of their municipality (`also`), where nothing speaks against it."""
    old = known.former(MERGERS[0] if MERGERS else None).rename({"pref": "old_pref", "old": "also"})
    found = known.towns().join(old, on="code", how="inner", maintain_order="left")
    named = pl.col("town_key").str.starts_with(pl.col("also"))
    longer = pl.col("town_key").str.len_chars() > pl.col("also").str.len_chars() + 1
    # A city joined with others: its towns kept their names, those of the others mostly begin with 町 or 村.
    city = pl.col("also").str.contains("[市区]$") & ~pl.col("town").str.contains("^.{1,5}[町村区].")
    ward = pl.col("also").str.replace("市$", "区")
    city &= (pl.col("ward") == "") | (pl.col("ward") == ward) | pl.col("also").str.ends_with("区")
    found = found.filter((named & longer) | pl.col("single") | city)
    wards = pl.col("code").n_unique().over("pref", "also", "town_key")
    taken = pl.concat_str("pref", "city", "ward", "town")
    return found.filter(wards == 1, ~(pl.col("old_pref") + pl.col("also")).is_in(taken.implode()))


@kind("P21_municipality_change", _moved)
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    bare = place.town.removeprefix("大字").removeprefix(place.also)
    return f"{place.pref}{place.also}{bare}{end}", place.full + end


@cache
def _with_cho() -> pl.DataFrame:
    """X町 where no X is, in the whole city; X does not end in a numeral."""
    bare = pl.col("town").str.strip_suffix("町").str.contains(f"[^番丁条号{NUMERALS}]$")
    every = known.places()
    either = pl.concat(
        [every.select("pref", "city", x="town_key"), every.select("pref", "city", x="koaza_key")]
    )
    cho = known.towns().filter(
        bare, pl.col("town").str.ends_with("町"), pl.col("town_key").str.len_chars() > 2
    )
    cho = cho.with_columns(x=pl.col("town_key").str.strip_suffix("町"))
    return cho.join(either.unique(), on=["pref", "city", "x"], how="anti")


@kind("P22_cho_omitted", _with_cho)
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, place.full.removesuffix("町") + end


@kind("P25_postcode_paren", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    written = place.full + "-".join(map(str, three(place, rng)))
    form = rng.choice((f"〒{rng.randint(1300000, 1599999)} {written}", f"{written}（テスト方）"))
    return written, form


@kind("P26_false_chome", known.without_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b = rng.randint(1, 25), rng.randint(1, 25)
    return f"{place.full}{a}-{b}", f"{place.full}{a}丁目{b}番地"


@kind(
    "P27_kou_otsu",
    lambda: known.without_chome().filter(~pl.col("town").str.contains("[ぁ-んァ-ヶ甲乙丙丁]$")),
)
def _(place: Place, rng: random.Random) -> Written:
    (a, b), town = two(rng), place.full + rng.choice(LOTS)
    form = rng.choice((f"{a}-{b}", f"-{a}-{b}", f" {wide(f'{a}-{b}')}"))
    return f"{town}{a}番地{b}", town + form


@kind("P28_ivs", known.without_chome)
def _(place: Place, rng: random.Random) -> Written:
    number = rng.randint(1, 999)
    kanji = [found.end() for found in re.finditer("[一-龥]", place.full)]
    at = rng.choice([end for end in kanji if end > len(place.municipality)] or kanji)
    return (
        f"{place.full}{number}",
        f"{place.full[:at]}{chr(0xE0100 + rng.randint(0, 3))}{place.full[at:]}{number}",
    )


@kind("P29_numeral_in_name", lambda: known.named(f"[{NUMERALS}]"))
def _(place: Place, rng: random.Random) -> Written:
    if place.chome:
        a, b, c = three(place, rng)
        return f"{place.full}{kanji_number(a)}丁目{b}番{c}号", f"{place.full}{a}-{b}-{c}"
    a, b = rng.randint(1, 40), rng.randint(2, 30)
    return f"{place.full}{a}番地{b}", place.full + wide(f"{a}-{b}")
