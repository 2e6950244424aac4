"""Further kinds of address pairs the issue names, X…: all are one place."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Final

import address_places as known
import polars as pl
from address_kind import (
    LOTS,
    Written,
    building,
    chome,
    in_words,
    kind,
    numbers,
    room,
    three,
    two,
    wide,
)
from address_places import NUMERALS, Place
from lists import kanji_number

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Characters of town names that are written in several ways (peer normalisers agree on these groups).
_VARIANTS: Final = (
    "薮藪籔", "崎﨑", "桧檜", "龍竜", "竈竃釜", "嶋島", "舘館", "鰺鯵", "脊背", "渕淵", "槇槙", "治冶", "佛仏", "澤沢",
    "恵惠", "穂穗", "梼檮", "蛍螢", "與与", "瀧滝", "籠篭", "濱浜", "祗祇", "曾曽", "國国", "鉋飽", "鷆鷏", "斑班",
    "櫻桜", "櫟擽", "冨富", "諫諌", "驒騨", "鶯鴬", "條条", "廣広", "婁娄", "麴麹", "炮砲", "邇爾迩", "遙遥", "溪渓",
)  # fmt: skip
_HOSTS: Final = ("佐藤", "山田", "鈴木", "渡辺", "小林")
_BLOCKS: Final = ("A", "B", "C", "渡辺", "北", "Ａ", "Ｂ")


def _city(place: Place) -> str:
    return place.county + place.city + place.ward


@kind("X_columns", known.towns)
def _(place: Place, rng: random.Random) -> Written:
    end, house = numbers(place, rng), f"{building(rng)}{room(rng)}号室"
    split = {
        "都道府県": place.pref,
        "市区町村": _city(place),
        "町名": place.town,
        "番地": end,
        "建物名": house,
    }
    if rng.random() < 0.5:
        split = {"都道府県": place.pref, "市区町村": _city(place), "住所": place.town + end, "建物名": house}
    return f"{place.full}{in_words(end, rng)} {house}", split


@kind("X_columns_123", known.towns)
def _(place: Place, rng: random.Random) -> Written:
    end, house = numbers(place, rng), f"{building(rng)}{room(rng)}号室"
    one, two, three = rng.choice(
        (
            (place.municipality, place.town + end, house),
            (place.pref, _city(place) + place.town + end, house),
            (place.full + end, house, ""),
            (place.pref + _city(place), place.town, f"{end} {house}"),
            (place.municipality + place.town, end, house),
        )
    )
    return f"{place.full}{in_words(end, rng)} {house}", {"住所1": one, "住所2": two, "住所3": three}


@kind("X_columns_wrong_cell", known.towns)
def _(place: Place, rng: random.Random) -> Written:
    end, house = numbers(place, rng), f"{building(rng)}{room(rng)}号室"
    rest, last = rng.choice(((f"{place.town}{end} {house}", ""), (place.town, f"{end} {house}")))
    split = {"都道府県": place.pref, "市区町村": _city(place), "番地": rest, "建物名": last}
    if rng.random() < 0.4:
        split = {"住所": place.full, "建物名": f"{end} {house}"}
    return f"{place.full}{in_words(end, rng)} {house}", split


@cache
def _coded() -> pl.DataFrame:
    """Towns with a postal code of their own, `also`."""
    rows = [(code, town, written) for (code, town), written in known.postal().items()]
    codes = pl.DataFrame(rows, schema=["code", "town_key", "also"], orient="row")
    return known.towns().join(codes, on=["code", "town_key"], how="inner", maintain_order="left")


def _postal(place: Place) -> str:
    return f"{place.also[:3]}-{place.also[3:]}"


@kind("X_postal_confirms", _coded)
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    written = place.full + in_words(end, rng)
    if rng.random() < 0.5:
        written = written.removeprefix(place.pref)
    return place.full + end, {"郵便番号": _postal(place), "住所": written}


@kind("X_postal_fills", _coded)
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, {"郵便番号": _postal(place), "住所": place.town + in_words(end, rng)}


@kind("X_postal_other", known.towns)
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    wrong = rng.choice(_some_codes())
    return place.full + end, {"郵便番号": f"{wrong[:3]}-{wrong[3:]}", "住所": place.full + in_words(end, rng)}


@cache
def _some_codes() -> list[str]:
    return sorted(known.postal().values())


@cache
def _namesakes() -> pl.DataFrame:
    """Towns with a namesake elsewhere; `also`: its municipality | its postal code."""
    where = pl.concat_str("pref", "county", "city", "ward")
    other = _coded().select("town_key", also=where + "|" + pl.col("also"), other="code")
    pairs = known.towns().filter(pl.len().over("town_key").is_between(2, 30))
    pairs = pairs.join(other, on="town_key", maintain_order="left_right")
    return pairs.filter(pl.col("other") != pl.col("code"))


@kind("X_postal_is_right", _namesakes, level="review")
def _(place: Place, rng: random.Random) -> Written:
    there, code = place.also.split("|")
    end = numbers(place, rng)
    return f"{there}{place.town}{end}", {"郵便番号": code, "住所": place.full + end}


@kind("X_excel_day", known.without_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b = rng.randint(1, 12), rng.randint(1, 28)
    return f"{place.full}{a}-{b}", f"{place.full}{a}月{b}日"


@kind("X_excel_date", known.with_chome, level="review")
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = chome(place, rng), rng.randint(1, 12), rng.randint(1, 28)
    month = _MONTHS[a - 1 if a < 13 else 0]
    form = rng.choice(
        (
            f"200{a}/{b}/{c}",
            f"200{a}年{b}月{c}日",
            f"200{a}-{b:02}-{c:02} 00:00:00",
            f"{c}-{_MONTHS[b - 1]}-0{a}",
        )
    )
    if rng.random() < 0.3:
        return f"{place.full}{a}-{b}", place.full + rng.choice((f"{b}-{month}", f"{month}-{b:02}"))
    return (f"{place.full}{a}-{b}-{c}", place.full + form) if a < 10 else None


@kind("X_care_of", known.towns, level="banchi")
def _(place: Place, rng: random.Random) -> Written:
    end, host = numbers(place, rng), rng.choice(_HOSTS)
    form = rng.choice((f" {host}様方", f"　{host}方", f"（{host}様方）", f"{host}様方", f" {host} 様方"))
    return place.full + end, place.full + end + form


@kind("X_no_number", known.without_chome)
def _(place: Place, rng: random.Random) -> Written:
    word, bare = rng.choice(("無番地", "番外地")), place.town.removeprefix("大字").removeprefix("字")
    town = rng.choice((bare, f"大字{bare}", f"{bare} ", f"{bare}　"))
    return f"{place.full}{word}", f"{place.municipality}{town}{word}"


@kind("X_jisaki", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a = chome(place, rng)
    return (
        f"{place.full}{kanji_number(a)}丁目地先",
        f"{place.full}{rng.choice((str(a), wide(str(a))))}丁目地先",
    )


@kind("X_lot_no", lambda: known.named("[^ァ-ヶぁ-ん甲乙丙丁]$", known.without_chome))
def _(place: Place, rng: random.Random) -> Written:
    a, b, lot = rng.randint(1, 9), rng.randint(10, 2500), rng.choice(LOTS)
    form = rng.choice((f"{a}-{lot}-{b}", f"{a}ノ{lot}{b}番地", f"{a}番地の{lot}{b}", f"{a}-{lot}{b}"))
    return place.full + wide(f"{a}の{lot}{b}"), place.full + form


@kind("X_lot_dash", lambda: known.named("[^ァ-ヶぁ-ん甲乙丙丁]$", known.without_chome))
def _(place: Place, rng: random.Random) -> Written:
    (a, b), lot = two(rng), rng.choice("イロハニホヘトチリヌ" + "いろはにほへ")
    return f"{place.full}{lot}{a}番地{b}", place.full + rng.choice(
        (f"{lot}-{a}-{b}", f"{lot}{a}-{b}", f"{lot}{a}の{b}")
    )


@kind("X_block", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b, block = chome(place, rng), rng.randint(1, 20), rng.choice(_BLOCKS)
    if len(block) > 1:
        return f"{place.full}{a}丁目{block}{b}号", place.full + rng.choice(
            (f"{a}-{block}{b}", f"{a}丁目{block}-{b}")
        )
    forms = (f"{a}-{block}-{b}", f"{a}丁目{block}-{b}", wide(f"{a}丁目{block}番{b}号"), f"{a}丁目{block}{b}")
    ours, theirs = rng.sample(forms, 2)
    return place.full + ours, place.full + theirs


@kind("X_ward_alone", lambda: known.towns().filter(pl.col("ward") != ""))
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, f"{rng.choice((place.pref, ''))}{place.ward}{place.town}{end}"


@cache
def _unique_koaza() -> pl.DataFrame:
    """小字 whose name is nothing else in the municipality, so the 大字 can be left out."""
    told = known.places()
    both = pl.concat([told.select("code", name="town_key").unique(), told.select("code", name="koaza_key")])
    once = both.group_by("code", "name").len().filter(pl.col("len") == 1).select("code", koaza_key="name")
    fit = known.small().filter(pl.col("koaza_key").str.len_chars() > 1)
    plain = ~pl.col("koaza_key").str.contains(f"[{NUMERALS}]")
    return fit.filter(plain).join(once, on=["code", "koaza_key"], how="semi", maintain_order="left")


@kind("X_oaza_omitted", _unique_koaza)
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, f"{place.municipality}{place.koaza}{end}"


@kind("X_koaza_omitted", _unique_koaza, level="review")
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, f"{place.municipality}{place.town}{end}"


@cache
def _grouped() -> pl.DataFrame:
    """Towns named by the former municipality (岩舟町静), `also`: the rest, which is nothing else in the city."""
    towns = known.towns().with_columns(former=pl.col("town").str.extract("^([^町村字]{1,5}[町村]).", 1))
    towns = towns.filter(pl.len().over("code", "former") > 4, pl.col("former").is_not_null())
    towns = towns.with_columns(also=pl.col("town").str.slice(pl.col("former").str.len_chars()))
    towns = towns.with_columns(rest=known.key(pl.col("also"))).filter(pl.col("rest").str.len_chars() > 1)
    every = known.places()
    both = pl.concat(
        [every.select("pref", "city", rest="town_key"), every.select("pref", "city", rest="koaza_key")]
    )
    alone = pl.len().over("pref", "city", "rest") == 1
    return towns.filter(alone).join(both.unique(), on=["pref", "city", "rest"], how="anti")


@kind("X_former_town_omitted", _grouped)
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, f"{place.municipality}{place.also}{end}"


@kind("X_variants", lambda: known.named("[" + "".join(_VARIANTS) + "]"))
def _(place: Place, rng: random.Random) -> Written:
    group = rng.choice([group for group in _VARIANTS if set(group) & set(place.town)])
    sign = next(char for char in place.town if char in group)
    town = place.town.replace(sign, rng.choice([char for char in group if char != sign]), 1)
    end = numbers(place, rng)
    if (place.code, town) in known.registered():
        return None
    return place.full + end, place.municipality + town + end


@kind(
    "X_municipality_variants",
    lambda: known.towns().filter(pl.concat_str("city", "ward").str.contains("[ケヶが竈龍條茨曽斐]")),
)
def _(place: Place, rng: random.Random) -> Written:
    swaps = {"ケ": "ヶ", "ヶ": "ケ", "が": "ケ", "竈": "釜", "龍": "竜", "條": "条", "曽": "曾"}
    city = "".join(swaps.get(char, char) for char in place.city + place.ward)
    end = numbers(place, rng)
    return place.full + end, f"{place.pref}{place.county}{city}{place.town}{end}"


@kind("X_city_glyph", lambda: known.towns().filter(pl.col("city").str.ends_with("市")))
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, f"{place.pref}{place.city[:-1]}巿{place.ward}{place.town}{end}"


@kind("X_numeral_ends_town", lambda: known.named(f"[{NUMERALS}]$"))
def _(place: Place, rng: random.Random) -> Written:
    end = numbers(place, rng)
    return place.full + end, place.full + rng.choice(
        (wide(end), re.sub("^([0-9]+)-", r"\1番地" if not place.chome else r"\1丁目", end))
    )


@kind("X_kanji_figures", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    b, c = b + 10, c + 10
    spoken = [str(n).translate(str.maketrans("0123456789", NUMERALS[:10])) for n in (a, b, c)]
    form = rng.choice(("{}丁目{}番{}号", "{}－{}－{}", "{}の{}の{}", "{}ー{}ー{}", "{}・{}・{}")).format(
        *spoken
    )
    return f"{place.full}{a}-{b}-{c}", place.full + form


@kind("X_chome_dash", known.with_chome)
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    return f"{place.full}{a}-{b}-{c}", place.full + rng.choice(
        (f"{a}丁目-{b}-{c}", f"{a}丁目{b}番-{c}", f"{a}丁目 {b}-{c}")
    )
