"""Kinds of address pairs that one region writes: 京都, 北海道, 岩手, 石川, 福井, 堺, islands; all are one place."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Final

import address_places as known
import polars as pl
from address_kind import (
    Written,
    chome,
    in_words,
    kind,
    numbers,
    three,
    value,
    wide,
)
from address_places import NUMERALS, Place
from lists import kanji_number

_STREETS: Final = (
    ("御幸町", "猪熊", "麩屋町", "烏丸", "室町", "新町", "西洞院", "小川", "油小路", "堀川", "大宮", "寺町", "河原町",
     "富小路", "柳馬場", "堺町", "高倉", "間之町", "東洞院", "車屋町", "両替町", "衣棚", "釜座", "黒門", "智恵光院",
     "浄福寺", "千本", "七本松"),
    ("三条", "四条", "六角", "蛸薬師", "錦小路", "綾小路", "仏光寺", "高辻", "松原", "万寿寺", "五条", "七条", "丸太町",
     "竹屋町", "夷川", "二条", "押小路", "御池", "姉小路", "今出川", "一条", "中立売", "上立売", "寺之内", "出水",
     "下立売", "椹木町"),
)  # fmt: skip
_CENTRE: Final = ("上京区", "中京区", "下京区", "東山区")
_CHIWARI: Final = (
    "03201", "03202", "03205", "03206", "03207", "03208", "03211", "03214", "03302", "03303", "03322", "03366",
    "03461", "03482", "03501", "03503", "03506", "03507",
)  # fmt: skip


@cache
def kyoto() -> pl.DataFrame:
    """Towns in the four wards of the centre."""
    return known.without_chome().filter(pl.col("ward").is_in(_CENTRE), city="京都市")


def walk(rng: random.Random) -> str:
    """How to go there: 御幸町通三条上る."""
    down, across = (rng.choice(streets) for streets in _STREETS)
    if rng.random() < 0.5:
        return f"{down}通{across}{rng.choice(('上る', '下る', '上ル', '下ル'))}"
    return f"{across}通{down}{rng.choice(('東入', '西入'))}{rng.choice(('る', '', 'ル'))}"


@kind("P14_kyoto_street", kyoto)
def _(place: Place, rng: random.Random) -> Written:
    number = rng.randint(1, 700)
    return f"{place.full}{number}", f"{place.municipality}{walk(rng)}{place.town}{number}番地"


@kind("X_kyoto_street", lambda: known.without_chome().filter(city="京都市", ward="上京区"))
def _(place: Place, rng: random.Random) -> Written:
    walk = rng.choice(
        (
            "寺之内通千本東入1丁目下る", "今出川通室町東入２筋目上る", "烏丸通今出川上ル東側", "大宮通寺之内上る三丁目",
            "堀川通上立売下る西側", "千本通今出川上る西入", "中立売通室町西入ル",
        )
    )  # fmt: skip
    number = rng.randint(1, 900)
    return f"{place.full}{number}-2", f"{place.municipality}{walk}{place.town}{number}番地の2"


@cache
def crossed() -> pl.DataFrame:
    """Towns of 北海道 that are named by their 条."""
    named = pl.col("town").str.contains(f"[{NUMERALS}]条")
    return known.with_chome().filter(named, pref="北海道")


def digits(name: str) -> str:
    """北四十条東 → 北40条東."""
    return re.sub(f"[{NUMERALS}]+(?=条)", lambda found: str(value(found.group())), name)


@kind("P15_hokkaido_jo", crossed)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    short = f"{place.municipality}{digits(place.town)}{a}丁目{b}-{c}"
    return f"{place.full}{kanji_number(a)}丁目{b}番{c}号", short


@kind(
    "P15b_hokkaido_jo_abbrev",
    lambda: crossed().filter(pl.col("town").str.contains(f"^[東西南北][{NUMERALS}]+条[東西南北]$")),
)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    short = f"{place.municipality}{digits(place.town).replace('条', '')}{a}-{b}-{c}"
    return f"{place.full}{kanji_number(a)}丁目{b}番{c}号", short


@cache
def chiwari() -> pl.DataFrame:
    """Towns in the municipalities of 岩手県 that count by 地割; the gazetteer does not list the 地割 themselves."""
    return known.without_chome().filter(pl.col("code").is_in(_CHIWARI), ~pl.col("town").str.contains("地割"))


@kind("P24_chiwari", chiwari)
def _(place: Place, rng: random.Random) -> Written:
    town, n, banchi = place.full, rng.randint(1, 40), rng.randint(1, 300)
    form = rng.choice(
        (
            f"{wide(str(n))}地割{banchi}番地",
            f"{n}地割{banchi}",
            f"{n}-{banchi}",
            f"第{kanji_number(n)}地割{banchi}",
        )
    )
    return f"{town}第{n}地割{banchi}番地", town + form


@kind("P30_bancho", lambda: known.named(f"^[{NUMERALS}]+番町$"))
def _(place: Place, rng: random.Random) -> Written:
    number, (b, c) = value(place.town.removesuffix("番町")), (rng.randint(1, 20), rng.randint(2, 20))
    first = f"{kanji_number(chome(place, rng))}丁目" if place.chome else ""
    return f"{place.full}{first}{b}-{c}", f"{place.municipality}{number}番町{first}{b}番地{c}"


@kind("X_bancho_digits", lambda: known.named(f"[^{NUMERALS}]?[{NUMERALS}]+番丁$"))
def _(place: Place, rng: random.Random) -> Written:
    end = f"{rng.randint(1, 30)}-{rng.randint(2, 20)}"
    found = re.search(f"[{NUMERALS}]+(?=番丁$)", place.town)
    assert found
    town = f"{place.town[: found.start()]}{value(found.group())}番丁"
    return place.full + end, place.municipality + town + in_words(end, rng)


@kind("X_sakai_cho", lambda: known.with_chome().filter(city="堺市"))
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    form = rng.choice((f"{a}丁{b}-{c}", f"{kanji_number(a)}丁{b}番{c}号", wide(f"{a}丁{b}番{c}号")))
    return f"{place.full}{a}-{b}-{c}", place.full + form


@kind("X_bu", lambda: known.small().filter(pl.col("koaza").str.contains("^[壱弐参四五六七八九〇]+部$")))
def _(place: Place, rng: random.Random) -> Written:
    plain = place.koaza.translate(str.maketrans("壱弐参", "一二三"))
    figures = plain.translate(str.maketrans(NUMERALS[:10], "0123456789"))
    form, number = rng.choice((plain, figures, wide(figures))), rng.randint(1, 99)
    return f"{place.full}{number}番地", f"{place.municipality}{place.town}{form}{number}"


@kind("X_numbered_aza", lambda: known.without_chome().filter(pref="福井県"))
def _(place: Place, rng: random.Random) -> Written:
    n, number = rng.randint(2, 99), rng.randint(1, 40)
    form = rng.choice((f"{n}字{number}番地", f"{kanji_number(n)}字{number}", wide(f"{n}字{number}")))
    return f"{place.full}{n}字{number}", place.full + form


@cache
def _townless() -> pl.DataFrame:
    """丁目 directly under a municipality."""
    towns = known.gazetteer.packaged().towns.filter(pl.col("town") == "", pl.col("chome") > 0)
    blank = towns.with_columns(pl.col("koaza").fill_null(""), pl.col("chome").cast(pl.Int64))
    return blank.join(known.municipalities(), on="code", how="inner", maintain_order="left")


@kind("X_chome_of_city", _townless)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    return f"{place.municipality}{a}-{b}-{c}", f"{place.municipality}{kanji_number(a)}丁目{b}番{c}号"


@kind("X_island", lambda: known.places().filter(pl.col("city").is_in(("八丈町", "三宅村"))))
def _(place: Place, rng: random.Random) -> Written:
    island = {"八丈町": "八丈島", "三宅村": "三宅島"}[place.city]
    end = place.town + place.koaza + numbers(place, rng)
    return f"{place.pref}{place.city}{end}", f"{rng.choice((place.pref, ''))}{island}{place.city}{end}"
