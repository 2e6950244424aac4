"""A reading as written (kana of any kind, or romaji) → keys under which equal readings meet.

Sources: the tables kana_*.tsv (現代仮名遣い, 外務省ヘボン式, 訓令式). K1 `key`: small kana large,
ヂ ヅ ヰ ヱ ヲ as they sound, every long vowel one mark; measured to merge no more people than the raw kana.
K2 `loose`: no marks, no voicing, for candidates only. RK `romaji`: long vowels dropped, the only key kana and
romaji have in common.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import Final

import polars as pl

from optout import tables
from optout.text import addressing, chars, letters, spreadsheet

SCHEMA: Final = dict.fromkeys(
    ("key", "family", "given", "loose", "romaji", "romaji_family", "romaji_given"), pl.String
)
_LONG: Final = "ー"
_KATAKANA: Final = "ァ-ヺー"
_ROMAN_LONG: Final = dict.fromkeys("ŌÔōô", "OU") | dict.fromkeys("ŪÛūû", "UU") | dict.fromkeys("ĀÂāâ", "AA")
# OH before a consonant or at the end is a long O in passports (OHNO, SATOH); so is UH. Before Y only where a word
# begins so or has YAM, YAG (OHYA, KOHYAMA): GOHYAKU has a HYA.
_PASSPORT_LONG: Final = r"([OU])H([BCDFGHJKLMNPQRSTVWZ ]|$)"
_PASSPORT_BEFORE_Y: Final = r"(^| )OHY|OHY(A[MG])"
_SAME_LETTER: Final = "|".join(f"^{chr(code)}{{3,}}$" for code in range(0x30A1, 0x30F7))


def parse(written: pl.Series) -> pl.DataFrame:
    """Take readings apart and make their keys.

    Args:
        written: String series: katakana, hiragana, half-width kana or romaji; nulls allowed.

    Returns:
        Frame of String columns, same height and order: `key` K1 of the whole without blanks, null when blank,
        a placeholder or not a reading; `family`, `given` K1 of the parts, null unless a separator stands;
        `loose` K2 of the whole; `romaji`, `romaji_family`, `romaji_given` RK of whole and parts.

    Examples:
        >>> parse(pl.Series(["ｻﾄｳ ｼﾞﾕﾝ", "Sato Jun"])).select("key", "family", "romaji").rows()
        [('サトージユン', 'サトー', 'サトジユン'), ('サトジユン', 'サト', 'サトジユン')]
    """
    return _keys(_cleaned_lines(written))


def key(written: pl.Series) -> pl.Series:
    """Only K1 of the whole: column `key` of `parse`, at a third of its cost.

    Examples:
        >>> key(pl.Series(["ｻﾄｳ ｼﾞﾕﾝ", None])).to_list()
        ['サトージユン', None]
    """
    text = chars.blank_to_null(pl.col("text")).str.replace(" ", "", literal=True)
    return _cleaned_lines(written).select_seq(_long_vowels()(text).alias("key")).to_series()


def _cleaned_lines(written: pl.Series) -> pl.DataFrame:
    """`text` of every line in its one spelling, without what is no part of a reading."""
    frame = written.cast(pl.String).to_frame("written")
    frame = frame.with_columns_seq(text=_spelling()(pl.col("written")).str.strip_chars(" "))
    # A long pattern costs ten times as much when the column is cut into parts for several threads.
    frame = frame.with_columns_seq(odd=pl.col("text").str.contains(_irregular()).fill_null(value=False))
    plain = frame.select("text")
    if not frame["odd"].any():
        return plain
    odd = _cleaned(frame.filter("odd")["written"])
    line = pl.int_range(pl.len())
    place = frame.select(
        pl.when("odd").then(pl.len() + pl.col("odd").cum_sum() - 1).otherwise(line)
    ).to_series()
    return pl.concat([plain, odd])[place]


def keys(readings: pl.Expr) -> pl.Expr:
    """K1 of clean katakana or hiragana without blanks. Elementwise; null stays null."""
    return _long_vowels()(spelled(readings))


def spelled(readings: pl.Expr) -> pl.Expr:
    """Clean katakana or hiragana in its one spelling, long vowels as they are written. Elementwise."""
    return _single_marks(_spelling()(readings))


def run_together(readings: pl.Expr) -> pl.Expr:
    """K1 keys written one behind another → one key in which no seam shows. Elementwise; null stays null.

    サノ + オータ and サノオウタ meet; オーオカ and オーカ do, too, which K1 keeps apart. `run_together` of what was
    run together already changes nothing.

    Examples:
        >>> pl.select(run_together(pl.lit("サノ" + "オータ")), run_together(pl.lit("サノーウタ")).alias("whole")).row(0)
        ('サノータ', 'サノータ')
    """
    return seams()(readings)


def romaji_of(readings: pl.Expr) -> pl.Expr:
    """K1 (or `run_together`) → RK. Elementwise; null stays null."""
    return nasals()(readings)


@cache
def _spelling() -> chars.Replacement:
    """Width, hiragana, small and old kana, iteration marks, dashes, capitals: one pass."""
    own = letters.katakana() | _ROMAN_LONG | letters.latin() | dict.fromkeys((*chars.dashes(), "-"), _LONG)
    own |= _ROMAN_LONG | {"・": "", "·": "", "'": "'", "’": "'"}
    table = tables.mapping("kana_spelling")
    of_own, of_table = chars.single(own), chars.single(table)
    single = {char: to.translate(of_own) for char, to in chars.width_map().items()} | own
    folded = {char: to.translate(of_table) for char, to in single.items()}
    return chars.Replacement.of(folded | table | _two_letters(table, single))


def _two_letters(table: dict[str, str], single: dict[str, str]) -> dict[str, str]:
    """ヴァ in every width and script."""
    pairs = [pair for pair in table if len(pair) > 1]
    spelled: dict[str, list[str]] = {}
    for char, to in single.items():
        spelled.setdefault(to, [to]).append(char)
    return {
        first + second: table[pair]
        for pair in pairs
        for first in spelled.get(pair[0], [pair[0]])
        for second in spelled.get(pair[1], [pair[1]])
    }


@cache
def _long_vowels() -> chars.Replacement:
    long = tables.mapping("kana_long_vowel")
    return chars.Replacement.of(long | {vowels + _LONG: to for vowels, to in long.items()})


@cache
def seams() -> chars.Replacement:
    """`run_together`: a kana and up to three vowels or marks that lengthen it → the kana and one mark."""
    longer: dict[str, set[str]] = {}
    for vowels in tables.mapping("kana_long_vowel"):
        longer.setdefault(vowels[0], {_LONG}).add(vowels[1:])
    return chars.Replacement.of(
        {
            sound + "".join(run): sound + _LONG
            for sound, marks in longer.items()
            for length in (1, 2, 3)
            for run in product(sorted(marks), repeat=length)
        }
    )


@cache
def _unvoiced() -> chars.Replacement:
    return chars.Replacement.of(tables.mapping("kana_voicing") | {_LONG: ""})


@cache
def nasals() -> chars.Replacement:
    """`romaji_of`, K1 → RK: no length, and ン before a vowel as Hepburn without apostrophe reads it."""
    return chars.Replacement.of(tables.mapping("kana_nasal") | {_LONG: ""})


@cache
def _romaji() -> chars.Replacement:
    return chars.Replacement.of(tables.mapping("kana_romaji"))


@cache
def _placeholders() -> tuple[str, str]:
    """Patterns of what is no reading: on the text with its blanks, and without."""
    words = pl.DataFrame({"word": addressing.words("name_placeholder", "whole")})
    whole = words.select(_spelling()(pl.col("word"))).to_series().unique(maintain_order=True)
    start = pl.DataFrame({"word": addressing.words("name_placeholder", "start")})
    starts = start.select(_spelling()(pl.col("word"))).to_series().unique(maintain_order=True)
    return "|".join(map(re.escape, whole)), "|".join(map(re.escape, starts))


@cache
def _irregular() -> str:
    """What needs `_cleaned`: any sign or Latin letter, two blanks, サマ at the end, a placeholder."""
    whole, start = _placeholders()
    return rf"[^{_KATAKANA} ]|  | [^ ]+ |ーー|(?:^| )ー|サマ$|^(?:{whole})$|^(?:{start})|{_SAME_LETTER}"


def _cleaned(written: pl.Series) -> pl.DataFrame:
    """`text`: katakana with at most one blank; null when it is no reading."""
    text = pl.col("text")
    known = spreadsheet.without_errors(text)
    frame = written.to_frame("text").with_columns(text=addressing.brackets(chars.fold_width(known)))
    frame = frame.with_columns(text=addressing.without_brackets(addressing.without_remarks(text)))
    frame = frame.with_columns(text=_surname_first(text)).with_columns(
        text=_spelling()(text).str.strip_chars(" ")
    )
    frame = frame.with_columns(text=_spoken(text).str.replace_all(" +", " "))
    frame = frame.with_columns(
        text=text.str.replace(r"^(.*?[^ ] *[^ ].*?) *(?:サマ)+$", "${1}")
        .str.replace_all(rf"[^{_KATAKANA}A-Z一-鿿 ]", "")
        .str.strip_chars(" ")
    )
    frame = frame.with_columns(text=_single_marks(text))
    whole, start = _placeholders()
    bare = text.str.replace_all(" ", "", literal=True)
    nothing = bare.str.contains(rf"^(?:{whole})$|^(?:{start})|{_SAME_LETTER}|[一-鿿]|^ー*$")
    one_blank = text.str.replace(" ", "\t").str.replace_all(" ", "", literal=True).str.replace("\t", " ")
    return frame.select(text=pl.when(~nothing).then(one_blank))


def _surname_first(text: pl.Expr) -> pl.Expr:
    """SUZUKI, Ichiro and Ichiro SUZUKI → SUZUKI Ichiro; a dot or full stop behind an initial is a blank."""
    return (
        text.str.replace(r"^(?i:mr|mrs|ms|dr)\. *", "")
        .str.replace(r"^([^,、]+?) *[,、] *([^,、]+)$", "${1} ${2}")
        .str.replace_all(r"[.]", " ")
        .str.replace(r"^([A-Z][a-zōūā'-]+) ([A-ZŌŪĀ][A-ZŌŪĀ'-]+)$", "${2} ${1}")
    )


def _spoken(text: pl.Expr) -> pl.Expr:
    """Romaji (in capitals) → katakana; a text without Latin letters stays as it is."""
    joined = text.str.replace_all(r"([A-Z])ー", "${1}").str.replace_all(_PASSPORT_LONG, "${1}${1}${2}")
    joined = joined.str.replace_all(_PASSPORT_BEFORE_Y, "${1}OOY${2}")
    return pl.when(text.str.contains("[A-Z]")).then(_romaji()(joined)).otherwise(text)


def _keys(frame: pl.DataFrame) -> pl.DataFrame:
    """All keys from `text`."""
    text = chars.blank_to_null(pl.col("text"))
    frame = frame.select(
        key=text.str.replace(" ", "", literal=True),
        parts=pl.col("text").str.split_exact(" ", 1).struct.rename_fields(["family", "given"]),
    ).unnest("parts")
    frame = frame.with_columns(family=pl.when(pl.col("given").is_not_null()).then("family"))
    frame = frame.with_columns(_long_vowels()(pl.col("key", "family", "given")))
    return frame.with_columns(
        loose=_unvoiced()(pl.col("key")),
        romaji=nasals()(pl.col("key")),
        romaji_family=nasals()(pl.col("family")),
        romaji_given=nasals()(pl.col("given")),
    ).select(*SCHEMA)


def _single_marks(spelled: pl.Expr) -> pl.Expr:
    """No mark behind another or behind nothing. `_long_vowels` makes none where there was none."""
    return spelled.str.replace_all("ーー+", _LONG).str.replace_all("(^| )ー", "${1}")
