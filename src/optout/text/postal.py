"""Postal codes (郵便番号): any spelling → seven ASCII digits.

Source: 日本郵便 (seven digits since 1998-02-02; the older three- and five-digit codes name no town: null).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars

_ASCII: Final = "0123456789"
_WIDE: Final = "０１２３４５６７８９"
_KANJI: Final = dict(zip("〇零二三四五六七八九", "0023456789", strict=True))
# Six digits, or fewer before a hyphen: a spreadsheet dropped leading zeros. Five digits may be a code of before
# 1998. What follows may be the address, but not another digit.
_PLAIN: Final = "^[0-9]{3}-?[0-9]{4}$"
_CODE: Final = r"^([0-9]{1,3}-{1,2}[0-9]{4}|[0-9]{6,7})(?:\.0+)?(?:$|[^0-9.-])"
# 1,600,023: a number format of spreadsheets.
_SEPARATED: Final = r"^ *(?:([0-9]),)?([0-9]{3}),([0-9]{3}) *$"


def fold(written: pl.Expr) -> pl.Expr:
    """A postal code in any spelling → seven digits.

    Args:
        written: String column; "〒", any width and hyphen, nulls allowed; an address may follow.

    Returns:
        String column of seven ASCII digits; null where there is no whole code, or a placeholder of
        tables/postal_placeholder.tsv. Elementwise, idempotent.

    Examples:
        >>> pl.select(fold(pl.lit("〒１６０－００２３"))).item()
        '1600023'
    """
    code = _written(written).str.replace_all("-", "", literal=True).str.zfill(7)
    return code.replace(dict.fromkeys(tables.load("postal_placeholder")["code"]))


def parse(written: pl.Series) -> pl.Series:
    """`fold` for a whole series, quick where every code is written 160-0023 or 1600023.

    Args:
        written: String, nulls allowed.

    Returns:
        String of seven ASCII digits or null, same height and order.
    """
    code = written.cast(pl.String).alias("code")
    odd = (~code.str.contains(_PLAIN)).arg_true()
    if len(odd):
        mended = code.gather(odd).to_frame().select_seq(_written(pl.col("code")))
        code = code.scatter(odd, mended["code"])
    bare = pl.col("code").str.replace_all("-", "", literal=True).str.zfill(7)
    code = code.to_frame().select_seq(bare)["code"]
    placeholder = code.is_in(tables.load("postal_placeholder")["code"].implode()).arg_true()
    return code.scatter(placeholder, None) if len(placeholder) else code


def _written(text: pl.Expr) -> pl.Expr:
    """The code at the start, folded, with its hyphen."""
    return _bare()(text.str.replace(_SEPARATED, "${1}${2}${3}")).str.extract(_CODE, 1)


@cache
def _bare() -> chars.Replacement:
    """Width and hyphens folded in one pass; 一 is a hyphen after a written digit, else the digit one."""
    between = chars.dashes("between_digits")
    digits = dict(zip(_ASCII + _WIDE, _ASCII * 2, strict=True))
    joined = {digit + dash: f"{ascii_digit}-" for digit, ascii_digit in digits.items() for dash in between}
    dropped = dict.fromkeys("〒〶 　\t\r\n'’=\"()（）", "")
    hyphens = dict.fromkeys([*chars.dashes(), "ー", "ｰ"], "-")
    return chars.Replacement.of({**digits, **_KANJI, "一": "1", **dropped, **hyphens, **joined})
