"""Corporate numbers (法人番号): thirteen digits, never beginning with 0.

Source: 番号法 (行政手続における特定の個人を識別するための番号の利用等に関する法律) 第39条.
The first digit checks the others. It is not tested: a number mistyped alike on both sides still names one
corporation.
"""

from __future__ import annotations

import polars as pl


def corporate_number(written: pl.Expr) -> pl.Expr:
    """The digits of a corporate number, else null.

    Args:
        written: String column, any width, with or without separators; nulls allowed.

    Returns:
        String column of 13 ASCII digits or null, elementwise.

    Examples:
        >>> pl.select(corporate_number(pl.lit("Ｔ１２３４－５６－７８９０－１２３"))).item()
        '1234567890123'
    """
    return written.str.normalize("NFKC").str.replace_all("[^0-9]", "").str.extract("^([1-9][0-9]{12})$")
