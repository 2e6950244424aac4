"""電話番号1/2/3: the parts of one number, or three numbers? Decided once a file, from its values.

Order files of shops write 090 | 1234 | 5678; many lists write three whole numbers under the same headers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import polars as pl

from optout.batch import cells
from optout.text import chars

Answer = Literal["parts", "numbers", "both", "blank"]

_PART: Final = 5  # no part of a Japanese number is longer (市外局番 of 0 + 4 digits)
_WHOLE: Final = (9, 11)  # 9: a spreadsheet has dropped the leading zero of a 10-digit number


def decide(columns: Sequence[pl.Series]) -> Answer:
    """What three numbered phone columns hold.

    Args:
        columns: The three columns, any dtype.

    Returns:
        `parts` or `numbers` when 90 % of the filled rows are so, else `both`; `blank` without a value.
    """
    digits = [_digits(column.head(cells.LOOKED_AT), f"part_{n}") for n, column in enumerate(columns)]
    lengths = pl.DataFrame(digits).select(pl.all().str.len_bytes())
    total = pl.sum_horizontal(pl.all())
    is_parts = pl.all_horizontal(pl.all().is_between(1, _PART)) & total.is_between(*_WHOLE)
    filled = lengths.filter(total > 0)
    if filled.is_empty():
        return "blank"
    share = filled.select(is_parts.mean()).item()
    if share >= cells.CLEAR:
        return "parts"
    return "numbers" if share <= 1 - cells.CLEAR else "both"


def _digits(column: pl.Series, name: str) -> pl.Series:
    written = chars.fold_width(pl.col("cell")).str.replace(r"\.0$", "")
    frame = cells.text(column).to_frame("cell").select(written.str.replace_all(r"[^0-9]", "").fill_null(""))
    return frame.to_series().alias(name)
