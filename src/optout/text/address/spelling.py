"""Addresses in one spelling: characters, dashes, numerals; no postal code, no brackets.

Sources: tables/address_fold.tsv, dash.tsv, kanji_fold.tsv, spreadsheet_damage.tsv.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from optout import tables
from optout.text import chars, numerals, spreadsheet

POSTAL: Final = r"^[ 〒]*([0-9]{3}-?[0-9]{4}) ?"
_BRACKETED: Final = r"\([^)]*\)|\[[^\]]*\]|「[^」]*」|【[^】]*】"
# Variation selectors and zero-width characters; inside 大字 or 丁目 they hide the word from the fold.
_INVISIBLE: Final = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x200B, 0x2010))
_SEEN: Final = "\x00"  # what the fold leaves of one
_DOTS: Final = ("\u3099", "\u309a")
# Nothing that tells one place from another: marks of numerals, blanks, 字; 北4条西 and 北4西, 第1地割 and 1地割.
_NAME_MARKS: Final = r"[<> 字]|-+$"
_COUNTED: Final = "([0-9])条"
_ORDINAL: Final = "第([0-9])"
# In the place of numbers, all that tells where it is.
_NUMBERLESS: Final = "([^0-9>])(無番地|番外地|無番|地先)$"
# 京都: the streets say how to walk there; the town follows the last turn, its side or its block.
_TURN: Final = r"(?:[東西]入[るル]?|[上下][るル]|[上下]ケ[るル])"
_CITY: Final = (
    "(?:京都府)?(?:京都市)?(?:上京|中京|下京|東山|左京|右京|北|南|山科|伏見|西京)区|(?:京都府)?京都市"
)
_STREET: Final = "[^通]*通"
_BLOCK: Final = "(?:[東西南北]側|<?[0-9]+>?(?:丁目|筋目))"
_TOWN: Final = "(?:[^-0-9<]|<[0-9]+>(?:[^-ノ0-9< 丁番号]|番町|ノ[^0-9<]))"
_STREETS: Final = rf"^(?:({_CITY})|{_STREET}).*{_TURN}{_BLOCK}*({_TOWN}.*)$"
# 3一1一19: one stroke between ASCII digits is a dash; 一番 is a number.
_STROKE: Final = "([0-9])<1>([0-9])"
# What the fold alone does not read, of any kind.
_ODD: Final = rf"{_SEEN}|><|{_STROKE}|{POSTAL}|{_TURN}|[(\[「【]|{spreadsheet.HINT}|{_NUMBERLESS}"


@cache
def replacements() -> Mapping[str, str]:
    """What is spelled how by `fold`: glyphs, dashes, numerals and place-name spellings."""
    own = tables.mapping("address_fold")
    single = {written: canonical for written, canonical in own.items() if len(written) == 1}
    single |= dict.fromkeys(chars.dashes(), "-") | dict.fromkeys("〜～", "~")
    single |= dict.fromkeys(map(chr, _INVISIBLE), _SEEN)
    spelled = chars.single({**numerals.MARKED, **single})
    glyphs = {written: canonical.translate(spelled) for written, canonical in chars.glyph_map().items()}
    # つつじ with its dot apart is a word of the table too, once it is composed.
    glyphs |= {written: canonical + _SEEN for written, canonical in glyphs.items() if written[-1:] in _DOTS}
    return {**numerals.marked(), **glyphs, **single, **own}


class _Fold(chars.Replacement):
    """All of it in a single pass.

    Half of the patterns are numerals. Every list holds all their letters but few of the numerals, so these are
    picked by the runs of such letters that occur.
    """

    @cached_property
    def _numeral(self) -> npt.NDArray[np.bool_]:
        """Which of the patterns are numerals."""
        return np.array([pattern in numerals.marked() for pattern in self.patterns])

    def _able(self, text: pl.Series) -> list[int]:
        able = np.array(super()._able(text), np.int64)
        numbers = [self._index[number] for number in numerals.within("\n".join(filter(None, text.to_list())))]
        return sorted([*able[~self._numeral[able]].tolist(), *numbers])


@cache
def _fold_map() -> chars.Replacement:
    return _Fold(replacements())


def fold(written: pl.Expr) -> pl.Expr:
    """One spelling of characters, dashes and numerals; kanji numerals become `<n>`, 大字 vanishes.

    Args:
        written: String column, nulls allowed.

    Returns:
        String column, elementwise.

    Examples:
        >>> pl.select(fold(pl.lit("大字桜ヶ丘二十三番地の４"))).item()
        '桜ケ丘<23>番地ノ4'
    """
    return _fold_map()(written).str.replace_all(_SEEN, "", literal=True)


def folded(written: pl.Series) -> pl.Series:
    """`fold` for a series."""
    return _fold_map().on_series(written).str.replace_all(_SEEN, "", literal=True)


def without_marks(folded: pl.Expr) -> pl.Expr:
    """A folded name rid of what tells no place from another. Elementwise."""
    bare = folded.str.replace_all(_NAME_MARKS, "").str.strip_suffix("第")
    return bare.str.replace_all(_COUNTED, "${1}").str.replace_all(_ORDINAL, "${1}")


def cleaned(written: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
    """Folded, without brackets and 京都 streets, numbers as they were before a spreadsheet.

    Returns:
        `text` String, same height and order; and of the few lines that tell either, `line` UInt32, `code` (a postal
        code written in front, seven digits) and `numberless` (無番地, in the place of numbers) String.
    """
    text = _fold_map().on_series(written).alias("text")
    odd = text.str.contains(_ODD).fill_null(value=False)
    if not odd.any():
        return text, pl.DataFrame(schema={"line": pl.UInt32, "code": pl.String, "numberless": pl.String})
    mended = _mended(written.filter(odd)).with_columns(line=odd.arg_true())
    text = chars.overlaid(text.to_frame(), odd, mended.select("text"))["text"]
    return text, mended.select("line", "code", "numberless").filter(
        pl.any_horizontal(pl.col("code", "numberless").is_not_null())
    )


def _mended(written: pl.Series) -> pl.DataFrame:
    """The same for the few addresses that the fold alone does not read."""
    text = pl.col("text")
    invisible = "[" + "".join(map(chr, _INVISIBLE)) + "]"
    frame = pl.DataFrame({"text": written}).with_columns(
        text.str.replace_all(invisible, "").str.normalize("NFC")
    )
    frame = frame.with_columns(_fold_map()(text))
    frame = frame.with_columns(code=text.str.extract(POSTAL, 1).str.replace("-", "", literal=True))
    # Twice: a digit between two strokes belongs to both.
    dashed = (
        text.str.replace(POSTAL, "")
        .str.replace_all(_STROKE, "${1}-${2}")
        .str.replace_all(_STROKE, "${1}-${2}")
    )
    frame = frame.with_columns(dashed)
    # 壱壱壱部, 九九十: a run of numerals that is no number of one grammar is read digit by digit.
    frame = frame.with_columns(text.str.replace_all("><", "", literal=True))
    frame = frame.with_columns_seq(text.str.replace(_STREETS, "${1}${2}"))
    frame = frame.with_columns(text.str.replace_all(_BRACKETED, " "))
    frame = frame.with_columns(spreadsheet.numbers_restored(frame.select("text")))
    numberless = text.str.strip_chars().str.extract(_NUMBERLESS, 2)
    bare = pl.when(numberless.is_not_null()).then(text.str.strip_chars().str.replace(_NUMBERLESS, "${1}"))
    return frame.with_columns(bare.otherwise(text), numberless=numberless).select(
        "text", "code", "numberless"
    )


def told(text: pl.Series) -> pl.Series:
    """Without outer blanks; null for a placeholder of tables/address_placeholder.tsv."""
    bare = pl.col("text").str.strip_chars(f" {spreadsheet.LOST_NUMBER}")
    frame = pl.DataFrame({"text": text}).with_columns(
        pl.when(bare.str.len_bytes() > 0).then(pl.col("text").str.strip_chars())
    )
    placeholder = pl.col("text").is_in(tables.load("address_placeholder")["written"].implode())
    return frame.select(pl.when(~placeholder).then("text").alias("text"))["text"]
