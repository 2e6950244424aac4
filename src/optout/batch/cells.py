"""Cells of any dtype → text as written, and what a column of text looks like.

A list can arrive as a frame with dates, numbers or lists in it; downstream everything is a String. Numbers
keep the text polars gives them (9012345678.0): text.phone and text.postal know what a spreadsheet does.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from optout.text import chars

BETWEEN: Final = (
    " / "  # between the elements of a list cell: text.phone and text.email read several from one cell
)
CLEAR: Final = 0.9  # a column is of a kind when this share of its filled cells is
LOOKED_AT: Final = 10_000  # rows that are enough to tell

_PHONE: Final = r"^(?:\+?81|0)[1-9][0-9]{8,9}$|^[789]0[0-9]{8}$"
_PHONE_NOISE: Final = r"[\s()・.‐‑‒–—―−ーｰ-]"
_FLOAT_TAIL: Final = r"\.0$"
_EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
# A prefecture alone (出身地) tells nobody's door; an address goes on.
_ADDRESS: Final = (
    r"^(?:〒?\s*[0-9]{3}-?[0-9]{4}\s*)?(?:北海道|東京都|(?:大阪|京都)府|[\p{Han}]{2,3}県)\s*\S{2,}"
)
_LOCAL_ADDRESS: Final = r"^[\p{Han}\p{Hiragana}\p{Katakana}ー]+[市区郡町村].*[0-9一二三四五六七八九十]"


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
    if not _readable(cells.dtype):
        return pl.Series(cells.name, [], pl.String).extend_constant(None, len(cells))
    written = chars.blank_to_null(_written(cells.dtype))
    return cells.alias("cell").to_frame().select(written).to_series().alias(cells.name)


def shares(cells: pl.Series) -> dict[str, float]:
    """How much of the filled cells looks like a phone, an email or an address (0.0 when none is filled).

    Args:
        cells: Any dtype; only the first 10,000 rows are looked at.

    Returns:
        Share per kind: `phone`, `email`, `address` (prefecture first), `local` (a municipality and a number).
    """
    filled = text(cells.head(LOOKED_AT)).drop_nulls()
    if filled.is_empty():
        return dict.fromkeys(("phone", "email", "address", "local"), 0.0)
    plain = filled.to_frame("cell").select(chars.fold_width(pl.col("cell")))
    digits = pl.col("cell").str.replace(_FLOAT_TAIL, "").str.replace_all(_PHONE_NOISE, "")
    return plain.select(
        phone=digits.str.contains(_PHONE).mean(),
        email=pl.col("cell").str.contains(_EMAIL).mean(),
        address=pl.col("cell").str.contains(_ADDRESS).mean(),
        local=pl.col("cell").str.contains(_LOCAL_ADDRESS).mean(),
    ).row(0, named=True)


def _readable(dtype: pl.DataType) -> bool:
    if isinstance(dtype, (pl.List, pl.Array)):
        return not dtype.inner.is_nested()
    return not (dtype.is_nested() or dtype in (pl.Object, pl.Binary))


def _written(dtype: pl.DataType) -> pl.Expr:
    cell = pl.col("cell")
    if dtype == pl.String:
        return cell
    if isinstance(dtype, pl.Datetime):
        return cell.dt.to_string("%Y-%m-%d %H:%M:%S").str.strip_suffix(" 00:00:00")
    if isinstance(dtype, pl.Array):
        cell = cell.arr.to_list()
    if isinstance(dtype, (pl.List, pl.Array)):
        return cell.cast(pl.List(pl.String)).list.drop_nulls().list.join(BETWEEN)
    return cell.cast(pl.String)
