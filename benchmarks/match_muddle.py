"""More of what offices do to cells without meaning anything by it; drawn for both sides, after the truth is told.

A quarter of the records is spelled in one of the ways of `respell` (other dashes, kanji numerals, 大字, half-width
katakana, a postal code in front, a lost zero …); some readings lose their small kana, as in old systems (キヨウコ),
or their ヅ and ヂ; some numbers share one cell, stand in the other's column, or carry a word (自宅, 内線).
"""

from __future__ import annotations

import random
from typing import Final

import polars as pl
from respell import WAYS

RESPELLED: Final = 0.25
# These say something else (a second building, a house of somebody else), or are kinds of their own.
_NO_NOISE: Final = (
    "address: building appended", "address: room appended", "address: 方 appended", "address: variant glyphs",
    "name: variant glyphs", "name: rarer glyphs", "name: legal form dropped", "name: kana only", "several: 1",
    "several: 2", "several: 3", "several: 4", "name: 御中", "kana: omitted",
)  # fmt: skip
_WAYS: Final = [way for way in WAYS if way.name not in _NO_NOISE]
_LARGE: Final = str.maketrans("ァィゥェォッャュョ", "アイウエオツヤユヨ")
_ONE_SOUND: Final = str.maketrans("ヅヂ", "ズジ")
_HALF_SMALL: Final = str.maketrans("ｧｨｩｪｫｯｬｭｮ", "ｱｲｳｴｵﾂﾔﾕﾖ")
_DRAWS: Final = 0.06  # of the readings, and of the numbers


def muddled(cells: pl.DataFrame, rng_seed: int) -> pl.DataFrame:
    """The cells once more, some of them otherwise; nothing is lost and nobody else is meant."""
    rng = random.Random(rng_seed)
    changed = [_record(dict(record), rng) for record in cells.iter_rows(named=True)]
    return pl.DataFrame(changed, schema=cells.schema)


def _record(record: dict[str, str], rng: random.Random) -> dict[str, str]:
    draw = rng.random()
    if draw < RESPELLED:
        way = rng.choice(_WAYS)
        # Latin words and the names of two people are not run together.
        words = record["name"].isascii() or len(record["name"].split()) > 2
        record = record if way.name == "name: no blanks" and words else way.apply(record) or record
    if record["kana"] and rng.random() < _DRAWS:
        record["kana"] = record["kana"].translate(_LARGE | _HALF_SMALL if rng.random() < 0.7 else _ONE_SOUND)
    if rng.random() < _DRAWS:
        record |= _numbers(record["phone"], record["mobile"], rng)
    return record


def _numbers(phone: str, mobile: str, rng: random.Random) -> dict[str, str]:
    """Two numbers in one cell, the columns changed, a word before or after."""
    phone, mobile = _whole(phone), _whole(mobile)
    draw = rng.random()
    if phone and mobile and draw < 0.4:
        return {"phone": phone + rng.choice((" / ", "、", "　", "・")) + mobile, "mobile": ""}
    if draw < 0.6:
        return {"phone": mobile, "mobile": phone}
    if phone and draw < 0.8:
        return {"phone": rng.choice(("{}(自宅)", "TEL {}", "℡{}", "{} (自)", "自宅 {}")).format(phone)}
    return {"mobile": rng.choice(("{}(携帯)", "携帯 {}", "{} 本人")).format(mobile)} if mobile else {}


def _whole(number: str) -> str:
    """Only a cell that a spreadsheet took for a number has lost its zero."""
    return f"0{number}" if number.isascii() and number.isdigit() and number[0] != "0" else number
