"""Corporate numbers (法人番号): thirteen digits, never beginning with 0.

Source: 番号法 (行政手続における特定の個人を識別するための番号の利用等に関する法律) 第39条.
The first digit checks the others. It is not tested: a number mistyped alike on both sides still names one
corporation.
"""

from __future__ import annotations

from typing import Final

import polars as pl

# A spreadsheet's numbers with every digit there: 1234567890123.0 and 1.234567890123E+12.
_FLOAT: Final = r"^([^.]+)\.0+$"
_EXPONENT: Final = r"^([1-9])\.([0-9]{12})[Ee]\+?12$"


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
    text = written.str.normalize("NFKC").str.replace(_FLOAT, "${1}").str.replace(_EXPONENT, "${1}${2}")
    return text.str.replace_all("[^0-9]", "").str.extract("^([1-9][0-9]{12})$")


def corporate_numbers(written: pl.Series) -> pl.Series:
    """`corporate_number` for a whole series, for nothing where nothing is told; of the same name."""
    if written.null_count() == len(written):
        return written.cast(pl.String)
    return (
        written.to_frame("written")
        .select_seq(corporate_number(pl.col("written")))["written"]
        .alias(written.name)
    )
