"""The letters of a person's name: one spelling for glyph, script and case; what stands for a lost letter.

Sources: text.chars (width, 異体字); tables/name_latin.tsv (DIN 5007-2, ICAO Doc 9303), name_symbol.tsv.
Hiragana becomes katakana because lists mix them freely (山本 きよ = 山本 キヨ); small kana and long vowels
stay: they are text.kana's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars

HAN: Final = r"㐀-䶿一-鿿々〆\x{20000}-\x{3FFFF}"
KANA: Final = "ぁ-ゖァ-ヺゝゞヽヾ"
LOST: Final = "?"

_HIRAGANA: Final = range(0x3041, 0x3097)
_KATAKANA: Final = range(0x30A1, 0x30F7)
_TO_KATAKANA: Final = 0x60
_ACCENTED: Final = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
_KANJI_ROWS: Final = range(16, 48)  # the first level, 2,965 kanji
_VOICED_MARKS: Final = "\u3099゛ﾞ"


def repeated(kana: str, mark: str) -> str:
    """What an iteration mark (ゝ ヽ repeat, ゞ ヾ repeat voiced) behind `kana` stands for: both letters."""
    if mark in "ゝヽ":
        return kana + kana
    voiced = unicodedata.normalize("NFC", kana + _VOICED_MARKS[0])
    return kana + (voiced if len(voiced) == 1 else kana)


@cache
def katakana() -> dict[str, str]:
    """Hiragana → katakana, and every kana with an iteration mark → two katakana."""
    single = {chr(code): chr(code + _TO_KATAKANA) for code in _HIRAGANA}
    every = single | {chr(code): chr(code) for code in _KATAKANA}
    marks = {"ゝ": "ゝ", "ヽ": "ゝ", "ゞ": "ゞ", "ヾ": "ゞ"}
    marks |= {mark + voiced: "ゞ" for mark in "ゝヽ" for voiced in _VOICED_MARKS}
    marked = {char + mark: repeated(kata, of) for char, kata in every.items() for mark, of in marks.items()}
    return single | marked


@cache
def latin() -> dict[str, str]:
    """Latin letters of any case and accent → plain capitals (Ü → UE, é → E), composed or decomposed."""
    folded = {chr(code): chr(code).upper() for code in range(ord("a"), ord("z") + 1)}
    national = tables.mapping("name_latin")
    for code in _ACCENTED:
        char = chr(code)
        parts = unicodedata.normalize("NFD", char)
        plain = national.get(char.upper()) or national.get(char) or parts[0].upper()
        if plain.isascii() and plain.isalpha():
            folded |= {char: plain, parts: plain}
    return folded


@cache
def _own() -> chars.Replacement:
    return chars.Replacement.of(_own_map())


def _own_map() -> dict[str, str]:
    return latin() | katakana() | {"〻": "々"}


@cache
def spelling() -> Mapping[str, str]:
    """What is spelled how by `spell`; two kanji and a mark of repetition among it."""
    own = _own_map()
    single = chars.single(own)
    glyphs = {written: to.translate(single) for written, to in chars.glyph_map().items()}
    return glyphs | own | _repeated_kanji(glyphs)


@cache
def _spelling() -> chars.Replacement:
    return chars.Replacement.of(spelling())


def _repeated_kanji(glyphs: dict[str, str]) -> dict[str, str]:
    """佐々 → 佐佐 for the common kanji (JIS X 0208 level 1), so that names with 々 need no second look."""
    rows = (
        bytes((0xA0 + row, 0xA0 + cell)).decode("euc_jp", "ignore")
        for row in _KANJI_ROWS
        for cell in range(1, 95)
    )
    every = [kanji for kanji in rows if kanji]
    return {kanji + mark: glyphs.get(kanji, kanji) * 2 for kanji in every for mark in "々〻"}


def spell(text: pl.Expr) -> pl.Expr:
    """Every letter in its one spelling: `chars.fold_glyphs`, katakana, plain capitals. Elementwise.

    Examples:
        >>> pl.select(spell(pl.lit("髙橋　ｷよ Müller"))).item()
        '高橋 キヨ MUELLER'
    """
    return _spelling()(text)


def respell(folded: pl.Expr) -> pl.Expr:
    """`spell` for a text already through `chars.fold_glyphs`: a far smaller table. Elementwise."""
    return expand(_own()(folded))


def expand(text: pl.Expr) -> pl.Expr:
    """Letters that depend on their neighbours: 々 repeats, ケ ガ between kanji are ヶ. Elementwise.

    Examples:
        >>> pl.select(expand(pl.lit("佐々木 関ケ原"))).item()
        '佐佐木 関ヶ原'
    """
    kanji = HAN.replace("々", "")
    once = text.str.replace_all(rf"([{kanji}])々", "${1}${1}")
    twice = once.str.replace_all(rf"([{kanji}])々+", "${1}${1}")  # no name repeats a letter more than twice
    return twice.str.replace_all(rf"([{kanji}])[ケガ]([{kanji}])", "${1}ヶ${2}")


@cache
def simplified() -> pl.Series:
    """A Chinese letter and the Japanese one of the same name (伟 偉), as strings of both, in either order."""
    table = tables.load("name_simplified")
    one, other = (table.select(spell(pl.col(side)))[side] for side in ("written", "canonical"))
    return pl.concat([one + other, other + one]).alias("pair")


@cache
def _symbols() -> chars.Replacement:
    table = tables.load("name_symbol")
    marks = dict.fromkeys(table.filter(kind="mark")["written"], "")
    lost = dict.fromkeys(table.filter(kind="lost")["written"], LOST)
    dashes = dict.fromkeys((*chars.dashes(), "-"), "-")
    return chars.Replacement.of(dashes | marks | lost)


@cache
def lost() -> str:
    """A pattern without which `lost_letters` finds none lost."""
    signs = tables.load("name_symbol").filter(kind="lost")["written"]
    dashes = "".join(map(re.escape, (*chars.dashes(), "-", "ー")))
    return rf"[{re.escape(LOST)}〇\x{{E000}}-\x{{F8FF}}]|{'|'.join(map(re.escape, signs))}|(?:^|[^{KANA}])[{dashes}]"


def lost_letters(text: pl.Expr) -> pl.Expr:
    """Whatever stands for a letter nobody can read any more → "?"; marks beside a name dropped. Elementwise.

    A dash or 〇 among kanji stands for one too: it is often a mistyped 一, so a person must look.

    Examples:
        >>> pl.select(lost_letters(pl.lit("★佐藤 ●郎"))).item()
        '佐藤 ?郎'
    """
    plain = _symbols()(text).str.replace_all(r"[〇\x{E000}-\x{F8FF}]", LOST)
    long = plain.str.replace_all(rf"([{KANA}])-", "${1}ー").str.replace_all(
        rf"([{HAN}]{{2}})-([{HAN}]{{2}})", "${1}${2}"
    )
    dash = rf"(^|[{HAN} ?])[ー-]"
    wild = long.str.replace_all(dash, "${1}?").str.replace_all(dash, "${1}?")
    return pl.when(long.str.contains(f"[{HAN}]")).then(wild).otherwise(long)
