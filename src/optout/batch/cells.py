"""Cells of any dtype → text as written, and what a column of text looks like.

A list can arrive as a frame with dates, numbers or lists in it; downstream everything is a String. Numbers
keep the text polars gives them (9012345678.0): text.phone and text.postal know what a spreadsheet does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

import polars as pl

from optout.text import chars

BETWEEN: Final = (
    " / "  # between the elements of a list cell: text.phone and text.email read several from one cell
)
CLEAR: Final = 0.9  # a column is of a kind when this share of its filled cells is
LOOKED_AT: Final = 10_000  # rows that are enough to tell

_HAN: Final = "々〆〇㐀-䶿一-鿿豈-﫿𠀀-𪛟"
_KANA: Final = "ぁ-ゖァ-ヺー゛゜・"
_NUMERAL: Final = "0-9一二三四五六七八九十"
_PREFECTURE: Final = rf"(?:北海道|東京都|(?:大阪|京都)府|[{_HAN}]{{2,3}}県)"
_YEAR: Final = (
    "(?:(?:18|19|20)[0-9]{2}|(?:明治|大正|昭和|平成|令和|[MTSHRmtshr明大昭平令])[. ]?(?:[0-9]{1,2}|元))"
)
_DAY: Final = r"[0-9]{1,2}[月/.-][0-9]{1,2}日?"
_FLOAT_TAIL: Final = r"\.0$"
_PHONE_NOISE: Final = r"[\s()・.‐‑‒–—―−ーｰ-]"
# What a cell of folded width looks like; read by polars and by `re`, so Han letters stand as ranges.
PATTERNS: Final = {
    "phone": r"^(?:\+?81|0)[1-9][0-9]{8,9}$|^[789]0[0-9]{8}$",  # without _PHONE_NOISE
    "email": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
    "postal": r"^〒?\s*[0-9]{3}-[0-9]{4}$|^〒\s*[0-9]{7}$",
    # A prefecture alone (出身地) tells nobody's door; an address goes on.
    "address": rf"^(?:〒?\s*[0-9]{{3}}-?[0-9]{{4}}\s*)?{_PREFECTURE}\s*\S{{2,}}",
    "local": rf"^[{_HAN}{_KANA}]+[市区郡町村].*[{_NUMERAL}]",
    "prefecture": rf"^(?:{_PREFECTURE}|東京|大阪|京都)$",
    "city": rf"^[{_HAN}{_KANA}]+[市区町村]$",
    "date": rf"^(?:{_YEAR}[年/.-]{_DAY}|(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))(?:[ T].*)?$",
    "gender": r"^(?:男性?|女性?|male|female|[MF])$",
    "kana": r"^(?:[ァ-ヺー]+|[ぁ-ゖー]+)(?: (?:[ァ-ヺー]+|[ぁ-ゖー]+))+$",
    "name": rf"^[{_HAN}ヶケノ]{{1,4}} [{_HAN}{_KANA}]{{1,5}}$",
    "number": r"^-?[0-9][0-9,]*(?:\.[0-9]+)?$",
    "answer": r"^(?:[有無可否済未○×✓✕◯]|あり|なし|有り|無し|同居|別居|既婚|未婚|独身|はい|いいえ|[0-9]+人?)$",
    "code": r"^[#A-Za-z0-9_./-]*[0-9][#A-Za-z0-9_./-]*$",
}
IDENTIFIERS: Final = ("phone", "email", "address", "local")


def text(cells: pl.Series) -> pl.Series:
    """A column as it would be written: String, stripped, blank → null.

    Args:
        cells: Any dtype; lists are joined with " / ", dates are ISO, a midnight timestamp is its date.

    Returns:
        String series of the same length and order; null where there is nothing to read (also for structs).

    Examples:
        >>> text(pl.Series("tel", [["03-1234-5678", "090-1234-5678"], []])).to_list()
        ['03-1234-5678 / 090-1234-5678', None]
    """
    return texts(cells.to_frame()).to_series()


def texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as `text` gives it, side by side."""
    written = frame.with_columns(
        _written(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items()
    )
    stripped = pl.all().str.strip_chars()
    # Few columns have a blank around any cell: of the others no copy is kept.
    before, after = (written.select(_n_bytes(cells)).row(0) for cells in (pl.all(), stripped))
    padded = [name for name, *n in zip(frame.columns, before, after, strict=True) if n[0] != n[1]]
    # One stage each: in one expression the cells would be stripped twice.
    bare = written.with_columns(pl.col(padded).str.strip_chars()) if padded else written
    return bare.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in frame.columns)


def _n_bytes(cells: pl.Expr) -> pl.Expr:
    return cells.str.len_bytes().cast(pl.UInt64).sum()


def looks(cells: pl.Series, kinds: Iterable[str]) -> pl.DataFrame:
    """What each cell looks like.

    Args:
        cells: Any dtype.
        kinds: Names of PATTERNS.

    Returns:
        One Boolean column a kind, same height and order; null where the cell is blank.

    Examples:
        >>> looks(pl.Series(["０３-1234-5678", "見本", None]), ["phone"])["phone"].to_list()
        [True, False, None]
    """
    plain = text(cells).to_frame("cell").select(chars.fold_width(pl.col("cell")))
    digits = pl.col("cell").str.replace(_FLOAT_TAIL, "").str.replace_all(_PHONE_NOISE, "")
    return plain.select(
        (digits if kind == "phone" else pl.col("cell")).str.contains(PATTERNS[kind]).alias(kind)
        for kind in kinds
    )


def shares(cells: pl.Series, kinds: Iterable[str] = IDENTIFIERS) -> dict[str, float]:
    """How much of the filled cells looks like each kind (0.0 when none is filled).

    Args:
        cells: Any dtype; only the first 10,000 rows are looked at.
        kinds: Names of PATTERNS.

    Returns:
        Share per kind.
    """
    found = looks(cells.head(LOOKED_AT), kinds).select(pl.all().mean().fill_null(0.0))
    return found.row(0, named=True)


def kind_of(folded: str, kinds: Iterable[str]) -> str | None:
    """The first of `kinds` that one cell of folded width looks like; None when it looks like none of them."""
    plain = _PHONE_NOISE_RE.sub("", folded)
    return next(
        (kind for kind in kinds if _compiled(kind).search(plain if kind == "phone" else folded)), None
    )


_PHONE_NOISE_RE: Final = re.compile(_PHONE_NOISE)


@cache
def _compiled(kind: str) -> re.Pattern[str]:
    return re.compile(PATTERNS[kind])


def _readable(dtype: pl.DataType) -> bool:
    if isinstance(dtype, (pl.List, pl.Array)):
        return not dtype.inner.is_nested()
    return not (dtype.is_nested() or dtype in (pl.Object, pl.Binary))


def _written(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if not _readable(dtype):
        return pl.lit(None, pl.String)
    if dtype == pl.String:
        return cell
    if isinstance(dtype, pl.Datetime):
        return cell.dt.to_string("%Y-%m-%d %H:%M:%S").str.strip_suffix(" 00:00:00")
    if isinstance(dtype, pl.Array):
        cell = cell.arr.to_list()
    if isinstance(dtype, (pl.List, pl.Array)):
        return cell.cast(pl.List(pl.String)).list.drop_nulls().list.join(BETWEEN)
    return cell.cast(pl.String)
