"""Names in Latin letters or kana, word by word: foreign names are compared so, for their order is anybody's guess.

DA SILVA JOSE is ダシルバ ジョゼ and ジョゼ・ダ・シルバ. Spelling and kana have only the consonants in common, and
those only by class: `sounds` of JOHN and ジョン, of SMITH and スミス are equal. So much is a reason to look, never
to decide. Source: tables/name_sound.tsv.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import addressing, chars, kana, letters

_HAN: Final = letters.HAN
_SIGNS: Final = r"[ 　・·•･,、./&=＝\-‐‑–—]+"
# Kana that no Japanese word of old has: ティ, ファ, ウェ, ヴ …
_BORROWED: Final = "[テデトドフウヴクグツ][ァィゥェォュ]|[シジチ]ェ|ヴ|イェ"


def words(written: pl.Series) -> pl.Series:
    """The words of names in Latin letters or kana.

    Args:
        written: String series, names or readings as lists write them; nulls allowed.

    Returns:
        List[String] series `words`, same height and order: capitals or katakana, signs separate; null where
        the name holds kanji or nothing.

    Examples:
        >>> words(pl.Series(["Jean-Paul Martin", "ジョン・スミス", "佐藤 一郎"])).to_list()
        [['JEAN', 'PAUL', 'MARTIN'], ['ジョン', 'スミス'], None]
    """
    text = pl.col("text")
    frame = written.cast(pl.String).to_frame("text").with_row_index("i")
    some = frame.filter(text.str.contains(f"[A-Za-zÀ-ɏＡ-Ｚａ-ｚｦ-ﾝ{letters.KANA}]"))
    some = some.with_columns(text=addressing.without_brackets(addressing.brackets(chars.fold_width(text))))
    some = some.with_columns(text=addressing.without_honorifics(text.str.replace_all(_SIGNS, " ")))
    some = some.filter(~text.str.contains(f"[{_HAN}]"))
    spelled = letters.respell(text).str.replace_all(r"[^ァ-ヺーA-Z ]", "")
    each = some.select("i", words=spelled.str.split(" ").list.eval(pl.element().filter(pl.element() != "")))
    each = each.filter(pl.col("words").list.len() > 0)
    return frame.select("i").join(each, on="i", how="left", maintain_order="left")["words"]


def borrowed(words: pl.Series) -> frozenset[str]:
    """Those of the words that are not Japanese: romaji cannot spell them, or their kana are those of borrowed words.

    Args:
        words: String series as `words` has them; nulls allowed.

    Examples:
        >>> sorted(borrowed(pl.Series(["SMITH", "ティナ", "YAMADA", "ヤマダ", "J"])))
        ['SMITH', 'ティナ']
    """
    word, key = pl.col("word"), pl.col("key")
    told = words.cast(pl.String).drop_nulls().unique(maintain_order=True).to_frame("word")
    if told.is_empty():
        return frozenset()
    told = told.with_columns(kana.parse(told["word"])["key"])
    romaji = (key.is_not_null() & ~key.str.contains("[A-Z]")).fill_null(False)
    latin = word.str.contains("^[ -~]{2,}$") & ~romaji
    return frozenset(told.filter(word.str.contains(_BORROWED) | latin)["word"])


@cache
def sounds(word: str) -> str:
    """The consonants of a word by class, a first vowel as A.

    Examples:
        >>> sounds("SMITH") == sounds("スミス"), sounds("JOHN") == sounds("ジョン"), sounds("ANNA")
        (True, True, 'AN')
    """
    table = tables.mapping("name_sound")
    heard = _pattern().sub(lambda found: table.get(found.group(), "A"), f"^{word}").removeprefix("A")
    # Vowels go but the first; a class heard twice running is one.
    return re.sub(r"(.)\1+", r"\1", re.sub("(?!^)A", "", heard))


@cache
def _pattern() -> re.Pattern[str]:
    written = sorted(tables.mapping("name_sound"), key=lambda sound: (-len(sound), sound))
    return re.compile("|".join([*map(re.escape, written), "."]))
