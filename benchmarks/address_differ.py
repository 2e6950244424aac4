"""Kinds of address pairs that are two places: N01 … N15 as the shared cases name them, Y… beside them."""

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
    chome,
    kind,
    three,
    two,
)
from address_places import NUMERALS, Place
from lists import kanji_number

_WINDS: Final = {"東": "西", "西": "東", "南": "北", "北": "南"}
_IROHA: Final = "いろはにほへとちりぬるをわかよたれそつねならむうおくやまけふこえてあさきゆめみしひもせす"


def _other(place: Place) -> str:
    """The same municipality and town with the other 小字."""
    return place.municipality + place.town + place.also


@kind("N01_chome", lambda: known.with_chome().filter(pl.col("chome") > 1), "different")
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = rng.randint(1, place.chome - 1), rng.randint(1, 40), rng.randint(1, 30)
    return f"{place.full}{a}-{b}-{c}", f"{place.full}{a + 1}-{b}-{c}"


@kind("N02_go", known.with_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    return f"{place.full}{a}-{b}-{c}", f"{place.full}{a}-{b}-{c + 1}"


@kind("N03_boundary", known.without_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = rng.randint(1, 9), rng.randint(1, 9), rng.randint(1, 9)
    return f"{place.full}{a}-{b}{c}", f"{place.full}{a}{b}-{c}"


@kind("N04_truncated", known.without_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    a, b = rng.randint(1, 99), rng.randint(2, 9)
    return f"{place.full}{a}番地{b}", f"{place.full}{a}番地"


@cache
def _both() -> pl.DataFrame:
    """X町 where X is registered too; `also` is X."""
    towns = known.towns()
    bare = towns.select("code", pl.col("town_key") + "町", also="town")
    named = pl.col("town").str.ends_with("町")
    return towns.filter(named).join(bare, on=["code", "town_key"], how="inner", maintain_order="left")


@kind("N05_cho_pair_both_exist", _both, "different")
def _(place: Place, rng: random.Random) -> Written:
    end = "-".join(map(str, two(rng)))
    return place.full + end, f"{place.municipality}{place.also}{end}"


@cache
def _with_lots() -> pl.DataFrame:
    """Towns of 石川県: there イ and い are two 小字 of one town, by the thousand.

    The gazetteer does not list lots of one letter, so which ones a town has is invented.
    """
    return known.without_chome().filter(~pl.col("town").str.contains("[ぁ-んァ-ヶ]$"), pref="石川県")


@kind("N06_iroha_hira_vs_kata", _with_lots, "different")
def _(place: Place, rng: random.Random) -> Written:
    number, lot = rng.randint(1, 300), rng.choice(_IROHA)
    return f"{place.full}{lot}{number}", f"{place.full}{chr(ord(lot) + 96)}{number}"


@kind(
    "N07_kou_vs_otsu",
    lambda: known.without_chome().filter(~pl.col("town").str.contains("[甲乙丙丁ァ-ヶぁ-ん]$")),
    "different",
)
def _(place: Place, rng: random.Random) -> Written:
    number = rng.randint(300, 3000)
    return f"{place.full}甲{number}", f"{place.full}乙{number}"


@kind("N08_iroha_diff", _with_lots, "different")
def _(place: Place, rng: random.Random) -> Written:
    number, lots = rng.randint(1, 300), rng.sample(_IROHA, 2)
    if rng.random() < 0.5:
        lots = [chr(ord(lot) + 96) for lot in lots]
    return f"{place.full}{lots[0]}{number}", f"{place.full}{lots[1]}{number}"


@cache
def _elsewhere() -> pl.DataFrame:
    """Towns with a namesake in another city; `also` is its municipality."""
    towns = known.without_chome().with_columns(where=pl.concat_str("pref", "county", "city", "ward"))
    some = towns.filter(pl.len().over("town_key") > 1, pl.len().over("town_key") < 60)
    pairs = some.join(
        some.select("town_key", also="where", other_city="city"), on="town_key", maintain_order="left_right"
    )
    return pairs.filter(pl.col("other_city") != pl.col("city"))


@kind("N09_other_municipality", _elsewhere, "different")
def _(place: Place, rng: random.Random) -> Written:
    end = "-".join(map(str, two(rng)))
    return place.full + end, f"{place.also}{place.town}{end}"


@cache
def _neighbours() -> pl.DataFrame:
    """Two 小字 of one town whose names are really two."""
    fit = known.small().filter(pl.len().over("code", "town") < 40, ~pl.col("koaza").str.contains("地割"))
    both = known.joined(fit, ["code", "town"], "koaza")
    return both.filter(pl.col("koaza_key") != known.key(pl.col("also")))


@kind("N11_koaza_diff(wake=1)", _neighbours, "different")
def _(place: Place, rng: random.Random) -> Written:
    number = rng.randint(1, 40)
    return f"{place.full}{number}", f"{_other(place)}{number}"


@kind("N12_bancho_digit", lambda: known.named(f"[{NUMERALS}]番[町丁]$"), "different")
def _(place: Place, rng: random.Random) -> Written:
    b, c = rng.randint(1, 9), rng.randint(1, 9)
    return f"{place.full}{b}-{c}", f"{place.full}{10 + c}-{b}"


@cache
def _wards() -> pl.DataFrame:
    """Towns of the same name in two wards of a city."""
    wards = known.towns().filter(pl.col("ward") != "", pl.col("city") != "")
    return known.joined(wards, ["pref", "city", "town_key"], "ward")


@kind("N13_ward_diff", _wards, "different")
def _(place: Place, rng: random.Random) -> Written:
    end = f"{rng.randint(1, 300)}-{rng.randint(2, 9)}"
    return place.full + end, f"{place.pref}{place.city}{place.also}{place.town}{end}"


@cache
def _turned() -> pl.DataFrame:
    """Towns that are also there with the opposite direction; `also` is that name."""
    towns = known.with_chome()
    names = frozenset(towns.select("code", "town").rows())
    rows = []
    for number, (code, town) in enumerate(towns.select("code", "town").iter_rows()):
        for at in re.finditer("[東西南北]", town):
            other = town[: at.start()] + _WINDS[at.group()] + town[at.end() :]
            if (code, other) in names:
                rows.append((number, other))
    found = pl.DataFrame(rows, schema={"number": pl.UInt32, "also": pl.String}, orient="row")
    whole = towns[found["number"]].with_columns(found["also"])
    most = towns.select("code", also="town", most="chome")
    both = whole.join(most, on=["code", "also"], how="left", maintain_order="left")
    return both.with_columns(pl.min_horizontal("chome", "most").alias("chome"))


@kind("N14_direction", _turned, "different")
def _(place: Place, rng: random.Random) -> Written:
    end = f"{kanji_number(chome(place, rng))}丁目{rng.randint(1, 20)}-{rng.randint(1, 9)}"
    return place.full + end, f"{place.municipality}{place.also}{end}"


@kind("N15_koaza_number", known.without_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    number = rng.randint(1, 200)
    return f"{place.full}字一本木{number}", f"{place.full}字二本木{number}"


@cache
def _siblings() -> pl.DataFrame:
    """Two towns of a municipality that differ in one numeral: 三番町 and 四番町, 北三条西 and 北四条西."""
    towns = known.towns().with_columns(form=pl.col("town").str.replace_all(f"[{NUMERALS}]+", "#"))
    return known.joined(towns.filter(pl.col("form").str.contains("#.")), ["code", "form"], "town")


@kind("Y_town_numeral", _siblings, "different")
def _(place: Place, rng: random.Random) -> Written:
    end = f"{rng.randint(1, 30)}-{rng.randint(2, 20)}"
    return place.full + end, place.municipality + place.also + end


@cache
def _longer(side: str) -> pl.DataFrame:
    """Two towns of a municipality, one the beginning or the end of the other (`also`)."""
    towns = known.towns()
    names = towns.select("code", "town", "town_key")
    rows = []
    by_code: dict[str, dict[str, str]] = {}
    for code, town, name in names.rows():
        by_code.setdefault(code, {})[name] = town
    for code, town, name in names.rows():
        for cut in range(2, len(name)):
            part = name[:cut] if side == "start" else name[-cut:]
            rest = name[cut:] if side == "start" else name[:-cut]
            if rest not in ("町", "り") and part in by_code[code]:
                rows.append((code, town, by_code[code][part]))
    found = pl.DataFrame(rows, schema=["code", "town", "also"], orient="row")
    return towns.join(found, on=["code", "town"], how="inner", maintain_order="left")


@kind("Y_town_begins", lambda: _longer("start"), "different")
def _(place: Place, rng: random.Random) -> Written:
    end = "-".join(map(str, two(rng)))
    return place.full + end, place.municipality + place.also + end


@kind("Y_town_ends", lambda: _longer("end"), "different")
def _(place: Place, rng: random.Random) -> Written:
    end = "-".join(map(str, two(rng)))
    return place.full + end, place.municipality + place.also + end


@kind("Y_block", known.with_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    a, b = chome(place, rng), rng.randint(1, 20)
    ours, theirs = rng.sample(("A", "B", "C"), 2)
    return f"{place.full}{a}丁目{ours}-{b}", f"{place.full}{a}丁目{theirs}-{b}"


@kind("Y_no_number", known.without_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    return f"{place.full}無番地", place.full + rng.choice(("番外地", f"{rng.randint(1, 99)}番地"))


@kind("Y_numbered_aza", lambda: known.without_chome().filter(pref="福井県"), "different")
def _(place: Place, rng: random.Random) -> Written:
    n, number = rng.randint(2, 99), rng.randint(1, 40)
    return f"{place.full}{n}字{number}", f"{place.full}{n + rng.randint(1, 9)}字{number}"


@kind("Y_chiwari", lambda: known.without_chome().filter(pref="岩手県"), "different")
def _(place: Place, rng: random.Random) -> Written:
    n, number = rng.randint(1, 40), rng.randint(1, 300)
    return f"{place.full}第{n}地割{number}", f"{place.full}第{n + 1}地割{number}"


@kind("Y_lot_or_none", lambda: known.named("[^ァ-ヶぁ-ん甲乙丙丁]$", known.without_chome), "different")
def _(place: Place, rng: random.Random) -> Written:
    number = rng.randint(100, 2500)
    return f"{place.full}{rng.choice(LOTS)}{number}", f"{place.full}{number}"


@kind(
    "Y_kana_or_kanji",
    lambda: known.named("[^ァ-ヶぁ-ん]$", known.without_chome).filter(pref="石川県"),
    "different",
)
def _(place: Place, rng: random.Random) -> Written:
    number, (kana, kanji) = rng.randint(1, 300), rng.choice(("ハ八", "ニ二"))
    return f"{place.full}{kana}{number}", f"{place.full}{kanji}{number}"


@kind("Y_ban_typo", known.with_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    return f"{place.full}{a}-{b}-{c}", f"{place.full}{a}-{b + rng.choice((1, 10))}-{c}"


@kind("Y_begins", known.with_chome, "different")
def _(place: Place, rng: random.Random) -> Written:
    a, b, c = three(place, rng)
    return f"{place.full}{a}-{b}-{c}", f"{place.full}{a}-{b}"
