"""Words in a row that say "do not contact" or that the person has died.

Source: tables/own_flag.tsv (`place` spoken: regular expressions over free text; refusal and permission: whole
cells of a column whose header states a refusal or asks permission). Doubt is null, and null is looked at.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars

_BLANKS: Final = r"[ 　]+"


@cache
def _spoken(meaning: str) -> str:
    rows = tables.load("own_flag").filter(pl.col("place") == "spoken", pl.col("meaning") == meaning)
    return "|".join(f"(?:{pattern})" for pattern in rows["written"])


@cache
def _cells(place: str, meaning: str) -> pl.Series:
    rows = tables.load("own_flag").filter(pl.col("place") == place, pl.col("meaning") == meaning)
    return rows.select(_tight(pl.col("written"))).to_series()


def _tight(text: pl.Expr) -> pl.Expr:
    """Ordinary widths, no blanks, capitals: 「ｄｍ　不要」 → DM不要."""
    return chars.fold_width(text).str.replace_all(_BLANKS, "").str.to_uppercase()


def spoken(text: pl.Expr) -> pl.Expr:
    """Does the text state a refusal (DM不要, 架電禁止, オプトアウト …) or a death (故人, 逝去 …)?

    Args:
        text: String column of free text; nulls allowed.

    Returns:
        Boolean column, elementwise; null text is False.

    Examples:
        >>> pl.select(spoken(pl.lit("※ＤＭ不要")), no=spoken(pl.lit("DM不要ではない"))).row(0)
        (True, False)
    """
    said = _tight(text).str.replace_all(_spoken("denied"), "")
    return said.str.contains(_spoken("refused")).fill_null(False)


def without_spoken(text: pl.Expr) -> pl.Expr:
    """The text without the words `spoken` heard. Elementwise; the text must be width-folded."""
    return text.str.replace_all(refused(), " ")


@cache
def refused() -> str:
    """A pattern for what `spoken` hears."""
    return f"(?i:{_spoken('refused')})"


@cache
def hints() -> tuple[str, ...]:
    """Kanji and katakana without one of which no kanji name makes `spoken` true: a cheap first look."""
    return tuple(tables.load("own_flag").filter(pl.col("place") == "hint")["written"])


def _judged(cells: pl.Expr, place: str, blank: bool) -> pl.Expr:
    tight = _tight(cells).str.strip_chars("。.!()")
    return (
        pl.when(tight.is_null() | (tight.str.len_bytes() == 0))
        .then(blank)
        .when(tight.is_in(_cells(place, "refused").implode()))
        .then(True)
        .when(tight.is_in(_cells(place, "allowed").implode()))
        .then(False)
        .when(spoken(cells))
        .then(True)
    )


def refusal(cells: pl.Expr) -> pl.Expr:
    """Does a cell of a refusal-headed column (DM不要, 架電禁止, 停止日 …) refuse?

    Args:
        cells: String column; nulls allowed.

    Returns:
        Boolean column, elementwise: True ○ 1 Y 要 済 停止 …, a date; False blank 0 × N 無 …;
        null when unclear.

    Examples:
        >>> column = pl.DataFrame({"DM不要": ["○", "×", None, "？"]})
        >>> column.select(refusal(pl.col("DM不要"))).to_series().to_list()
        [True, False, False, None]
    """
    date = r"^(?:[12][0-9]{3}|[SHR昭平令][^0-9]*[0-9元]{1,2})[-/.年]?[0-9]{1,2}[-/.月]?[0-9]{1,2}"
    return pl.when(_tight(cells).str.contains(date)).then(True).otherwise(_judged(cells, "refusal", False))


def permission(cells: pl.Expr) -> pl.Expr:
    """Does a cell of a permission-headed column (DM可否, メール配信希望 …) refuse?

    Args:
        cells: String column; nulls allowed.

    Returns:
        Boolean column meaning *refused*, elementwise: True 否 × N 0 不要 …; False 可 ○ Y 1,
        blank; null when unclear.

    Examples:
        >>> column = pl.DataFrame({"DM可否": ["可", "否", "×"]})
        >>> column.select(permission(pl.col("DM可否"))).to_series().to_list()
        [False, True, True]
    """
    return _judged(cells, "permission", False)
