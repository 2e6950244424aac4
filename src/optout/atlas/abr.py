"""The Digital Agency's table of towns (ABR 町字マスター: mt_town_all.csv, mt_town_prefNN.csv) → registered towns.

Source: アドレス・ベース・レジストリ データ項目 (町字マスター), headers of the releases since 2024 and of 2022.
lg_code has a check digit behind the five of JIS X 0402. Street names stand where a 小字 would (京都's 通り名, code 2;
町字区分 5 道路名): they are no 小字.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.atlas.columns import chosen, first_line, refused
from optout.atlas.file import Part
from optout.atlas.names import prefectures
from optout.schema import DType

EXPECTED: Final = (
    "the Digital Agency's table of towns (ABR 町字マスター, mt_town_all.csv or mt_town_prefNN.csv)"
)
SCHEMA: Final[dict[str, DType]] = {
    **dict.fromkeys(("code", "prefecture", "county", "city", "ward", "town", "koaza"), pl.String),
    "chome": pl.UInt8,
}
_WRITTEN: Final = {
    "lg_code": ("lg_code", "全国地方公共団体コード"),
    "type": ("machiaza_type", "町字区分コード"),
    "prefecture": ("pref", "pref_name", "都道府県名"),
    "county": ("county", "county_name", "郡名"),
    "city": ("city", "city_name", "市区町村名"),
    "ward": ("ward", "od_city_name", "政令市区名"),
    "town": ("oaza_cho", "oaza_town_name", "大字・町名"),
    "chome": ("chome", "chome_name", "丁目名"),
    "chome_number": ("chome_number", "丁目名_数字"),
    "koaza": ("koaza", "koaza_name", "小字名"),
    "alias": ("koaza_aka_code", "小字名_通称コード"),
}
_OPTIONAL: Final = ("type", "chome_number", "alias")
_ROAD: Final = "5"
_STREET: Final = "2"
_MOST_CHOME: Final = 255
_NUMERAL: Final = "[0-9０-９〇零一二三四五六七八九十百壱弐参]+"
# What is read by rule needs no line: a 小字 that is a number with its unit, or one lot token (イ, 甲, 子).
_BY_RULE: Final = (
    f"^(?:大字|小字|字)?(?:第?{_NUMERAL}(?:丁目|丁|字|号|地割|番|番地)"
    f"|(?:{_NUMERAL}丁目)?[ぁ-んァ-ヶA-ZＡ-Ｚa-zａ-ｚ甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥])$"
)
# Characters the register could not write.
_UNREADABLE: Final = r"[□\p{Co}\p{Cn}]"
_KANJI: Final = {kanji: str(digit) for digit, kanji in enumerate("〇一二三四五六七八九")} | {
    wide: str(digit) for digit, wide in enumerate("０１２３４５６７８９")
}


def read(part: Part) -> pl.DataFrame:
    """One file → frame of SCHEMA: a line for each (code, town, koaza), `chome` the highest 丁目 of the town.

    Raises:
        TableFileError: it is another table, or holds lines this one cannot have.
    """
    frame = chosen(part, _WRITTEN, _OPTIONAL, EXPECTED)
    sound = (
        pl.col("lg_code").str.contains("^[0-9]{5,6}$")
        & pl.col("prefecture").is_in(prefectures())
        & pl.col("city").str.contains("[市区町村]$")
    )
    wrong = frame.select((~sound).fill_null(value=True).alias("wrong"))["wrong"].arg_true() + 2
    if len(wrong):
        first = ", ".join(map(str, wrong.head(5)))
        why = f"in {len(wrong):,} lines code, prefecture or municipality cannot be (first lines {first})"
        raise refused(part, EXPECTED, why, first_line(part), _WRITTEN)
    street = pl.any_horizontal(pl.col("type") == _ROAD, pl.col("alias") == _STREET).fill_null(value=False)
    lines = frame.select(
        pl.col("lg_code").str.slice(0, 5).alias("code"),
        *("prefecture", "county", "city", "ward"),
        pl.col("town").fill_null("").alias("town"),
        pl.when(~street & ~pl.col("koaza").str.contains(_BY_RULE)).then("koaza").alias("koaza"),
        _chome(),
    )
    lines = lines.filter(~pl.any_horizontal(pl.col("town", "koaza").fill_null("").str.contains(_UNREADABLE)))
    # For a town with 小字 there is one line more, of the town alone.
    alone = lines.with_columns(pl.lit(None, pl.String).alias("koaza"))
    grouped = pl.concat([lines, alone]).group_by("code", "town", "koaza", maintain_order=True)
    whole = grouped.agg(pl.col("prefecture", "county", "city", "ward").first(), pl.col("chome").max())
    return whole.select(list(SCHEMA)).cast({"chome": pl.UInt8}).sort("code", "town", "koaza")


def _chome() -> pl.Expr:
    """The number of a 丁目, 0 without; the older releases tell it in words alone."""
    return (
        pl.coalesce(pl.col("chome_number").cast(pl.UInt32, strict=False), _in_words(pl.col("chome")))
        .fill_null(0)
        .clip(0, _MOST_CHOME)
        .alias("chome")
    )


def _in_words(chome: pl.Expr) -> pl.Expr:
    """二十三丁目 → 23; null where it is no number."""
    words = chome.str.strip_suffix("丁目").str.replace_many(_KANJI)
    tens = words.str.replace("^十", "1十").str.replace("十$", "0").str.replace("十", "")
    return tens.cast(pl.UInt32, strict=False)
