"""What a spreadsheet leaves in a cell instead of its value, as far as names and addresses must read past it.

Source: tables/spreadsheet_damage.tsv. A phone, a postal code or a date holds digits only, so nothing is read
from #N/A there; a name or an address would take its letters for somebody's. What is repaired in phones, postal
codes and birth dates stands with those fields.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from optout import tables
from optout.text import chars

EVERYWHERE: Final = "any"
# Where a house number was: the name of the town ends here, and what follows is no number of the street.
LOST_NUMBER: Final = "<"
# Whatever an address holds one of that a rule fits; a town such as 月島 is told apart by the second.
HINT: Final = "[/月#.:]|[a-y]-|-[0A-Z]"
_SIGN: Final = r"[0-9](?:/[0-9]|月[0-9]|年[0-9]|\.0|-[A-Z]|-0[1-9]-|-1[0-2]-[0-3])|[a-y]-[0-9]|#|Err:"


def without_errors(text: pl.Expr, instead: str = "") -> pl.Expr:
    """Drop error values (#N/A) and the signs of a narrow column (####). Elementwise; null stays null.

    Examples:
        >>> pl.select(without_errors(pl.lit("見本 #N/A"))).item()
        '見本 '
    """
    return text.str.replace_all(_errors(), instead)


def numbers_restored(folded: pl.DataFrame) -> pl.DataFrame:
    """Addresses whose house numbers a spreadsheet took for a date, or wrote with decimals.

    Args:
        folded: One String column `text`, addresses as `text.address.fold` leaves them.

    Returns:
        The same, height and order kept: 1月2日 is 1-2 again; for 2001/2/3 (1-2-3, or 2001-2-3?) and for error
        values stands LOST_NUMBER, so that no number is read.
    """
    text = pl.col("text")
    hinted = folded.with_row_index("line").filter(text.str.contains(HINT)).filter(text.str.contains(_SIGN))
    if hinted.is_empty():
        return folded
    some = hinted.select("text")
    for pattern, canonical in _repairs():
        some = some.with_columns(text.str.replace_all(pattern, canonical))
    lines = pl.int_range(folded.height, dtype=pl.UInt32, eager=True)
    return chars.overlaid(folded, lines.is_in(hinted["line"].implode()), some)


@cache
def _errors() -> str:
    patterns = tables.load("spreadsheet_damage").filter(slot=EVERYWHERE)["pattern"]
    return "|".join(f"(?:{pattern})" for pattern in patterns)


@cache
def _repairs() -> tuple[tuple[str, str], ...]:
    rules = tables.load("spreadsheet_damage").filter(
        pl.col("slot") == "address", pl.col("action") != "doubtful"
    )
    return (*rules.select("pattern", "canonical").iter_rows(), (_errors(), LOST_NUMBER))
